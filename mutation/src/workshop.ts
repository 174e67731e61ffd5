import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type PostgresServer, startPostgres } from '../../server/test/postgres-server.ts'
import type { Order, Outcome } from './runner.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What the server's tests need of the project, beside the installed packages. */
const copied = ['package.json', 'tsconfig.base.json', 'README.md', 'scripts', 'docs', 'server', 'client']
const left = ['node_modules', 'dist']
/** A copy of the project to break, with a PostgreSQL of its own. */
export class Workshop {
  readonly #folder: string
  readonly #postgres: PostgresServer
  #runner: ChildProcess | undefined

  private constructor(folder: string, postgres: PostgresServer) {
    this.#folder = folder
    this.#postgres = postgres
  }

  static async open(): Promise<Workshop> {
    const folder = mkdtempSync(join(tmpdir(), 'mteja-mutation-'))
    for (const name of copied) {
      cpSync(join(root, name), join(folder, name), {
        recursive: true,
        filter: (path) => !left.includes(basename(path)),
      })
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const workshop = new Workshop(folder, await startPostgres())
    process.once('exit', () => {
      workshop.#kill()
      rmSync(folder, { recursive: true, force: true })
    })
    // Every run makes databases and drops them, which waits for the disk otherwise.
    await workshop.#execute('alter system set fsync = off')
    await workshop.#execute('select pg_reload_conf()')
    return workshop
  }

  /** The text of a file below `server`. */
  read(file: string): string {
    return readFileSync(join(this.#folder, 'server', file), 'utf8')
  }

  /** Runs tests with another text in place of a file's, until something fails, or `limitMs` have passed. */
  async runWith(file: string, text: string, order: Omit<Order, 'changed'>, limitMs: number): Promise<Outcome> {
    const path = join(this.#folder, 'server', file)
    const original = readFileSync(path, 'utf8')
    writeFileSync(path, text)
    try {
      return await this.run({ ...order, changed: path }, limitMs)
    } finally {
      writeFileSync(path, original)
    }
  }

  async run(order: Order, limitMs: number): Promise<Outcome> {
    // The schema of the next database is another one.
    const isSchema = order.changed?.endsWith('.sql') === true
    if (isSchema) await this.#dismiss()
    this.#runner ??= await this.#startRunner()
    const [runner, limit, over] = [this.#runner, new AbortController(), new AbortController()]
    const timer = setTimeout(() => limit.abort(), limitMs)
    const until = { signal: AbortSignal.any([limit.signal, over.signal]) }
    try {
      runner.send(order)
      const said = Promise.race([once(runner, 'message', until), once(runner, 'exit', until).then(() => [null])])
      const [outcome] = (await said) as [Outcome | null]
      if (outcome !== null && !isSchema) return outcome
      await this.#dismiss()
      return outcome ?? { verdict: 'failed', by: 'the process of the tests has ended' }
    } catch (error) {
      await this.#dismiss()
      if (limit.signal.aborted) return { verdict: 'slow', by: `not over after ${Math.round(limitMs / 1000)} s` }
      throw error
    } finally {
      clearTimeout(timer)
      over.abort()
    }
  }

  async close(): Promise<void> {
    await this.#dismiss()
    await this.#postgres.stop()
  }

  async #startRunner(): Promise<ChildProcess> {
    const runner = fork(join(import.meta.dirname, 'runner.ts'), [], {
      cwd: join(this.#folder, 'server'),
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: join(this.#folder, '.compiled'),
        MTEJA_TEST_ENGINE: 'postgresql',
        MTEJA_TEST_DATABASE_URL: this.#postgres.url,
        // A tenth of the usual: a wrong balance shows soon.
        MTEJA_MODEL_OPERATIONS: '8000',
        MTEJA_TEST_PAYOUTS: '200',
        MTEJA_TEST_SEED: '1',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // With the processes that it starts: a test that never ends is killed.
      detached: true,
    })
    await once(runner, 'message')
    return runner
  }

  #kill(): void {
    const { pid } = this.#runner ?? {}
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
    this.#runner = undefined
  }

  /** Ends the runner. It leaves databases behind, and perhaps a statement that never ends. */
  async #dismiss(): Promise<void> {
    if (this.#runner === undefined) return
    this.#kill()
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
