import type { FastifyBaseLogger } from 'fastify'
import { createLog } from '../src/start/log.ts'

/** A line of the log, without the members that every line has: time, process, host. */
export type LogLine = Record<string, unknown> & { level: number; msg: string }

/** The server's own log, whose lines a test reads. */
export interface TestLog {
  log: FastifyBaseLogger
  lines: LogLine[]
  /** The whole text written. */
  text(): string
}

export function openTestLog(level = 'info'): TestLog {
  const written: string[] = []
  const lines: LogLine[] = []
  const write = (line: string) => {
    written.push(line)
    const { time: _time, pid: _pid, hostname: _hostname, ...rest } = JSON.parse(line)
    lines.push(rest)
  }
  return { log: createLog(level, { write }), lines, text: () => written.join('') }
}
