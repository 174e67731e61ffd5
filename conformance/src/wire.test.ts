import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { exchange, renderRequest } from './wire.ts'

test('a request is rendered byte for byte, with its length counted in bytes', () => {
  const request = {
    method: 'POST',
    target: '/customer/ada+1@x?a[b]=1',
    headers: { aUTHORIZATION: 'x' },
    body: '{"a": "ö"}',
  }
  expect(renderRequest('h:1', request)).toBe(
    'POST /customer/ada+1@x?a[b]=1 HTTP/1.1\r\nHost: h:1\r\naUTHORIZATION: x\r\nContent-Length: 11\r\n\r\n{"a": "ö"}',
  )
  expect(renderRequest('h:1', { method: 'PUT', target: '/', body: '{}', framing: 'chunked' })).toBe(
    'PUT / HTTP/1.1\r\nHost: h:1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  )
  expect(renderRequest('h:1', { method: 'GET', target: '/' })).toBe('GET / HTTP/1.1\r\nHost: h:1\r\n\r\n')
})

test.each([
  ['of a stated length', 'Content-Length: 8\r\n\r\n{"a": 1}'],
  ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n'],
])('an answer %s is read, however it is cut into packets', async (_, rest) => {
  const url = await answerOnce(Buffer.from(`HTTP/1.1 201 Created\r\nContent-Type: x\r\n${rest}`))
  expect(await exchange(url, { method: 'GET', target: '/' })).toMatchObject({
    status: 201,
    headers: { 'content-type': 'x' },
    text: '{"a": 1}',
    json: { a: 1 },
  })
})

test('a compressed answer is decompressed', async () => {
  const body = gzipSync('{"a": 1}')
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`
  const url = await answerOnce(Buffer.concat([Buffer.from(head), body]))
  expect(await exchange(url, { method: 'GET', target: '/' })).toMatchObject({ json: { a: 1 } })
})

test('an answer that is cut off is a failure', async () => {
  const url = await answerOnce(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": 1}'))
  await expect(exchange(url, { method: 'GET', target: '/' })).rejects.toThrow('closed before the answer was complete')
})

/** Answers one connection with these bytes, one at a time, and closes it. */
async function answerOnce(bytes: Buffer): Promise<string> {
  const server = createServer(async (socket) => {
    socket.setNoDelay()
    for (const byte of bytes) {
      socket.write(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    socket.end()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
