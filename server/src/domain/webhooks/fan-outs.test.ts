import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import { argument, functionCall } from '../../db/function-call.ts'
import { sql } from '../../db/sql.ts'
import { doTogether } from '../ledger/commands.ts'
import { claimDeliveries } from './claims.ts'
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  giveUpStrayDeliveries,
  updateWebhookEndpoint,
} from './endpoints.ts'
import { oldestFanOut, writeFanOuts } from './fan-outs.ts'

/** Written with their events. */
const withEvents = 200
/** Written by one commit of the background. */
let atOnce: number

let service: TestService
let tenant: TestTenant
let endpoints: string[]

beforeAll(async () => {
  service = await openTestService()
  // Where each call waits for the statement before it, statements are short.
  atOnce = service.db.engine === 'embedded' ? 20 : 200
})
afterAll(() => service.close())
beforeEach(async () => {
  await writeFanOuts(service)
  tenant = await createTestTenant(service)
  endpoints = []
  for (let i = 0; i < 10; i++) endpoints.push((await addEndpoint(i)).endpoint.id)
})

const addEndpoint = (place: number, eventTypes?: ['transfer.completed']) =>
  createWebhookEndpoint(service, tenant, { url: `http://localhost:1/${place}`, eventTypes })

/** Records events in one statement, as a batch of calls does. */
async function happen(count: number, type = 'custom.mark'): Promise<bigint[]> {
  const rows = await service.db.query<{ id: bigint }>(sql`
    insert into events (merchant_id, mode, type, data, created_at)
    select ${tenant.merchant.id}, ${tenant.mode}, ${type}, '{}', ${service.clock.now()}::timestamptz
    from generate_series(1, ${count}::integer)
    returning id
  `)
  return rows.map(({ id }) => id)
}

/** One commit of the background work. */
async function writeOnce(): Promise<number> {
  const call = functionCall('write_deliveries', {
    p_merchant_id: argument('integer', tenant.merchant.id),
    p_mode: argument('text', tenant.mode),
  })
  const [row] = await service.db.query<{ count: number }>(sql`select ${call} as count`)
  return row?.count ?? 0
}

/** The deliveries in the order in which they were written. */
const readWritten = () =>
  service.db.query<{ event_id: bigint; endpoint_id: string; status: string; failure_reason: string | null }>(sql`
    select event_id, endpoint_id, status, failure_reason from deliveries
    where merchant_id = ${tenant.merchant.id}
    order by id
  `)

const pairs = (events: bigint[], told = endpoints) => events.flatMap((event) => told.map((each) => `${event} ${each}`))

test('few deliveries are written with their events', async () => {
  const events = await happen(withEvents / 10)
  expect(await readWritten()).toHaveLength(withEvents)
  expect(await writeOnce()).toBe(0)
  expect((await readWritten()).map((each) => `${each.event_id} ${each.endpoint_id}`).sort()).toEqual(
    pairs(events).sort(),
  )
})

test('many deliveries are written some at a time, each once and in order, wherever the server is killed', async () => {
  const events = await happen(45)
  expect(await readWritten()).toEqual([])
  // Between two commits nothing but the database knows how far it came.
  for (let written = 0; written < 450; ) {
    const more = Math.min(atOnce, 450 - written)
    expect(await writeOnce()).toBe(more)
    written += more
    expect(await readWritten()).toHaveLength(written)
  }
  expect(await writeOnce()).toBe(0)
  const written = (await readWritten()).map((each) => `${each.event_id} ${each.endpoint_id}`)
  expect(written).toEqual(pairs(events, [...endpoints].sort()))
  expect(await service.db.query(sql`select from fan_outs where merchant_id = ${tenant.merchant.id}`)).toEqual([])
})

