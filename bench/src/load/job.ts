/** Which request a caller sends; see requests.ts. */
export type RequestKind = 'transfer' | 'purchase' | 'batch' | 'createCustomer' | 'getCustomer' | 'getBalance' | 'path'

/** Load on an HTTP server. */
export interface HttpJob {
  readonly type: 'http'
  readonly port: number
  /** The secret API key. */
  readonly bearer: string
  readonly kind: RequestKind
  /** For `path`. */
  readonly path?: string
  /** How many customers there are to choose from; see `customerCode`. */
  readonly customers: number
  /** Callers, each with a connection of its own and one request under way at most. */
  readonly callers: number
  readonly seconds: number
  /** Requests a second, sent when they are due whether or not earlier ones were answered. Without it callers do not pause. */
  readonly rate?: number
}

/** Load on PostgreSQL without pgbench: one prepared statement per transaction. */
export interface SqlJob {
  readonly type: 'sql'
  readonly databaseUrl: string
  readonly statement: string
  /** Each parameter is a whole number from 1 to this. */
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
  /** Milliseconds from when a request was due to its whole answer. */
  readonly median: number
  readonly p99: number
  /** Bytes of the last answer's body. */
  readonly bodyBytes: number
  /** CPU the generator itself used, in microseconds per request. */
  readonly cpuMicroseconds: number
}

/** What a generator answers for a job. */
export type Answer = { readonly result: LoadResult } | { readonly error: string }
