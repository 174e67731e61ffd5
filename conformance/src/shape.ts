/**
 * The allowed form of a JSON value, as data. So a table of members reads like its contract, and one function compares a
 * value with it.
 */
export type Shape =
  | { kind: 'text'; pattern?: RegExp; patternMeans?: string }
  | { kind: 'integer' }
  | { kind: 'boolean' }
  | { kind: 'date' }
  | { kind: 'object' }
  | { kind: 'exactly'; value: unknown }
  | { kind: 'nullable'; shape: Shape }
  | { kind: 'list'; of: Shape; atLeast: number }
  | Members

/** An object with named members. `others` says whether members beyond the named ones are allowed. */
export interface Members {
  kind: 'members'
  required: Record<string, Shape>
  optional: Record<string, Shape>
  others: 'refused' | 'allowed'
}

/** A string of at least one character. */
export const text: Shape = { kind: 'text', pattern: /./su, patternMeans: 'not empty' }
/** A string, which may be empty. */
export const anyText: Shape = { kind: 'text' }
export const integer: Shape = { kind: 'integer' }
export const boolean: Shape = { kind: 'boolean' }
/** RFC 3339 with an explicit offset, so that a reader need not guess the time zone. */
export const date: Shape = { kind: 'date' }
/** An object with any members. */
export const anyObject: Shape = { kind: 'object' }
export const exactly = (value: unknown): Shape => ({ kind: 'exactly', value })
export const nullable = (shape: Shape): Shape => ({ kind: 'nullable', shape })
export const listOf = (of: Shape, { atLeast = 0 } = {}): Shape => ({ kind: 'list', of, atLeast })
export const matching = (pattern: RegExp, patternMeans: string): Shape => ({ kind: 'text', pattern, patternMeans })

type Table = Record<string, Shape>
/** An object with exactly these members. */
export const closed = (required: Table, optional: Table = {}): Members => {
  return { kind: 'members', required, optional, others: 'refused' }
}
/** An object with at least these members. */
export const open = (required: Table, optional: Table = {}): Members => {
  return { kind: 'members', required, optional, others: 'allowed' }
}

const dateWithOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/** Every difference between the value and the shape, one sentence each. Empty when the value fits. */
export function listDefects(shape: Shape, value: unknown, where = 'body'): string[] {
  const refuse = (expected: string) => [`${where} is ${JSON.stringify(value)}, expected ${expected}`]
  switch (shape.kind) {
    case 'text':
      if (typeof value !== 'string') return refuse('a string')
      return shape.pattern?.test(value) === false ? refuse(`a string that is ${shape.patternMeans}`) : []
    case 'integer':
      return Number.isSafeInteger(value) ? [] : refuse('an integer')
    case 'boolean':
      return typeof value === 'boolean' ? [] : refuse('true or false')
    case 'date':
      return isDateWithOffset(value) ? [] : refuse('a date with an offset')
    case 'object':
      return isObject(value) ? [] : refuse('an object')
    case 'exactly':
      return value === shape.value ? [] : refuse(JSON.stringify(shape.value))
    case 'nullable':
      return value === null ? [] : listDefects(shape.shape, value, where)
    case 'list':
      if (!Array.isArray(value) || value.length < shape.atLeast) return refuse(`a list of at least ${shape.atLeast}`)
      return value.flatMap((item, index) => listDefects(shape.of, item, `${where}[${index}]`))
    case 'members':
      return isObject(value) ? listMemberDefects(shape, value, where) : refuse('an object')
  }
}

function listMemberDefects(shape: Members, value: Record<string, unknown>, where: string): string[] {
  const named = { ...shape.required, ...shape.optional }
  const missing = Object.keys(shape.required).filter((name) => !Object.hasOwn(value, name))
  const extra = Object.keys(value).filter((name) => !Object.hasOwn(named, name))
  return [
    ...missing.map((name) => `${where}.${name} is missing`),
    ...(shape.others === 'refused' ? extra.map((name) => `${where}.${name} is not documented`) : []),
    ...Object.entries(named).flatMap(([name, member]) => {
      return Object.hasOwn(value, name) ? listDefects(member, value[name], `${where}.${name}`) : []
    }),
  ]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDateWithOffset(value: unknown): boolean {
  return typeof value === 'string' && dateWithOffset.test(value) && !Number.isNaN(Date.parse(value))
}
