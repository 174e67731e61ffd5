import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { closestMatch } from 'leven'
import { amountRule } from '../../base/money.ts'
import { findOddCharacter } from '../../base/visible-text.ts'
import { type RequestSchema, readBySchema } from './reading.ts'

/** A member of a request that does not fit its schema. `expected` completes the sentence "<field> …". */
export interface Violation {
  field: string
  /** The field in a sentence, if it is not shown as it is. */
  shown?: string
  /** The member is not there. */
  missing: boolean
  expected: string
  /** The value at fault as JSON, shortened. Undefined if it is missing or must not be repeated. */
  given: string | undefined
}

/** Values that are never repeated, not even to their sender, because answers are often logged. */
const secretFields = /bvn|account|number|value|secret|cvv/i

/**
 * Validates with the schemas that the API reference shows, after each value was read by its schema (`reading.ts`). Texts in
 * addresses are read as the numbers and booleans asked for. With `coerceBodies`, texts in bodies are too, and numbers as
 * texts, for surfaces whose clients write either. A boolean is never read as a number or a text: `true` would be an amount
 * of 1.
 */
export function validateRequests(app: FastifyInstance, options: { coerceBodies: boolean }): void {
  const ajv = createAjv()
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const texts = httpPart !== 'body' || options.coerceBodies
    return afterReading(
      schema as RequestSchema,
      texts,
      lazyValidator(() => ajv.compile(schema as object)),
    )
  })
}

interface Validator {
  (data: unknown): boolean
  errors: ErrorObject[] | null
}

/** Refuses values that cannot be read as the schema asks, and validates what was read. */
function afterReading(schema: RequestSchema, texts: boolean, validate: Validator) {
  const check = (data: unknown) => {
    const { value, faults } = readBySchema(schema, data, texts)
    if (faults.length === 0 && validate(value)) return { value }
    check.errors = faults.length === 0 ? validate.errors : faults
    return false
  }
  check.errors = null as ErrorObject[] | null
  return check
}

/** Compiled at its first use, so that a start does not wait for the schemas of routes that nobody calls. */
function lazyValidator(compile: () => ValidateFunction): Validator {
  let compiled: ValidateFunction | undefined
  const validate = (data: unknown) => {
    compiled ??= compile()
    const isValid = compiled(data) as boolean
    validate.errors = compiled.errors ?? null
    return isValid
  }
  validate.errors = null as ErrorObject[] | null
  return validate
}

function createAjv(): Ajv {
  const ajv = new Ajv({
    useDefaults: true,
    removeAdditional: false,
    verbose: true,
    allErrors: true,
    strict: false,
  })
  formats.default(ajv, ['date-time'])
  // An address that can be redirected to. The RFC's grammar allows http://host:99999/, which no URL parser accepts.
  ajv.addFormat('uri', { type: 'string', validate: (text: string) => URL.canParse(text) })
  // Looser than the RFC's grammar: one @, a dot in the domain, no blank. The receiving mail server decides the rest.
  ajv.addFormat('email', /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/)
  return ajv
}

/** The pattern of a text that has more than blanks. */
export const notBlank = '\\S'

/** What nobody sees, as ranges that every dialect of patterns reads. */
const unseen =
  '\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufeff'

/** The pattern of a reference: it ends in no blank, and has no character that nobody sees. Two that look the same are the same. */
export const plainReference = `^[^\\s${unseen}](?:[^${unseen}]*[^\\s${unseen}])?$`

const patternSentences: Readonly<Record<string, string>> = {
  [notBlank]: 'must not be blank',
  [plainReference]: 'must not be blank, begin or end with a blank, or have a character that nobody sees, such as a tab',
}

/** At most so many faults are described: a request of a thousand lines may have a fault in each. */
const describedFaults = 10

/** The faults in plain words, and how many more there are. */
export function describeViolations(
  errors: FastifySchemaValidationError[],
  context?: string,
): { violations: Violation[]; more: number } {
  // The forms that a value may have tell their faults themselves.
  const told = errors.filter(({ keyword }) => keyword !== 'anyOf')
  const isQuery = context === 'querystring'
  const violations = told
    .slice(0, describedFaults)
    .map((error) => (isQuery && isRepeated(error) ? describeRepeated(error) : describeViolation(error)))
  return { violations, more: told.length - violations.length }
}

/** A parameter that comes more than once is read as a list. */
function isRepeated(error: FastifySchemaValidationError): boolean {
  return error.keyword === 'type' && Array.isArray((error as { data?: unknown }).data)
}

function describeRepeated(error: FastifySchemaValidationError): Violation {
  return { ...describeViolation(error), expected: 'came more than once; send it once', given: undefined }
}

export function describeViolation(error: FastifySchemaValidationError): Violation {
  const { keyword, params } = error
  const path = error.instancePath.split('/').slice(1)
  const schema = schemaOf(error)
  if (keyword === 'additionalProperties') {
    return describeUnknown(path, String(params.additionalProperty), Object.keys(schema.properties ?? {}))
  }
  const missing = keyword === 'required'
  if (missing) path.push(String(params.missingProperty))
  const field = path.join('.') || 'body'
  const sentence = sentences[keyword]
  return {
    field,
    missing,
    expected: sentence === undefined ? 'is not valid' : `${sentence(params, schema)}${withoutOddCharacter(error)}`,
    given: missing || secretFields.test(field) ? undefined : givenOf(keyword, (error as { data?: unknown }).data),
  }
}

