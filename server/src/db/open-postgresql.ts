import net from 'node:net'
import pg from 'pg'
import type { OwnedDb } from './database.ts'
import type { DatabaseWatch } from './database-watch.ts'
import { codeOf, StartupError } from './errors.ts'
import { PooledDatabase } from './pooled-database.ts'
import { PrimaryFinder, probe, probeTimeouts, type ServerState, silent } from './primary-finder.ts'
import { readServers } from './servers.ts'
import { valueTypes } from './value-types.ts'

/** See `openDatabase`. */
export interface PostgresqlOptions {
  readonly databaseUrl: string
  readonly databaseUrlFrom?: string | undefined
  readonly poolSize?: number | undefined
  readonly statementTimeoutMs?: number | undefined
  readonly preparedStatements?: boolean | undefined
  readonly watch: DatabaseWatch
}

const oldestVersion = 15
const connectionTimeoutMs = 5_000
/**
 * A server that says nothing to a new connection for the time of a statement is silent. The time is at least the first of
 * these, because a busy server greets late, and at most the second, which is before the pool gives the connection up.
 */
const greetingMs = [2_000, 4_500] as const
/** More connections at most, while a table is locked. */
const spareConnections = 4
/** PostgreSQL cancels a statement in time. Its answer may be late by this. */
const graceMs = 250

/** Opens a pool of connections to a PostgreSQL server, and first checks whether the server can be used. */
export async function openPostgresql(options: PostgresqlOptions): Promise<OwnedDb> {
  const { databaseUrl, databaseUrlFrom = 'MTEJA_DATABASE_URL', poolSize = 10, watch } = options
  const { statementTimeoutMs = 10_000, preparedStatements = true } = options
  const longestGreetingMs = Math.min(Math.max(statementTimeoutMs, greetingMs[0]), greetingMs[1])
  const sockets = new Sockets()
  const common: pg.ClientConfig = {
    connectionTimeoutMillis: connectionTimeoutMs,
    keepAlive: true,
    types: valueTypes,
    // Lanes need this: statements asked for at once on one connection are sent at once.
    pipeline: true,
    application_name: 'mteja',
  }
  const servers = readServers(databaseUrl).map((connectionString) => ({ ...common, connectionString }))
  const found = await findPrimary(servers, databaseUrlFrom)
  const finder = new PrimaryFinder(servers, found, (changed) => {
    // The former primary may hang, or may not know that it is no primary any more.
    if (changed) sockets.destroyAll()
  })
  /** Connects to the server that is the primary at that moment. */
  class Client extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, ...finder.current, stream: () => sockets.open() })
    }

    // Also for calls that have waited in the pool since before the silence.
    override connect(): Promise<pg.Client>
    override connect(callback: (error: Error) => void): void
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
      if (!finder.isSilent) return callback === undefined ? super.connect() : void super.connect(callback)
      this.connection.stream.destroy()
      if (callback === undefined) return Promise.reject(silent())
      process.nextTick(callback, silent())
      return undefined
    }
  }
  const poolOf = (max: number) => new pg.Pool({ ...common, max, Client })
  return new PooledDatabase({
    engine: 'postgresql',
    pool: poolOf(poolSize),
    spare: poolOf(spareConnections),
    prepares: preparedStatements,
    settings: [
      `set statement_timeout = ${statementTimeoutMs}`,
      // A call that waits for a lock holds a connection, and does nothing.
      `set lock_timeout = ${Math.ceil(statementTimeoutMs / 5)}`,
      `set idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
    ],
    ownerSettings: ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'].map(
      (name) => `set ${name} = 0`,
    ),
    ready: () => finder.ready(),
    watch,
    onAway(error) {
      watch.onAway(error)
      finder.look()
    },
    silenceMs: statementTimeoutMs + graceMs,
    abandon() {
      finder.lookAfterSilence()
      sockets.destroyAll()
    },
    onLook(now) {
      if (sockets.destroyUngreeted(now - longestGreetingMs)) finder.lookAfterSilence()
    },
    afterClose: async () => finder.stop(),
  })
}

/** The sockets of all connections: a server that hangs is left without a goodbye, for which `pg` would wait. */
class Sockets {
  /** When each was opened. */
  readonly #open = new Map<net.Socket, number>()

  open(): net.Socket {
    const socket = new net.Socket()
    this.#open.set(socket, performance.now())
    socket.once('close', () => this.#open.delete(socket))
    return socket
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy()
  }

  /** Gives up the sockets that were opened before a time, and over which nothing has come. Answers whether there were any. */
  destroyUngreeted(before: number): boolean {
    const ungreeted = [...this.#open].filter(([socket, openedAt]) => openedAt < before && socket.bytesRead === 0)
    for (const [socket] of ungreeted) socket.destroy()
    return ungreeted.length > 0
  }
}

/** @param setting gave the address: the setting that the operator has to correct */
async function findPrimary(servers: readonly pg.ClientConfig[], setting: string) {
  const looks = await Promise.all(servers.map((config) => look(config, setting, servers.length)))
  const primaries = looks.filter((each) => each.refusal === undefined).sort((a, b) => b.timeline - a.timeline)
  const [primary] = primaries
  if (primary !== undefined) return primary
  const [only] = looks
  if (looks.length === 1) throw only?.refusal
  const reasons = looks.map(({ refusal }) => refusal?.message).join(' ')
  throw new StartupError(`None of the servers that ${setting} names is a primary. ${reasons}`, { cause: only?.refusal })
}

/** A server that can be used, or the reason why not. */
interface Look {
  readonly config: pg.ClientConfig
  readonly timeline: number
  readonly refusal?: StartupError
}

async function look(config: pg.ClientConfig, setting: string, servers: number): Promise<Look> {
  const client = makeClient(servers === 1 ? config : { ...config, ...probeTimeouts }, setting)
  try {
    const state = await probe(client)
    checkVersion(state)
    refuseStandby(state, client, setting)
    return { config, timeline: state.timeline }
  } catch (error) {
    const refusal = error instanceof StartupError ? error : explain(error, client, setting)
    return { config, timeline: 0, refusal }
  }
}

function makeClient(config: pg.ClientConfig, setting: string): pg.Client {
  try {
    return new pg.Client(config)
  } catch (error) {
    // The reason quotes the address, and with it the password.
    throw new StartupError(
      `${setting} is not an address such as postgres://user:password@host:5432/database, or several hosts as in @host1:5432,host2:5432/.`,
      { cause: error },
    )
  }
}

