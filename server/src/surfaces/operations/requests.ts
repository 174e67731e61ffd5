import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Histogram, Meter } from '../../base/meter.ts'

/** What the log has of a request: the route, never the address, which may hold an e-mail. */
export interface RequestRecord {
  /** Leads from an answer's `x-request-id` to the line, and to the line of the fault if there was one. */
  requestId: string
  method: string
  route: string
  status: number
  durationMs: number
  /** The merchant's code, where a key or token is known. */
  merchant: string | null
  apiKeyId: string | null
}

/** Writes the line of a request. */
export type WriteRequest = (level: 'info' | 'debug', record: RequestRecord) => void

/** Machines call these routes every few seconds. Their lines would hide all others. */
const quietRoutes = new Set(['/healthz', '/readyz', '/metrics'])

/** The status that nginx gives a request whose caller left before the answer. */
const callerLeft = 499

const isRecorded = Symbol('isRecorded')
type Answer = FastifyReply['raw'] & { [isRecorded]?: boolean }

/** The things that the requests of a route have in common. */
interface RouteRecord {
  readonly route: string
  readonly level: 'info' | 'debug'
  /** By method and status. */
  readonly durations: Map<string, Histogram>
}

/** Measures each request, and has it logged in one line. */
export class RequestRecorder extends LogController {
  readonly #meter: Meter
  readonly #write: WriteRequest
  readonly #failures
  readonly #routes = new WeakMap<object, RouteRecord>()
  /** Answers that broke off by a fault of the server. */
  readonly #broken = new WeakSet<FastifyReply>()

  constructor(meter: Meter, write: WriteRequest) {
    super({ requestIdLogLabel: 'requestId' })
    this.#meter = meter
    this.#write = write
    this.#failures = meter.counter('http_request_failures_total', {})
  }

  /** Fastify reports only the requests that were answered to the end: this watches for the others. */
  watch(request: FastifyRequest, reply: FastifyReply): void {
    const answer: Answer = reply.raw
    answer.on('close', () => {
      if (!answer[isRecorded]) this.#record(request, reply, this.#broken.has(reply) ? 500 : callerLeft)
    })
  }

  override requestCompleted(_error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    this.#record(request, reply, reply.statusCode)
  }

  #record({ id, method, routeOptions, caller }: FastifyRequest, reply: FastifyReply, status: number): void {
    const answer: Answer = reply.raw
    answer[isRecorded] = true
    const { route, level, durations } = this.#routeOf(routeOptions)
    const { elapsedTime } = reply
    const key = `${method} ${status}`
    let duration = durations.get(key)
    if (duration === undefined) {
      duration = this.#meter.histogram('http_request_duration_seconds', { method, route, status: String(status) })
      durations.set(key, duration)
    }
    duration.observe(elapsedTime / 1000)
    if (status >= 500) this.#failures.add(1)
    this.#write(level, {
      requestId: id,
      method,
      route,
      status,
      durationMs: Math.round(elapsedTime * 10) / 10,
      merchant: caller?.tenant.merchant.code ?? null,
      apiKeyId: caller?.apiKeyId ?? null,
    })
  }

  /** Looked up by the object that Fastify keeps for each route, because this runs for every request. */
  #routeOf({ config, url }: FastifyRequest['routeOptions']): RouteRecord {
    let record = this.#routes.get(config)
    if (record === undefined) {
      const route = url ?? 'unknown'
      record = { route, level: quietRoutes.has(route) ? 'debug' : 'info', durations: new Map() }
      this.#routes.set(config, record)
    }
    return record
  }

  /** The answer broke off after its headers were sent, so its reader cannot get an error. */
  override streamError(error: Error & { code?: string }, request: FastifyRequest, reply: FastifyReply): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return
    this.#broken.add(reply)
    reply.log.error({ err: error, route: request.routeOptions.url }, 'the answer broke off')
  }

  override defaultErrorLog(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    if (reply.statusCode >= 500) reply.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
  }

  override writeHeadError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.log.error({ err: error, route: request.routeOptions.url }, 'the headers of the answer could not be sent')
  }

  /** Each request has one line, which is written at its end. */
  override incomingRequest(): void {}

  /** Fastify's own line would contain the address. */
  override routeNotFound(): void {}
}
