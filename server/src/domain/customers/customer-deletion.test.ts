import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { randomFrom } from '../../../test/random.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { createDedicatedAccount } from '../banking/account-opening.ts'
import { removeDedicatedAccount } from '../banking/dedicated-accounts.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getBalance } from '../ledger/balances.ts'
import { createCheckoutSession, openCheckout } from '../payments/checkout-sessions.ts'
import { getPaymentIntent } from '../payments/payment-intent-records.ts'
import { confirmPaymentIntent, createPaymentIntent } from '../payments/payment-intents.ts'
import { refundTransaction, reverseTransaction } from '../payments/refunds.ts'
import { settleIntent } from '../payments/settling.ts'
import { savePaymentMethod } from '../sandbox/payment-methods.ts'
import { sandboxTenantOf } from '../sandbox/sandbox-tenant.ts'
import { deleteCustomers } from './customer-deletion.ts'
import { listCustomers, walkCustomers } from './customer-lists.ts'
import { createCustomer, findCustomer, getCustomer, updateCustomer } from './customers.ts'

let service: TestService
let tenant: TestTenant

beforeAll(async () => {
  service = await openTestService()
})
beforeEach(async () => {
  tenant = await createTestTenant(service)
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

const server = () => ({ ...service })
const codeOf = (error: unknown) => (error instanceof ServiceError ? error.code : error)
const refusalOf = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  )
  if (!(error instanceof ServiceError)) throw error ?? new Error('nothing was refused')
  return error
}
const remove = (codes: string[]) => deleteCustomers(service, tenant, codes)

async function create(email: string | null = null) {
  return (await createCustomer(service, tenant, { email, firstName: 'Ada', phone: '0821234567' })).customer
}

/** What is told of the tenant's events of a type, oldest first. */
async function eventsOf(type: string) {
  const rows = await service.db.query<{ data: { customer?: { code: string; email: string | null } } }>(sql`
    select data from events where merchant_id = ${tenant.merchant.id} and type = ${type} order by id
  `)
  return rows.map(({ data }) => data)
}

describe('a deleted customer', () => {
  test('a deleted customer is found by nothing, and the others are', async () => {
    const ada = await create('ada@example.com')
    const ben = await create('ben@example.com')
    expect(await remove([ada.code])).toEqual([ada.code])
    for (const reference of [{ code: ada.code }, { email: 'ada@example.com' }, { id: ada.id }]) {
      expect((await refusalOf(findCustomer(service, tenant, reference))).code).toBe('customer_not_found')
    }
    expect((await refusalOf(getCustomer(service, tenant, ada.code))).code).toBe('customer_not_found')
    expect((await refusalOf(getBalance(service, tenant, ada.code))).code).toBe('customer_not_found')
    expect((await refusalOf(updateCustomer(service, tenant, { code: ada.code }, {}))).code).toBe('customer_not_found')
    const page = { limit: 10, offset: 0 }
    for (const filter of [{}, { search: 'ada' }, { search: '0821234567' }, { equal: { name: ['Ada'] } }]) {
      const { items, total } = await listCustomers(service, tenant, filter, page)
      expect([items.map(({ code }) => code), total]).toEqual([[ben.code], 1])
    }
    expect((await listCustomers(service, tenant, { email: 'ada@example.com' }, page)).total).toBe(0)
    expect((await listCustomers(service, tenant, { equal: { id: [ada.code] } }, page)).total).toBe(0)
  })

  test('the e-mail of a deleted customer is free, and the event of the deletion has it', async () => {
    const first = await create('ada@example.com')
    await remove([first.code])
    const second = await create('ada@example.com')
    expect(second.code).not.toBe(first.code)
    expect((await findCustomer(service, tenant, { email: 'ADA@example.com' })).code).toBe(second.code)
    expect((await eventsOf('customer.deleted')).map(({ customer }) => [customer?.code, customer?.email])).toEqual([
      [first.code, 'ada@example.com'],
    ])
    await remove([second.code])
    expect((await create('ada@example.com')).code).not.toBe(second.code)
  })

  test('no money moves to or from a deleted customer, and what has moved can be read and not be given back', async () => {
    const { payIn, purchase, transfer, place } = commandsFor(service)
    const ledger = createLedger(service)
    const [ada, ben] = (await createWallets(service, tenant, 2)) as [string, string]
    await ledger(tenant, payIn(ada, 100n))
    const bought = await ledger(tenant, purchase(ada, 60n))
    const sent = await ledger(tenant, transfer(ada, ben, 40n))
    await ledger(tenant, payIn(ben, 10n))
    await remove([ada])
    for (const command of [
      payIn(ada, 1n),
      transfer(ben, ada, 1n),
      purchase(ada, 1n),
      transfer(ada, ben, 1n),
      place(ada, 1n),
    ]) {
      expect((await refusalOf(ledger(tenant, command))).code).toBe('customer_not_found')
    }
    const refund = { transactionId: bought.id }
    expect((await refusalOf(refundTransaction(service, tenant, refund, null))).code).toBe('customer_not_found')
    const reversal = { transactionId: sent.id }
    expect((await refusalOf(reverseTransaction(service, tenant, reversal, null))).code).toBe('customer_not_found')
    const [row] = await service.db.query<{ count: bigint }>(sql`
      select count(*) from entries e
      join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
      join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
      where c.merchant_id = ${tenant.merchant.id} and c.code = ${ada}
    `)
    expect(row?.count).toBe(3n)
  })

  test('deleting again, and codes that nobody has, are left out of the answer', async () => {
    const [ada, ben] = (await createWallets(service, tenant, 2)) as [string, string]
    expect(await remove([ben, 'CUS_nobody', ada, ben])).toEqual([ben, ada])
    expect(await remove([ada, ben])).toEqual([])
    const { code, message } = await refusalOf(remove(['CUS_a', 'CUS_b']))
    expect([code, message]).toEqual(['customer_not_found', 'There is no customer "CUS_a", no customer "CUS_b"'])
    expect(await eventsOf('customer.deleted')).toHaveLength(2)
  })

  test('a customer of another merchant or of the other mode is not deleted', async () => {
    const other = await createTestTenant(service)
    const [theirs] = (await createWallets(service, other, 1)) as [string]
    const [live] = (await createWallets(service, { ...tenant, mode: 'live' }, 1)) as [string]
    expect((await refusalOf(remove([theirs, live]))).code).toBe('customer_not_found')
    expect((await getCustomer(service, other, theirs)).code).toBe(theirs)
  })
})

