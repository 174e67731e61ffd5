import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  linesWithoutEnd,
  openScriptedServer,
  type Reply,
  reset,
  type ScriptedServer,
  silence,
  text,
} from '../../test/scripted-server.ts'
import { MtejaClient } from '../index.ts'

let server: ScriptedServer
beforeAll(async () => {
  server = await openScriptedServer()
})
afterAll(() => server.close())

const line = (id: string) =>
  JSON.stringify({ id, type: 'customer.created', name: 'customer.created', customerId: null, createdAt: '', body: {} })

/** A stream that is open, and says nothing. */
const mute: Reply = (response) =>
  void response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders()

test('a stream is followed over connections that hang, fall silent, break and are refused, and each loss is told', async () => {
  server.reply(
    linesWithoutEnd(line('evt_1')),
    silence,
    mute,
    reset,
    text(502, '<h1>Bad gateway</h1>'),
    linesWithoutEnd(line('evt_1'), line('evt_2')),
  )
  const mteja = new MtejaClient({ baseUrl: server.baseUrl, token: 'sk_test_1' })
  const lost: string[] = []
  const ids: string[] = []
  let opened = 0
  const options = {
    silenceMs: 100,
    backoffMs: 1,
    onOpen: () => {
      opened += 1
    },
    onLost: ({ name }: Error) => lost.push(name),
  }
  for await (const { id } of mteja.events.follow({}, options)) {
    ids.push(id)
    if (id === 'evt_2') break
  }
  expect(ids).toEqual(['evt_1', 'evt_2'])
  expect(lost).toEqual(['ConnectionError', 'ConnectionError', 'ConnectionError', 'ConnectionError', 'ServerError'])
  expect(opened).toBe(3)
  expect(server.requests.map(({ url }) => url.split('?')[1])).toEqual([undefined, ...Array(5).fill('after=evt_1')])
})
