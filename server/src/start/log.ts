import type { FastifyBaseLogger } from 'fastify'
import { type DestinationStream, pino } from 'pino'
import type { Meter } from '../base/meter.ts'
import { renderForTerminal } from './terminal-lines.ts'

/** Lines that standard output has not taken yet, in bytes. Beyond that lines are lost: a reader that hangs stops no server. */
const maxUnwritten = 16 * 1024 * 1024

/**
 * The server's log, for requests and for everything else. Of an error and a request it never has a body, an address with
 * its values or another's words, all of which may hold a customer's data.
 *
 * @param level the least grave lines that are written, as in the settings
 */
export function createLog(level: string, output: DestinationStream): FastifyBaseLogger {
  return pino({ level, serializers: { err: describeError } }, output)
}

/** JSON lines; on a terminal lines for people. Nobody waits for them to be written, except the end of the process. */
export function standardOutput(meter: Meter, maxLength = maxUnwritten): DestinationStream {
  if (process.stdout.isTTY) return { write: (line) => void process.stdout.write(renderForTerminal(line)) }
  const dropped = meter.counter('mteja_log_lines_dropped_total', {})
  if (process.env.LOGVAR === 'sync') return pino.destination({ dest: 1, sync: true })
  if (process.env.LOGVAR === 'min') {
    const d = pino.destination({ dest: 1, sync: false, minLength: 4096, maxLength })
    setInterval(() => d.flush(), 200).unref()
    return d
  }
  return pino.destination({ dest: 1, sync: false, maxLength }).on('drop', () => dropped.add(1))
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

/** Where an error happened, without its message. */
export function framesOf(stack: string | undefined): string | undefined {
  return stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}