test('a later event waits for the deliveries of the events before it', async () => {
  const first = await happen(30)
  const [later] = await happen(1)
  expect(await readWritten()).toEqual([])
  await writeFanOuts(service)
  const order = (await readWritten()).map(({ event_id }) => event_id)
  expect(order).toEqual([...first, later].flatMap((event) => endpoints.map(() => event)))
  // Then events have their deliveries at once again.
  await happen(1)
  expect(await readWritten()).toHaveLength(320)
})

test('servers that write at the same time write no delivery twice, and none is missing', async () => {
  const events = await happen(100)
  await Promise.all([writeFanOuts(service), writeFanOuts(service), writeFanOuts(service), writeOnce(), writeOnce()])
  await writeFanOuts(service)
  const written = (await readWritten()).map((each) => `${each.event_id} ${each.endpoint_id}`)
  expect(written.sort()).toEqual(pairs(events).sort())
})

test('the endpoints are those of the moment of the event; what became of them since is looked at', async () => {
  const [gone = '', off = '', ...others] = endpoints
  await happen(30)
  await addEndpoint(11)
  await deleteWebhookEndpoint(service, tenant, gone)
  await updateWebhookEndpoint(service, tenant, off, { enabled: false })
  await writeFanOuts(service)
  const written = await readWritten()
  expect(written).toHaveLength(300)
  for (const { endpoint_id, status, failure_reason } of written) {
    const isTold = others.includes(endpoint_id)
    expect([status, failure_reason]).toEqual(isTold ? ['pending', null] : ['failed', 'The endpoint is no longer told'])
  }
})

test('of the deliveries of an endpoint that goes, one commit gives up some, and the background the rest', async () => {
  const [gone = '', off = ''] = endpoints
  for (let i = 0; i < 30; i++) await happen(20)
  await writeFanOuts(service)
  await deleteWebhookEndpoint(service, tenant, gone)
  await updateWebhookEndpoint(service, tenant, off, { enabled: false })
  const waiting = async (id: string) =>
    (await readWritten()).filter(({ endpoint_id, status }) => endpoint_id === id && status === 'pending').length
  expect(await waiting(gone)).toBe(400)
  // One that is enabled again is sent nothing of before.
  await updateWebhookEndpoint(service, tenant, off, { enabled: true })
  expect(await waiting(off)).toBe(0)
  await giveUpStrayDeliveries(service)
  expect(await waiting(gone)).toBe(0)
  expect(await waiting(endpoints[2] as string)).toBe(600)
})

test('only deliveries of events that an endpoint asked for are written', async () => {
  const { endpoint } = await addEndpoint(11, ['transfer.completed'])
  await happen(30)
  await happen(1, 'transfer.completed')
  await writeFanOuts(service)
  const told = (await readWritten()).filter(({ endpoint_id }) => endpoint_id === endpoint.id)
  expect(told).toHaveLength(1)
})

test('the deliveries of many movements are sent, and their age is known until they are written', async () => {
  const { payIn, transfer } = commandsFor(service)
  const ledger = createLedger(service)
  const [ada = '', ben = ''] = await createWallets(service, tenant, 2)
  await ledger(tenant, payIn(ada, 1000n))
  await writeFanOuts(service)
  const event = { type: 'transfer.completed', data: { details: {} } } as const
  await doTogether(
    service,
    tenant,
    Array.from({ length: 60 }, () => transfer(ada, ben, 1n, { event })),
  )
  const [due] = await service.db.query<{ since: Date | null }>(sql`select (${oldestFanOut()}) as since`)
  expect(due?.since).toBeInstanceOf(Date)
  await writeFanOuts(service)
  const transfers = (await readWritten()).filter(({ status }) => status === 'pending')
  expect(transfers.length).toBeGreaterThanOrEqual(600)
  const [none] = await service.db.query<{ since: Date | null }>(sql`select (${oldestFanOut()}) as since`)
  expect(none?.since).toBeNull()
  expect((await claimDeliveries(service)).length).toBeGreaterThan(0)
})
