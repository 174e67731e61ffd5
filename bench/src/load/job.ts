/** The kind of request that a caller sends, see requests.ts. */
export type RequestKind =
  | 'transfer'
  | 'payout'
  | 'purchase'
  | 'batch'
  | 'createCustomer'
  | 'getCustomer'
  | 'getBalance'
  | 'path'

/** Load on an HTTP server. */
export interface HttpJob {
  readonly type: 'http'
  readonly port: number
  /** The secret API key. */
  readonly bearer: string
  readonly kind: RequestKind
  /** The path for the kind `path`. */
  readonly path?: string
  /** The number of customers to choose from, see `customerCode`. */
  readonly customers: number
  /** Callers. Each has a connection of its own and at most one request under way. */
  readonly callers: number
  readonly seconds: number
  /**
   * Requests a second, sent when they are due, whether or not earlier ones were answered. Without a rate callers do not
   * pause.
   */
  readonly rate?: number
  /** Answers that are under way at the end are left: they take longer than the job. Not together with a rate. */
  readonly leaves?: boolean
}

/** Load on PostgreSQL without pgbench: one prepared statement per transaction. */
export interface SqlJob {
  readonly type: 'sql'
  readonly databaseUrl: string
  readonly statement: string
  /** Each parameter is a whole number from 1 to its range. */
  readonly ranges: readonly number[]
  readonly callers: number
  readonly seconds: number
  readonly rate?: number
}

export type Job = HttpJob | SqlJob

export interface LoadResult {
  /** Answers a second. */
  readonly rate: number
  readonly count: number
  /** Milliseconds from the time a request was due to its whole answer. */
  readonly median: number
  readonly p99: number
  /** Bytes of the last answer's body. */
  readonly bodyBytes: number
  /** CPU time of the generator itself, in microseconds per request. */
  readonly cpuMicroseconds: number
}

/** The answer of a generator to a job. */
export type Answer = { readonly result: LoadResult } | { readonly error: string }
