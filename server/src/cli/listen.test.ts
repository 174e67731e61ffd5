import type { ChildProcess } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeTestDatabase, makeTestFolder, testEngine } from '../../test/engines.ts'
import { hasNginx, openGatheringProxy, openNginx } from '../../test/proxies.ts'
import { openReceiver, type Receiver } from '../../test/receiver.ts'
import { freePort, runMteja, ServerProcess, startMteja } from '../../test/server-process.ts'
import { eventTypes, isMerchantEventType } from '../domain/events/events.ts'
import { CashfulClient, type Mteja, MtejaClient, PaystackClient } from './client.ts'
import { ownNames, triggers } from './triggers.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 })

const key = 'sk_test_listening_12345678'
const root = fileURLToPath(new URL('../../..', import.meta.url))
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
  const environment = { MTEJA_TEST_KEY: key, MTEJA_SANDBOX_DELAY_MS: '500', MTEJA_WEBHOOK_URL: webhook.url }
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
  await vi.waitFor(() => expect(listener.printed.out).toMatch(/Listening to/), 60_000)
  return listener
}

test('mteja listen forwards new events signed in Paystack’s style, continues after a restart, and exits with 0 on Ctrl-C', async () => {
  const { child, printed, ended } = await listen('--forward-to', receiver.url, '--style', 'paystack')
  const triggered = await run('trigger', 'customeridentification.success')
  expect([triggered.code, triggered.out]).toEqual([0, expect.stringMatching(/^created customer CUS_\w+\nsubmitted/)])
  await vi.waitFor(
    () => expect(printed.out).toMatch(/customeridentification\.success {2}evt_\w+ {2}CUS_\w+\n {2}→ 200 in \d+ ms\n/),
    60_000,
  )
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.received
  expect(headers['x-paystack-signature']).toBe(createHmac('sha512', key).update(body).digest('hex'))

  await server.kill()
  await vi.waitFor(() => expect(printed.error).toContain('trying again'), 60_000)
  await server.start()
  await run('trigger', 'identity.failed')
  await vi.waitFor(() => expect(printed.out).toMatch(/customeridentification\.failed .*\n {2}→ 200/), 60_000)
  expect(receiver.received.map((each) => JSON.parse(each.body).event)).toEqual([
    'customeridentification.success',
    'customeridentification.failed',
  ])

  receiver.status = 500
  await run('trigger', 'charge.success')
  await vi.waitFor(() => expect(printed.out).toContain('→ 500'), 60_000)
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
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1), 60_000)
  const secret = /whsec_\S+/.exec(printed.out)?.[0] ?? ''
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.received
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: 'customer.created',
  })
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})

test('mteja listen takes Paystack’s names of events, in either style', async () => {
  const isOurs = (name: string) => eventTypes.some((type) => type === name) || isMerchantEventType(name)
  const names = Object.keys(triggers).filter((name) => !isOurs(name))
  expect(Object.keys(ownNames)).toEqual(names)
  expect(
    Object.values(ownNames)
      .flat()
      .filter((type) => !eventTypes.some((each) => each === type)),
  ).toEqual([])
  const { child, printed, ended } = await listen('--events', 'charge.success')
  await run('trigger', 'charge.success')
  await vi.waitFor(() => expect(printed.out).toContain(' payment_intent.succeeded '), 60_000)
  expect(printed.out).not.toContain(' customer.created ')
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
  for (const name of own) await vi.waitFor(() => expect(printed.out).toContain(` ${name} `), 60_000)
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
  expect(error.trimEnd().split('\n').at(-1)).toMatch(
    /^mteja: MTEJA_WEBHOOK_URL cannot be used: url must not be 169\.254\.169\.254/,
  )
  const { code, stderr } = await runMteja(['key', 'list'], { dataFolder: data })
  expect([code, stderr]).toEqual([1, expect.stringContaining('is not set up')])
})

const proxies = [
  { proxy: 'a proxy that gathers answers', open: openGatheringProxy },
  ...(hasNginx() ? [{ proxy: 'nginx with its defaults', open: openNginx }] : []),
]

test.each(proxies)('mteja listen hears of an event at once behind $proxy', async ({ open }) => {
  const { url, close } = await open(server.origin)
  const { child, printed, ended } = await listen('--url', url)
  await run('trigger', 'customer.created')
  await vi.waitFor(() => expect(printed.out).toContain(' customer.created '), 60_000)
  child.kill('SIGINT')
  expect(await ended).toBe(0)
  await close()
})

