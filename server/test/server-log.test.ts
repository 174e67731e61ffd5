import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTestDatabase, type TestPlace } from './engines.ts'
import { freePort, startMteja } from './server-process.ts'

// The standard output of a server process.

const testKey = 'sk_test_server_log0123456789'

let place: TestPlace
let origin: string
beforeAll(async () => {
  place = await makeTestDatabase()
})
afterAll(() => place.remove())

async function startServer(...more: string[]) {
  const { dataFolder, databaseUrl } = place.options
  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  const database = databaseUrl === undefined ? [] : ['--database-url', databaseUrl]
  const child = startMteja(
    ['serve', '--port', String(port), '--data', dataFolder, ...database, ...more],
    { MTEJA_TEST_KEY: testKey, MTEJA_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') },
    'pipe',
  )
  return { child, exited: once(child, 'exit') }
}

async function untilReady(): Promise<void> {
  while (!(await fetch(`${origin}/readyz`).catch(() => null))?.ok)
    await new Promise((resolve) => setTimeout(resolve, 50))
}

async function sendRequests(count: number, prefix: string): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => `${prefix}-${i}`)
  for (let i = 0; i < count; i += 50) {
    await Promise.all(
      ids.slice(i, i + 50).map((id) => fetch(`${origin}/customer/none`, { headers: { 'x-request-id': id } })),
    )
  }
  return ids
}

test('a server without a terminal writes a line for each request, the last before it ends, and the stages of its start and the welcome elsewhere', async () => {
  const { child, exited } = await startServer()
  let [text, told] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    told += chunk
  })
  await untilReady()
  const ids = await sendRequests(300, 'counted')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  expect(told).toMatch(
    /^(Opening|Creating) the database .+\.\n(Bringing .+\.\n)?Preparing the APIs\.\n\nMteja is ready at http[\s\S]+\nClosing: calls under way are answered first\..+\n$/,
  )
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const requests = lines.filter(({ msg }) => msg === 'request')
  expect(requests.map(({ requestId }) => requestId).sort()).toEqual(ids.sort())
})

test('mteja serve --json writes nothing but lines of JSON: that it is ready, the log, and that it closes', async () => {
  const { child, exited } = await startServer('--json')
  let [text, told] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    told += chunk
  })
  await untilReady()
  await sendRequests(1, 'one')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ msg }) => msg).sort()).toEqual(expect.arrayContaining(['closing', 'ready', 'request']))
  expect(lines.find(({ msg }) => msg === 'ready')).toMatchObject({ origin, startedInMs: expect.any(Number) })
  expect(told).toBe('')
})

test('a reader of the log that hangs holds up no request', async () => {
  const { child, exited } = await startServer()
  // The output is not read, so the pipe is full after some hundred lines.
  await untilReady()
  expect(await sendRequests(2000, 'unread')).toHaveLength(2000)
  child.kill('SIGKILL')
  await exited
})
