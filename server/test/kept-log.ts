import type { Log } from '../src/base/log.ts'

export interface LogLine {
  level: keyof Log
  members: Record<string, unknown>
  sentence: string
}

/** A log whose lines a test can read. */
export interface KeptLog extends Log {
  readonly lines: LogLine[]
}

export function keepLog(): KeptLog {
  const lines: LogLine[] = []
  const write = (level: keyof Log) => (members: Record<string, unknown>, sentence: string) => {
    lines.push({ level, members, sentence })
  }
  return { lines, error: write('error'), warn: write('warn'), info: write('info') }
}
