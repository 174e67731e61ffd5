import { type Bench, measureCpu, type Row, runBaseline, sendRequests } from '../bench.ts'
import { atLeast } from '../result.ts'
import { alternate, format, median, medianOf, ratioOf } from '../rounds.ts'
import { transferScript } from '../scripts.ts'

const callers = 64

/** One transfer per request against one per transaction. Then purchases, which all pay one account. */
export const transfers: Row = async (bench) => {
  const { options, customers, found, notes } = bench
  const times = { server: [] as number[], generator: [] as number[], postgres: [] as number[], pgbench: [] as number[] }
  const post =
    (kind: 'transfer' | 'purchase', seconds = options.seconds) =>
    async () => {
      const { result, cpu } = await measureCpu(bench, () => sendRequests(bench, kind, { callers, seconds }))
      if (kind === 'transfer') {
        times.server.push(cpu.server / result.count)
        times.postgres.push(cpu.postgres / result.count)
        times.generator.push(result.cpuMicroseconds)
      }
      return result.rate
    }
  const sql = (name: 'transfer' | 'counted_transfer') => async () => {
    const script = transferScript(name, bench)
    const { result, cpu } = await measureCpu(bench, () => runBaseline(bench, script, options.seconds))
    if (name === 'transfer') times.pgbench.push(cpu.postgres / (result.rate * options.seconds))
    return result.rate
  }

  // The first load on the process: its code is compiled for good only after tens of thousands of requests.
  await post('transfer', options.warmUpSeconds * 4)()
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
  notes.push(
    `CPU time of a transfer: ${format(median(times.server))} µs in the server, ${format(median(times.postgres))} µs in ` +
      `PostgreSQL, ${format(median(times.generator))} µs in the load generator; of pgbench's, ` +
      `${format(median(times.pgbench))} µs in PostgreSQL`,
  )

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

/** The maximum rate, also when the row that finds it was left out. */
export async function maximumRate(bench: Bench): Promise<number> {
  const known = bench.found.get('transfers')
  if (known !== undefined) return known
  const { rate } = await sendRequests(bench, 'transfer', { callers, seconds: bench.options.seconds })
  return rate
}
