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
/** The same client for a server that ignores idempotency keys, as the vendors do. */
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

/** The error with which the call rejects. */
async function failure(call: Promise<unknown>): Promise<MtejaError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(MtejaError)
  return error as MtejaError
}

describe('a request', () => {
  test('a request carries the token, the accepted type and the JSON of its body', async () => {
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

  test('a request without a body has no content type', async () => {
    server.reply(json(200, customer))
    await read()
    expect(server.requests[0]?.headers['content-type']).toBeUndefined()
  })

  test('a request escapes the values in its address', async () => {
    server.reply(
      json(200, { status: true, message: 'Customer retrieved', data: { ...paystackCustomer, authorizations: [] } }),
    )
    const paystack = new PaystackClient({ baseUrl: `${server.baseUrl}/behind/`, secretKey: 'sk_test_1' })
    await paystack.customers.fetch('ada+1@example.com')
    expect(server.requests[0]?.url).toBe('/behind/customer/ada%2B1%40example.com')
  })

  test.each(['', '.', '..'])('a request for the id %j is not sent, because its address would be another one', (id) => {
    server.reply(json(200, customer))
    expect(() => client.customers.retrieve(id)).toThrow(TypeError)
    expect(server.requests).toEqual([])
  })

  test('a request sends an amount given as a bigint as a whole number', async () => {
    server.reply(json(201, transfer))
    await client.transfers.create({ ...money, amount: 9_007_199_254_740_991n })
    expect(server.requests[0]?.body).toContain('"amount":9007199254740991,')
  })

  test.each([49.5, Number.NaN, 2 ** 53])('a request with the amount %s is not sent', (amount) => {
    expect(() => client.transfers.create({ ...money, amount })).toThrow(RangeError)
  })

  test('a request with an amount larger than a JSON number can carry is not sent', async () => {
    await expect(client.transfers.create({ ...money, amount: 2n ** 53n })).rejects.toThrow(RangeError)
  })

  test('a request calls the token function before each attempt', async () => {
    const tokens = ['old', 'new']
    const rotating = new CashfulClient({ baseUrl: server.baseUrl, token: async () => tokens.shift() ?? '', ...fast })
    server.reply(json(503, cashfulError(503, 'busy')), json(200, customer))
    await rotating.customers.retrieve('x')
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new'])
  })

  test('a request leaves undefined parameters out of the query', async () => {
    server.reply(json(200, { data: [], pagination: { limit: 5, offset: 0, total: 0, hasMore: false } }))
    await client.customers.list({ limit: 5, email: undefined, search: 'a b&c' }).page()
    expect(server.requests[0]?.url).toBe('/api/canary/customers?limit=5&search=a+b%26c')
  })

  test('a request goes through the fetch function that was given', async () => {
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
  test('an idempotency key is new for each write and the same for the write’s retries', async () => {
    server.reply(reset, json(201, transfer))
    await write()
    await write()
    const keys = server.requests.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
  })

  test('the caller’s idempotency key is sent where one is given', async () => {
    server.reply(json(201, transfer))
    await write({ idempotencyKey: 'order-42' })
    expect(server.requests[0]?.headers['idempotency-key']).toBe('order-42')
  })

  test('no idempotency key is made for a read', async () => {
    server.reply(json(200, customer))
    await read()
    expect(server.requests[0]?.headers).not.toHaveProperty('idempotency-key')
  })

  test.each([
    ['https://api.cashful.africa', false],
    ['https://sandbox.api.cashful.africa', false],
    ['https://notcashful.africa', true],
    ['http://localhost:9000', true],
  ])('whether an idempotency key is sent to %s: %s', async (baseUrl, isSent) => {
    let headers = new Headers()
    const fetch = async (_url: string, init: RequestInit) => {
      headers = new Headers(init.headers)
      return Response.json(transfer, { status: 201 })
    }
    await new CashfulClient({ baseUrl, token: 't', fetch }).transfers.create(money)
    expect(headers.has('idempotency-key')).toBe(isSent)
  })
})

describe('retries of a call', () => {
  const failures: [name: string, reply: Reply][] = [
    ['a reset connection', reset],
    ['a body that ends early', partial],
    ['429', json(429, cashfulError(429, 'slow down'))],
    ['500', json(500, cashfulError(500, 'oh'))],
    ['502 of a proxy', text(502, '<h1>Bad Gateway</h1>')],
    ['503', json(503, cashfulError(503, 'busy'))],
    ['408', text(408, '')],
  ]

  test.each(failures)('a read is retried after %s', async (_name, reply) => {
    server.reply(reply, reply, json(200, customer))
    expect(await read()).toEqual(customer)
    expect(server.requests).toHaveLength(3)
  })

  test.each(failures)(
    'after %s a write to a server that honours keys is retried, byte for byte',
    async (_name, reply) => {
      server.reply(reply, json(201, transfer))
      expect(await write()).toEqual(transfer)
      const [first, second] = server.requests
      expect(second).toEqual(first)
    },
  )

  test.each([silence, endless])('a read without a whole answer in time is retried', async (reply) => {
    server.reply(reply, json(200, customer))
    expect(await read({ timeoutMs: 100 })).toEqual(customer)
  })

  test('a call is retried at most maxRetries times', async () => {
    server.reply(json(500, cashfulError(500, 'oh')))
    const error = await failure(read({ maxRetries: 2 }))
    expect(error).toBeInstanceOf(ServerError)
    expect(error).toMatchObject({ attempts: 3, message: 'oh' })
    expect(server.requests).toHaveLength(3)
  })

  test('a call is not retried sooner than the server asks', async () => {
    server.reply(json(429, cashfulError(429, 'slow down'), { 'retry-after': '0.2' }), json(200, customer))
    const startedAt = performance.now()
    await read()
    expect(performance.now() - startedAt).toBeGreaterThan(190)
  })

  test('a call is not retried when the server asks for a pause longer than the deadline', async () => {
    server.reply(json(429, cashfulError(429, 'slow down'), { 'retry-after': '3600' }))
    const error = await failure(read())
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error.retryAfterMs).toBe(3_600_000)
    expect(server.requests).toHaveLength(1)
  })

  test('a call is retried until its deadline, however many attempts that takes', async () => {
    server.reply(silence)
    const startedAt = performance.now()
    const error = await failure(read({ timeoutMs: 60, deadlineMs: 200, maxRetries: 100 }))
    expect(error).toBeInstanceOf(TimeoutError)
    // A hundred attempts take more than six seconds.
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  test.each([400, 401, 402, 403, 404, 409, 413, 422, 501])('a call is never retried after %i', async (status) => {
    server.reply(json(status, cashfulError(status, 'no')))
    await failure(read())
    expect(server.requests).toHaveLength(1)
  })
})

describe('a write to a vendor that does not honour keys', () => {
  test.each<[string, Reply]>([
    ['a reset connection', reset],
    ['a body that ends early', partial],
    ['500', json(500, cashfulError(500, 'oh'))],
    ['503', json(503, cashfulError(503, 'busy'))],
    ['silence', silence],
  ])(
    'a write without a key is not retried after %s, and its error says that the outcome is unknown',
    async (_name, reply) => {
      server.reply(reply)
      const error = await failure(vendor.transfers.create(money, { timeoutMs: 200 }))
      expect(error).toMatchObject({ isOutcomeUnknown: true, attempts: 1 })
      expect(server.requests).toHaveLength(1)
      expect(server.requests[0]?.headers).not.toHaveProperty('idempotency-key')
    },
  )

  test('a write without a key is retried after 429, because 429 refused it', async () => {
    server.reply(json(429, cashfulError(429, 'slow down')), json(201, transfer))
    expect(await vendor.transfers.create(money)).toEqual(transfer)
  })

  test('a write without a key is retried while the server cannot be reached, and its error says that it was not done', async () => {
    const gone = await openScriptedServer()
    await gone.close()
    const nowhere = new CashfulClient({ baseUrl: gone.baseUrl, token: 't', idempotency: false, ...fast })
    const error = await failure(nowhere.transfers.create(money))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ isOutcomeUnknown: false, wasSent: false, attempts: 7 })
  })

  test('a refused write without a key has a known outcome', async () => {
    server.reply(json(402, cashfulError(402, 'Insufficient balance')))
    const error = await failure(vendor.transfers.create(money))
    expect(error).toBeInstanceOf(InsufficientFundsError)
    expect(error.isOutcomeUnknown).toBe(false)
  })
})

test('a write that may have been done stays in doubt when a later attempt gets 401', async () => {
  server.reply(reset, json(401, cashfulError(401, 'expired')))
  expect(await failure(write())).toMatchObject({ name: 'AuthenticationError', isOutcomeUnknown: true })
  server.reply(json(401, cashfulError(401, 'expired')))
  expect(await failure(write())).toMatchObject({ isOutcomeUnknown: false })
})

describe('an abort', () => {
  test('an abort ends the attempt with the signal’s reason', async () => {
    server.reply(silence)
    const controller = new AbortController()
    const call = read({ signal: controller.signal })
    setTimeout(() => controller.abort(new Error('the user left')), 50)
    await expect(call).rejects.toThrow('the user left')
  })

  test('an abort ends a write that is not retried with the signal’s reason', async () => {
    server.reply(silence)
    const call = vendor.transfers.create(money, { signal: AbortSignal.timeout(50) })
    await expect(call).rejects.toBeInstanceOf(DOMException)
  })

  test('an abort ends the pause before a retry', async () => {
    server.reply(json(503, cashfulError(503, 'busy'), { 'retry-after': '20' }))
    await expect(read({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(server.requests).toHaveLength(1)
  })

  test('a call whose signal is already aborted sends nothing', async () => {
    server.reply(json(200, customer))
    await expect(read({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    expect(server.requests).toEqual([])
  })
})

describe('the error of a refusal', () => {
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
  ])('the status decides the class of the error: %i', async (status, expected) => {
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

  test('a Cashful error names the members at fault', async () => {
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
  ])('a Paystack error names the member at fault: %s', async (message, field) => {
    const paystack = new PaystackClient({ baseUrl: server.baseUrl, secretKey: 's', ...fast })
    const body = { status: false, message, meta: { nextStep: 'x' }, type: 'validation_error', code: 'missing_params' }
    server.reply(json(400, body))
    const error = (await failure(paystack.customers.create({ email: 'x' }))) as ValidationError
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({ code: 'missing_params', fields: [{ field, message }] })
  })

  test('a Mteja error names the member at fault', async () => {
    const mteja = new MtejaClient({ baseUrl: server.baseUrl, token: 't', ...fast })
    server.reply(json(400, { error: { code: 'invalid_request', message: 'No.', field: 'amount' } }))
    const error = (await failure(mteja.holds.retrieve('x'))) as ValidationError
    expect(error).toMatchObject({ code: 'invalid_request', fields: [{ field: 'amount', message: 'No.' }] })
  })

  test('an error for lack of money differs from other refused payments', async () => {
    server.reply(json(402, cashfulError(402, 'The customer of this operation is denied')))
    const denied = await failure(write())
    expect(denied).toBeInstanceOf(PaymentRefusedError)
    expect(denied).not.toBeInstanceOf(InsufficientFundsError)
    server.reply(json(402, cashfulError(402, 'The available balance of "CUS_x" does not cover the amount')))
    expect(await failure(write())).toBeInstanceOf(InsufficientFundsError)
  })
})

describe('an answer of another shape than promised', () => {
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
  ])('an answer of another shape than promised is an UnexpectedResponseError: %s', async (_name, reply, fault) => {
    server.reply(reply)
    const error = await failure(read())
    expect(error).toBeInstanceOf(UnexpectedResponseError)
    expect(error.message).toContain(fault)
    expect(server.requests).toHaveLength(1)
  })

  test.each([0.5, '250', 2 ** 53, null])(
    'an answer with the amount %j is an UnexpectedResponseError',
    async (amount) => {
      server.reply(json(201, { ...transfer, amount }))
      const error = await failure(write())
      expect(error.message).toMatch(/amount is (number|string|null), not a whole number/)
      expect(error.isOutcomeUnknown).toBe(true)
    },
  )

  test('a 200 of Paystack’s with status false is an UnexpectedResponseError with Paystack’s message', async () => {
    const paystack = new PaystackClient({ baseUrl: server.baseUrl, secretKey: 's', ...fast })
    server.reply(json(200, { status: false, message: 'Something is off' }))
    const error = await failure(paystack.customers.fetch('x'))
    expect(error).toBeInstanceOf(UnexpectedResponseError)
    expect(error.message).toContain('status is false, not true: Something is off')
  })

  test('a file of another type than asked for is refused', async () => {
    const mteja = new MtejaClient({ baseUrl: server.baseUrl, token: 't', ...fast })
    server.reply(text(200, '<h1>Sign in</h1>'))
    const call = mteja.customers.statementFile('x', { from: '2026-01-01', to: '2026-02-01', format: 'csv' })
    expect((await failure(call)).message).toContain('the answer is no text/csv')
  })

  test('a list with an item of another shape is an UnexpectedResponseError', async () => {
    const pagination = { limit: 50, offset: 0, total: 2, hasMore: false }
    server.reply(json(200, { data: [customer, { ...customer, metadata: 'x' }], pagination }))
    const error = await failure(client.customers.list().page())
    expect(error.message).toContain('data.1.metadata is string, not an object')
  })

  test('any 2xx with the promised shape is accepted', async () => {
    server.reply(json(200, transfer))
    expect(await write()).toEqual(transfer)
  })
})

describe('an answer that is read while it arrives', () => {
  const progress = (done: number) => JSON.stringify({ progress: { done, total: 9 } })
  const result = { isSound: false, wrong: 'ledger account 7' }
  const lines = 'application/x-ndjson'
  const verify = (options?: CallOptions, onProgress?: (progress: { done: number }) => void) =>
    new MtejaClient({ baseUrl: server.baseUrl, token: 't', ...fast }).ledger.verify(onProgress, options)

  test('a streamed answer is given line by line, wherever its packets are cut', async () => {
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

  test('a streamed answer may take longer than one attempt, and the signal aborts it', async () => {
    server.reply(linesWithoutEnd(progress(1)))
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 150)
    await expect(verify({ timeoutMs: 20, signal: controller.signal })).rejects.toThrow('enough')
    expect(server.requests).toHaveLength(1)
  })

  test('a streamed answer that breaks off gives no result', async () => {
    server.reply(text(200, `${progress(1)}\n`, lines))
    expect(await failure(verify())).toBeInstanceOf(ConnectionError)
    server.reply((response, request) => {
      linesWithoutEnd(progress(1))(response, request)
      setTimeout(() => response.socket?.destroy(), 20)
    })
    expect((await failure(verify())).message).toBe('GET /v1/ledger/verification ended before its end')
  })

  test('a streamed answer is retried when it does not begin, and refused as any other answer', async () => {
    server.reply(text(503, 'starting'), text(200, `${JSON.stringify({ result })}\n`, lines))
    expect(await verify()).toEqual(result)
    server.reply(json(401, { error: { code: 'unauthorized', message: 'No' } }))
    expect(await failure(verify())).toBeInstanceOf(AuthenticationError)
    server.reply(text(200, '<h1>Sign in</h1>'))
    expect((await failure(verify())).message).toContain('the answer is no application/x-ndjson')
  })

  test('an error thrown by the caller’s own progress function reaches the caller', async () => {
    server.reply(linesWithoutEnd(progress(1)))
    const call = verify({}, () => {
      throw new RangeError('mine')
    })
    await expect(call).rejects.toThrow(RangeError)
  })
})

describe('the logger', () => {
  test('the logger gets each attempt without secrets and personal data', async () => {
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

  test('a logger that throws does not make a successful write look failed', async () => {
    server.reply(json(201, transfer))
    const logger = () => {
      throw new Error('disk full')
    }
    expect(await write({ logger })).toEqual(transfer)
  })

  test('the logger gets the query with personal data masked', async () => {
    const events: LogEvent[] = []
    server.reply(json(200, { data: [], pagination: { limit: 5, offset: 0, total: 0, hasMore: false } }))
    await client.customers.list({ email: 'a@b.co', limit: 5 }, { logger: (event) => events.push(event) }).page()
    expect(events[0]?.query).toEqual({ email: '[masked]', limit: 5 })
  })
})