function checkVersion({ version }: ServerState): void {
  if (Number.parseInt(version, 10) >= oldestVersion) return
  throw new StartupError(`The database is PostgreSQL ${version}; mteja needs ${oldestVersion} or later.`)
}

function refuseStandby({ isStandby }: ServerState, { host, port }: pg.Client, setting: string): void {
  if (!isStandby) return
  throw new StartupError(
    `PostgreSQL at ${host}:${port} is a standby, which only reads. Name the primary, or all servers, in ${setting}.`,
  )
}

/** The sentence for each SQLSTATE. Any other error means that no PostgreSQL server has answered. */
const explanations: Record<string, (client: pg.Client, setting: string) => string> = {
  '28P01': ({ user }, setting) => `PostgreSQL refuses the password of user ${user}. Correct ${setting}.`,
  '28000': ({ user }, setting) =>
    `PostgreSQL does not let user ${user} in. Correct ${setting} or the server's pg_hba.conf.`,
  '3D000': ({ database }, setting) => `PostgreSQL has no database ${database}. Create it or correct ${setting}.`,
}

function explain(error: unknown, client: pg.Client, setting: string): StartupError {
  const explanation = explanations[codeOf(error) ?? '']
  if (explanation) return new StartupError(explanation(client, setting), { cause: error })
  const reason = (error instanceof Error && error.message) || codeOf(error) || String(error)
  return new StartupError(
    `PostgreSQL at ${client.host}:${client.port} cannot be reached (${reason}). Start it or correct ${setting}.`,
    { cause: error },
  )
}
