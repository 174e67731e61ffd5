import { writeFileSync } from 'node:fs'
import { measureAgainst } from './against.ts'
import { type Bench, database, type Row } from './bench.ts'
import { fillStatements } from './fill.ts'
import { Generator } from './load/generator.ts'
import { describeMachine } from './machine.ts'
import { readOptions } from './options.ts'
import { BenchPostgres } from './postgres.ts'
import { renderReadme, renderTable } from './readme.ts'
import type { Result } from './result.ts'
import { batch } from './rows/batch.ts'
import { creations } from './rows/creations.ts'
import { deliveries } from './rows/deliveries.ts'
import { embedded } from './rows/embedded.ts'
import { latency } from './rows/latency.ts'
import { lists } from './rows/lists.ts'
import { payouts } from './rows/payouts.ts'
import { reads } from './rows/reads.ts'
import { shares } from './rows/shares.ts'
import { storage } from './rows/storage.ts'
import { transfers } from './rows/transfers.ts'
import { BenchServer } from './served/server.ts'

const rows: Record<string, Row> = {
  transfers,
  latency,
  batch,
  payouts,
  storage,
  reads,
  creations,
  deliveries,
  lists,
  embedded,
  shares,
}
/** Rows that start a server of their own. */
const independent = ['lists', 'embedded']
const customers = 10_000

const options = readOptions(process.argv.slice(2), Object.keys(rows))
const wanted = Object.keys(rows).filter((name) => options.only.length === 0 || options.only.includes(name))
const startedAt = performance.now()
const machine = describeMachine()
console.log(machine)

const postgres = await BenchPostgres.start()
const generator = new Generator()
try {
  const notes: string[] = []
  const results =
    options.against === null
      ? await measureAll(notes)
      : await measureAgainst(options.against, { options, postgres, generator })
  const minutes = (performance.now() - startedAt) / 60_000
  console.log(`\n${renderTable(results)}\n${notes.join('\n')}\n${minutes.toFixed(1)} minutes`)
  if (options.write) {
    const [version] = await postgres.execute('postgres', 'show server_version')
    const text = renderReadme(results, { machine, minutes, options, notes, postgres: String(version?.server_version) })
    writeFileSync(new URL('../README.md', import.meta.url), text)
  }
} finally {
  generator.stop()
  await postgres.stop()
}

async function measureAll(notes: string[]): Promise<Result[]> {
  const server = await BenchServer.start(await postgres.createDatabase(database))
  try {
    return await measureRows(server, notes)
  } finally {
    await server.stop()
  }
}

async function measureRows(server: BenchServer, notes: string[]): Promise<Result[]> {
  if (!wanted.every((name) => independent.includes(name))) {
    await server.fill(fillStatements({ customers, transfers: 0, transfersOfFirst: 0 }))
    await postgres.addBaseline(database)
  }
  const [ids] = await postgres.execute(database, `select last_id - 2 * ${customers} as accounts_from from merchant_ids`)
  const accountsFrom = Number(ids?.accounts_from)
  const bench: Bench = { options, postgres, generator, server, customers, accountsFrom, found: new Map(), notes }
  const results: Result[] = []
  for (const name of wanted) {
    console.log(`\n${name}`)
    results.push(...(await (rows[name] as Row)(bench)))
  }
  return results
}
