import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets, type Ledger, requestOf } from '../../../test/wallets.ts'
import { sql } from '../../db/sql.ts'
import { doTogether } from '../ledger/commands.ts'
import { refundTransaction, reverseTransaction } from '../payments/refunds.ts'
import { expireDueHolds } from '../wallet/due-holds.ts'
import { captureHold, placeHold, releaseHold } from '../wallet/holds.ts'
import { makeTransfer } from '../wallet/transfers.ts'

let service: TestService
let tenant: TestTenant
let ledger: Ledger

beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service)
  ledger = createLedger(service)
})

afterAll(() => service.close())

/** The details of the tenant's events of a type about one customer, oldest first. */
async function detailsOf(type: string, customerCode: string): Promise<unknown[]> {
  const rows = await service.db.query<{ details: unknown }>(sql`
    select e.data -> 'details' as details from events e
    join customers c on c.merchant_id = e.merchant_id and c.id = e.customer_id
    where e.merchant_id = ${tenant.merchant.id} and e.type = ${type} and c.code = ${customerCode}
    order by e.id
  `)
  return rows.map(({ details }) => details)
}

/** A customer with 1,000, and what a hold of 100 of it needs. */
async function createHolder() {
  const [customerCode = ''] = await createWallets(service, tenant, 1)
  await ledger(tenant, commandsFor(service).payIn(customerCode, 1000n))
  const hold = (more: { expiresAt?: Date } = {}) =>
    placeHold(service, tenant, { customerCode, amount: 100, ...more }, null)
  const capture = (id: string, input: { amount?: number; isFinal?: boolean } = {}) =>
    captureHold(service, tenant, { holdId: id, isFinal: false, ...input }, null)
  return { customerCode, hold, capture }
}

test('a capture tells what it took, what it gave up and what is left, whatever was asked for', async () => {
  const { customerCode, hold, capture } = await createHolder()
  const [parts, final] = [await hold(), await hold()]
  const captures = [
    await capture(parts.id, { amount: 30 }),
    await capture(parts.id),
    await capture(final.id, { amount: 40, isFinal: true }),
  ]
  const about = (n: number, holdId: string) => ({ holdId, currency: 'ZAR', captureId: captures[n]?.id })
  expect(await detailsOf('hold.captured', customerCode)).toEqual([
    { ...about(0, parts.id), amount: 30, released: 0, remaining: 70 },
    { ...about(1, parts.id), amount: 70, released: 0, remaining: 0 },
    { ...about(2, final.id), amount: 40, released: 60, remaining: 0 },
  ])
})

test('a release and an expiry tell how much they gave up', async () => {
  const { customerCode, hold, capture } = await createHolder()
  const released = await hold()
  const expired = await hold({ expiresAt: new Date(service.clock.now().getTime() + 1000) })
  await capture(released.id, { amount: 30 })
  await releaseHold(service, tenant, released.id, null)
  service.clock.advance(1000)
  await expireDueHolds(service)
  expect(await detailsOf('hold.released', customerCode)).toEqual([{ holdId: released.id, currency: 'ZAR', amount: 70 }])
  expect(await detailsOf('hold.expired', customerCode)).toEqual([{ holdId: expired.id, currency: 'ZAR', amount: 100 }])
})

test('a refund and a reversal tell what they gave back and what is left, once for a key', async () => {
  const { customerCode } = await createHolder()
  const purchase = commandsFor(service).purchase(customerCode, 100n)
  const { id: transactionId } = await ledger(tenant, purchase)
  const input = { transactionId, amount: 30 }
  const part = await refundTransaction(service, tenant, input, requestOf(`part-${transactionId}`))
  await refundTransaction(service, tenant, input, requestOf(`part-${transactionId}`))
  const rest = await reverseTransaction(service, tenant, { transactionId }, null)
  const about = { transactionId, currency: 'ZAR' }
  expect(await detailsOf('refund.succeeded', customerCode)).toEqual([
    { ...about, refundId: part.id, amount: 30, remaining: 70 },
  ])
  expect(await detailsOf('reversal.succeeded', customerCode)).toEqual([
    { ...about, refundId: rest.id, amount: 70, remaining: 0 },
  ])
})

test('an event has nothing of another command in the batch of its command', async () => {
  const { customerCode, hold } = await createHolder()
  const make = commandsFor(service)
  const { id: holdId } = await hold()
  const event = { type: 'purchase.succeeded' as const, data: { details: { purchaseId: 'p' } } }
  await doTogether(service, tenant, [make.release(holdId, customerCode), make.purchase(customerCode, 5n, { event })])
  expect(await detailsOf('purchase.succeeded', customerCode)).toEqual([{ purchaseId: 'p' }])
})

test('a transfer names both customers, and so does its reversal', async () => {
  const [fromCustomer = '', toCustomer = ''] = await createWallets(service, tenant, 2)
  await ledger(tenant, commandsFor(service).payIn(fromCustomer, 50n))
  const sent = await makeTransfer(service, tenant, { fromCustomer, toCustomer, amount: 50 }, null)
  const undone = await reverseTransaction(service, tenant, { transactionId: sent.id }, null)
  expect(await detailsOf('transfer.completed', fromCustomer)).toEqual([
    { transferId: sent.id, fromCustomer, toCustomer, amount: 50, currency: 'ZAR' },
  ])
  expect(await detailsOf('reversal.succeeded', toCustomer)).toEqual([
    {
      refundId: undone.id,
      transactionId: sent.id,
      amount: 50,
      remaining: 0,
      currency: 'ZAR',
      fromCustomer: toCustomer,
      toCustomer: fromCustomer,
    },
  ])
})
