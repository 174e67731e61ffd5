import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { DatabaseUnavailableError } from './errors.ts'

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
/** A call waits so long for a primary to be found. */
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
 */
export class PrimaryFinder {
  readonly #servers: readonly pg.ClientConfig[]
  readonly #onFound: (changed: boolean) => void
  #current: pg.ClientConfig
  #timeline: number
  #search: Promise<void> | undefined
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
    if (this.#search !== undefined || this.#isStopped || this.#servers.length === 1) return
    this.#search = this.#find().finally(() => {
      this.#search = undefined
    })
  }

  /** Waits a moment while the primary is looked for. Throws `DatabaseUnavailableError`. */
  ready(): Promise<void> | undefined {
    return this.#search === undefined ? undefined : this.#wait(this.#search)
  }

  stop(): void {
    this.#isStopped = true
  }

  async #wait(search: Promise<void>): Promise<void> {
    const isFound = await Promise.race([search.then(() => true), sleep(patienceMs, false, { ref: false })])
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
      const state = await probe(new pg.Client({ ...server, ...probeTimeouts })).catch(() => undefined)
      if (looks.signal.aborted) return
      if (state !== undefined && !state.isStandby && state.timeline >= this.#timeline) {
        looks.abort()
        this.#current = server
        this.#timeline = state.timeline
        return
      }
      await sleep(betweenLooksMs, undefined, { ref: false })
    }
  }
}

export const probeTimeouts = { connectionTimeoutMillis: probeTimeoutMs, query_timeout: probeTimeoutMs } as const
