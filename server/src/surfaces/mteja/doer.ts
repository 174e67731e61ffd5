import { Type } from 'typebox'
import type { Doer } from '../../domain/trail/trail.ts'
import { nullableText } from './schemas.ts'

/** Who did something. */
export const doerSchema = Type.Object({
  kind: Type.Unsafe<Doer['kind']>({
    type: 'string',
    enum: ['key', 'token', 'operator', 'background'],
    description: 'background: the service itself, or a payer on a page',
    examples: ['key'],
  }),
  apiKeyId: Type.Union([Type.String(), Type.Null()], {
    description: 'The key; null for the operator, and for a token of an outside issuer that names no key',
  }),
  name: Type.Union([Type.String(), Type.Null()], { description: 'The name of the key' }),
  personId: nullableText,
  personName: nullableText,
  issuer: Type.Union([Type.String(), Type.Null()], {
    description: 'Who signed the token of an outside issuer: its claim `iss`. Null for everybody else',
  }),
  subject: Type.Union([Type.String(), Type.Null()], {
    description: 'Whom that issuer names: the claim `sub` of the token. Null if the token has none',
  }),
  surface: Type.Union([Type.String(), Type.Null()], {
    description: 'cashful, paystack, mteja or command line',
    examples: ['mteja'],
  }),
})

export function renderDoer(doer: Doer): Doer {
  return { ...doer }
}
