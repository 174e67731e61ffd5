import pg from 'pg'
import type { OwnedDb } from './database.ts'
import type { DatabaseWatch } from './database-watch.ts'
import { codeOf, StartupError } from './errors.ts'
import { PooledDatabase } from './pooled-database.ts'
import { valueTypes } from './value-types.ts'

/** See `openDatabase`. */
export interface PostgresqlOptions {
  readonly databaseUrl: string
  readonly databaseUrlFrom?: string | undefined
  readonly poolSize?: number | undefined
  readonly watch: DatabaseWatch
}

const oldestVersion = 15
const connectionTimeoutMs = 5_000

/** Opens a pool of connections to a PostgreSQL server, and first checks whether the server can be used. */
export async function openPostgresql(options: PostgresqlOptions): Promise<OwnedDb> {
  const { databaseUrl, databaseUrlFrom = 'MTEJA_DATABASE_URL', poolSize = 10, watch } = options
  const config: pg.ClientConfig = {
    connectionString: databaseUrl,
    connectionTimeoutMillis: connectionTimeoutMs,
    keepAlive: true,
    types: valueTypes,
    // Lanes need this: statements asked for at once on one connection are sent at once.
    pipeline: true,
    application_name: 'mteja',
  }
  await checkServer(config, databaseUrlFrom)
  return new PooledDatabase('postgresql', new pg.Pool({ ...config, max: poolSize }), watch, async () => undefined)
}

/** @param setting gave the address: the setting that the operator has to correct */
async function checkServer(config: pg.ClientConfig, setting: string): Promise<void> {
  const client = makeClient(config, setting)
  // Without a listener a connection lost at this moment would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query('show server_version')
    checkVersion(String(rows[0]?.server_version))
  } catch (error) {
    throw error instanceof StartupError ? error : explain(error, client, setting)
  } finally {
    await client.end().catch(() => undefined)
  }
}

function makeClient(config: pg.ClientConfig, setting: string): pg.Client {
  try {
    return new pg.Client(config)
  } catch (error) {
    // The reason quotes the address, and with it the password.
    throw new StartupError(`${setting} is not an address such as postgres://user:password@host:5432/database.`, {
      cause: error,
    })
  }
}

function checkVersion(version: string): void {
  if (Number.parseInt(version, 10) >= oldestVersion) return
  throw new StartupError(`The database is PostgreSQL ${version}; mteja needs ${oldestVersion} or later.`)
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