test('mteja listen --json prints one JSON object a line, with the answer of the program it forwards to', async () => {
  receiver.received.length = 0
  const { child, printed, ended } = start(
    'listen',
    '--json',
    '--events',
    'transfer.completed',
    '--forward-to',
    receiver.url,
  )
  await vi.waitFor(() => expect(printed.error).toMatch(/Listening to/), 60_000)
  const { out } = await run('trigger', 'transfer.completed', '--amount', '7', '--json')
  const steps = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(steps.at(-1)).toEqual({ did: expect.stringMatching(/^made transfer /), transferId: expect.any(String) })
  await vi.waitFor(() => expect(printed.out).toMatch(/\n$/), 60_000)
  expect(
    printed.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      ...{ id: expect.stringMatching(/^evt_/), type: 'transfer.completed', name: 'transfer.completed' },
      createdAt: expect.any(String),
      customerId: steps[0].customerId,
      body: expect.objectContaining({ data: expect.objectContaining({ amount: 7 }) }),
      forwarded: { url: receiver.url, status: 200, isAcknowledged: true, durationMs: expect.any(Number) },
    },
  ])
  // The other events of this trigger were not forwarded either.
  expect(receiver.received).toHaveLength(1)
  child.kill('SIGINT')
  expect(await ended).toBe(0)
})

test('mteja listen ends when the reader of its output has left', async () => {
  const { child, printed, ended } = start('listen', '--json')
  await vi.waitFor(() => expect(printed.error).toMatch(/Listening to/), 60_000)
  child.stdout?.destroy()
  await run('trigger', 'customer.created')
  // The first line may still fit into the pipe's end.
  await run('trigger', 'customer.created')
  expect(await ended).toBe(0)
  expect(printed.error).not.toContain('EPIPE')
})

test('mteja trigger makes each event that takes a customer and an amount happen for that customer and amount', async () => {
  const client = new MtejaClient({ baseUrl: server.origin, token: key })
  const cashful = new CashfulClient({ baseUrl: server.origin, token: key })
  const { id: customer } = await cashful.customers.create({ phoneNumber: '+27831112222', email: 'asked@example.com' })
  const tools = { cashful, paystack: new PaystackClient({ baseUrl: server.origin, secretKey: key }), mteja: client }
  const steps: string[] = []
  for (const [name, { happen, takes }] of Object.entries(triggers)) {
    if (!takes.includes('customer')) continue
    const asked = { customer, amount: takes.includes('amount') ? 1234 : undefined, currency: 'ZAR' } as const
    const happened = happen({ ...tools, asked, did: (text) => steps.push(`${name}: ${text}`) })
    // Details that have identified somebody once are refused after that.
    await happened.catch((error: Error) =>
      expect([name, error.message]).toEqual([name, expect.stringMatching(/already/)]),
    )
  }
  // Whoever gets a transfer is somebody else.
  expect(steps.filter((step) => /created customer/.test(step))).toEqual([
    expect.stringMatching(/^transfer\.completed: created customer CUS_\w+$/),
  ])
  await vi.waitFor(async () => {
    const told = new Map<string, Mteja.Event>()
    for await (const event of client.events.list({ customerId: customer })) told.set(event.type, event)
    const wanted = eventTypes.filter((type) => triggers[type]?.takes.includes('customer'))
    expect([...told.keys()].sort()).toEqual([...wanted, 'customer.created'].sort())
    for (const type of wanted.filter((each) => triggers[each]?.takes.includes('amount')))
      expect([type, JSON.stringify(told.get(type)?.data)]).toEqual([type, expect.stringContaining('1234')])
  }, 60_000)
})

test('mteja trigger never makes a customer with a name, e-mail or phone number of the documents', async () => {
  const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: root })].map((file) =>
    readFileSync(join(root, file), 'utf8'),
  )
  const cashful = new CashfulClient({ baseUrl: server.origin, token: key })
  const made: string[] = []
  for await (const { name, email, phoneNumber } of cashful.customers.list({ search: 'trigger' })) {
    // Whoever was identified has the name that the sandbox confirms.
    const names = name === 'Uchenna Okoro' ? [] : [name]
    made.push(...[...names, email, phoneNumber].filter((each): each is string => Boolean(each)))
  }
  expect(made.length).toBeGreaterThan(30)
  for (const each of new Set(made)) expect(documents.filter((text) => text.includes(each))).toEqual([])
})

test('mteja listen and trigger that find no server name the option for its address', async () => {
  const nowhere = `http://127.0.0.1:${await freePort()}`
  const advice = 'If the server is at another address, give it by --url or MTEJA_URL'
  for (const command of [['listen'], ['trigger', 'customer.created']]) {
    const { code, error } = await run(...command, '--url', nowhere)
    expect([code, error]).toEqual([1, expect.stringMatching(/^mteja: GET .+ could not be sent: .+\. If .+\n$/)])
    expect(error).toContain(advice)
  }
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
