/**
 * The shape that an answer must have for its type to be true, as far as callers rely on it: text, whole number,
 * boolean, `true`, an object, a list of one shape, or an object with these members. A member whose name ends in `?` may
 * be missing or null. Members that are not named may be anything.
 */
export type Shape = Kind | readonly [Shape] | { readonly [member: string]: Shape }

/** The type of an answer that is given as it comes, unread. */
export type MediaType = `text/${string}` | 'application/x-ndjson' | 'application/json'

/** An answer whose body is not looked at, because the API documents none. */
export type Unread = 'unread'

type Kind = keyof typeof names

/**
 * The difference between a value and its shape, as in `data.0.amount is string, not a whole number`. Undefined if there
 * is none.
 */
export function mismatch(value: unknown, shape: Shape, path = ''): string | undefined {
  if (typeof shape === 'string') return fits(value, shape) ? undefined : describe(path, value, names[shape])
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return describe(path, value, 'a list')
    return first(value.entries(), ([index, item]) => mismatch(item, shape[0], join(path, index)))
  }
  if (!isObject(value)) return describe(path, value, names.object)
  return first(Object.entries(shape), ([key, member]) => {
    const name = key.replace('?', '')
    if (name !== key && (value[name] === undefined || value[name] === null)) return undefined
    return mismatch(value[name], member, join(path, name))
  })
}

export function isMediaType(shape: Shape | MediaType | Unread): shape is MediaType {
  return typeof shape === 'string' && shape.includes('/')
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const names = { text: 'text', whole: 'a whole number', flag: 'true or false', true: 'true', object: 'an object' }

function fits(value: unknown, kind: Kind): boolean {
  if (kind === 'text') return typeof value === 'string'
  // Beyond 2^53 - 1 a JSON number is no longer the amount that was sent.
  if (kind === 'whole') return Number.isSafeInteger(value)
  if (kind === 'flag') return typeof value === 'boolean'
  return kind === 'true' ? value === true : isObject(value)
}

/** Names the kind of the value, never the value, because messages are often logged. */
function describe(path: string, value: unknown, expected: string): string {
  return `${path || 'the answer'} is ${kindOf(value)}, not ${expected}`
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'boolean' || value === null) return String(value)
  return Array.isArray(value) ? 'a list' : typeof value
}

function first<Item>(items: Iterable<Item>, find: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

function join(path: string, part: string | number): string {
  return path === '' ? String(part) : `${path}.${part}`
}
