import http, { type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Mode } from '../merchants/tenant.ts'
import type { ResolveName } from './names.ts'
import { parseNetwork, type Reach } from './reach.ts'
import { createWebhookSender, type WebhookSender } from './sender.ts'

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

/** A server that answers so; its address. */
async function receive(listener: RequestListener): Promise<string> {
  const server = http.createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
}

function sender(resolve?: ResolveName, reach: Reach = 'local', networks: string[] = []): WebhookSender {
  const made = createWebhookSender({ reach, networks: networks.map(parseNetwork) }, resolve)
  undo.push(() => made.close())
  return made
}

function post(url: string, options: { timeoutMs?: number; mode?: Mode; by?: WebhookSender } = {}) {
  const { timeoutMs = 2_000, mode = 'test', by = sender() } = options
  return by.send({
    url,
    headers: { 'content-type': 'application/json', 'x-a': 'b' },
    body: '{"a":1}',
    timeoutMs,
    mode,
  })
}

test('the body and the headers of a webhook arrive as they are', async () => {
  const seen: unknown[] = []
  const url = await receive(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    seen.push(request.method, request.url, request.headers['x-a'], Buffer.concat(chunks).toString())
    response.writeHead(202, { 'x-receiver': 'r' }).end('thanks')
  })
  expect(await post(url)).toMatchObject({ status: 202, body: 'thanks', headers: { 'x-receiver': 'r' } })
  expect(seen).toEqual(['POST', '/hooks', 'b', '{"a":1}'])
})

test('a redirect is an answer, and nothing is sent to where it points', async () => {
  let followed = 0
  const elsewhere = await receive((_, response) => {
    followed += 1
    response.end()
  })
  const url = await receive((_, response) => response.writeHead(307, { location: elsewhere }).end())
  expect(await post(url)).toMatchObject({ status: 307 })
  expect(followed).toBe(0)
})

test('the beginning of an answer of 10 MB is kept, and the rest is not waited for', async () => {
  let written = 0
  const url = await receive((_, response) => {
    response.writeHead(200)
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const write = () => {
      while (written < 160 * chunk.length && !response.destroyed) {
        written += chunk.length
        if (!response.write(chunk)) return void response.once('drain', write)
      }
      response.end()
    }
    write()
  })
  const answer = await post(url)
  expect(answer).toMatchObject({ status: 200, body: 'x'.repeat(2000) })
  expect(written).toBeLessThan(10 * 1024 * 1024)
})

test('an answer with a zero byte or broken text can be kept', async () => {
  const url = await receive((_, response) => response.end(Buffer.from([0x61, 0, 0xff, 0x62])))
  expect(await post(url)).toMatchObject({ status: 200, body: 'a\uFFFD\uFFFDb' })
})

describe('a receiver without an answer', () => {
  test('a receiver that hangs gives no answer', async () => {
    const url = await receive(() => {})
    const answer = await post(url, { timeoutMs: 200 })
    expect(answer).toMatchObject({ error: 'No answer within 0.2 s' })
    expect(answer.durationMs).toBeLessThan(10_000)
  })

  test('a receiver that drips gives no answer', async () => {
    const url = await receive((_, response) => {
      response.writeHead(200)
      const dripping = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(dripping))
    })
    expect(await post(url, { timeoutMs: 300 })).toMatchObject({ error: 'No answer within 0.3 s' })
  })

  test('a receiver that resets the connection gives no answer', async () => {
    const url = await receive((request) => request.socket.resetAndDestroy())
    expect(await post(url)).toMatchObject({ error: 'The connection was reset' })
  })

  test('a receiver that closes the connection gives no answer', async () => {
    const url = await receive((request) => request.socket.end())
    expect(await post(url)).toMatchObject({ error: expect.stringContaining('closed') })
  })

  test('a receiver whose headers do not end gives no answer', async () => {
    const url = await receive((request) => {
      request.socket.write(`HTTP/1.1 200 OK\r\n${'x-filler: y\r\n'.repeat(4000)}`)
    })
    expect(await post(url)).toMatchObject({ error: 'The headers of the answer were too large' })
  })

  test('an address where nobody listens gives no answer, nor does a name that does not exist', async () => {
    expect(await post('http://127.0.0.1:1/')).toMatchObject({ error: 'The connection was refused' })
    const unknown = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
    expect(await post('http://nowhere.example/', { by: sender(unknown) })).toMatchObject({
      error: 'The name was not found',
    })
  })
})

