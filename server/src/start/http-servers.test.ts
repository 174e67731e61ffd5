import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import net from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openTestApi, type TestApi } from '../../test/api.ts'
import { createTestTenant } from '../../test/service.ts'
import type { Sql } from '../db/sql.ts'
import type { AppOptions } from './app.ts'
import { allowedConnections, HttpServers } from './http-servers.ts'

const limits = { requestTimeoutMs: 500, maxConnections: 40 }

let api: TestApi
beforeAll(async () => {
  api = await openTestApi({ limits })
})
afterAll(() => api.close())

/** The application on a port of its own, with the database of the others. */
async function listen(options: AppOptions = {}) {
  const { app } = await api.openAnother({ limits, ...options })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: Number(new URL(app.listeningOrigin).port) }
}

/** Expects two seconds at most on a machine that has time. All other limits of time that would close a connection are a minute. */
async function closesSoon(close: () => Promise<unknown>): Promise<void> {
  const begunAt = performance.now()
  await close()
  expect(performance.now() - begunAt).toBeLessThan(20_000)
}

/** A connection, and everything that has arrived over it. */
class Caller {
  readonly socket: net.Socket
  readonly closed: Promise<unknown>
  received = ''

  constructor(port: number, localAddress = '127.0.0.1') {
    this.socket = net.connect({ port, host: '127.0.0.1', localAddress })
    this.socket.setEncoding('utf8')
    this.socket
      .on('error', () => undefined)
      .on('data', (text) => {
        this.received += text
      })
    this.closed = new Promise((resolve) => this.socket.once('close', resolve))
  }

  send(text: string): this {
    this.socket.write(text)
    return this
  }

  async untilReceived(text: string): Promise<void> {
    await vi.waitFor(() => expect(this.received).toContain(text), { timeout: 60_000 })
  }

  /** Sends a byte again and again, until the connection is closed. */
  async drip(byte: string): Promise<void> {
    while (!this.socket.destroyed) {
      this.socket.write(byte)
      await sleep(50)
    }
  }
}

