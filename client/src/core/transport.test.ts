import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cashfulError, customer, paystackCustomer, transfer } from '../../test/samples.ts'
import {
  endless,
  json,
  linesWithoutEnd,
  openScriptedServer,
  partial,
  type Reply,
  reset,
  type ScriptedServer,
  silence,
  text,
} from '../../test/scripted-server.ts'
import {
  AuthenticationError,
  type CallOptions,
  CashfulClient,
  ConflictError,
  ConnectionError,
  InsufficientFundsError,
  type LogEvent,
  MtejaClient,
  MtejaError,
  NotFoundError,
  PaymentRefusedError,
  PaystackClient,
  PermissionError,
  RateLimitError,
  ServerError,
  TimeoutError,
  UnexpectedResponseError,
  ValidationError,
} from '../index.ts'

let server: ScriptedServer
let client: CashfulClient
/** The same towards a server that ignores idempotency keys, as the vendors do. */
let vendor: CashfulClient

const fast = { backoffMs: 1, timeoutMs: 2000 }
const money = { fromCustomerId: 'a', toCustomerId: 'b', amount: 250, currency: 'ZAR' }

beforeAll(async () => {
  server = await openScriptedServer()
  client = new CashfulClient({ baseUrl: server.baseUrl, token: 'sk_test_secret', ...fast })
  vendor = new CashfulClient({ baseUrl: server.baseUrl, token: 'sk_test_secret', ...fast, idempotency: false })
})

afterAll(() => server.close())

const read = (options?: CallOptions) => client.customers.retrieve('customer_789', options)
const write = (options?: CallOptions) => client.transfers.create(money, options)

/** What the call rejects with. */
async function failure(call: Promise<unknown>): Promise<MtejaError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(MtejaError)
  return error as MtejaError
}

describe('a request', () => {
  test('carries the token, what is accepted and the JSON of its body', async () => {
    server.reply(json(201, transfer))
    await write({ headers: { 'x-team': 'wallets' } })
    const [request] = server.requests
    expect(request).toMatchObject({ method: 'POST', url: '/api/canary/transfers', body: JSON.stringify(money) })
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer sk_test_secret',
      accept: 'application/json',
      'content-type': 'application/json',
      'x-team': 'wallets',
    })
  })

  test('without a body has no content type', async () => {
    server.reply(json(200, customer))
    await read()
    expect(server.requests[0]?.headers['content-type']).toBeUndefined()
  })

  test('writes values into the address escaped', async () => {
    server.reply(
      json(200, { status: true, message: 'Customer retrieved', data: { ...paystackCustomer, authorizations: [] } }),
    )
    const paystack = new PaystackClient({ baseUrl: `${server.baseUrl}/behind/`, secretKey: 'sk_test_1' })
    await paystack.customers.fetch('ada+1@example.com')
    expect(server.requests[0]?.url).toBe('/behind/customer/ada%2B1%40example.com')
  })

  test.each(['', '.', '..'])('is not sent for the id %j, which would be another address', (id) => {
    server.reply(json(200, customer))
    expect(() => client.customers.retrieve(id)).toThrow(TypeError)
    expect(server.requests).toEqual([])
  })

  test('sends an amount given as a bigint as a whole number', async () => {
    server.reply(json(201, transfer))
    await client.transfers.create({ ...money, amount: 9_007_199_254_740_991n })
    expect(server.requests[0]?.body).toContain('"amount":9007199254740991,')
  })

  test.each([49.5, Number.NaN, 2 ** 53])('is not sent with an amount of %s', (amount) => {
    expect(() => client.transfers.create({ ...money, amount })).toThrow(RangeError)
  })

  test('is not sent with an amount beyond what a JSON number carries', async () => {
    await expect(client.transfers.create({ ...money, amount: 2n ** 53n })).rejects.toThrow(RangeError)
  })

  test('asks a token function before each attempt', async () => {
    const tokens = ['old', 'new']
    const rotating = new CashfulClient({ baseUrl: server.baseUrl, token: async () => tokens.shift() ?? '', ...fast })
    server.reply(json(503, cashfulError(503, 'busy')), json(200, customer))
    await rotating.customers.retrieve('x')
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new'])
  })

  test('leaves out what is undefined in a query', async () => {
    server.reply(json(200, { data: [], pagination: { limit: 5, offset: 0, total: 0, hasMore: false } }))
    await client.customers.list({ limit: 5, email: undefined, search: 'a b&c' }).page()
    expect(server.requests[0]?.url).toBe('/api/canary/customers?limit=5&search=a+b%26c')
  })

  test('goes through a given fetch', async () => {
    const seen: string[] = []
    const own = new CashfulClient({
      token: 't',
      fetch: async (url) => {
        seen.push(url)
        return Response.json(customer)
      },
    })
    await own.customers.retrieve('c/1')
    expect(seen).toEqual(['https://api.cashful.africa/api/canary/customers/c%2F1'])
  })
})

