import type { ErrorObject } from 'ajv'
import { exactNumber, numberText, quotedNumber } from '../../base/lossless-json.ts'

/** The members of a request's schema that decide how a value is read. */
export interface RequestSchema {
  type?: string | string[]
  properties?: Record<string, RequestSchema>
  additionalProperties?: unknown
  items?: RequestSchema
  minimum?: number
  maximum?: number
  /**
   * `currency`: texts in any case are one value. `free text`: it is kept as it came, and may be blank. `name`: a whole
   * number is the text of its digits.
   */
  'x-reads'?: 'currency' | 'free text' | 'name'
}

/** A value as its schema asks for it, and the values that cannot be read so. */
interface Reading {
  value: unknown
  faults: ErrorObject[]
}

/**
 * Reads a part of a request by its schema. What the schema describes becomes an ordinary value: a member that is null is not
 * given, because clients of typed languages send every unset member as null. A number is taken only if JavaScript has
 * exactly this number. What the schema leaves to the caller (an object without properties) stays as it came, to the last
 * digit. With `texts`, a text is the number or boolean that is asked for, and a number is the text.
 */
export function readBySchema(schema: RequestSchema, data: unknown, texts: boolean): Reading {
  const faults: ErrorObject[] = []
  const value = read(schema, data, '', { texts, faults })
  return { value, faults }
}

interface Mode {
  texts: boolean
  faults: ErrorObject[]
}

function read(schema: RequestSchema, data: unknown, path: string, mode: Mode): unknown {
  if (typeof data === 'string') return mode.texts ? readText(schema, data, path, mode) : data
  if (typeof data === 'number') return isReadAsText(schema, data, mode) ? String(data) : data
  if (typeof data !== 'object' || data === null) return data
  const text = numberText(data)
  if (text !== null) return readNumber(schema, data, text, path, mode)
  if (Array.isArray(data)) {
    const { items } = schema
    return items === undefined ? data : data.map((each, i) => read(items, each, `${path}/${i}`, mode))
  }
  const { properties, additionalProperties } = schema
  if (properties === undefined) return data
  const object: Record<string, unknown> = {}
  for (const name of Object.keys(data)) {
    const member = (data as Record<string, unknown>)[name]
    const isKnown = Object.hasOwn(properties, name)
    // A member that the schema refuses is refused whatever its value: a caller who misspells it must hear of it.
    if (member === null && (isKnown || additionalProperties !== false)) continue
    const value = isKnown ? read(properties[name] as RequestSchema, member, `${path}/${name}`, mode) : member
    // In an address the name may be any. An assignment to this one would do something else.
    if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true })
    else object[name] = value
  }
  return object
}

/** A number of JSON that JavaScript would write differently. */
function readNumber(schema: RequestSchema, data: unknown, text: string, path: string, mode: Mode): unknown {
  if (mode.texts && wantsOnlyText(schema)) return text
  const number = exactNumber(text)
  // Nothing is kept of a member without a type.
  if (schema.type === undefined) return number ?? data
  if (wantsNumber(schema) && number !== null && isQuotable(number)) {
    return isReadAsText(schema, number, mode) ? String(number) : number
  }
  mode.faults.push(fault(schema, data, path))
  return data
}

function readText(schema: RequestSchema, data: string, path: string, mode: Mode): unknown {
  if (schema.type === undefined || wants(schema, 'string')) return data
  if (wants(schema, 'boolean') && /^(?:true|false)$/.test(data)) return data === 'true'
  if (!wantsNumber(schema)) return data
  const text = data.trim()
  const number = exactNumber(text)
  if (number !== null && isQuotable(number)) return number
  // Without a bound any number beyond a page is the longest page, so its last digits do not matter.
  if (schema.maximum === undefined && text !== '' && Number.isFinite(Number(text))) return Number(text)
  mode.faults.push(fault(schema, quotedNumber(text), path))
  return data
}

/** Whether a message about the number would show it as it was sent, and not as 1e+21. Every bound is far below. */
function isQuotable(number: number): boolean {
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER
}

/** As the validator describes a value of another type. */
function fault(schema: RequestSchema, data: unknown, instancePath: string): ErrorObject {
  return { keyword: 'type', instancePath, schemaPath: '', params: { type: schema.type }, data, parentSchema: schema }
}

function wants({ type }: RequestSchema, wanted: string): boolean {
  return Array.isArray(type) ? type.includes(wanted) : type === wanted
}

function wantsNumber(schema: RequestSchema): boolean {
  return wants(schema, 'number') || wants(schema, 'integer')
}

function isReadAsText(schema: RequestSchema, number: number, mode: Mode): boolean {
  if (schema['x-reads'] === 'name') return Number.isSafeInteger(number) && number >= 0
  return mode.texts && wantsOnlyText(schema)
}

/** A value that may also be an object or a list stands for itself: as a text, the number would be changed. */
function wantsOnlyText({ type }: RequestSchema): boolean {
  return Array.isArray(type) ? type.length > 0 && type.every((each) => each === 'string') : type === 'string'
}