const post = (path: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'host: x', 'content-type: application/json', ...headers, '', ''].join('\r\n')
const get = (path: string, ...headers: string[]) => [`GET ${path} HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n')
const newSession = { mode: 'payment', totalAmount: 500, currency: 'ZAR' }
const bearerOfNobody = 'authorization: Bearer sk_test_nobody'
const bearer = () => `authorization: Bearer ${api.tenant.secret}`

describe('many requests over one connection', () => {
  /** Files that this process holds open. */
  const openFiles = () => readdirSync('/proc/self/fd').length
  const times = (count: number, text: string) => Array(count).fill(text).join('')
  const patient = { limits: { requestTimeoutMs: 60_000, maxConnections: 40 } }

  test('all are answered in their order, however many are sent before the first answer is read', async () => {
    const { app, port } = await listen()
    const caller = new Caller(port)
    const numbers = Array.from({ length: 200 }, (_, i) => i)
    caller.send(numbers.map((i) => get('/customer/none@example.com', bearer(), `x-request-id: number-${i}`)).join(''))
    await caller.untilReceived('x-request-id: number-199')
    expect([...caller.received.matchAll(/number-(\d+)/g)].map(([, number]) => Number(number))).toEqual(numbers)
    caller.socket.destroy()
    await app.close()
  })

  test.each(['/docs/static/swagger-ui-bundle.js', '/docs/mteja.json', '/docs/static/../static/swagger-ui.css'])(
    'a caller who asks for %s again and again and reads nothing takes neither files nor memory nor time from others',
    async (path) => {
      const { app, port } = await listen(patient)
      const reader = new Caller(port)
      reader.send(get(path, 'connection: close'))
      await reader.closed
      const before = openFiles()
      const memory = process.memoryUsage().rss
      const callers = Array.from({ length: 8 }, () => new Caller(port))
      for (const { socket } of callers) socket.pause()
      for (const caller of callers) caller.send(times(250, get(path)))
      for (let looks = 0; looks < 20; looks++) {
        await sleep(50)
        // Two ends of each connection are here.
        expect(openFiles()).toBeLessThan(before + 2 * callers.length + 20)
      }
      expect(process.memoryUsage().rss - memory).toBeLessThan(200 * 1024 * 1024)
      const other = new Caller(port)
      other.send(get('/healthz', 'connection: close'))
      await other.untilReceived('200 OK')
      for (const { socket } of callers) socket.destroy()
      await app.close()
    },
  )

  test.each(['/v1/customers', '/nowhere', '/healthz'])(
    'the call of another is answered between many requests for %s, each of which is answered at once',
    async (path) => {
      const { app, port } = await listen(patient)
      const [many, other] = [new Caller(port), new Caller(port)]
      await Promise.all([many, other].map(({ socket }) => once(socket, 'connect')))
      const countOf = ({ received }: Caller) => received.match(/HTTP\/1\.1 \d/g)?.length ?? 0
      const answered = once(other.socket, 'data').then(() => countOf(many))
      many.send(times(200, get(path)))
      other.send(get('/healthz'))
      expect(await answered).toBeLessThan(50)
      await vi.waitFor(() => expect(countOf(many)).toBe(200), 60_000)
      for (const { socket } of [many, other]) socket.destroy()
      await app.close()
    },
  )

  test('nothing more is done for a caller who has gone', async () => {
    const { app, port } = await listen(patient)
    const reads = vi.spyOn(api.service.db, 'query')
    for (let round = 0; round < 5; round++) {
      const caller = new Caller(port)
      caller.send(times(250, get('/v1/customers', bearer())))
      await once(caller.socket, 'data')
      caller.socket.destroy()
    }
    const other = new Caller(port)
    other.send(get('/v1/customers', bearer(), 'connection: close'))
    await other.closed
    await sleep(200)
    expect(reads.mock.calls.length).toBeLessThan(300)
    reads.mockRestore()
    await app.close()
  })

  test('while many calls are at work whose callers have gone, more of the merchant are refused, and none of another', async () => {
    const { app, port } = await listen(patient)
    const other = await createTestTenant(api.service)
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const real = api.service.db.query.bind(api.service.db)
    let begun = 0
    const slow = vi.spyOn(api.service.db, 'query').mockImplementation((async (statement: Sql) => {
      begun += 1
      await held
      return real(statement)
    }) as typeof real)
    for (let count = 1; count <= 32; count++) {
      const caller = new Caller(port).send(get('/v1/customers', bearer()))
      await vi.waitFor(() => expect(begun).toBe(count), 60_000)
      caller.socket.destroy()
    }
    const ask = (secret: string) => app.inject({ url: '/v1/customers', headers: { authorization: `Bearer ${secret}` } })
    await vi.waitFor(async () => {
      const refused = ask(api.tenant.secret)
      expect(await Promise.race([refused.then(({ statusCode }) => statusCode), sleep(1000)])).toBe(503)
      expect((await refused).json().error.message).toContain('whose callers have gone are still at work')
    }, 60_000)
    const others = ask(other.secret)
    goOn()
    expect((await others).statusCode).toBe(200)
    slow.mockRestore()
    await vi.waitFor(async () => expect((await ask(api.tenant.secret)).statusCode).toBe(200), 60_000)
    await app.close()
  })

  test('a connection is closed that asks for more than any client does before it reads', async () => {
    const { app, port } = await listen(patient)
    const caller = new Caller(port)
    caller.socket.pause()
    caller.send(times(2000, get('/docs/mteja.json')))
    caller.socket.resume()
    await caller.closed
    await app.close()
  })
})

describe('bytes that are no request, after a request', () => {
  const body = (reference: string) => JSON.stringify({ amount: 100, currency: 'ZAR', source: 'cash', reference })

  test.each([
    ['another method', 'FOO /x HTTP/1.1\r\n\r\n'],
    ['a part of a body', '}'],
    ['a NUL', '\0'],
    ['TLS', '\x16\x03\x01'],
    ['headers that are none', 'GET /v1/customers HTTP/1.1\r\nno header\r\n\r\n'],
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a broken body in pieces', `${post('/v1/holds', 'transfer-encoding: chunked', bearerOfNobody)}zz\r\n`],
    ['a broken body in pieces of a known caller', 'known'],
    ['headers that are too large', `GET /v1/customers HTTP/1.1\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('the request is answered first, whatever follows at once or later: %s', async (name, garbage) => {
    const { app, port } = await listen({ limits: { requestTimeoutMs: 60_000, maxConnections: 40 } })
    if (garbage === 'known') garbage = `${post('/v1/holds', bearer(), 'transfer-encoding: chunked')}zz\r\n`
    for (const pauseMs of [0, 1, 5, 20]) {
      const given = body(`${name} ${pauseMs}`)
      const caller = new Caller(port)
      const ask = (id: string) =>
        post('/v1/pay-ins', bearer(), `x-request-id: ${id}`, `content-length: ${given.length}`) + given
      const asked = ask('first') + ask('second')
      if (pauseMs === 0) caller.send(asked + garbage)
      else {
        caller.send(asked)
        await sleep(pauseMs)
        caller.send(garbage)
      }
      await vi.waitFor(() => expect(caller.received.match(/HTTP\/1.1 \d+/g)).toHaveLength(3), 60_000)
      const answers = caller.received.split(/(?=HTTP\/1.1)/)
      expect(answers.map((text) => text.slice(9, 12))).toEqual(['201', '201', name.includes('large') ? '431' : '400'])
      expect(answers.map((text) => /x-request-id: (\S+)/.exec(text)?.[1])).toEqual([
        'first',
        'second',
        expect.stringMatching(/^.{36}$/),
      ])
      caller.socket.destroy()
    }
    await app.close()
  })
})

