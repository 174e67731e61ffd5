import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { codeOf, DatabaseUnavailableError } from './errors.ts'

/** A server of a cluster, as it has answered. */
export interface ServerState {
  readonly version: string
  /** A standby follows the primary, and only reads. */
  readonly isStandby: boolean
  /** Grows with each promotion. 0 for a standby. */
  readonly timeline: number
}

const probeTimeoutMs = 2_000
/** The time between two looks at a server, while there is no primary. */
const betweenLooksMs = 200
/** Calls wait for a primary until the search for it has lasted so long. */
const patienceMs = 1_000

/** Asks a server for its state. Throws the error of `pg`. */
export async function probe(client: pg.Client): Promise<ServerState> {
  // Without a listener a connection lost at this moment would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query(`
      select
        current_setting('server_version') as version,
        pg_is_in_recovery() as is_standby,
        case when pg_is_in_recovery() then null else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline
    `)
    const { version, is_standby, timeline } = rows[0] ?? {}
    return { version: String(version), isStandby: is_standby === true, timeline: Number.parseInt(timeline ?? '0', 16) }
  } finally {
    // A server that hangs would not say goodbye either.
    void client.end().catch(() => undefined)
  }
}

/**
 * Knows which server of a cluster is the primary. It looks for the primary again when a connection was lost. A server
 * whose history is older than that of a former primary is none: it was the primary before a failover, and has come back.
 * Of a single server it knows whether the server is silent: then no connection is opened until the server says something.
 */
export class PrimaryFinder {
  readonly #servers: readonly pg.ClientConfig[]
  readonly #onFound: (changed: boolean) => void
  #current: pg.ClientConfig
  #timeline: number
  #search: { readonly ended: Promise<void>; readonly begunAt: number } | undefined
  #isStopped = false

  /** @param onFound is told when a search has ended, and whether the primary is another one than before */
  constructor(
    servers: readonly pg.ClientConfig[],
    found: { config: pg.ClientConfig; timeline: number },
    onFound: (changed: boolean) => void,
  ) {
    this.#servers = servers
    this.#current = found.config
    this.#timeline = found.timeline
    this.#onFound = onFound
  }

  get current(): pg.ClientConfig {
    return this.#current
  }

  /** A connection was lost: perhaps there is another primary. */
  look(): void {
    if (this.#servers.length > 1) this.#begin()
  }

  /** The primary was silent for too long. A single server is looked at too: a connection to it would hang as well. */
  lookAfterSilence(): void {
    this.#begin()
  }

  /** Waits a moment while the primary is looked for. Throws `DatabaseUnavailableError`. */
  ready(): Promise<void> | undefined {
    // Connections to a single server that are open may be used: perhaps it only takes no new ones.
    return this.#search === undefined || this.isSilent ? undefined : this.#wait(this.#search)
  }

  /** Whether a connection that is opened now would hang: the only server is silent. */
  get isSilent(): boolean {
    return this.#servers.length === 1 && this.#search !== undefined
  }

  stop(): void {
    this.#isStopped = true
  }

  #begin(): void {
    if (this.#search !== undefined || this.#isStopped) return
    const ended = this.#find().finally(() => {
      this.#search = undefined
    })
    this.#search = { ended, begunAt: performance.now() }
  }

  async #wait({ ended, begunAt }: { ended: Promise<void>; begunAt: number }): Promise<void> {
    const restMs = Math.max(0, begunAt + patienceMs - performance.now())
    const isFound = await Promise.race([ended.then(() => true), sleep(restMs, false, { ref: false })])
    if (!isFound) throw new DatabaseUnavailableError('The database is not available: no server is a primary')
  }

  async #find(): Promise<void> {
    const before = this.#current
    const looks = new AbortController()
    await Promise.race(this.#servers.map((server) => this.#watch(server, looks)))
    this.#onFound(this.#current !== before)
  }

  /** Looks at one server until it, or another, is the primary. */
  async #watch(server: pg.ClientConfig, looks: AbortController): Promise<void> {
    while (!looks.signal.aborted && !this.#isStopped) {
      const state = await probe(new pg.Client({ ...server, ...probeTimeouts })).catch((error: unknown) => error)
      if (looks.signal.aborted) return
      // The errors of a single server are for the calls themselves.
      if (this.isSilent && !isSilence(state)) return
      if (isState(state) && !state.isStandby && state.timeline >= this.#timeline) {
        looks.abort()
        this.#current = server
        this.#timeline = state.timeline
        return
      }
      await sleep(betweenLooksMs, undefined, { ref: false })
    }
  }
}

function isState(outcome: unknown): outcome is ServerState {
  return !(outcome instanceof Error)
}

/** Whether a probe has ended without a word of the server: the errors of a limit of time have no code. */
function isSilence(outcome: unknown): boolean {
  return !isState(outcome) && (codeOf(outcome) ?? 'ETIMEDOUT') === 'ETIMEDOUT'
}

/** The refusal of a call while the only server is silent. */
export function silent(): DatabaseUnavailableError {
  return new DatabaseUnavailableError('The database is not available: the server does not answer')
}

export const probeTimeouts = { connectionTimeoutMillis: probeTimeoutMs, query_timeout: probeTimeoutMs } as const
