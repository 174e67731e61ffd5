import { readFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { type PostgresServer, startPostgres } from '../../server/test/postgres-server.ts'
import { cpuOfFamily } from './process-cpu.ts'

/** The same for both sides. Every other setting has PostgreSQL's default: fsync and synchronous_commit are on. */
export const settings = {
  shared_buffers: '1GB',
  min_wal_size: '4GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
} as const

/**
 * Segments of the write-ahead log for the whole run, used once and free again, as on a server that has run for a while.
 * Making a new segment holds up every commit for as long as the disk takes to write 16 MB.
 */
const fillLog = `
  do $$
  begin
    for i in 1..256 loop
      perform pg_logical_emit_message(false, 'bench', 'a segment with something in it');
      perform pg_switch_wal();
    end loop;
  end
  $$;
  checkpoint`

/** A PostgreSQL of the bench's own. */
export class BenchPostgres {
  readonly #server: PostgresServer

  private constructor(server: PostgresServer) {
    this.#server = server
  }

  static async start(): Promise<BenchPostgres> {
    const postgres = new BenchPostgres(await startPostgres())
    for (const [name, value] of Object.entries(settings)) {
      await postgres.execute('postgres', `alter system set ${name} = '${value}'`)
    }
    // shared_buffers needs a new start. The server is still empty.
    await postgres.#server.kill()
    await postgres.#server.restart()
    await postgres.execute('postgres', fillLog)
    return postgres
  }

  url(database: string): string {
    const url = new URL(this.#server.url)
    url.pathname = `/${database}`
    return url.href
  }

  async createDatabase(name: string): Promise<string> {
    await this.execute('postgres', `create database ${name}`)
    return this.url(name)
  }

  /** Runs any number of statements as superuser. Answers the rows of the last one. */
  async execute(database: string, statements: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(this.url(database))
    await client.connect()
    try {
      const results: pg.QueryResult | pg.QueryResult[] = await client.query(statements)
      return [results].flat().at(-1)?.rows ?? []
    } finally {
      await client.end()
    }
  }

  /** Creates the tables and functions of the hand-written side. */
  async addBaseline(database: string): Promise<void> {
    await this.execute(database, readFileSync(new URL('baseline.sql', import.meta.url), 'utf8'))
    await this.execute(database, 'vacuum analyze baseline.customers, baseline.ledger_accounts')
  }

  /** CPU microseconds that all its processes have used so far. NaN where the system does not report them. */
  async cpu(): Promise<number> {
    const [row] = await this.execute('postgres', 'show data_directory')
    const lines = readFileSync(path.join(String(row?.data_directory), 'postmaster.pid'), 'utf8').split('\n')
    return cpuOfFamily(Number(lines[0]))
  }

  async stop(): Promise<void> {
    await this.#server.stop()
  }
}
