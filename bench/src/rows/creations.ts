import { type Row, runBaseline, sendRequests } from '../bench.ts'
import { atLeast } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'
import { customerScript } from '../scripts.ts'

const callers = 64

/** A customer with a cash account, an event and a key, per request and per transaction. */
export const creations: Row = async (bench) => {
  const { options } = bench
  const post = async (seconds: number) => (await sendRequests(bench, 'createCustomer', { callers, seconds })).rate
  const sql = (name: 'create_customer' | 'create_counted_customer') => async () =>
    (await runBaseline(bench, customerScript(name), options.seconds)).rate
  await post(options.warmUpSeconds)
  const figures = await alternate(
    [
      { name: 'creations', run: () => post(options.seconds) },
      { name: 'pgbench', run: sql('create_customer') },
      { name: 'counted pgbench', run: sql('create_counted_customer') },
    ],
    options.rounds,
  )
  const rate = (name: string) => `${format(medianOf(figures, name))} /s`
  const ratio = ratioOf(figures, 'creations', 'pgbench')
  const counted = ratioOf(figures, 'creations', 'counted pgbench')
  return [
    {
      what: `POST /customers, ${callers} callers`,
      measured: rate('creations'),
      against: `pgbench, the same rows, numbered by a sequence: ${rate('pgbench')}`,
      ratio,
      goal: atLeast(ratio, 1),
    },
    {
      what: 'the same',
      measured: rate('creations'),
      against: `pgbench, the same rows, numbered without gaps: ${rate('counted pgbench')}`,
      ratio: counted,
      goal: atLeast(counted, 1),
    },
  ]
}