describe('a customer who cannot be deleted', () => {
  test('customers with a balance or a hold are refused by name, and nobody of the call is deleted', async () => {
    const { payIn, place } = commandsFor(service)
    const ledger = createLedger(service)
    const [rich, held, poor] = (await createWallets(service, tenant, 3)) as [string, string, string]
    await ledger(tenant, payIn(rich, 70n))
    await ledger(tenant, payIn(rich, 5n, { currency: 'NGN' }))
    await ledger(tenant, payIn(held, 30n))
    await ledger(tenant, place(held, 20n))
    const { code, message } = await refusalOf(remove([poor, rich, held]))
    expect(code).toBe('customer_not_deletable')
    expect(message).toContain(`customer ${rich} has a balance of NGN 0.05 and a balance of ZAR 0.70`)
    expect(message).toContain(`customer ${held} has a balance of ZAR 0.30 and a hold of ZAR 0.20`)
    expect(message).not.toContain(poor)
    expect((await listCustomers(service, tenant, {}, { limit: 5, offset: 0 })).total).toBe(3)
    expect(await eventsOf('customer.deleted')).toEqual([])
  })

  test('a customer with a dedicated account is refused until it is deactivated', async () => {
    const { code } = await create('ada@example.com')
    await updateCustomer(service, tenant, { code }, { lastName: 'Obi' })
    const { account } = await createDedicatedAccount(service, tenant, { code }, {})
    const refusal = await refusalOf(remove([code]))
    expect([refusal.code, refusal.message]).toEqual([
      'customer_not_deletable',
      `Nobody was deleted: customer ${code} has the dedicated account ${account.accountNumber}. Deactivate each dedicated account first`,
    ])
    await removeDedicatedAccount(service, tenant, account.id)
    expect(await remove([code])).toEqual([code])
  })

  test('a customer whose payment is under way is refused until it has failed', async () => {
    const { code } = await create()
    const asked = { amount: 500, currency: 'ZAR', customerCode: code }
    const { id } = await createPaymentIntent(service, tenant, asked, freshAttempt(service))
    // The test card whose charge stays under way.
    const instrument = { type: 'encrypted_card', ciphertext: '4084080000060007', accountName: undefined } as const
    const paying = await confirmPaymentIntent(service, tenant, { id, instrument }, freshAttempt(service))
    expect(paying.status).toBe('processing')
    const refusal = await refusalOf(remove([code]))
    expect([refusal.code, refusal.message]).toEqual([
      'customer_not_deletable',
      `Nobody was deleted: customer ${code} has the payment ${id} under way. Wait until each payment has succeeded or failed`,
    ])
    await settleIntent(service, tenant, paying, { status: 'failed', reason: 'Declined' })
    expect(await remove([code])).toEqual([code])
    expect((await getPaymentIntent(service, tenant, id)).status).toBe('canceled')
  })
})

