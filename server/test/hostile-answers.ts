import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { errorSchema as cashfulErrorSchema } from '../src/surfaces/cashful/schemas.ts'
import { errorSchema as mtejaErrorSchema } from '../src/surfaces/mteja/schemas.ts'
import { errorSchema as paystackErrorSchema } from '../src/surfaces/paystack/schemas.ts'
import type { TestRoute } from './api.ts'
import type { Hostile } from './hostile-requests.ts'

const ajv = new Ajv({ strict: false })
formats.default(ajv, ['email', 'uri', 'date-time'])
const envelopes: Record<'cashful' | 'paystack' | 'mteja', (body: unknown) => boolean> = {
  cashful: ajv.compile({ ...cashfulErrorSchema, additionalProperties: false }),
  paystack: ajv.compile({ ...paystackErrorSchema, additionalProperties: false }),
  mteja: ajv.compile({ ...mtejaErrorSchema, additionalProperties: false }),
}

/** Null for a body in the envelope of the surface that the path belongs to. Otherwise the fault. */
export function envelopeProblem(path: string, status: number, body: string): string | null {
  const address = path.replace(/\/{2,}/g, '/')
  if (/^\/(authorize|checkout|pay|statement)\//.test(address) && body.startsWith('<!doctype html>')) return null
  // Files of the operator's page, which a browser asks for.
  if (/^\/app(\/|$)/.test(address)) return null
  const surface = /^\/api\/canary(\/|$)/.test(address) ? 'cashful' : /^\/v1(\/|$)/.test(address) ? 'mteja' : 'paystack'
  try {
    const value = JSON.parse(body)
    if (!envelopes[surface](value)) return `no ${surface} envelope: ${body}`
    return surface === 'cashful' && value.statusCode !== status ? `statusCode is not ${status}: ${body}` : null
  } catch {
    return `no JSON: ${body}`
  }
}

/**
 * Null for a documented answer. Only documented statuses are allowed, each in its envelope. Additional statuses are 413
 * for a body too large and 400 for an unreadable address or content type, because both are answered before any route.
 * An idempotency key adds 400 and 409.
 */
export function answerProblem(
  route: TestRoute,
  answer: { statusCode: number; body: string },
  { path, headers }: Hostile,
): string | null {
  const unreadable =
    /%(?![\dA-F]{2})/i.test(path.split('?')[0] as string) ||
    !/^[\w.+-]+\/[\w.+-]+/.test(headers['content-type'] ?? 'a/b')
  const allowed = [
    ...(route.hidden ? [200, 400, 401, 404] : route.statuses),
    ...(route.hidden && route.method === 'OPTIONS' ? [405] : []),
    413,
    ...(unreadable ? [400] : []),
    ...(headers['idempotency-key'] === undefined ? [] : [400, 409]),
  ]
  if (!allowed.includes(answer.statusCode)) return `undocumented status ${answer.statusCode}: ${answer.body}`
  return answer.statusCode < 400 ? null : envelopeProblem(path, answer.statusCode, answer.body)
}
