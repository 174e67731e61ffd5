import '../preload.mjs'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Answers with the request's own parts. */
const echo = createServer(async (request, response) => {
  response.end(`${request.method} ${request.url} ${request.headers.authorization} ${await text(request)}`)
})

let address: string

beforeAll(async () => {
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  address = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`
  process.env.PAYSTACK_API_URL = address
})
afterAll(() => echo.close())

const authorization = 'Bearer sk_test_x'
const options = { method: 'POST', path: '/customer?page=1', headers: { authorization } }

async function send(request: ReturnType<typeof https.request>): Promise<string> {
  request.end('{}')
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return text(response)
}

test('a request for api.paystack.co goes to PAYSTACK_API_URL, however the request is made', async () => {
  const url = 'https://api.paystack.co/customer?page=1'
  const init = { method: 'POST', headers: { authorization }, body: '{}' }
  const answers = await Promise.all([
    send(https.request('https://api.paystack.co', options)),
    send(https.request(new URL('https://api.paystack.co'), options)),
    send(https.request({ ...options, host: 'api.paystack.co', port: 443, agent: new https.Agent() })),
    fetch(url, init).then((response) => response.text()),
    fetch(new Request(url, init)).then((response) => response.text()),
  ])
  expect(new Set(answers)).toEqual(new Set([`POST /customer?page=1 ${authorization} {}`]))
})

test('https.get is redirected as https.request is', async () => {
  const [response] = (await once(
    https.get('https://api.paystack.co/bank', { headers: { authorization } }),
    'response',
  )) as [IncomingMessage]
  expect(await text(response)).toBe(`GET /bank ${authorization} `)
})

test('a path in PAYSTACK_API_URL comes before the path of the request', async () => {
  process.env.PAYSTACK_API_URL = `${address}/mteja/`
  const answers = await Promise.all([
    send(https.request('https://api.paystack.co', options)),
    fetch('https://api.paystack.co/customer?page=1', { method: 'POST', headers: { authorization }, body: '{}' }).then(
      (response) => response.text(),
    ),
  ])
  process.env.PAYSTACK_API_URL = address
  expect(new Set(answers)).toEqual(new Set([`POST /mteja/customer?page=1 ${authorization} {}`]))
})

test('an https address in PAYSTACK_API_URL is called by TLS', async () => {
  process.env.PAYSTACK_API_URL = 'https://127.0.0.1:1'
  const refused = send(https.request('https://api.paystack.co', options))
  process.env.PAYSTACK_API_URL = address
  await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED', port: 1 })
})

test('a request for another host goes to that host', async () => {
  const refused = { code: 'ECONNREFUSED' }
  await expect(send(https.request('https://127.0.0.1:1/customer'))).rejects.toMatchObject(refused)
  await expect(fetch('https://127.0.0.1:1/customer')).rejects.toMatchObject({ message: 'fetch failed' })
})

test.each(['foo', 'localhost:9000', '127.0.0.1:9000', 'ftp://127.0.0.1', 'http://'])(
  'a request with the address %s in PAYSTACK_API_URL fails with one sentence about it',
  async (target) => {
    process.env.PAYSTACK_API_URL = target
    const message = `PAYSTACK_API_URL must be an address such as http://127.0.0.1:9000, not "${target}"`
    expect(() => https.request('https://api.paystack.co', options)).toThrow(message)
    expect(() => fetch('https://api.paystack.co/bank')).toThrow(message)
    process.env.PAYSTACK_API_URL = address
  },
)
