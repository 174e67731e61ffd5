import { type Row, runBaseline, sendRequests } from '../bench.ts'
import { atMost } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'
import { transferScript } from '../scripts.ts'
import { maximumRate } from './transfers.ts'

const callers = 64

/** The time that the slowest of a hundred requests wait when the server is half busy. */
export const latency: Row = async (bench) => {
  const { options } = bench
  const rate = Math.floor((await maximumRate(bench)) / 2)
  const script = transferScript('transfer', bench)
  const post = (seconds: number) => sendRequests(bench, 'transfer', { callers, seconds, rate })
  await post(options.warmUpSeconds)
  let reached = 0
  const figures = await alternate(
    [
      { name: 'transfers', run: async () => (await post(options.seconds)).p99 },
      {
        name: 'pgbench',
        run: async () => {
          const result = await runBaseline(bench, script, options.seconds, rate)
          reached = result.rate
          return result.p99
        },
      },
    ],
    options.rounds,
  )
  const ratio = ratioOf(figures, 'transfers', 'pgbench')
  const lag = reached < rate * 0.95 ? `, which reached only ${format(reached)} /s` : ''
  return [
    {
      what: `POST /transfers at ${format(rate)} /s, half the maximum: p99`,
      measured: `${format(medianOf(figures, 'transfers'))} ms`,
      against: `pgbench --rate ${rate}${lag}: ${format(medianOf(figures, 'pgbench'))} ms`,
      ratio,
      goal: atMost(ratio, 3),
    },
  ]
}
