import { type Row, sendRequests } from '../bench.ts'
import { fillStatements } from '../fill.ts'
import { transfersPerBatch } from '../load/requests.ts'
import type { Result } from '../result.ts'
import { format } from '../rounds.ts'
import { BenchServer } from '../served/server.ts'

const kinds = [
  ['transfer', 'POST /transfers', 64],
  ['purchase', 'POST /purchases', 64],
  ['batch', 'POST /v1/transfers/batch, transfers', 4],
  ['getCustomer', 'GET /customers/:id', 64],
  ['getBalance', 'GET /customers/:id/balance', 64],
  ['createCustomer', 'POST /customers', 64],
  // The last: they are sent behind it, which would slow the others.
  ['payout', 'POST /v1/payouts', 64],
] as const

/** The same requests on the embedded engine, where no comparison exists. */
export const embedded: Row = async ({ options, generator, customers }) => {
  const server = await BenchServer.start()
  try {
    await server.fill(fillStatements({ customers, transfers: 0, transfersOfFirst: 0 }))
    const results: Result[] = []
    for (const [kind, what, callers] of kinds) {
      const send = (seconds: number) => sendRequests({ generator, server, customers }, kind, { callers, seconds })
      await send(options.warmUpSeconds)
      const { rate, p99 } = await send(options.seconds)
      const perRequest = kind === 'batch' ? transfersPerBatch : 1
      console.log(`  ${what}: ${format(rate * perRequest)} /s`)
      results.push({
        what: `embedded engine: ${what}, ${callers} callers`,
        measured: `${format(rate * perRequest)} /s, p99 ${format(p99)} ms`,
        against: null,
        ratio: null,
        goal: null,
      })
    }
    return results
  } finally {
    await server.stop()
  }
}
