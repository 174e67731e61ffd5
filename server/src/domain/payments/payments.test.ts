import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { cash, commandsFor, createLedger } from '../../../test/wallets.ts'
import { maxAmount } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import { createCustomer } from '../customers/customers.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getMerchantBalance } from '../wallet/merchant-balances.ts'
import { listSuspended } from '../wallet/suspense.ts'
import { confirmPaymentIntent, createPaymentIntent } from './payment-intents.ts'
import { listPayments } from './payment-lists.ts'
import type { PaymentProcessor } from './payment-processor.ts'
import { requireProcessor } from './payment-processor.ts'
import { chargeInstrument, chargePaymentMethod, verifyPayment } from './payments.ts'

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
})

const asked = { email: 'zero@example.com', amount: 500n, currency: 'ZAR' } as const
const card = (number = '4084084084084081') => ({ type: 'card' as const, number, expiryMonth: 12, expiryYear: 2030 })
const everything = { limit: 50, offset: 0 }

async function chargeCount(): Promise<number> {
  const rows = await service.db.query(
    sql`select reference from sandbox_charges where merchant_id = ${tenant.merchant.id}`,
  )
  return rows.length
}

test.each(['4084084084084081', '4084080000005408', '4084080000060007'])(
  'an attempt to charge card %s makes one payment and one charge, however often and by however many it is tried',
  async (number) => {
    const attempt = freshAttempt(service)
    const charge = () => chargeInstrument(service, tenant, { ...asked, instrument: card(number) }, attempt)
    const made = [...(await Promise.all(Array.from({ length: 10 }, charge))), await charge()]
    expect(new Set(made.map(({ paymentIntentId }) => paymentIntentId))).toEqual(new Set([`pi_${attempt.id}`]))
    expect((await listPayments(service, tenant, {}, everything)).total).toBe(1)
    expect(await chargeCount()).toBe(1)
  },
)

test('an attempt that gave a reference is not told that its own reference is taken', async () => {
  const attempt = freshAttempt(service)
  const input = { ...asked, reference: 'order-1', instrument: card() }
  const charge = () => chargeInstrument(service, tenant, input, attempt)
  const made = await Promise.all(Array.from({ length: 5 }, charge))
  // A call that finds another one's charge under way is told so.
  for (const { status } of made) expect(['succeeded', 'processing']).toContain(status)
  expect(new Set(made.map(({ paymentIntentId }) => paymentIntentId)).size).toBe(1)
  expect(await charge()).toMatchObject({ status: 'succeeded' })
  await expect(chargeInstrument(service, tenant, input, freshAttempt(service))).rejects.toThrow('order-1')
  expect((await getMerchantBalance(service, tenant)).posted).toBe(500n)
})

test('an attempt to charge a saved card that was killed before its charge charges once when it is tried again', async () => {
  const { paymentMethod } = await chargeInstrument(
    service,
    tenant,
    { ...asked, instrument: card() },
    freshAttempt(service),
  )
  const attempt = freshAttempt(service)
  const input = { ...asked, paymentMethodCode: paymentMethod?.code as string }
  const processor = await requireProcessor(service, tenant)
  const killed: PaymentProcessor = { ...processor, charge: () => Promise.reject(new Error('killed')) }
  const dying = { ...service, processorOf: async () => killed }
  await expect(chargePaymentMethod(dying, tenant, input, attempt)).rejects.toThrow('killed')
  // Whether the charge has left is not known: it is asked about, not made again.
  expect(await chargePaymentMethod(service, tenant, input, attempt)).toMatchObject({ status: 'processing' })
  expect(await chargeCount()).toBe(1)
  service.clock.advance(60_000)
  expect(await chargePaymentMethod(service, tenant, input, attempt)).toMatchObject({ status: 'failed' })
  expect((await listPayments(service, tenant, {}, everything)).total).toBe(2)
  expect((await getMerchantBalance(service, tenant)).posted).toBe(500n)
})

test('a payment that nobody has described is a payment', async () => {
  const { id } = await createPaymentIntent(service, tenant, { amount: 500, currency: 'ZAR' }, freshAttempt(service))
  await confirmPaymentIntent(service, tenant, { id, instrument: card(), save: false }, freshAttempt(service))
  const moved = await service.db.query(sql`
    select kind, description from ledger_transactions where merchant_id = ${tenant.merchant.id}
  `)
  expect(moved).toEqual([{ kind: 'pay_in', description: 'Payment' }])
})

test('money that its owner’s balance has no room for is in suspense, once, and its payment says so', async () => {
  const { code } = (await createCustomer(service, tenant, { email: asked.email })).customer
  const full = commandsFor(service).adjust({ kind: 'adjustments' }, cash(code), maxAmount - 499n)
  await createLedger(service)(tenant, full)
  const wanted = { ...asked, metadata: { purpose: 'wallet_topup' }, instrument: card() }
  const { reference, ...paid } = await chargeInstrument(service, tenant, wanted, freshAttempt(service))
  expect(paid).toMatchObject({ status: 'failed', failureReason: expect.stringContaining('is in suspense. A balance') })
  for (let i = 0; i < 2; i++) await verifyPayment(service, tenant, reference)
  const suspended = await listSuspended(service, tenant, { isOpen: true, before: undefined, limit: 10 })
  expect(suspended).toMatchObject([{ amount: 500n, left: 500n, details: { paymentIntentId: paid.paymentIntentId } }])
})

test.each([
  ['a decline', '4084080000005408', 0n, 'payment_intent.failed'],
  ['money in suspense', '4084084084084081', maxAmount - 499n, 'payment_intent.canceled'],
])('%s is told with its reason and its payment, and so is the top-up', async (_, number, posted, type) => {
  const { code } = (await createCustomer(service, tenant, { email: asked.email })).customer
  if (posted > 0n) {
    const filling = commandsFor(service).adjust({ kind: 'adjustments' }, cash(code), posted)
    await createLedger(service)(tenant, filling)
  }
  const wanted = { ...asked, metadata: { purpose: 'wallet_topup' }, instrument: card(number) }
  const { reference, failureReason: reason } = await chargeInstrument(service, tenant, wanted, freshAttempt(service))
  const told = await service.db.query<{ type: string; data: { details: object } }>(sql`
    select type, data from events
    where merchant_id = ${tenant.merchant.id} and type = any(${[type, 'pay_in.failed']}) order by id
  `)
  expect(told).toMatchObject([
    { type, data: { customer: { code }, details: { reason, transaction: { reference } } } },
    ...(type === 'payment_intent.failed' ? [{ type: 'pay_in.failed', data: { details: { reason } } }] : []),
  ])
})
