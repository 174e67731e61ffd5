import type { Log } from '../src/base/log.ts'
import { createLog, type ServerLog } from '../src/start/log.ts'

/** A line of the log, without the members that every line has: time, process, host. */
export type LogLine = Record<string, unknown> & { level: number; msg: string }

/** The server's own log, whose lines a test reads. */
export interface TestLog {
  log: Log
  /** The same, for an application. */
  server: ServerLog
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
  const server = createLog(level, { write })
  return { log: server.logger, server, lines, text: () => written.join('') }
}
