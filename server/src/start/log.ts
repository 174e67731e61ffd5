import { hostname } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import { type DestinationStream, type LogFn, type Logger, pino } from 'pino'
import { framesOf } from '../base/errors.ts'
import type { Meter } from '../base/meter.ts'
import type { RequestWriter } from '../surfaces/operations/requests.ts'
import { LineWriter } from './line-writer.ts'
import { renderForTerminal } from './terminal-lines.ts'

/** Bytes of lines that standard output has not taken yet. Further lines are dropped. */
const maxWaiting = 16 * 1024 * 1024

const errorLevel = pino.levels.values.error as number

/** The server's log: what is written by whom. */
export interface ServerLog {
  /** For everything besides the lines of requests. */
  logger: FastifyBaseLogger
  requestWriter: RequestWriter
}

/**
 * The server's log. Of an error and a request it never has a body, an address with its values or another's words, all of
 * which may hold a customer's data.
 *
 * @param level the least grave lines that are written, as in the settings
 */
export function createLog(level: string, output: DestinationStream): ServerLog {
  const base = { pid: process.pid, hostname: hostname() }
  const logger = pino({ level, base, serializers: { err: describeError }, hooks: { logMethod: limitFaults() } }, output)
  const levels = { info: logger.levels.values.info, debug: logger.levels.values.debug }
  const ofProcess = `,${JSON.stringify(base).slice(1, -1)},"requestId":"`
  return {
    logger,
    // By hand: pino takes 2 to 4 µs for such a line, a tenth of what reading a customer takes in all.
    requestWriter(grade, { method, route, status }) {
      if (!logger.isLevelEnabled(grade)) return () => {}
      const begin = `{"level":${levels[grade]},"time":`
      const answered = `","method":"${method}","route":${JSON.stringify(route)},"status":${status},"durationMs":`
      return ({ requestId, durationMs, merchant, apiKeyId }) => {
        const caller =
          merchant === null ? '' : `,"merchant":"${merchant}"${apiKeyId === null ? '' : `,"apiKeyId":"${apiKeyId}"`}`
        output.write(
          `${begin}${Date.now()}${ofProcess}${requestId}${answered}${durationMs}${caller},"msg":"request"}\n`,
        )
      }
    },
  }
}

/** JSON lines; on a terminal lines for people, unless JSON is asked for. */
export function standardOutput(meter: Meter, { json }: { json: boolean }): DestinationStream {
  return lines(process.stdout, meter, json)
}

/** As `standardOutput`, for a command whose answer is on standard output. */
export function standardError(meter: Meter, { json }: { json: boolean }): DestinationStream {
  return lines(process.stderr, meter, json)
}

function lines(stream: NodeJS.WriteStream & { fd: number }, meter: Meter, json: boolean): DestinationStream {
  if (stream.isTTY && !json) return { write: (line) => void stream.write(renderForTerminal(line)) }
  const dropped = meter.counter('mteja_log_lines_dropped_total', {})
  return new LineWriter(stream.fd, maxWaiting, () => dropped.add(1))
}

/** So many lines of one fault are written in a minute. Further lines are counted, and the first of the next minute tells the count. */
const linesPerMinute = 10
/** So many faults are told apart. */
const maxFaults = 1000
const minuteMs = 60_000

interface Fault {
  readonly since: number
  lines: number
  omitted: number
}

/** Limits the lines about one fault, at `error` and above: a fault that every request meets would fill the disk by its stacks. */
function limitFaults(): (this: Logger, args: Parameters<LogFn>, method: LogFn, level: number) => void {
  const faults = new Map<string, Fault>()

  function omittedBefore(key: string): number | undefined {
    const now = performance.now()
    const last = faults.get(key)
    if (last !== undefined && now - last.since < minuteMs) {
      last.lines += 1
      if (last.lines <= linesPerMinute) return 0
      last.omitted += 1
      return undefined
    }
    if (faults.size >= maxFaults) faults.clear()
    faults.set(key, { since: now, lines: 1, omitted: 0 })
    return last?.omitted ?? 0
  }

  return function limit(args, method, level) {
    const [members, text] = args as [{ err?: unknown; route?: string }, string?]
    if (level < errorLevel || !(members.err instanceof Error)) return method.apply(this, args)
    const { err, route } = members
    const { code } = err as { code?: string }
    const omitted = omittedBefore([text, route, err.name, code, framesOf(err.stack)].join('\n'))
    if (omitted === 0) method.apply(this, args)
    else if (omitted !== undefined) method.call(this, { ...members, omitted }, text)
  }
}

/** What may be said of an error: where it happened and, if the words are our own, its message. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const { name, message, stack, code, constraint, table } = error as Error & Record<string, string | undefined>
  const known = Object.entries({ code, constraint, table }).filter(([, value]) => value !== undefined)
  const others = othersWords(error, code)
  if (others === null) return { type: name, message, ...Object.fromEntries(known), stack }
  return { type: name, message: others, ...Object.fromEntries(known), stack: framesOf(stack) }
}

/** In place of a message that quotes a value, or may. */
function othersWords(error: Error, code: string | undefined): string | null {
  // The code, constraint and place of a database error tell enough.
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) return `database error ${code}`
  // V8 quotes the JSON that it could not read.
  return error instanceof SyntaxError ? 'a text that cannot be read' : null
}
