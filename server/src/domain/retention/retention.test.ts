import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deliverDue } from '../../../test/deliver.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { createWallets } from '../../../test/wallets.ts'
import type { OwnedDb } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { getEvent, listEvents } from '../events/event-lists.ts'
import { followEvents } from '../events/event-stream.ts'
import { findRemoval } from '../events/removals.ts'
import { finishDueChecks } from '../identity/due-checks.ts'
import { requestIdentityCheck } from '../identity/identity.ts'
import { getDelivery } from '../webhooks/delivery-lists.ts'
import { createWebhookEndpoint } from '../webhooks/endpoints.ts'
import { keepForever, type Retention, removeOld } from './retention.ts'

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
})

const asOwner = (statement: Sql) => (service.db as OwnedDb).asOwner((owner) => owner.query(statement))
const never = new AbortController().signal
const remove = (days: Partial<Retention>) => removeOld({ ...service, retention: { ...keepForever, ...days } }, never)
const renderers = { paystack: () => ({}), standard: () => ({}) }
const daysAgo = (days: number) => sql`now() - make_interval(days => ${days}::integer)`

async function idsOf(table: 'events' | 'deliveries'): Promise<bigint[]> {
  const from = { events: sql`events`, deliveries: sql`deliveries` }[table]
  const rows = await service.db.query<{ id: bigint }>(sql`
    select id from ${from} where merchant_id = ${tenant.merchant.id} order by id
  `)
  return rows.map(({ id }) => id)
}

/** Makes events and deliveries that long old, by their real time, and all others new: the clock of tests is an old one. */
async function age(ids: readonly bigint[], days: number): Promise<void> {
  await asOwner(sql`update events set recorded_at = now() where recorded_at is null`)
  await asOwner(sql`update deliveries set recorded_at = now() where recorded_at is null`)
  await asOwner(sql`update events set recorded_at = ${daysAgo(days)} where id = any(${ids}::bigint[])`)
  await asOwner(sql`update deliveries set recorded_at = ${daysAgo(days)} where event_id = any(${ids}::bigint[])`)
}

async function tell(count: number, answer: number): Promise<void> {
  const send = async () => ({ status: answer, headers: {}, body: '', durationMs: 1 })
  await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/hooks' })
  await createWallets(service, tenant, count)
  await deliverDue({ ...service, webhookSender: { send, mayReach: () => true, close: async () => {} } }, renderers)
}

describe('events and deliveries', () => {
  test('old deliveries go with their attempts, old events without deliveries go, and younger ones stay', async () => {
    await tell(6, 200)
    const events = await idsOf('events')
    const deliveries = await idsOf('deliveries')
    await age(events.slice(0, 2), 401)
    await age(events.slice(2, 4), 91)
    expect(await remove({ deliveries: 90, events: 400 })).toBe(4 + 2)
    expect(await idsOf('events')).toEqual(events.slice(2))
    expect(await idsOf('deliveries')).toEqual(deliveries.slice(4))
    const attempts = await service.db.query<{ delivery_id: bigint }>(sql`
      select delivery_id from delivery_attempts where merchant_id = ${tenant.merchant.id} order by delivery_id
    `)
    expect(attempts.map(({ delivery_id }) => delivery_id)).toEqual(deliveries.slice(4))
    expect(await remove({ deliveries: 90, events: 400 })).toBe(0)
  })

  test('a delivery that is still to be sent stays at any age, and so does its event', async () => {
    await tell(2, 500)
    const events = await idsOf('events')
    await age(events, 1000)
    expect(await remove({ deliveries: 90, events: 400 })).toBe(0)
    expect(await idsOf('events')).toEqual(events)
  })

  test('more rows than one commit removes are removed in steps, and a stop ends between two of them', async () => {
    await createWallets(service, tenant, 450)
    await age(await idsOf('events'), 401)
    const stop = new AbortController()
    const stopping = removeOld({ ...service, retention: { ...keepForever, events: 400 } }, stop.signal)
    await expect.poll(async () => (await idsOf('events')).length, { timeout: 60_000 }).toBeLessThan(450)
    stop.abort()
    expect([200, 400]).toContain(await stopping)
    await remove({ events: 400 })
    expect(await idsOf('events')).toEqual([])
  })

  test('two servers that remove at once remove each row once', async () => {
    await tell(20, 200)
    await age(await idsOf('events'), 401)
    const counts = await Promise.all([1, 2].map(() => remove({ deliveries: 90, events: 400 })))
    expect(counts.reduce((a, b) => a + b)).toBe(40)
  })

  test('whoever asks for something older than is kept is told so, in lists, streams and by id', async () => {
    await tell(4, 200)
    const events = await idsOf('events')
    const [delivery = 0n] = await idsOf('deliveries')
    await age(events.slice(0, 2), 401)
    expect(await findRemoval(service, tenant, 'events')).toBe(null)
    await remove({ deliveries: 90, events: 400 })
    const removal = { lastId: events[1], lastCreatedAt: service.clock.now() }
    expect(await findRemoval(service, tenant, 'events')).toEqual(removal)
    await expect(getEvent(service, tenant, events[0] ?? 0n)).rejects.toMatchObject({ code: 'no_longer_kept' })
    await expect(getDelivery(service, tenant, delivery)).rejects.toMatchObject({ code: 'no_longer_kept' })
    const stream = followEvents(service, tenant, { style: 'standard', after: events[1], signal: never })
    await expect(stream.next()).rejects.toMatchObject({ code: 'no_longer_kept' })
    const kept = followEvents(service, tenant, { style: 'standard', after: events[2], signal: never })
    expect((await kept.next()).value.events.map(({ id }: { id: bigint }) => id)).toEqual([events[3]])
    await kept.return(undefined)
    const { items } = await listEvents(service, tenant, {}, { limit: 10 })
    expect(items.map(({ id }) => id)).toEqual(events.slice(2).reverse())
    await expect(getEvent(service, tenant, 2n ** 60n)).rejects.toMatchObject({ code: 'event_not_found' })
    // Of another merchant nothing was removed.
    const other = await createTestTenant(service)
    await expect(getEvent(service, other, events[0] ?? 0n)).rejects.toMatchObject({ code: 'event_not_found' })
  })

  test('the role of servers removes nothing that is young, whatever it asks for', async () => {
    await tell(2, 200)
    const events = await idsOf('events')
    await age(events, 6)
    for (const name of [sql`forget_old_deliveries`, sql`forget_old_events`]) {
      const rows = await service.db.query(sql`select ${name}(${tenant.merchant.id}, ${-1000}, 100) as removed`)
      expect(rows).toEqual([{ removed: 0n }])
    }
    await age(events, 29)
    await service.db.query(sql`select forget_old_deliveries(${tenant.merchant.id}, 0, 100)`)
    await service.db.query(sql`select forget_old_events(${tenant.merchant.id}, 0, 100)`)
    expect([await idsOf('deliveries'), await idsOf('events')]).toEqual([[], events])
    await expect(service.db.query(sql`delete from events`)).rejects.toMatchObject({ code: '42501' })
    await expect(service.db.query(sql`update removals set last_id = 0`)).rejects.toMatchObject({ code: '42501' })
  })
})

