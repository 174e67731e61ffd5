import { type TSchema, Type } from 'typebox'
import { responses } from './schemas.ts'

/** One JSON value a line. */
export const jsonLines = 'application/x-ndjson'

/** Works like `responses`, for a 200 whose lines have the schema of their media type. */
export function streams(lines: Record<string, TSchema>, ...errors: number[]) {
  const content = Object.fromEntries(Object.entries(lines).map(([type, schema]) => [type, { schema }]))
  return { ...responses(200, Type.Any(), ...errors), 200: { description: 'Sent while it is made', content } }
}
