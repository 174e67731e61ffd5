import { createRequire } from 'node:module'
import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { tenantKey } from '../../domain/merchants/tenant.ts'

/** How many requests are taken. Undefined for any number. */
export interface RateSettings {
  /** Of one key in a second, in this process. */
  requestsPerSecond?: number | undefined
  /** Failed authentications of one address in a minute, in this process, before it is refused unheard. */
  failedAuthenticationsPerMinute?: number | undefined
}

/** Counts requests. Each function throws `too_many_requests` for one too many. */
export interface Rates {
  /** Before a credential is looked at: refuses an address from which too many were wrong. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Counts a wrong credential. */
  countFailed(request: FastifyRequest): Promise<void>
  /** Counts a request of the caller, and tells in headers how many are left. */
  countRequest(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

/** The headers that tell how many requests are left: browsers may read them. Clients of Paystack read the last. */
export const rateHeaders = ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'] as const

const LocalStore = createRequire(import.meta.url)('@fastify/rate-limit/store/LocalStore.js') as {
  new (...settings: unknown[]): FastifyRateLimitStore
}

/**
 * The plugin’s own store answers each count as the same object, which later requests raise before it is read. Of a burst beyond the limit
 * every request was then refused.
 */
class CountStore extends LocalStore {
  constructor() {
    super(false, false)
  }

  override incr(...[key, answer, ...rest]: Parameters<FastifyRateLimitStore['incr']>): void {
    super.incr(key, (error, count) => answer(error, count && { ...count }), ...rest)
  }

  override child(): CountStore {
    return new CountStore()
  }
}

/** Undefined where nothing is limited, so that a request then costs nothing more. */
export async function createRates(app: FastifyInstance, settings: RateSettings): Promise<Rates | undefined> {
  const { requestsPerSecond, failedAuthenticationsPerMinute } = settings
  if (requestsPerSecond === undefined && failedAuthenticationsPerMinute === undefined) return undefined
  await app.register(rateLimit, { global: false, store: CountStore })
  const failures =
    failedAuthenticationsPerMinute === undefined
      ? undefined
      : app.createRateLimit({ max: failedAuthenticationsPerMinute, timeWindow: 60_000 })
  const requests =
    requestsPerSecond === undefined
      ? undefined
      : app.createRateLimit({ max: requestsPerSecond, timeWindow: 1000, keyGenerator: callerName })
  return {
    async admit(request, reply) {
      const count = await failures?.(request, { increment: false })
      if (count === undefined || count.isAllowed || count.remaining > 0) return
      tell(reply, count)
      throw tooMany(reply, count, 'Too many requests with a wrong key came from this address')
    },
    async countFailed(request) {
      await failures?.(request)
    },
    async countRequest(request, reply) {
      const count = await requests?.(request)
      if (count === undefined || count.isAllowed) return
      tell(reply, count)
      if (count.isExceeded) throw tooMany(reply, count, `The key has sent more than ${count.max} requests in a second`)
    },
  }
}

/** A key is counted with its tokens. Tokens of an outside issuer are counted together. */
function callerName({ caller }: FastifyRequest): string {
  if (caller === null) throw new Error('the request has no caller')
  return `${tenantKey(caller.tenant)}/${caller.apiKeyId ?? 'tokens'}`
}

interface Count {
  max: number
  remaining: number
  ttlInSeconds: number
}

function tell(reply: FastifyReply, { max, remaining, ttlInSeconds }: Count): void {
  const values = [max, remaining, ttlInSeconds]
  rateHeaders.forEach((name, i) => {
    reply.header(name, String(values[i]))
  })
}

function tooMany(reply: FastifyReply, { ttlInSeconds }: Count, message: string): ServiceError {
  reply.header('retry-after', String(ttlInSeconds))
  return new ServiceError('too_many_requests', `${message}; send the next in ${ttlInSeconds} s`)
}
