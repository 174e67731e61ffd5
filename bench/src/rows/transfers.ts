import { type Bench, type Row, runBaseline, sendRequests, withServerCpu } from '../bench.ts'
import { atLeast } from '../result.ts'
import { alternate, format, median, medianOf, ratioOf } from '../rounds.ts'
import { transferScript } from '../scripts.ts'

const callers = 64

/** One transfer per request against one per transaction, and purchases, which all pay one account. */
export const transfers: Row = async (bench) => {
  const { options, customers, found } = bench
  const cpu: number[] = []
  const post =
    (kind: 'transfer' | 'purchase', seconds = options.seconds) =>
    async () => {
      const result = await withServerCpu(bench.server, () => sendRequests(bench, kind, { callers, seconds }))
      if (kind === 'transfer') cpu.push(result.serverMicroseconds, result.cpuMicroseconds)
      return result.rate
    }
  const sql = (name: 'transfer' | 'counted_transfer') => async () =>
    (await runBaseline(bench, transferScript(name, bench), options.seconds)).rate

  await post('transfer', options.warmUpSeconds)()
  await post('purchase', options.warmUpSeconds)()
  const figures = await alternate(
    [
      { name: 'transfers', run: post('transfer') },
      { name: 'pgbench', run: sql('transfer') },
      { name: 'purchases', run: post('purchase') },
      { name: 'counted pgbench', run: sql('counted_transfer') },
    ],
    options.rounds,
  )
  found.set('transfers', medianOf(figures, 'transfers'))
  found.set('server µs per transfer', median(cpu.filter((_, i) => i % 2 === 0)))
  found.set('generator µs per transfer', median(cpu.filter((_, i) => i % 2 === 1)))

  const rate = (name: string) => `${format(medianOf(figures, name))} /s`
  const cold = ratioOf(figures, 'transfers', 'pgbench')
  const counted = ratioOf(figures, 'transfers', 'counted pgbench')
  const hot = ratioOf(figures, 'purchases', 'transfers')
  return [
    {
      what: `POST /transfers, ${callers} callers, ${customers.toLocaleString('en')} customers`,
      measured: rate('transfers'),
      against: `pgbench, the same rows, numbered by a sequence: ${rate('pgbench')}`,
      ratio: cold,
      goal: atLeast(cold, 1.5),
    },
    {
      what: 'the same',
      measured: rate('transfers'),
      against: `pgbench, the same rows, numbered without gaps: ${rate('counted pgbench')}`,
      ratio: counted,
      goal: atLeast(counted, 1.5),
    },
    {
      what: `POST /purchases, ${callers} callers, all paying one merchant`,
      measured: rate('purchases'),
      against: `POST /transfers: ${rate('transfers')}`,
      ratio: hot,
      goal: atLeast(hot, 1),
    },
  ]
}

/** The maximum rate, also where the row that finds it was left out. */
export async function maximumRate(bench: Bench): Promise<number> {
  const known = bench.found.get('transfers')
  if (known !== undefined) return known
  const { rate } = await sendRequests(bench, 'transfer', { callers, seconds: bench.options.seconds })
  return rate
}
