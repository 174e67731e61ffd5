import type { FastifyInstance, FastifyRequest } from 'fastify'
import secureJsonParse from 'secure-json-parse'
import { ServiceError } from '../../base/errors.ts'
import { mayLose, parseLossless } from '../../base/lossless-json.ts'
import { escapeInvisible } from '../../base/visible-text.ts'
import { nothingAt } from './answer-problems.ts'
import { hasBody } from './early-answers.ts'
import { parseForm } from './form.ts'
import type { RequestSchema } from './reading.ts'

const maxDepth = 32
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads request bodies as clients really send them: JSON under any content type or none, chunked or not, and urlencoded
 * where `forms` says so. An empty body is an empty object. A body that the route has no schema for is not read, or is
 * read so that it can be refused. This one place refuses every body that could not be stored and answered unchanged:
 * broken UTF-8 or JSON, NUL characters, half surrogates, numbers too large to keep, `__proto__`, a member that comes twice.
 * The values of a body are lossless (`base/lossless-json.ts`) until its schema is read (`reading.ts`).
 */
export function readBodies(
  app: FastifyInstance,
  forms: 'json' | 'json-or-urlencoded',
  unasked: 'ignored' | 'refused' = 'ignored',
): void {
  app.removeAllContentTypeParsers()
  const isUnasked = ({ routeOptions, method, is404 }: FastifyRequest) =>
    routeOptions.schema?.body === undefined && (unasked === 'ignored' || method === 'DELETE' || is404)
  // A refusal that needs no body does not wait for it.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    if (request.is404) throw nothingAt(request)
    const encoding = request.headers['content-encoding']
    const isRead = request.method !== 'GET' && request.method !== 'HEAD' && hasBody(request.raw)
    if (encoding !== undefined && isRead && !isUnasked(request)) refuseEncoding(encoding)
    done(null, payload)
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const schema = request.routeOptions.schema?.body as RequestSchema | undefined
    // Some clients send a body with every DELETE.
    if (isUnasked(request)) return done(null, {})
    try {
      const text = decode(body as Buffer)
      const type = request.headers['content-type'] ?? ''
      // curl labels every body of -d as urlencoded. No urlencoded form begins with a brace.
      const urlencoded = type.startsWith('application/x-www-form-urlencoded') && !/^\s*[{[]/.test(text)
      done(null, urlencoded && forms === 'json-or-urlencoded' ? readForm(text, schema) : parseJson(text))
    } catch (error) {
      done(error as Error)
    }
  })
  // Every body is a JSON object. No body and JSON's null stand for an empty object.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') request.body = objectBody(request.body)
    done()
  })
}

function refuseEncoding(encoding: string): void {
  if (encoding.trim().toLowerCase() === 'identity') return
  throw new ServiceError(
    'encoding_not_supported',
    `The body is sent as "${encoding}", which is not read here; send it without Content-Encoding`,
  )
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new ServiceError('invalid_request', 'The body is not valid UTF-8')
  }
}

function readForm(text: string, schema: RequestSchema | undefined): unknown {
  const lists = Object.entries(schema?.properties ?? {}).filter(([, { type }]) => type === 'array')
  const form = parseForm(text, { lists: new Set(lists.map(([name]) => name)), maxDepth })
  refuseUnstorable(form)
  return form
}

/**
 * Reads JSON, of the body or of the member `field`, without changing anything: each number keeps its digits, and each object
 * the order of its members. Throws `invalid_request` for broken JSON, for values that could not be stored, and for a member
 * that comes twice, of which JSON.parse would keep only the last.
 */
export function parseJson(text: string, field?: string): unknown {
  if (text.trim() === '') return {}
  let value: unknown
  try {
    value = secureJsonParse.parse(text, { protoAction: 'error', constructorAction: 'error' })
  } catch {
    throw unreadable(text, field)
  }
  const members = refuseUnstorable(value, field)
  if (mayRepeat(text, members)) refuseRepeatedMembers(text, field)
  return mayLose(text) ? parseLossless(text) : value
}

/** Whether the text has more names than the value has members: one came twice, or a string looks as if it had names. */
function mayRepeat(text: string, members: number): boolean {
  let names = 0
  for (let colon = text.indexOf(':'); colon !== -1; colon = text.indexOf(':', colon + 1)) {
    let before = colon - 1
    while (text.charCodeAt(before) <= space) before--
    if (text[before] === '"') names++
  }
  return names > members
}

const space = 0x20

const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\],]/g

/** An object or a list that is being read, and the name or the number of the part of it that is read now. */
interface Open {
  names: Set<string> | null
  part: string | number
}

/** Walks through the names of members in the order of the text. `open` has the objects and lists around each. */
function* walkNames(text: string, end = text.length): Generator<{ open: readonly Open[]; name: string }> {
  const open: Open[] = []
  for (const { 0: token, 1: string, 2: colon, index } of text.matchAll(tokens)) {
    if (index >= end) break
    if (token === '{') open.push({ names: new Set(), part: '' })
    else if (token === '[') open.push({ names: null, part: 0 })
    else if (token === '}' || token === ']') open.pop()
    const now = open.at(-1)
    if (now === undefined) continue
    if (token === ',' && typeof now.part === 'number') now.part++
    if (colon === undefined || now.names === null) continue
    const name = nameOf(string as string)
    yield { open, name }
    now.names.add(name)
    now.part = name
  }
  yield { open, name: '' }
}

