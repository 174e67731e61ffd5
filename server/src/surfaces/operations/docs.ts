import { STATUS_CODES } from 'node:http'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify'
import { type ErrorCode, ServiceError } from '../../base/errors.ts'
import { nothingAt } from '../http/answer-problems.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { answerProblem } from '../http/unroutable.ts'
import { icon } from './icon.ts'

type SurfaceName = keyof typeof titles

const titles = { cashful: 'Cashful', paystack: 'Paystack', mteja: 'Mteja' } as const

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40" height="40" role="img" aria-label="Mteja"><text x="0" y="29" font-family="system-ui, sans-serif" font-size="28" font-weight="700" fill="#fff">Mteja</text></svg>`

/** `/docs`: the API reference of all surfaces. It needs only files of this package, so it works offline. */
export const docsPages: FastifyPluginAsync<Pick<SurfaceContext, 'documents' | 'envelopes'>> = async (
  app,
  { documents, envelopes },
) => {
  // An address that no file can have (a NUL in it, or too long) is answered like any unknown address.
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const isNoFile = error.statusCode !== undefined && error.statusCode < 500
    return answerProblem(envelopes, isNoFile ? nothingAt(request) : error, request, reply)
  })
  for (const name of Object.keys(titles) as SurfaceName[]) {
    let bytes: Buffer | undefined
    app.get(`/docs/${name}.json`, { schema: { hide: true } }, async (_request, reply) => {
      const document = documents.get(name)
      if (document === undefined) throw new ServiceError('not_found', `There is no document "${name}"`)
      // All answers share it, however slowly their callers read.
      bytes ??= Buffer.from(JSON.stringify(withRefusals(name, document() as OpenApi)))
      return reply.type('application/json; charset=utf-8').send(bytes)
    })
  }
  keepFiles(app)
  // The page needs a document of its own to be registered. The page's routes are all hidden.
  await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'Mteja', version: '1' } } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP:
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    logo: { type: 'image/svg+xml', content: logo },
    theme: {
      title: 'Mteja API reference',
      favicon: [{ filename: 'icon.svg', rel: 'icon', sizes: 'any', type: 'image/svg+xml', content: icon }],
    },
    uiConfig: {
      urls: Object.entries(titles).map(([name, title]) => ({ url: `/docs/${name}.json`, name: title })),
      docExpansion: 'list',
      persistAuthorization: true,
      tryItOutEnabled: true,
      validatorUrl: null,
    } as never,
  })
}

/** More files than the page has. */
const mostFiles = 64

/** Answers with files from memory, so that a caller who does not read holds no file open. All answers share the bytes. */
function keepFiles(app: FastifyInstance): void {
  const kept = new Map<string, Buffer>()
  app.addHook('onSend', async ({ params }, reply, payload) => {
    const { statusCode } = reply
    if (!(payload instanceof Readable) || (statusCode !== 200 && statusCode !== 206)) return payload
    // A file has many spellings.
    const file = posix.normalize(`/${(params as { '*'?: string })['*']}`)
    const known = statusCode === 200 ? kept.get(file) : undefined
    if (known !== undefined) {
      payload.destroy()
      return known
    }
    const bytes = Buffer.concat(await payload.toArray())
    if (statusCode === 200 && kept.size < mostFiles) kept.set(file, bytes)
    return bytes
  })
}

interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>
}

interface Response {
  description: string
  content?: Record<string, { schema: object; example?: unknown }>
}

/** The document with the name of each status, and with an example for each refusal instead of the schema's example. */
function withRefusals(name: SurfaceName, document: OpenApi): OpenApi {
  const describe = ([status, response]: [string, Response]): [string, Response] => {
    const description = STATUS_CODES[status] ?? response.description
    const example = refusalExamples[name][status]
    const content = response.content?.['application/json']
    // A 503 of the health check has a body that is no refusal.
    if (example === undefined || content === undefined || !('$ref' in content.schema)) {
      return [status, { ...response, description }]
    }
    return [status, { ...response, description, content: { 'application/json': { ...content, example } } }]
  }
  const paths = mapValues(document.paths, (operations) =>
    mapValues(operations, (operation) => ({
      ...operation,
      responses: Object.fromEntries(Object.entries(operation.responses).map(describe)),
    })),
  )
  return { ...document, paths }
}

function mapValues<In, Out>(object: Record<string, In>, map: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]))
}

/** One refusal for each status, as an example. */
export const sampleRefusals: Record<number, { code: ErrorCode; message: string }> = {
  400: { code: 'invalid_request', message: 'The body is not valid JSON at position 12' },
  401: { code: 'unauthorized', message: 'The key or token is not valid, was revoked or has expired' },
  402: {
    code: 'insufficient_funds',
    message: 'The available balance of customer CUS_xnxdt6s1zg1f4nx does not cover the amount',
  },
  403: {
    code: 'customer_denied',
    message:
      'The customer of this operation is denied and cannot send, spend or be paid; change their risk action first',
  },
  404: { code: 'customer_not_found', message: 'There is no customer "CUS_x"' },
  409: {
    code: 'idempotency_key_reused',
    message:
      'The Idempotency-Key "order-17" was used with another amount or for another operation; use a new key for a new request',
  },
}

const checkValues = { nextStep: "Ensure that the value(s) you're passing are valid." }
const invalid = { status: false, meta: checkValues, type: 'validation_error', code: 'invalid_params' }

/** The sample refusals by status, in each surface's form. docs.test.ts compares them with the surfaces. */
export const refusalExamples: Record<SurfaceName, Record<string, object>> = {
  cashful: mapSamples((status, { message }) => ({
    statusCode: status,
    message: [message],
    error: STATUS_CODES[status],
  })),
  paystack: {
    400: { ...invalid, message: sampleRefusals[400]?.message },
    401: {
      status: false,
      message: 'Invalid key',
      meta: { nextStep: 'Ensure that you provide the correct authorization key for the request' },
      type: 'validation_error',
      code: 'invalid_Key',
    },
    403: {
      status: false,
      message: 'Identity checks are not available in live mode on this server',
      meta: {
        nextStep: 'Do what the message says, or ask the operator of this server',
      },
      type: 'api_error',
      code: 'feature_unavailable',
    },
    404: { ...invalid, message: 'Customer code/email specified is invalid' },
    409: {
      ...invalid,
      message: sampleRefusals[409]?.message,
      meta: { nextStep: 'Use a new Idempotency-Key for a new request' },
    },
  },
  mteja: mapSamples((_status, { code, message }) => ({ error: { code, message } })),
}

function mapSamples(render: (status: number, sample: { code: ErrorCode; message: string }) => object) {
  return Object.fromEntries(
    Object.entries(sampleRefusals).map(([status, sample]) => [status, render(Number(status), sample)]),
  )
}