describe('an idempotency key', () => {
  test('is new for each write and the same for its repeats', async () => {
    server.reply(reset, json(201, transfer))
    await write()
    await write()
    const keys = server.requests.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
  })

  test('is the caller’s where one is given', async () => {
    server.reply(json(201, transfer))
    await write({ idempotencyKey: 'order-42' })
    expect(server.requests[0]?.headers['idempotency-key']).toBe('order-42')
  })

  test('is not made for reads', async () => {
    server.reply(json(200, customer))
    await read()
    expect(server.requests[0]?.headers).not.toHaveProperty('idempotency-key')
  })

  test.each([
    ['https://api.cashful.africa', false],
    ['https://sandbox.api.cashful.africa', false],
    ['https://notcashful.africa', true],
    ['http://localhost:9000', true],
  ])('to %s is sent: %s', async (baseUrl, isSent) => {
    let headers = new Headers()
    const fetch = async (_url: string, init: RequestInit) => {
      headers = new Headers(init.headers)
      return Response.json(transfer, { status: 201 })
    }
    await new CashfulClient({ baseUrl, token: 't', fetch }).transfers.create(money)
    expect(headers.has('idempotency-key')).toBe(isSent)
  })
})

describe('a call is repeated', () => {
  const failures: [name: string, reply: Reply][] = [
    ['a reset connection', reset],
    ['a body that ends early', partial],
    ['429', json(429, cashfulError(429, 'slow down'))],
    ['500', json(500, cashfulError(500, 'oh'))],
    ['502 of a proxy', text(502, '<h1>Bad Gateway</h1>')],
    ['503', json(503, cashfulError(503, 'busy'))],
    ['408', text(408, '')],
  ]

  test.each(failures)('after %s, a read', async (_name, reply) => {
    server.reply(reply, reply, json(200, customer))
    expect(await read()).toEqual(customer)
    expect(server.requests).toHaveLength(3)
  })

  test.each(failures)('after %s, a write at a server that honours keys, to the byte', async (_name, reply) => {
    server.reply(reply, json(201, transfer))
    expect(await write()).toEqual(transfer)
    const [first, second] = server.requests
    expect(second).toEqual(first)
  })

  test.each([silence, endless])('after no whole answer in time', async (reply) => {
    server.reply(reply, json(200, customer))
    expect(await read({ timeoutMs: 100 })).toEqual(customer)
  })

  test('as often as it may and no more', async () => {
    server.reply(json(500, cashfulError(500, 'oh')))
    const error = await failure(read({ maxRetries: 2 }))
    expect(error).toBeInstanceOf(ServerError)
    expect(error).toMatchObject({ attempts: 3, message: 'oh' })
    expect(server.requests).toHaveLength(3)
  })

  test('no sooner than the server asks', async () => {
    server.reply(json(429, cashfulError(429, 'slow down'), { 'retry-after': '0.2' }), json(200, customer))
    const startedAt = performance.now()
    await read()
    expect(performance.now() - startedAt).toBeGreaterThan(190)
  })

  test('not at all where the server asks for longer than the deadline', async () => {
    server.reply(json(429, cashfulError(429, 'slow down'), { 'retry-after': '3600' }))
    const error = await failure(read())
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error.retryAfterMs).toBe(3_600_000)
    expect(server.requests).toHaveLength(1)
  })

  test('until the deadline, however many attempts that is', async () => {
    server.reply(silence)
    const startedAt = performance.now()
    const error = await failure(read({ timeoutMs: 60, deadlineMs: 200, maxRetries: 100 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(performance.now() - startedAt).toBeLessThan(600)
  })

  test.each([400, 401, 402, 403, 404, 409, 413, 422, 501])('never after %i', async (status) => {
    server.reply(json(status, cashfulError(status, 'no')))
    await failure(read())
    expect(server.requests).toHaveLength(1)
  })
})

describe('a write at a vendor that does not honour keys', () => {
  test.each<[string, Reply]>([
    ['a reset connection', reset],
    ['a body that ends early', partial],
    ['500', json(500, cashfulError(500, 'oh'))],
    ['503', json(503, cashfulError(503, 'busy'))],
    ['silence', silence],
  ])('is not repeated after %s, and its outcome is said to be unknown', async (_name, reply) => {
    server.reply(reply)
    const error = await failure(vendor.transfers.create(money, { timeoutMs: 200 }))
    expect(error).toMatchObject({ isOutcomeUnknown: true, attempts: 1 })
    expect(server.requests).toHaveLength(1)
    expect(server.requests[0]?.headers).not.toHaveProperty('idempotency-key')
  })

  test('is repeated after 429, which refused it', async () => {
    server.reply(json(429, cashfulError(429, 'slow down')), json(201, transfer))
    expect(await vendor.transfers.create(money)).toEqual(transfer)
  })

  test('is repeated while the server cannot be reached at all, and then known not to be done', async () => {
    const gone = await openScriptedServer()
    await gone.close()
    const nowhere = new CashfulClient({ baseUrl: gone.baseUrl, token: 't', idempotency: false, ...fast })
    const error = await failure(nowhere.transfers.create(money))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ isOutcomeUnknown: false, wasSent: false, attempts: 7 })
  })

  test('is in no doubt once it is refused', async () => {
    server.reply(json(402, cashfulError(402, 'Insufficient balance')))
    const error = await failure(vendor.transfers.create(money))
    expect(error).toBeInstanceOf(InsufficientFundsError)
    expect(error.isOutcomeUnknown).toBe(false)
  })
})

