import type { FastifyInstance } from 'fastify'
import qs from 'qs'
import secureJsonParse from 'secure-json-parse'
import { ServiceError } from '../../base/errors.ts'
import { mayLose, parseLossless } from '../../base/lossless-json.ts'

const maxDepth = 32
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads request bodies as clients really send them: JSON under any content type or none, chunked or not, and urlencoded
 * where `forms` says so. An empty body is an empty object. A body that the route has no schema for is not read, or is
 * read so that it can be refused. This one place refuses every body that could not be stored and answered unchanged:
 * broken UTF-8 or JSON, NUL characters, half surrogates, numbers too large to keep, `__proto__`, a
 * member of metadata that comes twice.
 */
export function readBodies(
  app: FastifyInstance,
  forms: 'json' | 'json-or-urlencoded',
  unasked: 'ignored' | 'refused' = 'ignored',
): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const isAsked = request.routeOptions.schema?.body !== undefined
    // Some clients send a body with every DELETE.
    if (!isAsked && (unasked === 'ignored' || request.method === 'DELETE' || request.is404)) return done(null, {})
    try {
      refuseEncoding(request.headers['content-encoding'])
      const text = decode(body as Buffer)
      const type = request.headers['content-type'] ?? ''
      // curl labels every body of -d as urlencoded. No urlencoded form begins with a brace.
      const urlencoded = type.startsWith('application/x-www-form-urlencoded') && !/^\s*[{[]/.test(text)
      done(null, urlencoded && forms === 'json-or-urlencoded' ? parseForm(text) : parseJson(text))
    } catch (error) {
      done(error as Error)
    }
  })
  // Every body is a JSON object. No body and JSON's null stand for an empty object. A null member means "not given".
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') request.body = withoutNulls(objectBody(request.body))
    done()
  })
}

function refuseEncoding(encoding = 'identity'): void {
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

/**
 * The values of a body are ordinary, but those of its metadata keep their digits and their order. Throws `invalid_request` for
 * broken JSON and for values that could not be stored.
 */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return {}
  const { value, members } = parseStorable(text)
  if (!text.includes(metadataName)) return value
  if (mayRepeat(text, members)) refuseRepeatedMetadata(text, '')
  if (mayLose(text)) keepMetadata(value, parseLossless(text))
  return value
}

/** Reads metadata that was sent as text. Throws `invalid_request` for broken JSON and for values that could not be stored. */
export function parseMetadata(text: string): unknown {
  const { members } = parseStorable(text)
  if (mayRepeat(text, members)) refuseRepeatedMetadata(text, metadataName)
  return parseLossless(text)
}

const metadataName = '"metadata"'

/** The value, and how many members its objects have. */
function parseStorable(text: string): { value: unknown; members: number } {
  let value: unknown
  try {
    value = secureJsonParse.parse(text, { protoAction: 'error', constructorAction: 'error' })
  } catch {
    throw new ServiceError('invalid_request', unreadableBecause(text))
  }
  return { value, members: refuseUnstorable(value) }
}

/** Whether the text has more names than the value has members: one came twice, or a string looks as if it had names. */
function mayRepeat(text: string, members: number): boolean {
  return (text.match(/"\s*:/g)?.length ?? 0) > members
}

/** Puts the metadata of `exact`, which is the same body, into `body`. */
function keepMetadata(body: unknown, exact: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const [object, other] = [body as Record<string, unknown>, exact as Record<string, unknown>]
  for (const [name, value] of Object.entries(object)) {
    if (name === 'metadata') object[name] = other[name]
    else keepMetadata(value, other[name])
  }
}

const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g

/**
 * JSON.parse keeps only the last of two members with one name.
 *
 * @param textName the name of the member that the text is the value of, as JSON
 */
function refuseRepeatedMetadata(text: string, textName: string): void {
  const open: { names: Set<string>; isMetadata: boolean }[] = []
  let name = textName
  for (const [token, string, colon] of text.matchAll(tokens)) {
    const around = open.at(-1)
    if (token === '{') {
      open.push({ names: new Set(), isMetadata: around?.isMetadata === true || name === metadataName })
    } else if (token === '}') open.pop()
    if (colon === undefined || around === undefined) continue
    name = string as string
    if (around.isMetadata && around.names.has(name)) {
      throw new ServiceError('invalid_request', `metadata has the member ${name} twice`, 'metadata')
    }
    around.names.add(name)
  }
}

function unreadableBecause(text: string): string {
  try {
    JSON.parse(text)
    return 'The body has a member named __proto__ or constructor.prototype, which no object may have'
  } catch (error) {
    if (/^--\S+\r?\n/.test(text)) return 'The body must be JSON, not a multipart form'
    // The rest of the message would repeat a piece of the body.
    const [position = ''] = / at position \d+/.exec((error as Error).message) ?? []
    return `The body is not valid JSON${position}`
  }
}

function parseForm(text: string): unknown {
  const value = qs.parse(text, { depth: 5, parameterLimit: 1000, allowPrototypes: false })
  refuseUnstorable(value)
  return value
}

function objectBody(body: unknown): Record<string, unknown> {
  if (body === undefined || body === null) return {}
  if (typeof body === 'object' && !Array.isArray(body)) return body as Record<string, unknown>
  throw new ServiceError('invalid_request', 'The body must be a JSON object')
}

/** Clients of typed languages send every unset field as null. A null inside metadata is the caller's own and stays. */
function withoutNulls(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, name === 'metadata' ? value : withoutNullMembers(value)]),
  )
}

function withoutNullMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullMembers)
  return isPlainObject(value) ? withoutNulls(value) : value
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Answers the number of members in all objects. Walks without recursion, so that a deep body cannot exhaust the stack. */
function refuseUnstorable(root: unknown): number {
  let members = 0
  const rest: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }]
  for (let each = rest.pop(); each !== undefined; each = rest.pop()) {
    const { value, depth } = each
    if (typeof value === 'string') refuseUnstorableText(value)
    else if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new ServiceError('invalid_request', 'The body has a number too large to keep')
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= maxDepth)
        throw new ServiceError('invalid_request', `The body is nested deeper than ${maxDepth} levels`)
      if (!Array.isArray(value)) members += Object.keys(value).length
      for (const [name, member] of Object.entries(value)) {
        refuseUnstorableText(name)
        rest.push({ value: member, depth: depth + 1 })
      }
    }
  }
  return members
}

function refuseUnstorableText(text: string): void {
  if (!isStorable(text))
    throw new ServiceError('invalid_request', 'The body has a NUL character or half a surrogate pair')
}

/** PostgreSQL stores any text without NUL. Half a surrogate pair is no character. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
