import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { sql } from '../../db/sql.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getMerchantBalance } from '../wallet/merchant-balances.ts'
import { listPayments } from './payment-lists.ts'
import type { PaymentProcessor } from './payment-processor.ts'
import { requireProcessor } from './payment-processor.ts'
import { chargeInstrument, chargePaymentMethod } from './payments.ts'

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
