import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort } from '../../test/server-process.ts'
import { findServer } from './connection.ts'

const key = 'sk_test_connection_12345678'
const advice = 'If the server is at another address, give it by --url or MTEJA_URL'

/** Any answer shows that something is there; a wrong key is refused by the call that follows. */
const server = createServer((_request, response) => response.writeHead(401).end('{}'))
let place: string
let nowhere: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  place = `127.0.0.1:${(server.address() as AddressInfo).port}`
  nowhere = `http://127.0.0.1:${await freePort()}`
})
afterAll(() => server.close())

/** A terminal, and a person who waits for each question. */
function pretendTerminal(isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY })
  const output = Object.assign(new PassThrough(), { isTTY })
  let shown = ''
  output.on('data', (text) => {
    shown += text
  })
  const answer = async (text: string | null, questions = 1) => {
    await vi.waitFor(() => expect(shown.split('No server answers at')).toHaveLength(questions + 1), 60_000)
    if (text === null) input.end()
    else input.write(text)
  }
  return { terminal: { input, output }, answer, shown: () => shown }
}

test('a server that answers is taken without a question', async () => {
  const { terminal, shown } = pretendTerminal()
  const found = await findServer({ key, url: `http://${place}` }, {}, terminal)
  expect([found, shown()]).toEqual([{ baseUrl: `http://${place}`, key }, ''])
})

test('at a terminal a person is asked for the address until a server answers there', async () => {
  const { terminal, answer, shown } = pretendTerminal()
  const found = findServer({ key, url: nowhere }, {}, terminal)
  await answer(`${nowhere}/other\n`)
  // Without a scheme, as people type it.
  await answer(`  ${place} \n`, 2)
  expect(await found).toEqual({ baseUrl: `http://${place}`, key })
  expect(shown()).toContain(`No server answers at ${nowhere}. The address of the server: `)
})

test.each([
  ['an empty line', '\n'],
  ['the end of the input', null],
  ['Ctrl-C', '\u0003'],
])('a person who answers the question for an address with %s is told the failure', async (_name, typed) => {
  const { terminal, answer } = pretendTerminal()
  const found = findServer({ key, url: nowhere }, {}, terminal).catch((error: Error) => error.message)
  await answer(typed)
  expect(await found).toMatch(new RegExp(`could not be sent: .+\\. ${advice}$`))
})

test('an address that is no server’s, or of a program that speaks no HTTP, is answered like one where nothing is', async () => {
  const mute = createTcpServer((socket) => socket.end('hello\n'))
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  // Port 9 is one that fetch never asks.
  for (const port of [9, (mute.address() as AddressInfo).port]) {
    const { terminal } = pretendTerminal(false)
    await expect(findServer({ key, url: `http://127.0.0.1:${port}` }, {}, terminal)).rejects.toThrow(advice)
  }
  mute.close()
})

test('without a terminal nobody is asked, and the refusal is one sentence with the advice', async () => {
  const { terminal, shown } = pretendTerminal(false)
  await expect(findServer({ key, url: nowhere }, {}, terminal)).rejects.toThrow(advice)
  expect(shown()).toBe('')
})
