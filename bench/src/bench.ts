import type { Generator } from './load/generator.ts'
import type { HttpJob, LoadResult, RequestKind } from './load/job.ts'
import type { Options } from './options.ts'
import { runSql, type Script, type SqlResult } from './pgbench.ts'
import type { BenchPostgres } from './postgres.ts'
import type { Result } from './result.ts'
import { type BenchServer, bearer } from './served/server.ts'

/** Measures and answers lines of the table. */
export type Row = (bench: Bench) => Promise<Result[]>

/** What the rows share: one PostgreSQL, one load generator, and a Mteja with 10,000 customers beside the baseline. */
export interface Bench {
  readonly options: Options
  readonly postgres: BenchPostgres
  readonly generator: Generator
  readonly server: BenchServer
  readonly customers: number
  /** The account of the i-th customer, from 1, has the id `accountsFrom` + 2i. */
  readonly accountsFrom: number
  /** Figures that later rows start from, such as the maximum rate. */
  readonly found: Map<string, number>
}

export const database = 'bench'

/** Closed loop against a server unless a rate is given. */
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

/** CPU microseconds of the server process per answer. */
export async function withServerCpu(
  server: BenchServer,
  work: () => Promise<LoadResult>,
): Promise<LoadResult & { serverMicroseconds: number }> {
  const before = await server.cpu()
  const result = await work()
  return { ...result, serverMicroseconds: ((await server.cpu()) - before) / result.count }
}