test('sealed identity details go 90 days after the outcome, and the same credentials are known for good', async () => {
  const [code = ''] = await createWallets(service, tenant, 1)
  const details = {
    country: 'NG',
    type: 'bank_account',
    accountNumber: '0111111111',
    bankCode: '007',
    bvn: '222222222221',
    firstName: 'Uchenna',
    lastName: 'Okoro',
    middleName: null,
    value: null,
  } as never
  const ask = () => requestIdentityCheck(service, tenant, { code }, details)
  const id = await ask()
  service.clock.advance(1000)
  await finishDueChecks(service)
  const read = async () => {
    const [row] = await service.db.query<{ details: Buffer; removed: boolean; masked: { bvn: string } }>(sql`
      select details, details_removed_at is not null as removed, masked from identity_checks where id = ${id}
    `)
    return row as NonNullable<typeof row>
  }
  await asOwner(sql`update identity_checks set finished_at = ${daysAgo(89)} where id = ${id}`)
  expect(await remove({ identityDetails: 90 })).toBe(0)
  expect(service.vault.open((await read()).details, 'identity')).toContain('222222222221')
  // A check of the first release has no fingerprint of its own.
  await asOwner(sql`
    update identity_checks set finished_at = ${daysAgo(91)}, credentials_hmac = null where id = ${id}
  `)
  await expect(ask()).rejects.toMatchObject({ code: 'already_identified' })
  expect(await remove({ identityDetails: 90 })).toBe(1)
  const { details: left, removed, masked } = await read()
  expect([service.vault.open(left, 'identity'), removed, masked.bvn]).toEqual(['{}', true, '222*****221'])
  await expect(ask()).rejects.toMatchObject({ code: 'already_identified' })
  expect(await remove({ identityDetails: 90 })).toBe(0)
})

test('network addresses go a year after the end of their month, and who acted stays', async () => {
  const { id } = tenant.merchant
  const insert = (address: string, days: number) =>
    asOwner(sql`
      insert into actors (merchant_id, kind, api_key_id, surface, address, month)
      values (${id}, 'key_at', null, 'mteja', ${address}::inet, (${daysAgo(days)})::date)
    `)
  const left = async () =>
    (
      await service.db.query<{ address: string | null }>(sql`
        select host(address) as address from actors where merchant_id = ${id} and kind = 'key_at' order by month, id
      `)
    ).map(({ address }) => address)
  await insert('196.25.1.7', 400)
  await insert('2001:db8::17', 400)
  await insert('196.25.1.7', 390)
  await insert('196.25.1.7', 50)
  expect(await remove({ addresses: 365 })).toBe(2)
  expect(await remove({ addresses: 365 })).toBe(0)
  expect(await left()).toEqual([null, null, '196.25.1.7', '196.25.1.7'])
  await service.db.query(sql`select forget_addresses(${id}, ${-1000}, 100)`)
  expect(await left()).toEqual([null, null, null, '196.25.1.7'])
  const forge = (change: Sql) => asOwner(sql`update actors set ${change} where merchant_id = ${id} and kind = 'key_at'`)
  await expect(forge(sql`address = '10.0.0.1'`)).rejects.toMatchObject({ code: 'MT001' })
  await expect(forge(sql`surface = 'cashful'`)).rejects.toMatchObject({ code: 'MT001' })
})
