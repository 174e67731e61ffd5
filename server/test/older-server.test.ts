import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { codeOf } from '../src/db/errors.ts'
import { sql } from '../src/db/sql.ts'
import { createCustomer } from '../src/domain/customers/customers.ts'
import { freshAttempt } from '../src/domain/idempotency/attempt.ts'
import { actorIdOf } from '../src/domain/merchants/actors.ts'
import { getPaymentIntent } from '../src/domain/payments/payment-intent-records.ts'
import { listPayments, totalPayments } from '../src/domain/payments/payment-lists.ts'
import { chargeInstrument, getPayment } from '../src/domain/payments/payments.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from './service.ts'

// The statements of version eae808c. A server of that version continues to work after new servers have started beside
// it. These statements go with the views of migration 0013, one release later.

let service: TestService
let tenant: TestTenant
let customerId: bigint

beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
  customerId = (await createCustomer(service, tenant, { email: 'zero@example.com' })).customer.id
})

const query = <Row>(...given: Parameters<typeof sql>) => service.db.query<Row>(sql(...given))

/** Inserts a payment as the old server does. Answers the id of its intent, or null for a taken reference. */
async function insertAsBefore(reference: string, requestKey: string | null = null): Promise<string | null> {
  const { merchant, mode } = tenant
  const uuid = randomUUID()
  const now = service.clock.now()
  const [allocated] = await query<{ id: bigint }>`select allocate_ids(${merchant.id}, 1) as id`
  await query`
    with counter as (
      insert into payment_counters as k (merchant_id, mode, payment_intent_count)
      values (${merchant.id}, ${mode}, 1)
      on conflict (merchant_id, mode) do update set payment_intent_count = k.payment_intent_count + 1
      returning k.payment_intent_count
    )
    insert into payment_intents (
      merchant_id, id, mode, number, customer_id, payment_method_id, checkout_session_id, amount, currency, status,
      description, metadata, idempotency_key, fingerprint, expires_at, due_at, created_at, updated_at
    )
    select
      ${merchant.id}, ${uuid}::uuid, ${mode}, counter.payment_intent_count, ${null}::bigint, ${null}::bigint,
      ${null}::uuid, ${500n}::bigint, ${'NGN'}, ${'requires_payment_method'}, ${'Payment'}, ${null}::json,
      ${`transaction_${uuid}`}, ${Buffer.alloc(16)}::bytea, ${new Date(now.getTime() + 60_000)}::timestamptz,
      ${new Date(now.getTime() + 60_000)}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
    from counter
  `
  const rows = await query`
    with counter as (
      update payment_counters set
        transaction_count = transaction_count + 1,
        last_transaction_at = greatest(last_transaction_at, ${now}::timestamptz)
      where merchant_id = ${merchant.id} and mode = ${mode}
      returning transaction_count, last_transaction_at
    )
    insert into transactions (
      merchant_id, id, mode, number, payment_intent_id, customer_id, reference, request_key, access_code, origin,
      purpose, status, amount, currency, channels, callback_url, metadata, incoming, created_at, updated_at
    )
    select
      ${merchant.id}, ${allocated?.id}::bigint, ${mode}, counter.transaction_count, ${uuid}::uuid,
      ${customerId}::bigint, ${reference}, ${requestKey}, ${`access-${reference}`}, ${'page'},
      ${'payment'}, 'unpaid', ${500n}::bigint, ${'NGN'}, ${['card']}::text[],
      ${null}, ${JSON.stringify({ order: 17 })}::json,
      ${null}::json,
      counter.last_transaction_at, counter.last_transaction_at
    from counter
    on conflict do nothing
    returning id
  `
  return rows.length === 0 ? null : uuid
}

