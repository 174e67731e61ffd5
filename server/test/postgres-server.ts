import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { freePort } from './server-process.ts'

/** A PostgreSQL server of the test's own. */
export interface PostgresServer {
  /** Address of the database `postgres`, with the superuser. */
  readonly url: string
  /** Kills the server and all its processes like a power cut, without time to write anything. */
  kill(): Promise<void>
  /** Stops all its processes where they are: connections stay open, and nothing is answered. */
  freeze(): void
  /** Lets the processes go on after {@link freeze}. */
  thaw(): void
  /** Starts the server again in the same folder, at the same address, after {@link kill}. */
  restart(): Promise<void>
  /** Stops the server and removes its folder. */
  stop(): Promise<void>
}

/** The server may take this long to start, because it recovers from a kill on a busy machine. */
const startTimeoutMs = 30_000

/**
 * Starts a PostgreSQL in a temporary folder, on a free port of this machine only. It ends with this process, whatever
 * ends the process.
 *
 * @param find finds the programs; it gets a folder for a copy of them
 * @param settings of the server, by their names in postgresql.conf
 */
export async function startPostgres(
  find = findBinaries,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  return serve({ ...(await makePlace(find)), settings })
}

/**
 * Settings for tests that lose no power: nothing waits for the disk, which on a shared machine may take half a minute. A killed
 * process loses nothing by them.
 */
export const withoutDisk = { fsync: 'off', full_page_writes: 'off' }

/** A server that follows another. */
export interface Standby extends PostgresServer {
  /** Makes it the primary. */
  promote(): Promise<void>
}

/** Starts a primary that acknowledges a commit once its standby has it, and the standby. */
export async function startCluster(find = findBinaries): Promise<{ primary: PostgresServer; standby: Standby }> {
  const [first, second] = [await makePlace(find), await makePlace(find)]
  // A standby begins as a copy. Nothing has been written yet, so that a copy of the files is enough.
  rmSync(second.data, { recursive: true })
  cpSync(first.data, second.data, { recursive: true })
  chmodSync(second.data, 0o700)
  for (const folder of [second.data, ...readdirSync(second.data, { recursive: true, encoding: 'utf8' })]) {
    giveTo(second.binaries.user, path.resolve(second.data, folder))
  }
  writeFileSync(path.join(second.data, 'standby.signal'), '')
  const primary = await serve({ ...first, settings: { wal_keep_size: '1GB' } })
  const follow = `host=127.0.0.1 port=${first.port} user=postgres application_name=second`
  const standby = await serve({ ...second, settings: { primary_conninfo: follow, wal_receiver_status_interval: '1s' } })
  await execute(primary.url, `alter system set synchronous_standby_names = 'second'`)
  await execute(primary.url, 'select pg_reload_conf()')
  return { primary, standby: { ...standby, promote: () => execute(standby.url, 'select pg_promote()') } }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(statement)
  await client.end()
}

async function makePlace(find: typeof findBinaries): Promise<Place> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'mteja-postgres-'))
  try {
    chmodSync(scratch, 0o755)
    const binaries = find(scratch)
    const data = path.join(scratch, 'data')
    mkdirSync(data, { mode: 0o700 })
    for (const folder of [scratch, data]) giveTo(binaries.user, folder)
    initialise(binaries, data)
    return { binaries, scratch, data, port: await freePort() }
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true })
    throw error
  }
}

interface Place {
  readonly binaries: PostgresBinaries
  readonly scratch: string
  readonly data: string
  readonly port: number
  readonly settings?: Record<string, string>
}

async function serve(place: Place): Promise<PostgresServer> {
  const url = `postgres://postgres@127.0.0.1:${place.port}/postgres`
  let keeper = spawnServer(place)
  await untilAnswering(place, url, keeper)
  return {
    url,
    kill: async () => {
      await killServer(place.data)
      await dismiss(keeper)
    },
    freeze: () => signalServer(place.data, 'SIGSTOP'),
    thaw: () => signalServer(place.data, 'SIGCONT'),
    restart: async () => {
      keeper = spawnServer(place)
      await untilAnswering(place, url, keeper)
    },
    stop: async () => {
      await dismiss(keeper)
      rmSync(place.scratch, { recursive: true, force: true })
    },
  }
}

function giveTo({ uid, gid }: PostgresBinaries['user'], folder: string): void {
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
}

function initialise({ initdb, user }: PostgresBinaries, data: string): void {
  const flags = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  execFileSync(initdb, [`--pgdata=${data}`, ...flags], { ...user, cwd: data, stdio: 'pipe' })
}

/**
 * Stops PostgreSQL when it is told to, or when the pipe from this process closes. The system closes the pipe whatever
 * ends the process: ctrl-C, an error, kill -9. After a kill -9 it also removes the data, because no other process is
 * left to do so.
 */
const keeperScript = `
  scratch=$1; shift
  "$@" </dev/null &
  read -r wish
  kill -QUIT $! 2>/dev/null
  wait $!
  [ "$wish" = keep ] || rm -rf "$scratch"
`

/**
 * Starts the server in a session of its own, so that ctrl-C in a terminal does not cut connections before the tests
 * have ended.
 */
function spawnServer(place: Place): ChildProcess {
  const { binaries, scratch, data, port, settings: own } = place
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: 200, ...own }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = [binaries.postgres, '-D', data, ...flags]
  return spawn('sh', ['-c', keeperScript, 'keeper', scratch, ...server], {
    ...binaries.user,
    cwd: data,
    detached: true,
    stdio: ['pipe', 'ignore', openSync(logOf(place), 'a')],
  })
}

function logOf({ scratch }: Place): string {
  return path.join(scratch, 'server.log')
}

async function untilAnswering(place: Place, url: string, keeper: ChildProcess): Promise<void> {
  const deadline = Date.now() + startTimeoutMs
  while (!(await answers(url))) {
    if (Date.now() > deadline || keeper.exitCode !== null) {
      throw new Error(`PostgreSQL at ${url} did not start: ${readFileSync(logOf(place), 'utf8')}`)
    }
    await sleep(20)
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

function dismiss(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    keeper.once('exit', () => resolve())
    keeper.stdin?.end('keep\n')
  })
}

/** Signals the server, and then all processes that it has started. */
function signalServer(data: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
  const postmaster = postmasterOf(data)
  process.kill(postmaster, signal)
  for (const { pid, parent } of liveProcesses()) {
    if (parent !== postmaster) continue
    try {
      process.kill(pid, signal)
    } catch (error) {
      // A process that has ended since the look needs no signal.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

function postmasterOf(data: string): number {
  return Number(readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
}

/** Returns when no process of the server is left, because a new server refuses to start beside one. */
async function killServer(data: string): Promise<void> {
  const postmaster = postmasterOf(data)
  // Stopped first, so that it starts no other process during the kills.
  process.kill(postmaster, 'SIGSTOP')
  const server = liveProcesses().filter(({ pid, parent }) => pid === postmaster || parent === postmaster)
  const pids = new Set(server.map(({ pid }) => pid))
  for (const pid of pids) killNow(pid)
  while (liveProcesses().some(({ pid }) => pids.has(pid))) await sleep(10)
}

/** All processes of the machine, except ended ones whose parent has not noticed yet. */
function liveProcesses(): { pid: number; parent: number }[] {
  const table = execFileSync('ps', ['-axo', 'pid=,ppid=,stat='], { encoding: 'utf8' })
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  return rows
    .filter(([, , state]) => !state?.startsWith('Z'))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }))
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // The process has ended by itself meanwhile.
  }
}
