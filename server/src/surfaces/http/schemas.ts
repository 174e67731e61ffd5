import { Type } from 'typebox'

/** A JSON object that a caller attaches. It may have any members; the domain limits its size. */
export const metadataSchema = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'Any JSON object up to 16 KiB',
})
