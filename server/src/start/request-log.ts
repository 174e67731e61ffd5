import type { FastifyBaseLogger } from 'fastify'
import type { Bindings, LevelWithSilent } from 'pino'

/**
 * The log of one request, whose lines have the request's id. pino's child for it is made at the first line: most requests
 * write none, and making a child takes as long as finding the route.
 */
export class RequestLog implements FastifyBaseLogger {
  readonly #log: FastifyBaseLogger
  readonly #bindings: Bindings
  #made: FastifyBaseLogger | undefined

  constructor(log: FastifyBaseLogger, bindings: Bindings) {
    this.#log = log
    this.#bindings = bindings
  }

  get level(): string {
    return this.#log.level
  }

  child(...given: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#child().child(...given)
  }

  fatal(...line: unknown[]): void {
    this.#write('fatal', line)
  }

  error(...line: unknown[]): void {
    this.#write('error', line)
  }

  warn(...line: unknown[]): void {
    this.#write('warn', line)
  }

  info(...line: unknown[]): void {
    this.#write('info', line)
  }

  debug(...line: unknown[]): void {
    this.#write('debug', line)
  }

  trace(...line: unknown[]): void {
    this.#write('trace', line)
  }

  silent(): void {}

  #write(level: Exclude<LevelWithSilent, 'silent'>, line: unknown[]): void {
    const child = this.#child()
    Reflect.apply(child[level], child, line)
  }

  #child(): FastifyBaseLogger {
    this.#made ??= this.#log.child(this.#bindings)
    return this.#made
  }
}