/** One name has several spellings: "a" is also "\u0061". In broken JSON a name may be none. */
function nameOf(string: string): string {
  try {
    return JSON.parse(string) as string
  } catch {
    return string.slice(1, -1)
  }
}

function refuseRepeatedMembers(text: string, field: string | undefined): void {
  for (const { open, name } of walkNames(text)) {
    if (open.at(-1)?.names?.has(name)) throw repeated(field, open, name)
  }
}

/** `transfers.17`: the place of what is in the innermost of these. */
function placeOf(field: string | undefined, parts: readonly (string | number)[]): string {
  // A name of the caller's own may be anything, and is cut.
  const path = parts.map((part) => escapeInvisible(String(part).slice(0, 60).toWellFormed()))
  return [...(field === undefined ? [] : [field]), ...path].join('.')
}

/** The refusal names the object around the member. */
function repeated(field: string | undefined, open: readonly Open[], name: string): ServiceError {
  const around = placeOf(
    field,
    open.slice(0, -1).map(({ part }) => part),
  )
  const message = `${around || 'The body'} has the member ${JSON.stringify(name)} twice; send it once`
  return new ServiceError('invalid_request', message, around || name)
}

/** The subject of a sentence about the text that was read. */
function subjectOf(field: string | undefined): string {
  return field ?? 'The body'
}

function unreadable(text: string, field: string | undefined): ServiceError {
  const refuse = (message: string, place = field) => new ServiceError('invalid_request', message, place)
  const subject = subjectOf(field)
  try {
    JSON.parse(text)
  } catch (error) {
    if (/^--\S+\r?\n/.test(text)) return refuse(`${subject} must be JSON, not a multipart form`)
    const literal = foreignLiteral(text)
    if (literal !== null) {
      const place = placeOf(field, literal.parts)
      return refuse(`${place || subject} is ${literal.text}, which JSON does not have`, place || undefined)
    }
    // The rest of the message would repeat a piece of the body.
    const [position = ''] = / at position \d+/.exec((error as Error).message) ?? []
    return refuse(`${subject} is not valid JSON${position}`)
  }
  const around = placeOf(field, forbiddenPlace(text))
  const message = `${around || subject} has a member named __proto__ or constructor.prototype, which no object may have`
  return refuse(message, around || undefined)
}

/** A string, which may have anything in it, or a word that programs write in place of a value of JSON. */
const stringOrForeign = /"(?:[^"\\]|\\.)*"|(-?\b(?:NaN|Infinity|undefined|None|True|False)\b)/g

function foreignLiteral(text: string): { text: string; parts: readonly (string | number)[] } | null {
  for (const { 1: word, index } of text.matchAll(stringOrForeign)) {
    if (word === undefined) continue
    let parts: (string | number)[] = []
    for (const { open } of walkNames(text, index)) parts = open.map(({ part }) => part)
    return { text: word, parts }
  }
  return null
}

/** The place of the object that has a member `__proto__`, or `prototype` in its member `constructor`. */
function forbiddenPlace(text: string): (string | number)[] {
  for (const { open, name } of walkNames(text)) {
    const around = open.slice(0, -1).map(({ part }) => part)
    if (name === '__proto__') return around
    if (name === 'prototype' && around.at(-1) === 'constructor') return around.slice(0, -1)
  }
  return []
}

function objectBody(body: unknown): Record<string, unknown> {
  if (body === undefined || body === null) return {}
  if (typeof body === 'object' && !Array.isArray(body)) return body as Record<string, unknown>
  throw new ServiceError('invalid_request', 'The body must be a JSON object')
}

/** Answers the number of members in all objects. Walks without recursion, so that a deep body cannot exhaust the stack. */
function refuseUnstorable(root: unknown, field?: string): number {
  const refuse = (at: Walked, fault: string) => {
    const place = placeOf(field, partsOf(at))
    return new ServiceError('invalid_request', `${place || 'The body'} ${fault}`, place || undefined)
  }
  let members = 0
  const rest: Walked[] = [{ value: root, depth: 0, name: '', around: null }]
  for (let each = rest.pop(); each !== undefined; each = rest.pop()) {
    const { value, depth } = each
    if (typeof value === 'string' && !isStorable(value)) throw refuse(each, unstorable)
    if (typeof value === 'number' && !Number.isFinite(value)) throw refuse(each, 'is a number too large to keep')
    if (typeof value === 'object' && value !== null) {
      if (depth >= maxDepth) throw refuse(each, `is nested deeper than ${maxDepth} levels`)
      if (!Array.isArray(value)) members += Object.keys(value).length
      for (const [name, member] of Object.entries(value)) {
        if (!isStorable(name)) throw refuse(each, unstorable)
        rest.push({ value: member, depth: depth + 1, name, around: each })
      }
    }
  }
  return members
}

/** A value on the way through a body, and the object or list around it. */
interface Walked {
  value: unknown
  depth: number
  name: string
  around: Walked | null
}

/** The names that lead to a value, the first three of many. */
function partsOf(at: Walked): string[] {
  const parts: string[] = []
  for (let each = at; each.around !== null; each = each.around) parts.unshift(each.name)
  return parts.slice(0, 3)
}

const unstorable = 'has a NUL character or half a surrogate pair'

/** PostgreSQL stores any text without NUL. Half a surrogate pair is no character. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
