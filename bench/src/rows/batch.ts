import { type Row, runBaseline, sendRequests } from '../bench.ts'
import { transfersPerBatch } from '../load/requests.ts'
import { atLeast } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'
import { transferScript } from '../scripts.ts'

const callers = 4

/** A thousand transfers per request. */
export const batch: Row = async (bench) => {
  const { options } = bench
  const post = async (seconds: number) =>
    (await sendRequests(bench, 'batch', { callers, seconds })).rate * transfersPerBatch
  await post(options.warmUpSeconds)
  const figures = await alternate(
    [
      { name: 'batch', run: () => post(options.seconds) },
      {
        name: 'pgbench',
        run: async () => (await runBaseline(bench, transferScript('transfer', bench), options.seconds)).rate,
      },
    ],
    options.rounds,
  )
  const ratio = ratioOf(figures, 'batch', 'pgbench')
  return [
    {
      what: `POST /v1/transfers/batch, ${transfersPerBatch} transfers a call, ${callers} callers`,
      measured: `${format(medianOf(figures, 'batch'))} transfers/s`,
      against: `pgbench, the same rows, numbered by a sequence: ${format(medianOf(figures, 'pgbench'))} /s`,
      ratio,
      goal: atLeast(ratio, 3),
    },
  ]
}