describe('a reach of the public Internet only', () => {
  /** A name server whose answers are these in turn. */
  function answering(...answers: string[][]): ResolveName {
    let asked = 0
    return async () =>
      (answers[Math.min(asked++, answers.length - 1)] ?? []).map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }))
  }

  test('a literal address of this machine is not connected to where only the public Internet is in reach', async () => {
    let reached = 0
    const url = await receive((_, response) => {
      reached += 1
      response.end()
    })
    for (const host of ['127.0.0.1', '2130706433', '0177.1', '[::ffff:127.0.0.1]']) {
      const answer = await post(url.replace('127.0.0.1', host), { by: sender(undefined, 'public') })
      expect(answer).toMatchObject({ error: expect.stringContaining('webhooks are not sent to') })
    }
    expect(reached).toBe(0)
  })

  test('a name that points into a private network is not connected to where only the public Internet is in reach', async () => {
    let reached = 0
    const url = await receive((_, response) => {
      reached += 1
      response.end()
    })
    for (const addresses of [['127.0.0.1'], ['93.184.216.34', '127.0.0.1'], ['::1'], ['::ffff:127.0.0.1']]) {
      const answer = await post(url.replace('127.0.0.1', 'rebind.example'), {
        by: sender(answering(addresses), 'public'),
      })
      // The same as for a name that does not exist.
      const error = 'rebind.example was not found, or leads to an address that webhooks are not sent to'
      expect(answer).toEqual({ error, durationMs: expect.any(Number) })
      const unknown = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
      for (const by of [
        sender(unknown, 'public'),
        sender(unknown, 'private'),
        sender(unknown, 'public', ['10.0.0.0/8']),
      ]) {
        expect(await post('http://rebind.example/', { by })).toMatchObject({ error })
      }
    }
    expect(reached).toBe(0)
  })

  test('an answer from a network of the operator is known by its status alone', async () => {
    const url = await receive((_, response) => response.writeHead(201, { 'x-secret': 's' }).end('secret'))
    for (const mode of ['test', 'live'] as const) {
      const by = sender(answering(['127.0.0.1']), 'public', ['127.0.0.0/8'])
      const expected = { status: 201, headers: {}, body: '' }
      expect(await post(url, { mode, by })).toMatchObject(expected)
      expect(await post(url.replace('127.0.0.1', 'own.example'), { mode, by })).toMatchObject(expected)
      const refused = await post('http://[fd00::1]/', { mode, by })
      expect(refused).toMatchObject({ error: expect.stringContaining('fd00::1 is') })
    }
  })

  test('in live mode only the public Internet is in reach, however far test mode reaches', async () => {
    const url = await receive((_, response) => response.end())
    expect(await post(url, { mode: 'live' })).toMatchObject({ error: expect.stringContaining('127.0.0.1 is') })
    expect(await post(url)).toMatchObject({ status: 200 })
    const by = sender(undefined, 'private')
    expect(await post(url, { by })).toMatchObject({ error: expect.stringContaining('127.0.0.1 is') })
  })
})

test('a name is resolved once: the address that was checked is the address that is connected to', async () => {
  let asked = 0
  const url = await receive((_, response) => response.end('reached'))
  const by = sender(async () => {
    asked += 1
    return [{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]
  })
  expect(await post(url.replace('127.0.0.1', 'rebind.example'), { by })).toMatchObject({ body: 'reached' })
  expect(asked).toBe(1)
})

test('link-local addresses, where clouds keep credentials, are out of any reach', async () => {
  expect(await post('http://169.254.169.254/latest/meta-data/')).toMatchObject({
    error: expect.stringContaining('169.254.169.254 is'),
  })
})
