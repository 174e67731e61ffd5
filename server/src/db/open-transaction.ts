import type { Queryable, Tx } from './database.ts'
import type { Sql } from './sql.ts'

/**
 * The handle given to the work of a transaction. Statements asked for at once wait for each other here, because `pg`
 * deprecates its own queue. After the end of the transaction the handle is dead, so that a forgotten `await` cannot
 * write outside of the transaction.
 */
export class OpenTransaction implements Tx {
  readonly transaction = 'open'
  readonly #connection: Queryable
  #last: Promise<unknown> = Promise.resolve()
  #over = false

  constructor(connection: Queryable) {
    this.#connection = connection
  }

  query<Row>(statement: Sql): Promise<Row[]> {
    const answer = this.#last.then(() => this.#send<Row>(statement))
    this.#last = answer.catch(() => undefined)
    return answer
  }

  /** Accepts no further statement, and waits for the statement that is running. */
  async finish(): Promise<void> {
    this.#over = true
    await this.#last
  }

  #send<Row>(statement: Sql): Promise<Row[]> {
    if (this.#over) throw new Error(`The transaction is over, it cannot run: ${statement.text.slice(0, 80)}`)
    return this.#connection.query<Row>(statement)
  }
}
