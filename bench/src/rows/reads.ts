import { type Row, sendRequests } from '../bench.ts'
import { atLeast, type Result } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'

const callers = 64

/** Reads by id, against the same server answering as many bytes without asking the database. */
export const reads: Row = async (bench) => {
  const results: Result[] = []
  for (const kind of ['getCustomer', 'getBalance'] as const) results.push(await compare(bench, kind))
  return results
}

async function compare(bench: Parameters<Row>[0], kind: 'getCustomer' | 'getBalance'): Promise<Result> {
  const { options, server } = bench
  const read = async (seconds: number) => sendRequests(bench, kind, { callers, seconds })
  const constant = async (seconds: number) => sendRequests(bench, 'path', { path: '/bench/constant', callers, seconds })
  const { bodyBytes } = await read(options.warmUpSeconds)
  await server.answerConstant(JSON.stringify('x'.repeat(bodyBytes - 2)))
  await constant(options.warmUpSeconds)

  const figures = await alternate(
    [
      { name: kind, run: async () => (await read(options.seconds)).rate },
      { name: 'constant', run: async () => (await constant(options.seconds)).rate },
    ],
    options.rounds,
  )
  const ratio = ratioOf(figures, kind, 'constant')
  return {
    what: `${kind === 'getCustomer' ? 'GET /customers/:id' : 'GET /customers/:id/balance'}, ${callers} callers`,
    measured: `${format(medianOf(figures, kind))} /s`,
    against: `a constant of ${bodyBytes} bytes from memory: ${format(medianOf(figures, 'constant'))} /s`,
    ratio,
    goal: atLeast(ratio, 0.7),
  }
}
