import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Meter } from '../../base/meter.ts'

/** Machines call these routes every few seconds. Their lines would hide all others. */
const quietRoutes = new Set(['/healthz', '/readyz', '/metrics'])

/** The status that nginx gives a request whose caller left before the answer. */
const callerLeft = 499

/**
 * Measures each request and logs it in one line. The line has the route and never the address, because an address may
 * hold an e-mail. An `x-request-id` leads to this line, and to the line of a fault if there was one.
 */
export class RequestRecorder extends LogController {
  readonly #meter: Meter
  readonly #failures
  readonly #recorded = new WeakSet<FastifyReply>()
  /** Answers that broke off by a fault of the server. */
  readonly #broken = new WeakSet<FastifyReply>()

  constructor(meter: Meter) {
    super({ requestIdLogLabel: 'requestId' })
    this.#meter = meter
    this.#failures = meter.counter('http_request_failures_total', {})
  }

  override requestCompleted(_error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    this.#record(request, reply, reply.statusCode)
  }

  /** Fastify reports only requests that were answered to the end. This watches for the others. */
  watch(request: FastifyRequest, reply: FastifyReply): void {
    reply.raw.once('close', () => {
      if (!this.#recorded.has(reply)) this.#record(request, reply, this.#broken.has(reply) ? 500 : callerLeft)
    })
  }

  #record(request: FastifyRequest, reply: FastifyReply, status: number): void {
    const { method, caller } = request
    const route = request.routeOptions.url ?? 'unknown'
    const { elapsedTime } = reply
    this.#recorded.add(reply)
    const labels = { method, route, status: String(status) }
    this.#meter.histogram('http_request_duration_seconds', labels).observe(elapsedTime / 1000)
    if (status >= 500) this.#failures.add(1)
    const level = quietRoutes.has(route) ? 'debug' : 'info'
    reply.log[level](
      {
        method,
        route,
        status,
        durationMs: Math.round(elapsedTime * 10) / 10,
        merchant: caller?.tenant.merchant.code,
        apiKeyId: caller?.apiKeyId,
      },
      'request',
    )
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
