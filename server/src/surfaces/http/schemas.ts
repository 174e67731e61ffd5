import { Type } from 'typebox'

/** A JSON object a caller attaches. Any members; the domain bounds its size. */
export const metadataSchema = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'Any JSON object up to 16 KiB',
})
