import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { EventRow } from './event-lists.ts'

export type IdRow = Pick<EventRow, 'id' | 'mode'>

/** How often streams look for new events. */
export const lookEveryMs = 250
/** How many ids one look reads. */
export const maxRead = 11_000

interface Waiting {
  floor: bigint
  resolve(rows: IdRow[] | null): void
  reject(error: unknown): void
}

/** The looks of all streams of a merchant: streams that wait for the next look are answered by one statement. */
export class SharedLooks {
  /** Events that are being read at the moment, by the style and the ids. */
  readonly events = new Map<string, Promise<EventRow[]>>()
  readonly #context: Context
  readonly #merchantId: number
  readonly #onIdle: () => void
  readonly #waiting = new Set<Waiting>()
  #isSet = false

  /** @param onIdle is told when no stream waits any more */
  constructor(context: Context, merchantId: number, onIdle: () => void) {
    this.#context = context
    this.#merchantId = merchantId
    this.#onIdle = onIdle
  }

  /** The ids above the floor at the next look of all streams. Null once the signal is given. */
  next(floor: bigint, signal: AbortSignal): Promise<IdRow[] | null> {
    if (signal.aborted) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiting)
        resolve(null)
      }
      const over =
        <Value>(end: (value: Value) => void) =>
        (value: Value) => {
          signal.removeEventListener('abort', leave)
          end(value)
        }
      const waiting: Waiting = { floor, resolve: over(resolve), reject: over(reject) }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.add(waiting)
      if (!this.#isSet) setTimeout(() => void this.#look(), lookEveryMs)
      this.#isSet = true
    })
  }

  /** Reads the ids of both modes, because the floor must rise past events of the other mode too. */
  readIds(floor: bigint): Promise<IdRow[]> {
    return this.#context.db.query<IdRow>(sql`
      select id, mode from events
      where merchant_id = ${this.#merchantId} and id > ${floor}
      order by id
      limit ${maxRead}
    `)
  }

  async #look(): Promise<void> {
    this.#isSet = false
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    const [first, ...others] = waiting.map(({ floor }) => floor)
    if (first === undefined) return this.#onIdle()
    const lowest = others.reduce((least, floor) => (floor < least ? floor : least), first)
    try {
      const rows = await this.readIds(lowest)
      for (const each of waiting) {
        // A full answer may lack the newest events, which a stream with a higher floor waits for.
        if (each.floor === lowest) each.resolve(rows)
        else if (rows.length < maxRead) each.resolve(rows.filter(({ id }) => id > each.floor))
        else this.readIds(each.floor).then(each.resolve, each.reject)
      }
    } catch (error) {
      for (const each of waiting) each.reject(error)
    }
  }
}
