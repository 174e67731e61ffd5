import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DatabaseOptions, DatabaseUnavailableError, openDatabase } from '../src/db/connect.ts'
import { sql } from '../src/db/sql.ts'

// A small server that is killed while it writes. It gets the database's address as JSON and the number of its round. It
// prints the key of each entry once the entry's transaction is committed.

const options: DatabaseOptions = JSON.parse(process.argv[2] ?? '')
const round = process.argv[3]
const callers = 8

const db = await openDatabase(options)
let last = 0

async function post(): Promise<void> {
  last += 1
  const amount = last
  const key = `${round}-${amount}`
  const account = 1 + (amount % 20)
  await db.transaction(async (tx) => {
    await tx.query(sql`insert into kill_entries (key, account, amount) values (${key}, ${account}, ${amount})`)
    await tx.query(sql`update kill_accounts set balance = balance + ${amount} where id = ${account}`)
  })
  // Written synchronously, so that a printed line has left this process, however it is killed.
  writeSync(1, `${key}\n`)
}

async function call(): Promise<void> {
  for (;;) {
    try {
      await post()
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error
      await sleep(20)
    }
  }
}

await Promise.all(Array.from({ length: callers }, call))