async function beginChargeAsBefore(uuid: string | null): Promise<string | undefined> {
  const now = service.clock.now()
  const [row] = await query<{ charge_reference: string }>`
    with charged as (
      update payment_intents set
        status = 'processing',
        charge_count = charge_count + 1,
        charge_reference = ${`pi_${uuid}`}::text || '_' || (charge_count + 1),
        charge_key = ${null},
        charged_at = ${now}::timestamptz,
        to_save = ${null}::json,
        failure_reason = null,
        due_at = ${now}::timestamptz,
        updated_at = ${now}::timestamptz
      where merchant_id = ${tenant.merchant.id} and id = ${uuid}
        and status = any(${['requires_payment_method', 'failed']}::text[]) and expires_at > ${now}::timestamptz
        and (charge_key is null or charge_key is distinct from ${null}::text)
      returning id, charge_reference
    ),
    of_transaction as (
      update transactions t set
        status = 'processing', channel = ${'card'}, failure_reason = null, updated_at = ${now}::timestamptz
      from charged
      where t.merchant_id = ${tenant.merchant.id} and t.payment_intent_id = charged.id
    )
    select charge_reference from charged
  `
  return row?.charge_reference
}

async function markPaidAsBefore(uuid: string | null) {
  const now = service.clock.now()
  const rows = await query<{ payer_id: bigint | null }>`
    with paid as (
      update payment_intents set
        status = 'succeeded', transaction_id = ${randomUUID()}::uuid, failure_reason = null, due_at = null,
        updated_at = ${now}::timestamptz
      where merchant_id = ${tenant.merchant.id} and id = ${uuid} and status <> 'succeeded'
      returning id, customer_id, to_save
    ),
    of_transaction as (
      update transactions t set
        status = 'succeeded', paid_at = ${now}::timestamptz, failure_reason = null, updated_at = ${now}::timestamptz
      from paid
      where t.merchant_id = ${tenant.merchant.id} and t.payment_intent_id = paid.id
      returning t.customer_id as payer_id
    )
    select paid.customer_id, paid.to_save, of_transaction.payer_id from paid left join of_transaction on true
  `
  await query`
    insert into transaction_totals as k (merchant_id, mode, currency, succeeded_count, succeeded_amount)
    values (${tenant.merchant.id}, ${tenant.mode}, ${'NGN'}, 1, ${500n})
    on conflict (merchant_id, mode, currency) do update set
      succeeded_count = k.succeeded_count + 1,
      succeeded_amount = k.succeeded_amount + excluded.succeeded_amount
  `
  return rows
}

/** The statement behind most reads of the old server, with a condition of the test's own. */
async function readAsBefore(condition: ReturnType<typeof sql>) {
  return query<{ reference: string; number: bigint; status: string; incoming: unknown; metadata: unknown }>`
    select
      t.id, t.mode, t.number, t.reference, t.payment_intent_id, t.origin, t.purpose, t.status, t.amount, t.currency,
      t.channel, t.channels, t.callback_url, t.access_code, t.metadata, i.charge_count, t.failure_reason, t.incoming,
      i.charged_at, t.paid_at, i.expires_at, t.created_at, customer_snapshot(c) as customer
    from transactions t
    left join payment_intents i on i.merchant_id = t.merchant_id and i.id = t.payment_intent_id
    left join customers c on c.merchant_id = t.merchant_id and c.id = t.customer_id
    where t.merchant_id = ${tenant.merchant.id} and t.mode = ${tenant.mode} and ${condition}
    order by t.number desc
  `
}

const card = { type: 'card', number: '4084084084084081', expiryMonth: 12, expiryYear: 2030 } as const
const payment = (reference: string) => ({
  email: 'zero@example.com',
  amount: 500n,
  currency: 'NGN' as const,
  reference,
})

test('the tests run as the role that servers run as', async () => {
  expect(await query`select current_user::text as role`).toEqual([{ role: 'mteja_app' }])
})

