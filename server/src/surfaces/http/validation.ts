import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'

/** A member of a request that does not fit its schema. `expected` completes the sentence "<field> …". */
export interface Violation {
  field: string
  /** The member is not there. */
  missing: boolean
  expected: string
  /** The value at fault as JSON, shortened. Undefined if it is missing or must not be repeated. */
  given: string | undefined
}

/** Values that are never repeated, not even to their sender, because answers are often logged. */
const secretFields = /bvn|account|number|value|secret|cvv/i

/**
 * Validates with the schemas that the API reference shows. Texts in queries are read as the numbers and booleans asked
 * for. With `coerceBodies`, texts in bodies are too, for surfaces whose clients send numbers as text. A boolean is never
 * read as a number or a text: `true` would be an amount of 1.
 */
export function validateRequests(app: FastifyInstance, options: { coerceBodies: boolean }): void {
  const strict = createAjv(false)
  const coercing = createAjv(true)
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const isBody = httpPart === 'body'
    const ajv = isBody && !options.coerceBodies ? strict : coercing
    const validate = lazyValidator(() => ajv.compile(schema as object))
    return isBody && options.coerceBodies ? afterBooleans(schema as JsonSchema, validate) : validate
  })
}

interface JsonSchema {
  type?: string | string[]
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
}

interface Validator {
  (data: unknown): boolean
  errors: ErrorObject[] | null
}

/** Refuses booleans in place of texts and numbers, and validates what is left. */
function afterBooleans(schema: JsonSchema, validate: Validator): Validator {
  const check = (data: unknown) => {
    const found = misplacedBooleans(schema, data)
    const isValid = found.length === 0 && validate(data)
    check.errors = found.length === 0 ? validate.errors : found
    return isValid
  }
  check.errors = null as ErrorObject[] | null
  return check
}

function misplacedBooleans({ type, properties, items }: JsonSchema, data: unknown, instancePath = ''): ErrorObject[] {
  if (typeof data === 'boolean') {
    const isWanted = type === undefined || [type].flat().includes('boolean')
    return isWanted ? [] : [{ keyword: 'type', instancePath, schemaPath: '', params: { type }, data }]
  }
  if (Array.isArray(data))
    return data.flatMap((each, i) => misplacedBooleans(items ?? {}, each, `${instancePath}/${i}`))
  if (typeof data !== 'object' || data === null) return []
  return Object.entries(data).flatMap(([name, member]) =>
    Object.hasOwn(properties ?? {}, name)
      ? misplacedBooleans(properties?.[name] as JsonSchema, member, `${instancePath}/${name}`)
      : [],
  )
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

function createAjv(coerceTypes: boolean): Ajv {
  const ajv = new Ajv({
    coerceTypes,
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

export function describeViolation(error: FastifySchemaValidationError): Violation {
  const missing = error.keyword === 'required'
  const path = error.instancePath.split('/').slice(1)
  if (missing) path.push(String(error.params.missingProperty))
  const field = path.join('.') || 'body'
  const data = (error as { data?: unknown }).data
  const given = missing || secretFields.test(field) ? undefined : cut(JSON.stringify(data) ?? 'nothing')
  return { field, missing, expected: expectation(error), given }
}

function expectation({ keyword, params, message }: FastifySchemaValidationError): string {
  if (keyword === 'required') return 'is required'
  if (keyword === 'type')
    return `must be ${[params.type]
      .flat()
      .map((type) => article(String(type)))
      .join(' or ')}`
  if (keyword === 'format') return `must be a valid ${params.format}`
  if (keyword === 'enum') return `must be one of [${(params.allowedValues as string[]).join(', ')}]`
  if (keyword === 'maxLength') return `must be at most ${params.limit} characters`
  if (keyword === 'minLength') return `must be at least ${params.limit} characters`
  return message ?? 'is not valid'
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
