import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { sendRequests } from './bench.ts'
import type { fillStatements } from './fill.ts'
import type { Generator } from './load/generator.ts'
import type { RequestKind } from './load/job.ts'
import type { Options } from './options.ts'
import type { BenchPostgres } from './postgres.ts'
import type { Result } from './result.ts'
import { atLeast } from './result.ts'
import { alternate, format, medianOf, ratioOf } from './rounds.ts'
import { BenchServer } from './served/server.ts'

const customers = 10_000
const compared: readonly { kind: RequestKind; row: string; what: string; callers: number }[] = [
  { kind: 'transfer', row: 'transfers', what: 'POST /transfers', callers: 64 },
  { kind: 'purchase', row: 'transfers', what: 'POST /purchases', callers: 64 },
  { kind: 'batch', row: 'batch', what: 'POST /v1/transfers/batch', callers: 4 },
  { kind: 'payout', row: 'payouts', what: 'POST /v1/payouts', callers: 64 },
  { kind: 'createCustomer', row: 'creations', what: 'POST /customers', callers: 64 },
  { kind: 'getCustomer', row: 'reads', what: 'GET /customers/:id', callers: 64 },
  { kind: 'getBalance', row: 'reads', what: 'GET /customers/:id/balance', callers: 64 },
]

/**
 * Compares this server with the server of another folder, such as a worktree of the last release with its packages.
 * Both run at the same time, each on a database of its own, and are asked in turn.
 */
export async function measureAgainst(
  folder: string,
  { options, postgres, generator }: { options: Options; postgres: BenchPostgres; generator: Generator },
): Promise<Result[]> {
  const here = new URL('../..', import.meta.url)
  const there = pathToFileURL(`${path.resolve(folder)}/`)
  const servers = [await startFilled(here, 'bench', postgres), await startFilled(there, 'bench_other', postgres)]
  const [one, other] = servers as [BenchServer, BenchServer]
  try {
    const results: Result[] = []
    for (const { kind, row, what, callers } of compared) {
      if (options.only.length > 0 && !options.only.includes(row)) continue
      const send = (server: BenchServer, seconds: number) =>
        sendRequests({ generator, server, customers }, kind, { callers, seconds })
      for (const server of servers) await send(server, options.warmUpSeconds * 2)
      const contenders = [
        { name: 'this', run: async () => (await send(one, options.seconds / 2)).rate },
        { name: 'other', run: async () => (await send(other, options.seconds / 2)).rate },
      ]
      console.log(`\n${what}`)
      const figures = await alternate(contenders, options.rounds * 3)
      const ratio = ratioOf(figures, 'this', 'other')
      const rate = (name: string) => `${format(medianOf(figures, name))} /s`
      const against = `the server in ${path.basename(folder)}: ${rate('other')}`
      results.push({
        what: `${what}, ${callers} callers`,
        measured: rate('this'),
        against,
        ratio,
        goal: atLeast(ratio, 0.97),
      })
    }
    return results
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** Starts the server of a checkout and fills its database by the checkout's own statements. */
async function startFilled(root: URL, database: string, postgres: BenchPostgres): Promise<BenchServer> {
  const main = new URL('bench/src/served/main.ts', root)
  const server = await BenchServer.start(await postgres.createDatabase(database), main)
  const fill: { fillStatements: typeof fillStatements } = await import(new URL('bench/src/fill.ts', root).href)
  await server.fill(fill.fillStatements({ customers, transfers: 0, transfersOfFirst: 0 }))
  return server
}
