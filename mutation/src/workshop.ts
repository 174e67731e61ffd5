import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type PostgresServer, startPostgres } from '../../server/test/postgres-server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What the server's tests need of the project, beside the installed packages. */
const copied = ['package.json', 'tsconfig.base.json', 'README.md', 'scripts', 'docs', 'server', 'client']
const left = ['node_modules', 'dist']
/** A race that a mutant lost is not waited for as long as usual. */
const testTimeoutMs = 20_000

/** How the tests of a run came out. `invalid`: none could run, because the file is no program. */
export type Verdict = 'passed' | 'failed' | 'timeout' | 'invalid'

/** A copy of the project to break, with a PostgreSQL of its own. */
export class Workshop {
  readonly #folder: string
  readonly #postgres: PostgresServer

  private constructor(folder: string, postgres: PostgresServer) {
    this.#folder = folder
    this.#postgres = postgres
  }

  static async open(): Promise<Workshop> {
    const folder = mkdtempSync(join(tmpdir(), 'mteja-mutation-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    for (const name of copied) {
      cpSync(join(root, name), join(folder, name), {
        recursive: true,
        filter: (path) => !left.includes(basename(path)),
      })
    }
    mkdirSync(join(folder, 'server/dist'))
    cpSync(join(root, 'server/dist/pgdata.tar.gz'), join(folder, 'server/dist/pgdata.tar.gz'))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const workshop = new Workshop(folder, await startPostgres())
    // Every run makes databases and drops them, which waits for the disk otherwise.
    await workshop.#execute('alter system set fsync = off')
    await workshop.#execute('select pg_reload_conf()')
    return workshop
  }

  /** The text of a file below `server`. */
  read(file: string): string {
    return readFileSync(join(this.#folder, 'server', file), 'utf8')
  }

  /** Runs tests with another text in place of a file's, until the first one fails, or `limitMs` have passed. */
  async runWith(file: string, text: string, tests: readonly string[], limitMs: number): Promise<Verdict> {
    const path = join(this.#folder, 'server', file)
    const original = readFileSync(path, 'utf8')
    writeFileSync(path, text)
    try {
      return await this.run(tests, limitMs)
    } finally {
      writeFileSync(path, original)
    }
  }

  async run(tests: readonly string[], limitMs: number): Promise<Verdict> {
    const report = join(this.#folder, 'report.json')
    rmSync(report, { force: true })
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const flags = ['--bail=1', '--no-file-parallelism', `--testTimeout=${testTimeoutMs}`]
    const child = spawn(
      process.execPath,
      [vitest, 'run', ...tests, ...flags, '--reporter=json', `--outputFile=${report}`],
      {
        cwd: join(this.#folder, 'server'),
        env: {
          ...process.env,
          MTEJA_TEST_ENGINE: 'postgresql',
          MTEJA_TEST_DATABASE_URL: this.#postgres.url,
          // A tenth of the usual: a wrong balance shows soon.
          MTEJA_MODEL_OPERATIONS: '8000',
          MTEJA_TEST_SEED: '1',
        },
        stdio: 'ignore',
      },
    )
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
    const [code] = (await once(child, 'exit')) as [number | null]
    clearTimeout(timer)
    if (code !== 0) await this.#clearUp()
    if (code === 0) return 'passed'
    if (code === null) return 'timeout'
    return hasRunTests(report) ? 'failed' : 'invalid'
  }

  async close(): Promise<void> {
    await this.#postgres.stop()
  }

  /** A run that was cut short leaves databases behind, and perhaps a statement that never ends. */
  async #clearUp(): Promise<void> {
    const left = await this.#execute("select datname from pg_database where datname ~ '^mteja_'")
    for (const { datname } of left) await this.#execute(`drop database if exists ${datname} with (force)`)
  }

  async #execute(statement: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(this.#postgres.url)
    await client.connect()
    try {
      return (await client.query(statement)).rows
    } finally {
      await client.end()
    }
  }
}

function hasRunTests(report: string): boolean {
  if (!existsSync(report)) return false
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  return numPassedTests + numFailedTests > 0
}