describe('what a deleted customer had', () => {
  test('payments that nobody has begun to pay are canceled, their pages are gone, and a late success goes back', async () => {
    const { code } = await create()
    const asked = { amount: 500, currency: 'ZAR', customerCode: code }
    const { id } = await createPaymentIntent(service, tenant, asked, freshAttempt(service))
    const payin = { purpose: 'payin', customerCode: code, totalAmount: 300, currency: 'ZAR' } as const
    const session = await createCheckoutSession(service, tenant, payin)
    const plain = await createCheckoutSession(service, tenant, { ...payin, purpose: 'payment' })
    await remove([code])
    const intent = await getPaymentIntent(service, tenant, id)
    expect([intent.status, intent.failureReason]).toEqual(['canceled', 'The customer was deleted'])
    for (const { id: page } of [session, plain]) {
      expect((await refusalOf(openCheckout(service, page))).code).toBe('checkout_session_not_found')
    }
    expect(await eventsOf('payment_intent.canceled')).toMatchObject([
      { customer: { code }, details: { paymentIntentId: id, amount: 500, currency: 'ZAR' } },
      { customer: { code }, details: { paymentIntentId: session.paymentIntentId, checkoutSessionId: session.id } },
    ])
    await settleIntent(service, tenant, { ...intent, chargeReference: `${id}_1` }, { status: 'succeeded' })
    expect((await getPaymentIntent(service, tenant, id)).status).toBe('canceled')
  })

  test('payment methods are removed', async () => {
    const { code, id } = await create()
    await savePaymentMethod(service, sandboxTenantOf(tenant), code, { type: 'card' })
    await remove([code])
    const rows = await service.db.query(sql`
      select deactivated_at is not null as gone from payment_methods
      where merchant_id = ${tenant.merchant.id} and customer_id = ${id}
    `)
    expect(rows).toEqual([{ gone: true }])
  })

  test('nothing new comes to a deleted customer, whatever statement adds it', async () => {
    const { code, id } = await create()
    await remove([code])
    const insert = service.db.query(sql`
      insert into mandates (
        merchant_id, id, mode, customer_id, reference, access_code, status, created_at, updated_at
      )
      values (${tenant.merchant.id}, 1, 'test', ${id}, 'r', 'a', 'requested', now(), now())
    `)
    await expect(insert).rejects.toMatchObject({ code: 'MT005' })
  })
})

test('every table of things that a customer has refuses a deleted customer, save what the ledger and events write and what goes back', async () => {
  const rows = await service.db.query<{ name: string }>(sql`
    select c.table_name as name
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and c.column_name = 'customer_id' and t.table_type = 'BASE TABLE'
      and not exists (
        select from pg_trigger g
        where g.tgrelid = format('public.%I', c.table_name)::regclass and g.tgname = 'customer_not_deleted'
      )
    order by 1
  `)
  expect(rows.map(({ name }) => name)).toEqual([
    'deliveries',
    'disputes',
    'events',
    'holds',
    'ledger_accounts',
    'refunds',
  ])
})