test('a write that may have been done stays in doubt when a later attempt is refused at the door', async () => {
  server.reply(reset, json(401, cashfulError(401, 'expired')))
  expect(await failure(write())).toMatchObject({ name: 'AuthenticationError', isOutcomeUnknown: true })
  server.reply(json(401, cashfulError(401, 'expired')))
  expect(await failure(write())).toMatchObject({ isOutcomeUnknown: false })
})

describe('an abort', () => {
  test('ends the attempt with the signal’s reason', async () => {
    server.reply(silence)
    const controller = new AbortController()
    const call = read({ signal: controller.signal })
    setTimeout(() => controller.abort(new Error('the user left')), 50)
    await expect(call).rejects.toThrow('the user left')
  })

  test('of a write that is not repeated gives the signal’s reason too', async () => {
    server.reply(silence)
    const call = vendor.transfers.create(money, { signal: AbortSignal.timeout(50) })
    await expect(call).rejects.toBeInstanceOf(DOMException)
  })

  test('ends the pause', async () => {
    server.reply(json(503, cashfulError(503, 'busy'), { 'retry-after': '20' }))
    await expect(read({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(server.requests).toHaveLength(1)
  })

  test('before the call sends nothing', async () => {
    server.reply(json(200, customer))
    await expect(read({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    expect(server.requests).toEqual([])
  })
})

describe('a refusal is told', () => {
  test.each([
    [400, ValidationError],
    [401, AuthenticationError],
    [402, PaymentRefusedError],
    [403, PermissionError],
    [404, NotFoundError],
    [409, ConflictError],
    [422, ValidationError],
    [429, RateLimitError],
    [500, ServerError],
  ])('by its class: %i', async (status, expected) => {
    server.reply(json(status, cashfulError(status, 'Because.'), { 'x-request-id': 'req-7' }))
    const error = await failure(read({ maxRetries: 0 }))
    expect(error).toBeInstanceOf(expected)
    expect(error).toMatchObject({
      status,
      message: 'Because.',
      requestId: 'req-7',
      operation: 'GET /api/canary/customers/{}',
      body: cashfulError(status, 'Because.'),
    })
  })

  test('with the members at fault, in Cashful’s words', async () => {
    server.reply(
      json(400, cashfulError(400, 'email must be a valid email, not "x"', 'phoneNumber is required', 'Sorry')),
    )
    const error = (await failure(write())) as ValidationError
    expect(error.fields).toEqual([
      { field: 'email', message: 'email must be a valid email, not "x"' },
      { field: 'phoneNumber', message: 'phoneNumber is required' },
    ])
  })

  test.each([
    ['"metadata" must be of type object', 'metadata'],
    ['Please enter a valid `bvn`', 'bvn'],
    ['Email Address is required', 'email'],
  ])('with the member at fault, in Paystack’s words: %s', async (message, field) => {
    const paystack = new PaystackClient({ baseUrl: server.baseUrl, secretKey: 's', ...fast })
    const body = { status: false, message, meta: { nextStep: 'x' }, type: 'validation_error', code: 'missing_params' }
    server.reply(json(400, body))
    const error = (await failure(paystack.customers.create({ email: 'x' }))) as ValidationError
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({ code: 'missing_params', fields: [{ field, message }] })
  })

  test('with the member at fault, in Mteja’s words', async () => {
    const mteja = new MtejaClient({ baseUrl: server.baseUrl, token: 't', ...fast })
    server.reply(json(400, { error: { code: 'invalid_request', message: 'No.', field: 'amount' } }))
    const error = (await failure(mteja.holds.retrieve('x'))) as ValidationError
    expect(error).toMatchObject({ code: 'invalid_request', fields: [{ field: 'amount', message: 'No.' }] })
  })

  test('for want of money apart from other refused payments', async () => {
    server.reply(json(402, cashfulError(402, 'The customer of this operation is denied')))
    const denied = await failure(write())
    expect(denied).toBeInstanceOf(PaymentRefusedError)
    expect(denied).not.toBeInstanceOf(InsufficientFundsError)
    server.reply(json(402, cashfulError(402, 'The available balance of "CUS_x" does not cover the amount')))
    expect(await failure(write())).toBeInstanceOf(InsufficientFundsError)
  })
})

describe('an answer that is not what was promised is an UnexpectedResponseError', () => {
  const { id: _id, ...withoutId } = customer
  test.each<[string, Reply, string]>([
    ['a page of HTML', text(200, '<h1>It works!</h1>'), 'the answer is no JSON'],
    ['nothing', text(200, ''), 'the answer is no JSON'],
    ['204', (response) => response.writeHead(204).end(), 'the answer is no JSON'],
    ['JSON that is cut', text(200, '{"id":', 'application/json'), 'the answer is no JSON'],
    ['null', json(200, null), 'the answer is null, not an object'],
    ['a list', json(200, [customer]), 'the answer is a list, not an object'],
    ['a member missing', json(200, withoutId), 'id is missing, not text'],
    ['a member of another kind', json(200, { ...customer, id: 7 }), 'id is number, not text'],
    ['a redirect', text(302, '', 'text/plain', { location: '/elsewhere' }), 'redirects are not followed'],
    ['a 404 of another program', text(404, 'Cannot GET /'), 'is the base URL right?'],
  ])('%s', async (_name, reply, fault) => {
    server.reply(reply)
    const error = await failure(read())
    expect(error).toBeInstanceOf(UnexpectedResponseError)
    expect(error.message).toContain(fault)
    expect(server.requests).toHaveLength(1)
  })

  test.each([0.5, '250', 2 ** 53, null])('an amount of %j', async (amount) => {
    server.reply(json(201, { ...transfer, amount }))
    const error = await failure(write())
    expect(error.message).toMatch(/amount is (number|string|null), not a whole number/)
    expect(error.isOutcomeUnknown).toBe(true)
  })

  test('a 200 of Paystack’s that says it failed, with its words', async () => {
    const paystack = new PaystackClient({ baseUrl: server.baseUrl, secretKey: 's', ...fast })
    server.reply(json(200, { status: false, message: 'Something is off' }))
    const error = await failure(paystack.customers.fetch('x'))
    expect(error).toBeInstanceOf(UnexpectedResponseError)
    expect(error.message).toContain('status is false, not true: Something is off')
  })

  test('a file of another kind', async () => {
    const mteja = new MtejaClient({ baseUrl: server.baseUrl, token: 't', ...fast })
    server.reply(text(200, '<h1>Sign in</h1>'))
    const call = mteja.customers.statementFile('x', { from: '2026-01-01', to: '2026-02-01', format: 'csv' })
    expect((await failure(call)).message).toContain('the answer is no text/csv')
  })

  test('a list whose item is no such thing', async () => {
    const pagination = { limit: 50, offset: 0, total: 2, hasMore: false }
    server.reply(json(200, { data: [customer, { ...customer, metadata: 'x' }], pagination }))
    const error = await failure(client.customers.list().page())
    expect(error.message).toContain('data.1.metadata is string, not an object')
  })

  test('but any 2xx with the promised shape will do', async () => {
    server.reply(json(200, transfer))
    expect(await write()).toEqual(transfer)
  })
})

describe('an answer that is read as it comes', () => {
  const progress = (done: number) => JSON.stringify({ progress: { done, total: 9 } })
  const result = { isSound: false, wrong: 'ledger account 7' }
  const lines = 'application/x-ndjson'
  const verify = (options?: CallOptions, onProgress?: (progress: { done: number }) => void) =>
    new MtejaClient({ baseUrl: server.baseUrl, token: 't', ...fast }).ledger.verify(onProgress, options)

  test('is given line by line, wherever its parts are cut', async () => {
    const whole = Buffer.from(
      [progress(1), progress(5), JSON.stringify({ result: { ...result, wrong: 'é' } }), ''].join('\n'),
    )
    server.reply((response) => {
      response.writeHead(200, { 'content-type': lines })
      const send = (at: number) => {
        if (at === whole.length) return response.end()
        response.write(whole.subarray(at, at + 1))
        setImmediate(send, at + 1)
      }
      send(0)
    })
    const seen: number[] = []
    expect(await verify({}, ({ done }) => seen.push(done))).toEqual({ ...result, wrong: 'é' })
    expect(seen).toEqual([1, 5])
  })

  test('may take longer than one attempt, and is aborted by the signal', async () => {
    server.reply(linesWithoutEnd(progress(1)))
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 150)
    await expect(verify({ timeoutMs: 20, signal: controller.signal })).rejects.toThrow('enough')
    expect(server.requests).toHaveLength(1)
  })

  test('that ends before its end is no result', async () => {
    server.reply(text(200, `${progress(1)}\n`, lines))
    expect(await failure(verify())).toBeInstanceOf(ConnectionError)
    server.reply((response, request) => {
      linesWithoutEnd(progress(1))(response, request)
      setTimeout(() => response.socket?.destroy(), 20)
    })
    expect((await failure(verify())).message).toBe('GET /v1/ledger/verification ended before its end')
  })

  test('is asked for again where it does not begin, and is refused as any other', async () => {
    server.reply(text(503, 'starting'), text(200, `${JSON.stringify({ result })}\n`, lines))
    expect(await verify()).toEqual(result)
    server.reply(json(401, { error: { code: 'unauthorized', message: 'No' } }))
    expect(await failure(verify())).toBeInstanceOf(AuthenticationError)
    server.reply(text(200, '<h1>Sign in</h1>'))
    expect((await failure(verify())).message).toContain('the answer is no application/x-ndjson')
  })

  test('does not hide what the caller’s own function throws', async () => {
    server.reply(linesWithoutEnd(progress(1)))
    const call = verify({}, () => {
      throw new RangeError('mine')
    })
    await expect(call).rejects.toThrow(RangeError)
  })
})

describe('the logger', () => {
  test('is told of each attempt, without secrets and personal data', async () => {
    const events: LogEvent[] = []
    server.reply(
      json(503, cashfulError(503, 'busy')),
      json(201, customer, { 'x-request-id': 'req-1', 'idempotent-replayed': 'true' }),
    )
    const body = {
      phoneNumber: '+27821234567',
      email: 'john.doe@example.com',
      name: 'John Doe',
      metadata: { pin: '1234', status: 'widowed' },
    }
    await client.customers.create(body, { logger: (event) => events.push(event), idempotencyKey: 'k' })
    expect(events.map(({ type, attempt, status }) => [type, attempt, status])).toEqual([
      ['request', 1, undefined],
      ['answer', 1, 503],
      ['retry', 1, undefined],
      ['request', 2, undefined],
      ['answer', 2, 201],
    ])
    expect(events.at(-1)).toMatchObject({ requestId: 'req-1', isReplayed: true, idempotencyKey: 'k' })
    expect(JSON.stringify(events)).not.toMatch(/2782|john|Doe|1234|widowed|sk_test/i)
  })

  test('that throws does not make a done write look as if it had failed', async () => {
    server.reply(json(201, transfer))
    const logger = () => {
      throw new Error('disk full')
    }
    expect(await write({ logger })).toEqual(transfer)
  })

  test('masks what a query names', async () => {
    const events: LogEvent[] = []
    server.reply(json(200, { data: [], pagination: { limit: 5, offset: 0, total: 0, hasMore: false } }))
    await client.customers.list({ email: 'a@b.co', limit: 5 }, { logger: (event) => events.push(event) }).page()
    expect(events[0]?.query).toEqual({ email: '[masked]', limit: 5 })
  })
})