describe('requests that do not arrive', () => {
  test('a body that does not arrive in time is answered by 408 in the envelope of its address, and loses its connection', async () => {
    const { app, port } = await listen()
    const [never, dripping, chunked, cashful] = [
      new Caller(port).send(post('/customer', bearer(), 'content-length: 1000')),
      new Caller(port).send(post('/v1/holds', bearer(), 'content-length: 1000')),
      new Caller(port).send(post('/v1/holds', bearer(), 'transfer-encoding: chunked')),
      new Caller(port).send(post('/api/canary/customers', bearer(), 'content-length: 1000')),
    ] as const
    void dripping.drip(' ')
    void chunked.drip('1\r\n \r\n')
    await Promise.all([never, dripping, chunked, cashful].map(({ closed }) => closed))
    for (const { received } of [never, dripping, chunked, cashful]) {
      expect(received).toMatch(/^HTTP\/1.1 408 [\s\S]*connection: close/)
      expect(received).toContain('The request did not arrive in time')
    }
    expect(never.received).toContain('"status":false')
    expect(dripping.received).toContain('"error":{')
    expect(cashful.received).toContain('"statusCode":408')
    await app.close()
  })

  test('without a key no body is waited for at an address of nothing, and elsewhere a short time', async () => {
    const patient = { requestTimeoutMs: 60_000, maxConnections: 400, keylessTimeoutMs: 300 }
    const { app, port } = await listen({ limits: patient, upstreamPaystack: { secretKey: 'sk_test_upstream' } })
    const begin = (path: string, ...headers: string[]) =>
      new Caller(port).send(post(path, ...headers, 'content-length: 1000'))
    const signed = `x-paystack-signature: ${'a'.repeat(128)}`
    const { id } = (await api.call('POST', '/api/canary/checkout/sessions', newSession)).json()
    const nothing = ['/pay/aaaaaaaaaaaaaaa', '/checkout/x', '/authorize/x', '/pay/x', '/checkout/checkout_sess_x'].map(
      (path) => begin(path),
    )
    const unsigned = ['/webhooks/paystack', '/webhooks/paystack/mer_x/test'].map((path) => begin(path))
    const late = [
      begin(`/checkout/${id}`),
      begin('/webhooks/paystack', signed),
      begin('/webhooks/paystack/mer_x/test', signed),
    ]
    const preflight = new Caller(port).send('OPTIONS /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n')
    const large = new Caller(port).send(post(`/checkout/${id}`, 'content-length: 20000'))
    await Promise.all([...nothing, ...unsigned, ...late, preflight, large].map(({ closed }) => closed))
    const statusesOf = (callers: Caller[]) => callers.map(({ received }) => Number(received.split(' ')[1]))
    expect(statusesOf(nothing)).toEqual(nothing.map(() => 404))
    expect(statusesOf(unsigned)).toEqual([401, 401])
    expect(statusesOf(late)).toEqual([408, 408, 408])
    expect(late[0]?.received).toMatch(
      /x-request-id: [0-9a-f-]{36}\r\n[\s\S]*<p>The request did not arrive in time<\/p>/,
    )
    expect(late[0]?.received).toMatch(/content-type: text\/html[\s\S]*content-security-policy: default-src 'none'/)
    expect(statusesOf([preflight, large])).toEqual([405, 413])
    await app.close()
  })

  test('the short time of a body without a key ends with its answer, however it was answered', async () => {
    const limits = { requestTimeoutMs: 60_000, maxConnections: 400, keylessTimeoutMs: 100 }
    const { app } = await listen({ limits, upstreamPaystack: { secretKey: 'sk_test_upstream' } })
    const { id } = (await api.call('POST', '/api/canary/checkout/sessions', newSession)).json()
    let late = 0
    app.server.on('clientError', () => {
      late += 1
    })
    for (const type of ['application/x-www-form-urlencoded', 'application/json', 'text/nothing', 'no type', 'a/b;']) {
      for (const url of [`/checkout/${id}`, '/webhooks/paystack', '/webhooks/paystack/mer_x/test']) {
        const headers = { 'content-type': type, 'x-paystack-signature': 'a'.repeat(128) }
        await app.inject({ method: 'POST', url, headers, payload: '{"a":' })
      }
    }
    await sleep(400)
    expect(late).toBe(0)
    await app.close()
  })

  test('a body without a key may be no larger than a form, also if it says no length', async () => {
    const { id } = (await api.call('POST', '/api/canary/checkout/sessions', newSession)).json()
    const send = (size: number) =>
      api.app.inject({
        method: 'POST',
        url: `/checkout/${id}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' },
        payload: Readable.from([`method=card&number=${'1'.repeat(size)}`]),
      })
    expect((await send(20_000)).statusCode).toBe(413)
    expect((await send(20)).statusCode).toBe(400)
  })

  test('headers that do not arrive, and a connection that says nothing, are closed in time', async () => {
    const { app, port } = await listen()
    const callers = [
      new Caller(port),
      new Caller(port).send('GET /customer HTTP/1.1\r\nhost:'),
      new Caller(port).send('GET /v1/customers HTTP/1.1\r\nhost: x\r\n'),
      new Caller(port).send('GET /authorize/abc HTTP/1.1\r\nhost: x\r\n'),
    ]
    await Promise.all(callers.map(({ closed }) => closed))
    const bodies = ['"status":false', '"error":{', '<p>The request did not arrive in time</p>']
    for (const [i, body] of bodies.entries()) {
      expect(callers[i + 1]?.received).toMatch(/^HTTP\/1.1 408 [\s\S]*x-request-id: [0-9a-f-]{36}\r\n/)
      expect(callers[i + 1]?.received).toContain(body)
    }
    await app.close()
  })

  test('a refusal that comes before the body is sent, and ends the connection unless the body has arrived', async () => {
    const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
    const [without, honest] = [
      new Caller(port).send(post('/customer', 'content-length: 1000')),
      new Caller(port).send(post('/customer', `content-length: ${1024 * 1024}`)),
    ]
    honest.send(' '.repeat(1024 * 1024))
    const others = [
      new Caller(port).send(post('/v1/nothing', 'content-length: 1000')),
      new Caller(port).send(post('/nothing', bearer(), 'transfer-encoding: chunked')),
      new Caller(port).send(post('/customer', bearer(), 'content-encoding: gzip', 'content-length: 1000')),
    ]
    await Promise.all(others.map(({ closed }) => closed))
    expect(others.map(({ received }) => /^HTTP\/1.1 (\d+) [\s\S]*connection: close/i.exec(received)?.[1])).toEqual([
      '404',
      '404',
      '415',
    ])
    await without.closed
    expect(without.received).toMatch(/^HTTP\/1.1 401 [\s\S]*connection: close/i)
    await honest.untilReceived('401')
    expect(honest.received).toMatch(/connection: keep-alive/i)
    honest.send(get('/healthz'))
    await honest.untilReceived('{"status":"ok"}')
    await app.close()
  })
})

test.each([
  ['/customer', '"status":false'],
  ['/api/canary/customers', '"statusCode":'],
  ['/v1/api-keys', '"error":{'],
])(
  'a request to %s without Host, or with an unknown Expect, is refused in the envelope of its address',
  async (path, body) => {
    const { app, port } = await listen()
    const [hostless, expecting] = [
      new Caller(port).send(`GET ${path} HTTP/1.1\r\n${bearer()}\r\n\r\n`),
      new Caller(port).send(post(path, bearer(), 'expect: x', 'content-length: 1000')),
    ]
    await hostless.untilReceived('The request has no Host header')
    expect(hostless.received).toMatch(/^HTTP\/1.1 400 /)
    expect(hostless.received).toContain(body)
    await expecting.closed
    expect(expecting.received).toMatch(/^HTTP\/1.1 417 [\s\S]*connection: close/i)
    expect(expecting.received).toContain(body)
    hostless.socket.destroy()
    await app.close()
  },
)

test.each(['host: y', 'authorization: Bearer other', 'idempotency-key: b', 'content-type: text/plain'])(
  'a request with a second header %s is refused, because whoever reads it before may take the other one',
  async (second) => {
    const { app, port } = await listen()
    const name = second.split(':')[0] as string
    const first = name === 'idempotency-key' ? ['idempotency-key: a'] : []
    const caller = new Caller(port).send(`${post('/v1/holds', bearer(), ...first, second, 'content-length: 2')}{}`)
    await caller.untilReceived(`The header ${name} came twice; send it once`)
    expect(caller.received).toMatch(/^HTTP\/1.1 400 /)
    expect(caller.received).toContain('"error":{"code":"invalid_request"')
    caller.socket.destroy()
    await app.close()
  },
)

describe('too many connections', () => {
  const previous = (callers: Caller[]) => (callers.at(-1) as Caller & { key: string }).key

  /** A caller whose key was accepted over the connection. */
  async function withKey(port: number): Promise<Caller> {
    const caller = new Caller(port).send(get('/customer', bearer()))
    await caller.untilReceived('200 OK')
    return caller
  }

  test('a merchant who holds all connections, whatever is sent over them, keeps out no other merchant', async () => {
    const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
    const other = await createTestTenant(api.service)
    const own = new Caller(port).send(get('/customer', `authorization: Bearer ${other.secret}`))
    await own.untilReceived('200 OK')
    const callers: Caller[] = []
    // One after the other: until its first request a connection has no key.
    while (callers.length < 2 * limits.maxConnections) {
      const caller = await withKey(port)
      if (callers.length % 2 === 0) caller.send(post('/v1/holds', bearer(), 'content-length: 500'))
      callers.push(caller)
    }
    await Promise.all(callers.slice(0, limits.maxConnections).map(({ closed }) => closed))
    own.received = ''
    own.send(get('/customer', `authorization: Bearer ${other.secret}`))
    await own.untilReceived('200 OK')
    for (let i = 0; i < 5; i++) {
      const later = new Caller(port).send(get('/readyz'))
      await later.untilReceived('{"status":"ready"}')
      later.socket.destroy()
    }
    for (const { socket } of [...callers, own]) socket.destroy()
    await app.close()
  })

  test('the connections of a revoked key are no longer the merchant’s: they make room first, and the merchant’s own stay', async () => {
    const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
    const created = await api.call('POST', '/v1/api-keys', { name: 'stolen' })
    const stolen = `authorization: Bearer ${created.json().secret}`
    const own = await withKey(port)
    const thieves: Caller[] = []
    while (thieves.length < limits.maxConnections - 5) {
      const thief = new Caller(port).send(get('/customer', stolen))
      await thief.untilReceived('200 OK')
      thieves.push(thief)
    }
    await api.call('DELETE', `/v1/api-keys/${created.json().id}`)
    for (const thief of thieves) {
      thief.received = ''
      thief.send(get('/customer', stolen))
      await thief.untilReceived('401')
    }
    const later: Caller[] = []
    while (later.length < 10) later.push(await withKey(port))
    await vi.waitFor(() => expect(thieves.filter(({ socket }) => socket.destroyed).length).toBeGreaterThan(5))
    own.received = ''
    own.send(get('/customer', bearer()))
    await own.untilReceived('200 OK')
    for (const { socket } of [...thieves, ...later, own]) socket.destroy()
    await app.close()
  })

  test('a connection over which no credential has come for the time of a request counts as one without, whatever else is sent', async () => {
    const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 1500 } })
    const thieves: Caller[] = []
    while (thieves.length < limits.maxConnections - 1) thieves.push(await withKey(port))
    const sending = setInterval(() => {
      for (const thief of thieves) if (!thief.socket.destroyed) thief.send(get('/healthz'))
    }, 300)
    await sleep(3000)
    const own = [await withKey(port)]
    while (own.length < 10) own.push(await withKey(port))
    clearInterval(sending)
    expect(own.filter(({ socket }) => socket.destroyed)).toEqual([])
    expect(thieves.filter(({ socket }) => socket.destroyed).length).toBeGreaterThan(5)
    for (const { socket } of [...thieves, ...own]) socket.destroy()
    await app.close()
  })

  test('where a call is under way on each connection, another is refused, counted and logged, and later let in', async () => {
    const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
    const failed = vi.spyOn(api.service.failures, 'failed')
    const callers: Caller[] = []
    while (callers.length < limits.maxConnections) {
      const tenant = callers.length % 5 === 0 ? await createTestTenant(api.service) : undefined
      const key = tenant === undefined ? previous(callers) : `authorization: Bearer ${tenant.secret}`
      const caller = Object.assign(new Caller(port), { key }).send(get('/v1/events/stream', key))
      await caller.untilReceived('200 OK')
      callers.push(caller)
    }
    const refused = new Caller(port)
    await refused.closed
    expect(refused.received).toBe('')
    expect(await api.service.meter.render()).toMatch(/^http_connections_refused_total [1-9]/m)
    expect(failed).toHaveBeenCalledWith('connections', { reason: 'all 40 are taken' })
    failed.mockRestore()
    for (const { socket } of callers) socket.destroy()
    await Promise.all(callers.map(({ closed }) => closed))
    const later = new Caller(port).send(get('/healthz'))
    await later.untilReceived('200 OK')
    await app.close()
  })

  test('an address that holds connections without a key keeps out neither others nor its own next call, whatever it sends over them', async () => {
    const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
    const share = limits.maxConnections / 4
    const own = await withKey(port)
    const half = [
      get('/readyz').slice(0, -2),
      post('/pay/aaaaaaaaaaaaaaa', 'content-length: 1000'),
      get('/healthz'),
      '',
    ]
    const silent: Caller[] = []
    for (let i = 0; i < 2 * limits.maxConnections; i += 1) {
      const caller = new Caller(port).send(half[i % half.length] as string)
      await once(caller.socket, 'connect')
      silent.push(caller)
    }
    const ready = new Caller(port).send(get('/readyz'))
    await ready.untilReceived('{"status":"ready"}')
    // The newest are left.
    await Promise.all(silent.slice(0, -share).map(({ closed }) => closed))
    const elsewhere = new Caller(port, '127.0.0.2').send(get('/customer', bearer()))
    await elsewhere.untilReceived('200 OK')
    own.received = ''
    own.send(get('/customer', bearer()))
    await own.untilReceived('200 OK')
    for (const { socket } of [...silent, ready, elsewhere, own]) socket.destroy()
    await app.close()
  })

  test('connections without a key from many addresses that fill the server make room for the next call', async () => {
    const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
    const silent: Caller[] = []
    for (let i = 0; i < limits.maxConnections; i += 1) {
      const caller = new Caller(port, `127.0.1.${1 + (i % 8)}`)
      await once(caller.socket, 'connect')
      silent.push(caller)
    }
    const called = await withKey(port)
    await silent[0]?.closed
    expect(silent.filter(({ socket }) => socket.destroyed)).toHaveLength(1)
    for (const { socket } of [...silent, called]) socket.destroy()
    await app.close()
  })

  test('a proxy that is trusted may hold every connection without a key, and none is closed for another', async () => {
    const { app, port } = await listen({
      limits: { ...limits, requestTimeoutMs: 60_000 },
      trustProxy: ['127.0.0.0/30'],
    })
    const silent = Array.from({ length: limits.maxConnections }, () => new Caller(port))
    await Promise.all(silent.map(({ socket }) => once(socket, 'connect')))
    const refused = new Caller(port)
    await refused.closed
    const outside = new Caller(port, '127.0.0.9')
    await outside.closed
    expect(silent.filter(({ socket }) => socket.destroyed)).toEqual([])
    for (const { socket } of silent) socket.destroy()
    await app.close()
  })

  test('callers may hold fewer connections than the system allows, so that the server can open files', () => {
    expect(allowedConnections(10, 20_000)).toBe(20_000 - 522)
    expect(allowedConnections(10, 1500)).toBe(1500 - 522)
    expect(allowedConnections(10, 256)).toBe(64)
    expect(allowedConnections(10)).toBeGreaterThan(100)
  })
})

describe('a server that closes', () => {
  test('a server that is about to close says so by /readyz, and still answers, on connections that then close', async () => {
    const draining = new AbortController()
    const { app, port } = await listen({ draining: draining.signal })
    const kept = new Caller(port).send(get('/readyz'))
    await kept.untilReceived('{"status":"ready"}')
    draining.abort()
    kept.send(get('/readyz'))
    await kept.closed
    expect(kept.received).toMatch(/503 Service Unavailable[\s\S]*{"status":"closing"}/)
    const later = new Caller(port).send(get('/customer', bearer()))
    await later.closed
    expect(later.received).toMatch(/^HTTP\/1.1 200 OK[\s\S]*connection: close/i)
    await app.close()
  })

  test('a server closes in two seconds, although callers keep connections open and send half of a request', async () => {
    const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
    const idle = Array.from({ length: 10 }, () => new Caller(port).send(get('/customer', bearer())))
    await Promise.all(idle.map((caller) => caller.untilReceived('200 OK')))
    const half = new Caller(port).send(post('/customer', bearer(), 'content-length: 1000'))
    const silent = new Caller(port)
    await once(silent.socket, 'connect')
    // A call that is under way when the server begins to close.
    const { query } = api.service.db
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const slow = vi.spyOn(api.service.db, 'query').mockImplementation(async (statement) => {
      await held
      return query.call(api.service.db, statement) as Promise<never[]>
    })
    const underWay = new Caller(port).send(get('/customer', bearer()))
    await vi.waitFor(() => expect(slow).toHaveBeenCalled(), 20_000)
    slow.mockRestore()
    const closed = closesSoon(() => app.close())
    await sleep(100)
    goOn()
    await closed
    expect(underWay.received).toMatch(/^HTTP\/1.1 200 OK[\s\S]*connection: close/i)
    expect(silent.received).toBe('')
    expect(half.received).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*"code":"unknown"/)
    await Promise.all([...idle, half, silent].map(({ closed }) => closed))
  })

  test.each([
    ['GET /v1/cust', '"error":{"code":"busy"'],
    ['GET /v1/customers HTTP/1.1', '"error":{"code":"busy"'],
    ['GET /v1/customers HTTP/1.1\r\nhost: x', '"error":{"code":"busy"'],
    ['POST /v1/holds HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n', '"error":{"code":"busy"'],
    ['POST /api/canary/customers HTTP/1.1\r\nhost: x\r\n', '"statusCode":503'],
    ['GET /customer HTTP/1.1\r\nhost: x\r\n', '"status":false'],
    ['GET /pay/abc HTTP/1.1\r\nhost: x\r\n', '<p>The server is closing; try again in a moment</p>'],
    ['GET /v1/customers HTTP/1.1\r\nhost: x\r\nAuth', '"error":{"code":"busy"'],
    ['GET //v1//customers HTTP/1.1\r\nhost: x\r\n', '"error":{"code":"busy"'],
    ['GET /%76%31/customers?a=%2f HTTP/1.1\r\nhost', '"error":{"code":"busy"'],
    ['GET http://a/v1/customers HTTP/1.1\r\nhost: a\r\n', '"error":{"code":"busy"'],
    ['GE', '"status":false'],
  ])(
    'half of the headers %j that a server which closes has got are answered in the form of their address, also as a second request',
    async (half, body) => {
      const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
      const [first, second] = [new Caller(port).send(half), new Caller(port).send(get('/healthz'))]
      await second.untilReceived('{"status":"ok"}')
      second.received = ''
      second.send(half)
      await sleep(100)
      await closesSoon(() => app.close())
      for (const { received } of [first, second]) {
        expect(received).toMatch(/^HTTP\/1.1 503 [\s\S]*x-request-id: [0-9a-f-]{36}\r\n/)
        expect(received).toMatch(/\r\nretry-after: 1\r\n/)
        expect(received).toContain(body)
      }
    },
  )

  test.each([
    ['no body', get('/healthz')],
    ['two requests', get('/healthz') + get('/customer', bearerOfNobody)],
    ['a body', `${post('/v1/holds', 'content-length: 8')}{"a": 1}`],
    ['a body in pieces', `${post('/v1/holds', 'transfer-encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`],
  ])(
    'half of a request that came with a whole one, with %s, is answered at its address with its id',
    async (_, whole) => {
      const { app, port } = await listen({ limits: { ...limits, requestTimeoutMs: 60_000 } })
      const ends = ['', '\r\n', '\r\nAuth', '\r\nhost: x\r\nx-request-id: order-7\r\nAuthor']
      const callers = ends.map((end) => new Caller(port).send(`${whole}GET /v1/customers HTTP/1.1${end}`))
      await Promise.all(callers.map((caller) => caller.untilReceived('HTTP/1.1 ')))
      await sleep(100)
      await closesSoon(() => app.close())
      for (const { received } of callers)
        expect(received).toMatch(/HTTP\/1.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*"error":\{"code":"busy"/)
      expect(callers.at(-1)?.received).toMatch(/HTTP\/1.1 503 [\s\S]*x-request-id: order-7\r\n/)
      await app.close()
    },
  )

  test('the caller’s id is repeated by every early answer to a request whose line of it has come, and no part of one', async () => {
    const { app, port } = await listen({ limits: { requestTimeoutMs: 60_000, maxConnections: 400 } })
    const [named, head] = ['x-request-id: order-7\r\n', 'POST /v1/holds HTTP/1.1\r\nhost: x\r\n']
    const begin = (text: string) => new Caller(port).send(text)
    const early = [
      begin(`${head}${named}x: ${'a'.repeat(20_000)}`),
      begin(`${head}${named}no header\r\n\r\n`),
      begin(`${head}${named}expect: tea\r\n\r\n`),
    ]
    await Promise.all(early.map(({ closed }) => closed))
    const cut = begin(`${head}${named}auth`)
    await sleep(50)
    cut.send('orization: x\r\n')
    const halves = [
      begin(post('/v1/holds', bearer(), 'x-request-id: order-7', 'content-length: 1000')),
      begin(`${head}${named}`),
      begin(`${head}${named.toUpperCase()}auth`),
      cut,
    ]
    const later = begin(get('/healthz', 'x-request-id: order-6'))
    await later.untilReceived('{"status":"ok"}')
    later.received = ''
    later.send(`${head}${named}auth`)
    const without = [
      begin(`${head}x-request-id: order-7`),
      begin(`${head}${named}${named}`),
      begin(`${head}x-request-id: a b\r\n`),
    ]
    await sleep(100)
    await closesSoon(() => app.close())
    expect(early.map(({ received }) => received.slice(9, 12))).toEqual(['431', '400', '417'])
    for (const { received } of [...early, ...halves, later]) {
      expect(received).toMatch(/^HTTP\/1.1 [45]/)
      expect(received.toLowerCase()).toContain('\r\nx-request-id: order-7\r\n')
      expect(received).toContain('"error":{')
    }
    for (const { received } of without)
      expect(received).toMatch(/^HTTP\/1.1 503 [\s\S]*x-request-id: [0-9a-f-]{36}\r\n/)
  })

  test('headers that are late are answered with the caller’s id, and a rest that comes then is not a request', async () => {
    const { app, port } = await listen()
    const head = 'POST /v1/customers HTTP/1.1\r\nhost: x\r\nx-request-id: order-7\r\n'
    const caller = new Caller(port).send(head)
    await caller.untilReceived('HTTP/1.1 408')
    caller.send(`${bearer()}\r\ncontent-length: 2\r\n\r\n{}`)
    await caller.closed
    expect(caller.received).toMatch(/^HTTP\/1.1 408 [\s\S]*x-request-id: order-7\r\n[\s\S]*"error":\{/)
    expect(caller.received.match(/HTTP\/1.1/g)).toHaveLength(1)
    await app.close()
  })

  test.each([
    ['/customer', '"code":"unknown"'],
    ['/api/canary/customers', '"statusCode":503'],
    ['/v1/api-keys', '"error":{"code":"busy"'],
    ['/v1/nothing', '"error":{"code":"busy"'],
  ])(
    'a call of %s that arrives while the server closes is refused in its envelope, to be tried again',
    async (path, body) => {
      const { app, port } = await listen()
      const caller = new Caller(port)
      await once(caller.socket, 'connect')
      await sleep(50)
      const closed = app.close()
      await sleep(20)
      caller.send(get(path, bearer()))
      await Promise.all([closed, caller.closed])
      expect(caller.received).toMatch(/^HTTP\/1.1 503 /)
      expect(caller.received.toLowerCase()).toContain('retry-after: 1')
      expect(caller.received.toLowerCase()).toContain('connection: close')
      expect(caller.received).toContain('The server is closing; try again in a moment')
      expect(caller.received).toContain(body)
    },
  )
})

describe('answers that nobody reads', () => {
  async function* endless() {
    for (;;) {
      yield 'x'.repeat(64 * 1024)
      await sleep(1)
    }
  }

  /** `/endless` is made while it is sent, and `/large` is made at once. Both are larger than the buffers of the system. */
  async function serve(requestTimeoutMs: number) {
    const servers = new HttpServers({ requestTimeoutMs, maxConnections: 40 }, api.service)
    const server = servers.make((request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/large') response.end('x'.repeat(64 * 1024 * 1024))
      else Readable.from(endless()).pipe(response)
    }, vi.fn())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const close = async () => {
      const stop = servers.closeConnections()
      await new Promise((resolve) => server.close(resolve))
      stop()
    }
    const countOpen = () => promisify(server.getConnections.bind(server))()
    return { port: (server.address() as net.AddressInfo).port, close, countOpen }
  }

  /** A caller who reads the beginning of an answer, and then nothing. */
  async function stalled(port: number, path: string) {
    const caller = new Caller(port).send(get(path))
    await caller.untilReceived('200 OK')
    caller.socket.pause()
    return caller
  }

  test('a server closes in two seconds, although callers have stopped reading their answers', async () => {
    const { port, close } = await serve(60_000)
    const callers = [await stalled(port, '/endless'), await stalled(port, '/large')]
    await closesSoon(close)
    for (const { socket } of callers) socket.destroy()
  })

  test('a caller who reads nothing for the time of a request loses the connection, and a slow caller keeps it', async () => {
    const { port, close, countOpen } = await serve(1500)
    const slow = new Caller(port).send(get('/endless'))
    const callers = [await stalled(port, '/endless'), await stalled(port, '/large')]
    const isOpen = { others: true }
    const reading = (async () => {
      while (isOpen.others) {
        slow.socket.pause()
        await sleep(25)
        slow.socket.resume()
        await sleep(1)
      }
    })()
    // A paused socket does not notice its end, so the server's side is asked.
    await vi.waitFor(async () => expect(await countOpen()).toBe(1), { timeout: 60_000 })
    isOpen.others = false
    await reading
    expect(slow.socket.destroyed).toBe(false)
    for (const { socket } of callers) socket.destroy()
    slow.socket.destroy()
    await close()
  })
})
