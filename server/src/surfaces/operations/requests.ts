import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Histogram, Meter } from '../../base/meter.ts'

/** What the log has of many requests alike: the route, never the address, which may hold an e-mail. */
interface AnswerKind {
  method: string
  route: string
  status: number
}

/** What the log has of one request besides. */
interface RequestRecord {
  /** Leads from an answer's `x-request-id` to the line, and to the line of the fault if there was one. */
  requestId: string
  durationMs: number
  /** The merchant's code, where a key or token is known. */
  merchant: string | null
  apiKeyId: string | null
}

/** Writes the line of a request. */
type WriteRequest = (record: RequestRecord) => void

/** Makes the function that writes the lines of one kind of answer. */
export type RequestWriter = (level: 'info' | 'debug', kind: AnswerKind) => WriteRequest

/** Machines call these routes every few seconds. Their lines would hide all others. */
const quietRoutes = new Set(['/healthz', '/readyz', '/metrics'])

/** The status that nginx gives a request whose caller left before the answer. */
const callerLeft = 499

/** The places where requests with one kind of answer are recorded. */
interface Records {
  readonly duration: Histogram
  readonly write: WriteRequest
}

/** Measures each request, and has it logged in one line. */
export class RequestRecorder extends LogController {
  readonly #meter: Meter
  readonly #writer: RequestWriter
  readonly #failures
  /** By the object that Fastify keeps for each route, then by method and status: this runs for every request. */
  readonly #records = new WeakMap<object, Map<string, Records>>()
  /** Answers that broke off by a fault of the server. */
  readonly #broken = new WeakSet<FastifyReply>()

  constructor(meter: Meter, writer: RequestWriter) {
    super({ requestIdLogLabel: 'requestId' })
    this.#meter = meter
    this.#writer = writer
    this.#failures = meter.counter('http_request_failures_total', {})
  }

  /** Records the request when its answer is sent, or cannot be sent any more. */
  watch(request: FastifyRequest, reply: FastifyReply): void {
    const beganAt = performance.now()
    let isSent = false
    reply.raw.on('finish', () => {
      isSent = true
    })
    reply.raw.on('close', () => {
      const status = isSent ? reply.statusCode : this.#broken.has(reply) ? 500 : callerLeft
      this.#record(request, status, performance.now() - beganAt)
    })
  }

  #record(request: FastifyRequest, status: number, elapsedMs: number): void {
    const { id, caller } = request
    const { duration, write } = this.#recordsOf(request, status)
    duration.observe(elapsedMs / 1000)
    if (status >= 500) this.#failures.add(1)
    write({
      requestId: id,
      durationMs: Math.round(elapsedMs * 10) / 10,
      merchant: caller?.tenant.merchant.code ?? null,
      apiKeyId: caller?.apiKeyId ?? null,
    })
  }

  #recordsOf({ method, routeOptions: { config, url } }: FastifyRequest, status: number): Records {
    let ofRoute = this.#records.get(config)
    if (ofRoute === undefined) {
      ofRoute = new Map()
      this.#records.set(config, ofRoute)
    }
    const key = `${method} ${status}`
    let records = ofRoute.get(key)
    if (records === undefined) {
      const route = url ?? 'unknown'
      records = {
        duration: this.#meter.histogram('http_request_duration_seconds', { method, route, status: String(status) }),
        write: this.#writer(quietRoutes.has(route) ? 'debug' : 'info', { method, route, status }),
      }
      ofRoute.set(key, records)
    }
    return records
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

  /** Each request has one line, see `watch`. */
  override incomingRequest(): void {}
  override requestCompleted(): void {}

  /** Fastify's own line would contain the address. */
  override routeNotFound(): void {}
}