test('a payment that an old server makes and settles is a payment of a new one', async () => {
  const uuid = await insertAsBefore('old-1')
  expect(await beginChargeAsBefore(uuid)).toBe(`pi_${uuid}_1`)
  expect(await getPayment(service, tenant, { reference: 'old-1' })).toMatchObject({ status: 'processing' })
  expect(await markPaidAsBefore(uuid)).toMatchObject([{ payer_id: customerId }])
  // The second call finds the payment paid. Another statement counts the total, here once for each call.
  expect(await markPaidAsBefore(uuid)).toEqual([])
  expect(await getPayment(service, tenant, { reference: 'old-1' })).toMatchObject({
    status: 'succeeded',
    paymentIntentId: `pi_${uuid}`,
    channel: 'card',
    accessCode: 'access-old-1',
    metadata: { order: 17 },
    paidAt: service.clock.now(),
  })
  expect(await getPaymentIntent(service, tenant, `pi_${uuid}`)).toMatchObject({ status: 'succeeded' })
  expect(await totalPayments(service, tenant)).toEqual([{ currency: 'NGN', count: 2, amount: 1000n }])
})

test('a payment that an old server sees declined has failed for a new one', async () => {
  const uuid = await insertAsBefore('old-1')
  await beginChargeAsBefore(uuid)
  const now = service.clock.now()
  await query`
    with closed as (
      update payment_intents set
        status = ${'failed'}, failure_reason = ${'declined'}, updated_at = ${now}::timestamptz, due_at = expires_at
      where merchant_id = ${tenant.merchant.id} and id = ${uuid} and status = any(${['processing']}::text[])
      returning id, customer_id
    ),
    of_transaction as (
      update transactions t set
        status = case t.status when 'unpaid' then 'unpaid' else 'failed' end,
        failure_reason = case t.status when 'processing' then ${'declined'} else t.failure_reason end,
        updated_at = ${now}::timestamptz
      from closed
      where t.merchant_id = ${tenant.merchant.id} and t.payment_intent_id = closed.id
      returning t.customer_id as payer_id
    )
    select closed.customer_id, of_transaction.payer_id from closed left join of_transaction on true
  `
  expect(await getPayment(service, tenant, { reference: 'old-1' })).toMatchObject({
    status: 'failed',
    failureReason: 'declined',
  })
})

test('payments of old and new servers are numbered in one row, and each sees those of the other', async () => {
  await insertAsBefore('old-1', 'key-1')
  await chargeInstrument(service, tenant, { ...payment('new-2'), instrument: card }, freshAttempt(service))
  await insertAsBefore('old-3')
  const read = await readAsBefore(sql`t.number between 1 and 3`)
  expect(read.map(({ reference, number }) => [reference, number])).toEqual([
    ['old-3', 3n],
    ['new-2', 2n],
    ['old-1', 1n],
  ])
  const { items, total } = await listPayments(service, tenant, {}, { limit: 50, offset: 0 })
  expect([items.map(({ reference }) => reference), total]).toEqual([['old-3', 'new-2', 'old-1'], 3])
  expect(await readAsBefore(sql`t.reference = 'new-2'`)).toMatchObject([{ status: 'succeeded', incoming: null }])
  expect(await readAsBefore(sql`t.request_key = ${'key-1'}`)).toMatchObject([{ reference: 'old-1' }])
  expect(await readAsBefore(sql`t.access_code = ${'access-old-3'}`)).toMatchObject([{ reference: 'old-3' }])
})

test('a reference that a new server has used is taken for an old one', async () => {
  await chargeInstrument(service, tenant, { ...payment('order-1'), instrument: card }, freshAttempt(service))
  expect(await insertAsBefore('order-1')).toBeNull()
  expect(await readAsBefore(sql`t.reference = 'order-1'`)).toHaveLength(1)
})