/** An e-mail with a character that cannot be seen looks valid. */
function withoutOddCharacter({ keyword, params, ...error }: FastifySchemaValidationError): string {
  const { data } = error as { data?: unknown }
  if (keyword !== 'format' || params.format !== 'email' || typeof data !== 'string') return ''
  const odd = findOddCharacter(data)
  return odd === null ? '' : `, without the character ${odd}`
}

/** A member that the schema does not have, with the nearest member that it has. */
export function describeUnknown(path: string[], name: string, known: string[]): Violation {
  const isPlain = /^[\w.[\]-]{1,60}$/.test(name)
  const nearest = nearestTo(name, known)
  const hint =
    nearest !== undefined
      ? `did you mean ${nearest}?`
      : known.length === 0
        ? 'nothing can be given here'
        : `known is ${known.length === 1 ? 'only ' : ''}${known.join(', ')}`
  const named = (each: string) => [...path, each].join('.')
  return {
    field: named(cut(name)),
    shown: named(isPlain ? name : cut(JSON.stringify(name))),
    missing: false,
    expected: `is not known; ${hint}`,
    given: undefined,
  }
}

/** Another spelling (`expires_at`), or at most a third of the letters wrong. */
function nearestTo(name: string, known: string[]): string | undefined {
  if (name.length > 60) return undefined
  const letters = (text: string) => text.replaceAll(/[_-]/g, '').toLowerCase()
  const wanted = letters(name)
  const spelled = new Map(known.map((each) => [letters(each), each]))
  const nearest = closestMatch(wanted, [...spelled.keys()], { maxDistance: Math.max(1, Math.floor(wanted.length / 3)) })
  return nearest === undefined ? undefined : spelled.get(nearest)
}

/** The members of a schema that the sentences read. */
interface ReadSchema {
  type?: string | string[]
  properties?: Record<string, unknown>
  minimum?: number
  maximum?: number
  examples?: unknown[]
  'x-unit'?: string
  'x-reads'?: string
}

function schemaOf(error: FastifySchemaValidationError): ReadSchema {
  return ((error as { parentSchema?: ReadSchema }).parentSchema ?? {}) as ReadSchema
}

type Params = FastifySchemaValidationError['params']

/**
 * For each keyword of the schemas, the words that complete "<field> …". strict.test.ts fails for a keyword that a schema
 * uses and that has no words here. `additionalProperties` has words of its own (`describeUnknown`).
 */
export const sentences: Record<string, (params: Params, schema: ReadSchema) => string> = {
  required: () => 'is required',
  type: (params, schema) => {
    if (schema['x-unit'] === 'minor units') return `must be ${amountRule}`
    if (schema['x-reads'] === 'name') return 'must be a string or a whole number'
    const types = [params.type].flat().map(String)
    if (types.includes('integer')) return inBounds(schema)
    return `must be ${types.map(article).join(' or ')}`
  },
  enum: (params) => `must be one of [${(params.allowedValues as string[]).join(', ')}]`,
  format: (params) =>
    params.format === 'date-time'
      ? 'must be a time such as 2024-01-01T00:00:00.000Z'
      : `must be a valid ${params.format}`,
  pattern: ({ pattern }, { examples: [example] = [] }) =>
    patternSentences[pattern as string] ??
    (example === undefined ? 'is not written as it must be' : `must be written like ${JSON.stringify(example)}`),
  minLength: (params) => (params.limit === 1 ? 'must not be empty' : `must be at least ${params.limit} characters`),
  maxLength: (params) => `must be at most ${params.limit} characters`,
  minItems: (params) => `must have at least ${plural(Number(params.limit), 'item')}`,
  maxItems: (params) => `must have at most ${plural(Number(params.limit), 'item')}`,
  minimum: (_params, schema) => inBounds(schema),
  maximum: (_params, schema) => inBounds(schema),
}

function inBounds({ type, minimum, maximum }: ReadSchema): string {
  const kind = [type].flat().includes('integer') ? 'a whole number' : 'a number'
  if (minimum === undefined) return maximum === undefined ? `must be ${kind}` : `must be at most ${maximum}`
  return maximum === undefined ? `must be at least ${minimum}` : `must be ${kind} from ${minimum} to ${maximum}`
}

/** The value at fault as JSON, shortened. Of a text or list of the wrong length only the length is told. */
function givenOf(keyword: string, data: unknown): string | undefined {
  if (keyword === 'minLength' || keyword === 'maxLength') {
    return data === '' ? undefined : String([...String(data)].length)
  }
  if (keyword === 'pattern' && String(data).trim() === '') return undefined
  if (keyword === 'minItems' || keyword === 'maxItems') return String((data as unknown[]).length)
  return cut(JSON.stringify(data) ?? 'nothing')
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
