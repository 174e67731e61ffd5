import type { ChildProcess } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeTestDatabase, makeTestFolder, testEngine } from '../../test/engines.ts'
import { openReceiver, type Receiver } from '../../test/receiver.ts'
import { freePort, runMteja, ServerProcess, startMteja } from '../../test/server-process.ts'
import { eventTypes } from '../domain/events/events.ts'
import { triggers } from './triggers.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 })

const key = 'sk_test_listening_12345678'
let remove: () => Promise<void>
let receiver: Receiver
let webhook: Receiver
let server: ServerProcess
const started: ChildProcess[] = []

beforeAll(async () => {
  const made = await makeTestDatabase()
  remove = made.remove
  // The encryption key is stored in a folder with either engine.
  const place = testEngine === 'embedded' ? made.options : { ...made.options, dataFolder: await makeTestFolder() }
  receiver = await openReceiver()
  webhook = await openReceiver()
  const environment = { MTEJA_TEST_KEY: key, MTEJA_SANDBOX_DELAY_MS: '50', MTEJA_WEBHOOK_URL: webhook.url }
  server = new ServerProcess(await freePort(), place, environment)
  await server.start()
})

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  await server.kill()
  await Promise.all([receiver.close(), webhook.close()])
  await remove()
})

/** Starts a command that calls the server as the merchant. Its output so far is in `printed`. */
function start(...args: string[]) {
  const child = startMteja(args, { MTEJA_KEY: key, MTEJA_URL: server.origin }, 'pipe')
  started.push(child)
  const printed = { out: '', error: '' }
  child.stdout?.on('data', (chunk) => {
    printed.out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    printed.error += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, printed, ended }
}

async function run(...args: string[]) {
  const { printed, ended } = start(...args)
  return { code: await ended, ...printed }
}

async function listen(...args: string[]) {
  const listener = start('listen', ...args)
  await vi.waitFor(() => expect(listener.printed.out).toMatch(/Listening to/), 20_000)
  return listener
}

test('mteja listen forwards new events signed in Paystack’s style, continues after a restart, and exits with 0 on Ctrl-C', async () => {
  const { child, printed, ended } = await listen('--forward-to', receiver.url, '--style', 'paystack')
  const triggered = await run('trigger', 'customeridentification.success')
  expect([triggered.code, triggered.out]).toEqual([0, expect.stringMatching(/^created customer CUS_\w+\nsubmitted/)])
  await vi.waitFor(
    () => expect(printed.out).toMatch(/customeridentification\.success {2}evt_\w+ {2}CUS_\w+\n {2}→ 200 in \d+ ms\n/),
    20_000,
  )
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.received
  expect(headers['x-paystack-signature']).toBe(createHmac('sha512', key).update(body).digest('hex'))

  await server.kill()
  await vi.waitFor(() => expect(printed.error).toContain('trying again'), 20_000)
  await server.start()
  await run('trigger', 'identity.failed')
  await vi.waitFor(() => expect(printed.out).toMatch(/customeridentification\.failed .*\n {2}→ 200/), 40_000)
  expect(receiver.received.map((each) => JSON.parse(each.body).event)).toEqual([
    'customeridentification.success',
    'customeridentification.failed',
  ])

  receiver.status = 500
  await run('trigger', 'charge.success')
  await vi.waitFor(() => expect(printed.out).toContain('→ 500'), 20_000)
  child.kill('SIGINT')
  expect(await ended).toBe(0)
})

test('the webhook set by the first start gets the same bytes that mteja listen forwards', async () => {
  const told = ({ received }: Receiver) =>
    new Map(received.map(({ headers, body }) => [body, headers['x-paystack-signature']]))
  // Deliveries that the killed server had claimed are sent when their time has run out. Deliveries that it had sent may
  // be sent again.
  await vi.waitFor(() => expect(told(webhook)).toEqual(told(receiver)), 60_000)
  expect(told(webhook).size).toBe(3)
})

test('mteja listen in the standard style signs with the secret it printed', async () => {
  receiver.status = 200
  receiver.received.length = 0
  const { child, printed, ended } = await listen('--forward-to', receiver.url)
  await run('trigger', 'customer.created')
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1), 20_000)
  const secret = /whsec_\S+/.exec(printed.out)?.[0] ?? ''
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.received
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: 'customer.created',
  })
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})

test('mteja trigger makes every type of event happen', async () => {
  const { child, printed, ended } = await listen()
  const names = Object.keys(triggers)
  expect((await run('trigger', '--list')).out.trim().split('\n')).toEqual(names)
  const own = names.filter((name) => eventTypes.some((type) => type === name))
  expect(own).toEqual([...eventTypes])
  for (const name of own) expect(await run('trigger', name)).toMatchObject({ code: 0, error: '' })
  for (const name of own) await vi.waitFor(() => expect(printed.out).toContain(` ${name} `), 20_000)
  child.kill('SIGINT')
  expect(await ended).toBe(0)
})

test('a first start with a webhook address that must not be sent to is refused, and sets no webhook', async () => {
  const data = await makeTestFolder()
  const args = ['serve', '--port', '0', '--data', data]
  const refused = startMteja(args, { MTEJA_WEBHOOK_URL: 'http://169.254.169.254/latest' }, 'pipe')
  started.push(refused)
  let error = ''
  refused.stderr?.on('data', (chunk) => {
    error += chunk
  })
  expect(await once(refused, 'close')).toEqual([1, null])
  expect(error).toMatch(/^mteja: MTEJA_WEBHOOK_URL cannot be used: url must not be 169\.254\.169\.254.*\n$/)
  const { code, stdout } = await runMteja(['key', 'list', '--json'], { dataFolder: data })
  expect([code, JSON.parse(stdout)]).toEqual([0, [expect.objectContaining({ name: 'first start' })]])
})

test('mteja listen and trigger refuse a wrong key, a missing key and an unknown event in one sentence each', async () => {
  const wrong = await run('listen', '--key', 'sk_test_wrong_12345678')
  expect([wrong.code, wrong.error]).toEqual([1, expect.stringMatching(/^mteja: .*not valid.*\n$/)])
  const none = start('listen', '--key', '')
  expect([await none.ended, none.printed.error]).toEqual([1, expect.stringContaining('A secret key is needed')])
  expect(await run('trigger', 'customer.exploded')).toMatchObject({
    code: 2,
    error: expect.stringContaining('mteja trigger --list'),
  })
})