test('lists, totals and periods of an old server are those of a new one', async () => {
  await chargeInstrument(service, tenant, { ...payment('new-1'), instrument: card }, freshAttempt(service))
  await insertAsBefore('old-2')
  const { merchant, mode } = tenant
  const page = await query<{ reference: string }>`
    select t.reference from (
      select w.* from transactions w
      where w.merchant_id = ${merchant.id} and w.mode = ${mode} and w.number >= 1 and w.number <= 2 and w.number > 1
    ) t
  `
  expect(page).toEqual([{ reference: 'old-2' }])
  const period = await query`
    select
      (
        select t.number from transactions t
        where t.merchant_id = k.merchant_id and t.mode = k.mode and t.created_at >= ${new Date(0)}
        order by t.created_at, t.number
        limit 1
      ) as first,
      k.transaction_count as last
    from payment_counters k
    where k.merchant_id = ${merchant.id} and k.mode = ${mode}
  `
  expect(period).toEqual([{ first: 1n, last: 2n }])
  const totals = await query`
    select k.currency, k.succeeded_count as count, k.succeeded_amount as amount from transaction_totals k
    where k.merchant_id = ${merchant.id} and k.mode = ${mode}
  `
  expect(totals).toEqual([{ currency: 'NGN', count: 1n, amount: '500' }])
  const ofCustomer = await query`
    select t.currency, count(*) as count, sum(t.amount) as amount from transactions t
    where t.merchant_id = ${merchant.id} and t.customer_id = ${customerId}
      and t.paid_at is not null and t.purpose = 'payment'
    group by t.currency
  `
  expect(ofCustomer).toEqual([{ currency: 'NGN', count: 1n, amount: '500' }])
  const sessions = await query`
    insert into payment_counters as k (merchant_id, mode, checkout_session_count)
    values (${merchant.id}, ${mode}, 1)
    on conflict (merchant_id, mode) do update set checkout_session_count = k.checkout_session_count + 1
    returning k.checkout_session_count
  `
  expect(sessions).toEqual([{ checkout_session_count: 1n }])
})

test('an old server finds its own actor beside those of an outside issuer’s tokens and those with an address, and makes it once', async () => {
  const merchantId = tenant.merchant.id
  const outside = (subject: string | null) => ({ issuer: 'https://login.example.com', subject })
  const actor = { merchantId, kind: 'token', apiKeyId: null, surface: 'mteja' } as const
  const named = [
    await actorIdOf(service, { ...actor, outside: outside('amina') }),
    await actorIdOf(service, { ...actor, outside: outside('biko') }),
    await actorIdOf(service, { ...actor, outside: outside(null) }),
    await actorIdOf(service, { ...actor, address: '196.25.1.7' }),
    await actorIdOf(service, { ...actor, outside: outside(null), address: '196.25.1.7' }),
  ]
  const select = () => query<{ id: number }>`
    select id from actors
    where merchant_id = ${merchantId} and kind = ${'token'} and surface = ${'mteja'}
      and api_key_id is not distinct from ${null}::uuid
  `
  expect(await select()).toEqual([])
  for (const _ of [1, 2]) {
    await query`
      insert into actors (merchant_id, kind, api_key_id, surface)
      values (${merchantId}, ${'token'}, ${null}, ${'mteja'})
      on conflict do nothing
    `
  }
  const [own, ...others] = await select()
  expect(others).toEqual([])
  expect(await actorIdOf(service, actor)).toBe(own?.id)
  expect(new Set([...named, own?.id]).size).toBe(6)
})

test.each([
  ['change the amount', sql`update transactions set amount = 1`],
  ['move a payment to another customer', sql`update transactions set customer_id = customer_id + 1`],
  ['delete a payment', sql`delete from transactions`],
  ['delete a total', sql`delete from transaction_totals`],
  ['move a total to another currency', sql`update transaction_totals set currency = 'ZAR'`],
  ['delete a counter', sql`delete from payment_counters`],
])('the old names give no right that the new ones do not: to %s is denied', async (_title, statement) => {
  await insertAsBefore('old-1')
  const refused = await service.db.query(statement).then(
    () => 'done',
    (error: unknown) => codeOf(error),
  )
  expect(refused).toBe('42501')
})