describe('a deletion at the same moment', () => {
  test('a deletion and a transfer to the customer at once: the money moves or the customer is deleted, never both', async () => {
    const { payIn, transfer } = commandsFor(service)
    const ledger = createLedger(service)
    const outcomes: string[] = []
    for (let round = 0; round < 20; round++) {
      const [ada, ben] = (await createWallets(service, tenant, 2)) as [string, string]
      await ledger(tenant, payIn(ada, 10n))
      const servers = [createLedger(service), createLedger(service)]
      const [deleted, ...moved] = await Promise.all([
        deleteCustomers(server(), tenant, [ben]).then(() => 'deleted', codeOf),
        ...servers.map((each) => each(tenant, transfer(ada, ben, 5n)).then(() => 'moved', codeOf)),
      ])
      outcomes.push(`${deleted}: ${moved.filter((each) => each === 'moved').length}`)
      const refused = moved.filter((each) => each === 'customer_not_found').length
      expect([`customer_not_deletable: 1`, 'customer_not_deletable: 2', 'deleted: 0']).toContain(outcomes.at(-1))
      expect(moved.filter((each) => each === 'moved').length + refused).toBe(2)
      const left = (await getBalance(service, tenant, ada)).posted
      const there = deleted === 'deleted' ? 0n : (await getBalance(service, tenant, ben)).posted
      expect(left + there).toBe(10n)
    }
    expect(await unsoundBooks(service.db)).toEqual([])
  })

  test('a deletion and payments at once: each payment is credited, canceled or refused, and no money is lost', async () => {
    for (let round = 0; round < 10; round++) {
      const { code } = await create()
      const asked = { amount: 500, currency: 'ZAR', customerCode: code }
      const early = await createPaymentIntent(service, tenant, asked, freshAttempt(service))
      const [deleted, confirmed, created] = await Promise.all([
        deleteCustomers(server(), tenant, [code]).then(() => true, codeOf),
        confirmPaymentIntent(server(), tenant, { id: early.id }, freshAttempt(service)).then(
          ({ status }) => status,
          codeOf,
        ),
        createPaymentIntent(server(), tenant, asked, freshAttempt(service)).then(
          ({ id }) => id,
          (error) => error,
        ),
      ])
      const { status } = await getPaymentIntent(service, tenant, early.id)
      if (deleted === true) {
        expect(status).toBe('canceled')
        expect(confirmed).not.toBe('succeeded')
        if (typeof created === 'string') {
          expect((await getPaymentIntent(service, tenant, created)).status).toBe('canceled')
        }
      } else {
        expect([deleted, status]).toEqual(['customer_not_deletable', 'succeeded'])
        expect((await getBalance(service, tenant, code)).posted).toBe(500n)
      }
    }
    expect(await unsoundBooks(service.db)).toEqual([])
  })

  test('two deletions of overlapping customers at once delete each customer once', async () => {
    const codes = await createWallets(service, tenant, 12)
    const answers = await Promise.all([
      deleteCustomers(server(), tenant, codes.slice(0, 8)),
      deleteCustomers(server(), tenant, codes.slice(4).reverse()),
    ])
    expect(answers.flat().sort()).toEqual([...codes].sort())
    expect((await listCustomers(service, tenant, {}, { limit: 5, offset: 0 })).total).toBe(0)
  })
})

test('lists of customers have no gaps where customers were deleted, on any page, in either order and in a period', async () => {
  const random = randomFrom(20_260_115)
  const own = await createTestTenant(service)
  const codes: string[] = []
  const dates: Date[] = []
  for (let i = 0; i < 60; i++) {
    service.clock.advance(1000)
    codes.push(...(await createWallets(service, own, 1)))
    dates.push(service.clock.now())
  }
  let left = [...codes]
  const period = { from: dates[10] as Date, until: dates[50] as Date }
  for (let round = 0; round < 8; round++) {
    const gone = left.filter((_, i) => i < round || random() < 1 / 6).slice(0, 9)
    await deleteCustomers(service, own, gone)
    left = left.filter((code) => !gone.includes(code))
    for (const direction of ['asc', 'desc'] as const) {
      for (const filter of [{}, period]) {
        const inside = new Set('from' in filter ? codes.slice(10, 50) : codes)
        const expected = left.filter((code) => inside.has(code))
        if (direction === 'desc') expected.reverse()
        const sort = { by: 'createdAt', direction } as const
        for (let offset = 0; offset <= expected.length; offset += 3) {
          const { items, total } = await listCustomers(service, own, filter, { limit: 4, offset, sort })
          expect(total).toBe(expected.length)
          expect(items.map(({ code }) => code)).toEqual(expected.slice(offset, offset + 4))
        }
      }
    }
    const walked = await walkCustomers(service, own, {}, { limit: 100 })
    expect(walked.items.map(({ code }) => code)).toEqual(left.toReversed())
  }
  expect(left.length).toBeLessThan(40)
})
