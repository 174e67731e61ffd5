import type { ReadProblem } from '../core/answer.ts'
import { isObject, type Shape } from '../core/shape.ts'
import type { Api } from '../core/transport.ts'

/**
 * `{"status": false, "message": "…", "meta": {"nextStep": "…"}, "type": "…", "code": "…"}`. Old answers have only the
 * message.
 */
const readProblem: ReadProblem = (body) => {
  if (!isObject(body) || typeof body.message !== 'string' || body.status === true) return undefined
  const { message, code } = body
  return { message, code: typeof code === 'string' ? code : undefined, fields: readFields(message) }
}

/** `"metadata" must be of type object`, ``Please enter a valid `bvn` ``, `Email Address is required`. */
function readFields(message: string): { field: string; message: string }[] {
  const field = /^"([\w.]+)" |`(\w+)`/.exec(message)
  if (field !== null) return [{ field: (field[1] ?? field[2]) as string, message }]
  return message.startsWith('Email Address') ? [{ field: 'email', message }] : []
}

export const paystackApi: Api = {
  baseUrl: 'https://api.paystack.co',
  vendorDomain: 'paystack.co',
  readProblem,
}

/** The envelope of every success: `{"status": true, "message": "…", "data": …, "meta": …}`. */
export function envelope(data?: Shape, meta?: Shape): Shape {
  return { status: 'true', message: 'text', ...(data && { data }), ...(meta && { meta }) }
}

/** The answer of an operation without data: Paystack's own message. */
export interface Confirmation {
  message: string
}

export function confirmationOf({ message }: Confirmation): Confirmation {
  return { message }
}
