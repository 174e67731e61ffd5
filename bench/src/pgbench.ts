import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Generator } from './load/generator.ts'

/** The work of pgbench: one statement per transaction, with parameters drawn evenly from 1 to a number. */
export interface Script {
  readonly parameters: Readonly<Record<string, number>>
  /** `select f(:name)` */
  readonly statement: string
}

export interface SqlResult {
  /** Transactions a second. */
  readonly rate: number
  /** Milliseconds from the time a transaction was due. Only measured with a rate. */
  readonly p99: number
}

const connections = 16

/** Debian's place for it, otherwise the PATH. */
const candidates = ['/usr/lib/postgresql/15/bin/pgbench', 'pgbench']
const pgbench = candidates.find(runs)

/** The name of the hand-written SQL on this machine. */
export const baselineName =
  pgbench === undefined
    ? `${connections} connections of the driver pg, as there is no pgbench here`
    : `pgbench -M prepared -c ${connections} -j 2 (${execFileSync(pgbench, ['--version'], { encoding: 'utf8' }).trim()})`

/** Runs the script of the hand-written side on 16 connections, with prepared statements. */
export async function runSql(
  generator: Generator,
  databaseUrl: string,
  script: Script,
  seconds: number,
  rate?: number,
): Promise<SqlResult> {
  if (pgbench !== undefined) return runPgbench(pgbench, databaseUrl, script, seconds, rate)
  const names = Object.keys(script.parameters)
  const statement = script.statement.replace(/:(\w+)/g, (_, name) => `$${names.indexOf(name) + 1}`)
  const ranges = Object.values(script.parameters)
  const load = rate === undefined ? {} : { rate }
  return generator.run({ type: 'sql', databaseUrl, statement, ranges, callers: connections, seconds, ...load })
}

async function runPgbench(program: string, databaseUrl: string, script: Script, seconds: number, rate?: number) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mteja-pgbench-'))
  try {
    const sets = Object.entries(script.parameters).map(([name, range]) => `\\set ${name} random(1, ${range})`)
    writeFileSync(path.join(folder, 'script.sql'), [...sets, `${script.statement};`, ''].join('\n'))
    const paced = rate === undefined ? [] : ['--rate', String(rate), '--log']
    const flags = ['--no-vacuum', '-M', 'prepared', '-c', String(connections), '-j', '2', '-T', String(seconds)]
    const args = [...flags, ...paced, '-f', 'script.sql', databaseUrl]
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: folder })
    const tps = /^tps = ([\d.]+)/m.exec(stdout)?.[1]
    if (tps === undefined || /aborted/.test(stderr)) throw new Error(`pgbench failed: ${stdout}${stderr}`)
    return { rate: Number(tps), p99: rate === undefined ? Number.NaN : p99OfLogs(folder) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The third column is the microseconds since the transaction was due. */
function p99OfLogs(folder: string): number {
  const latencies = readdirSync(folder)
    .filter((name) => name.startsWith('pgbench_log'))
    .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').trim().split('\n'))
    .map((line) => Number(line.split(' ')[2]) / 1000)
    .sort((a, b) => a - b)
  return latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN
}

function runs(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
