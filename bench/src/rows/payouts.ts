import { measureCpu, type Row, sendRequests } from '../bench.ts'
import { atLeast } from '../result.ts'
import { alternate, format, median, medianOf, ratioOf } from '../rounds.ts'

const callers = 64
const kinds = ['payout', 'transfer'] as const

/**
 * Payouts that are accepted: their money is reserved. They are sent later by the same server, in the rounds of transfers, too. More are
 * accepted than are sent, so that both contenders have the same work beside them.
 */
export const payouts: Row = async (bench) => {
  const { options, notes } = bench
  const times = { payout: { server: [], postgres: [] }, transfer: { server: [], postgres: [] } } as Record<
    (typeof kinds)[number],
    { server: number[]; postgres: number[] }
  >
  const post =
    (kind: (typeof kinds)[number], seconds = options.seconds) =>
    async () => {
      const { result, cpu } = await measureCpu(bench, () => sendRequests(bench, kind, { callers, seconds }))
      times[kind].server.push(cpu.server / result.count)
      times[kind].postgres.push(cpu.postgres / result.count)
      return result.rate
    }
  await sendRequests(bench, 'payout', { callers, seconds: options.warmUpSeconds * 2 })
  const figures = await alternate(
    kinds.map((kind) => ({ name: kind, run: post(kind) })),
    options.rounds,
  )
  const rate = (name: string) => `${format(medianOf(figures, name))} /s`
  const ratio = ratioOf(figures, 'payout', 'transfer')
  const [payout, transfer] = kinds.map(
    (kind) =>
      `${format(median(times[kind].server))} µs in the server and ${format(median(times[kind].postgres))} µs in PostgreSQL`,
  )
  notes.push(
    `CPU time with the sending of payouts meanwhile: of an accepted payout ${payout}; of a transfer ${transfer}`,
  )
  return [
    {
      what: `POST /v1/payouts, ${callers} callers`,
      measured: rate('payout'),
      against: `POST /transfers: ${rate('transfer')}`,
      ratio,
      goal: atLeast(ratio, 0.8),
    },
  ]
}
