import type { Generator } from './load/generator.ts'
import type { HttpJob, LoadResult, RequestKind } from './load/job.ts'
import type { Options } from './options.ts'
import { runSql, type Script, type SqlResult } from './pgbench.ts'
import type { BenchPostgres } from './postgres.ts'
import type { Result } from './result.ts'
import { type BenchServer, bearer } from './served/server.ts'

/** Measures, and answers lines of the table. */
export type Row = (bench: Bench) => Promise<Result[]>

/** Shared by the rows: one PostgreSQL, one load generator, and a Mteja with 10,000 customers beside the baseline. */
export interface Bench {
  readonly options: Options
  readonly postgres: BenchPostgres
  readonly generator: Generator
  readonly server: BenchServer
  readonly customers: number
  /** The account of the i-th customer, counted from 1, has the id `accountsFrom` + 2i. */
  readonly accountsFrom: number
  /** Figures that later rows need, such as the maximum rate. */
  readonly found: Map<string, number>
  /** Sentences for the README about where the time goes. */
  readonly notes: string[]
}

export const database = 'bench'

/** Sends requests in a closed loop, unless a rate is given. */
export function sendRequests(
  { generator, server, customers }: Pick<Bench, 'generator' | 'server' | 'customers'>,
  kind: RequestKind,
  load: Pick<HttpJob, 'callers' | 'seconds'> & Partial<Pick<HttpJob, 'rate' | 'path'>>,
): Promise<LoadResult> {
  return generator.run({ type: 'http', port: server.port, bearer, kind, customers, ...load })
}

export function runBaseline(bench: Bench, script: Script, seconds: number, rate?: number): Promise<SqlResult> {
  return runSql(bench.generator, bench.postgres.url(database), script, seconds, rate)
}

/** CPU time in microseconds, by process. */
export interface CpuTimes {
  readonly server: number
  readonly postgres: number
}

export async function measureCpu<T>(
  { server, postgres }: Pick<Bench, 'server' | 'postgres'>,
  work: () => Promise<T>,
): Promise<{ result: T; cpu: CpuTimes }> {
  const before = { server: await server.cpu(), postgres: await postgres.cpu() }
  const result = await work()
  const after = { server: await server.cpu(), postgres: await postgres.cpu() }
  return { result, cpu: { server: after.server - before.server, postgres: after.postgres - before.postgres } }
}
