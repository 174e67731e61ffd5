import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type KeptLog, keepLog } from '../../../test/kept-log.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { ServiceError } from '../../base/errors.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../../surfaces/http/surface.ts'
import { inTransaction } from '../context.ts'
import { createCustomer } from '../customers/customers.ts'
import { setRiskAction } from '../customers/risk-actions.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getBalance } from '../ledger/balances.ts'
import { listEntries } from '../ledger/entries.ts'
import { sandboxCards } from '../sandbox/instruments.ts'
import { simulateNotice } from '../sandbox/notices.ts'
import { savePaymentMethod } from '../sandbox/payment-methods.ts'
import type { SandboxDecision } from '../sandbox/processor.ts'
import { sandboxTenantOf } from '../sandbox/sandbox-tenant.ts'
import { getMerchantBalance } from '../wallet/merchant-balances.ts'
import { receiveNotice } from './charging.ts'
import { createCheckoutSession, openCheckout } from './checkout-sessions.ts'
import { settleDuePayments } from './due-payments.ts'
import { listPaymentIntents } from './payment-intent-lists.ts'
import { getPaymentIntent } from './payment-intent-records.ts'
import {
  type Confirmation,
  cancelPaymentIntent,
  confirmPaymentIntent,
  createPaymentIntent,
  type NewPaymentIntent,
} from './payment-intents.ts'
import { listAllPaymentMethods } from './payment-method-lists.ts'
import { deactivatePaymentMethod, getPaymentMethod } from './payment-methods.ts'
import { type PaymentProcessor, requireProcessor } from './payment-processor.ts'

let service: TestService
let tenant: TestTenant
let customerCode: string

const hourMs = 60 * 60 * 1000

beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())

beforeEach(async () => {
  tenant = await createTestTenant(service)
  customerCode = await addCustomer()
})

async function addCustomer(): Promise<string> {
  const { customer } = await createCustomer(service, tenant, { firstName: 'Zawadi', phone: '+27821234567' })
  return customer.code
}

function cardOf(outcome: string): Confirmation {
  const number = Object.keys(sandboxCards).find((card) => sandboxCards[card] === outcome) as string
  return { instrument: { type: 'card', number, expiryMonth: 12, expiryYear: 2030 } }
}

function phone(number: string): Confirmation {
  return { instrument: { type: 'mobile_money', phone: number } }
}

async function saveCard(outcome: string, owner = customerCode): Promise<string> {
  const { instrument } = cardOf(outcome)
  return (await savePaymentMethod(service, sandboxTenantOf(tenant), owner, instrument as never)).code
}

const create = (more: Partial<NewPaymentIntent> = {}, as: Service = service, attempt = freshAttempt(as)) =>
  createPaymentIntent(as, tenant, { amount: 5000, currency: 'ZAR', customerCode, ...more }, attempt)
const confirm = (id: string, confirmation: Confirmation = {}, as: Service = service, attempt = freshAttempt(as)) =>
  confirmPaymentIntent(as, tenant, { id, ...confirmation }, attempt)
const notice = (reference: string, outcome: SandboxDecision) =>
  simulateNotice(service, sandboxTenantOf(tenant), { reference, outcome })
const cancel = (id: string) => cancelPaymentIntent(service, tenant, id)

/** The service with another processor. */
function takenBy(processor: PaymentProcessor): Service {
  return { ...service, processorOf: async () => processor }
}

/** Fails every statement that matches, as if the process had ended there. */
const dyingAt = (pattern: RegExp): Service => ({
  ...service,
  db: {
    ...service.db,
    query: (statement) => dieAt(pattern, statement.text, () => service.db.query(statement)),
    lane() {
      const lane = service.db.lane()
      return {
        depth: lane.depth,
        query: (statement) => dieAt(pattern, statement.text, () => lane.query(statement)),
      }
    },
    transaction: (work) =>
      inTransaction(service, (tx) =>
        work({
          transaction: 'open',
          query: (statement) => dieAt(pattern, statement.text, () => tx.db.query(statement)),
        }),
      ),
  },
})
const dieAt = <Result>(pattern: RegExp, text: string, run: () => Promise<Result>): Promise<Result> =>
  pattern.test(text) ? Promise.reject(new Error('killed')) : run()

async function balance(code = customerCode): Promise<bigint> {
  return (await getBalance(service, tenant, code)).posted
}

async function history(code = customerCode) {
  return (await listEntries(service, tenant, { code }, { limit: 100, offset: 0 })).items
}

async function eventTypes(): Promise<string[]> {
  const rows = await service.db.query<{ type: string }>(sql`
    select type from events
    where merchant_id = ${tenant.merchant.id} and type not like 'customer.%' and type not like 'payment_method.%'
    order by id
  `)
  return rows.map((row) => row.type)
}

async function chargeStatuses(): Promise<string[]> {
  const rows = await service.db.query<{ status: string }>(sql`
    select status from sandbox_charges where merchant_id = ${tenant.merchant.id} order by reference
  `)
  return rows.map((row) => row.status)
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown) => thrown,
  )
  if (!(error instanceof ServiceError)) throw error ?? new Error('nothing was refused')
  return error.code
}

describe('a payment', () => {
  test('a payment fills the cash balance of its customer, and the history names the intent', async () => {
    const intent = await create({ description: 'Top-up' })
    expect(intent).toMatchObject({ status: 'requires_payment_method', amount: 5000n, transactionId: null })
    const paid = await confirm(intent.id)
    expect(paid).toMatchObject({ status: 'succeeded', transactionId: expect.any(String) })
    expect(await balance()).toBe(5000n)
    expect(await history()).toMatchObject([
      { kind: 'pay_in', amount: 5000n, description: 'Top-up', details: { paymentIntentId: intent.id } },
    ])
    expect(await eventTypes()).toEqual(['pay_in.succeeded', 'payment_intent.succeeded'])
  })

  test('a payment without a customer pays the merchant', async () => {
    const intent = await create({ customerCode: undefined })
    await confirm(intent.id)
    expect((await getMerchantBalance(service, tenant)).posted).toBe(5000n)
    expect(await balance()).toBe(0n)
    expect(await eventTypes()).toEqual(['payment_intent.succeeded'])
  })

  test('a payment by a saved card is charged when the intent is made', async () => {
    const paymentMethodCode = await saveCard('succeeded')
    const intent = await create({ paymentMethodCode })
    expect(intent).toMatchObject({ status: 'succeeded', paymentMethodCode })
    expect(await balance()).toBe(5000n)
  })

  test('a payment that is confirmed again is paid once', async () => {
    const { id } = await create()
    await confirm(id)
    await confirm(id, cardOf('succeeded'))
    expect(await balance()).toBe(5000n)
    expect(await chargeStatuses()).toEqual(['succeeded'])
  })

  test.each(['declined', 'insufficient_funds'])(
    'a payment by a card with the outcome %s fails with a reason, credits nothing and can be tried again',
    async (outcome) => {
      const { id } = await create()
      const failed = await confirm(id, cardOf(outcome))
      expect(failed).toMatchObject({ status: 'failed', failureReason: expect.stringMatching(/declined|funds/) })
      expect(await balance()).toBe(0n)
      expect(await confirm(id, cardOf('succeeded'))).toMatchObject({ status: 'succeeded', failureReason: null })
      expect(await balance()).toBe(5000n)
      expect(await eventTypes()).toEqual([
        'payment_intent.failed',
        'pay_in.failed',
        'pay_in.succeeded',
        'payment_intent.succeeded',
      ])
    },
  )

  test('a payment by a declined saved card is refused, and the intent kept to be tried again', async () => {
    const paymentMethodCode = await saveCard('declined')
    const work = create({ paymentMethodCode, idempotencyKey: 'order-1' })
    expect(await refusal(work)).toBe('payment_declined')
    const { items } = await listPaymentIntents(service, tenant, { status: 'failed' }, { limit: 50, offset: 0 })
    expect(items).toMatchObject([{ idempotencyKey: 'order-1', status: 'failed' }])
    expect(await refusal(create({ paymentMethodCode, idempotencyKey: 'order-1' }))).toBe('payment_declined')
    expect(await chargeStatuses()).toEqual(['failed'])
    await confirm(items[0]?.id as string, cardOf('succeeded'))
    expect(await create({ paymentMethodCode, idempotencyKey: 'order-1' })).toMatchObject({ status: 'succeeded' })
    expect(await balance()).toBe(5000n)
  })

  test('a payment by a card that is no test card is declined', async () => {
    const { id } = await create()
    const mastercard = {
      ...cardOf('succeeded').instrument,
      number: '5555 5555 5555 4444',
    } as Confirmation['instrument']
    expect(await confirm(id, { instrument: mastercard })).toMatchObject({
      status: 'failed',
      failureReason: expect.stringContaining('test cards'),
    })
  })

  test.each(['+254710000000', '0551234987', '+27821234567'])('a mobile payment of %s succeeds', async (number) => {
    const { id } = await create()
    expect(await confirm(id, phone(number))).toMatchObject({ status: 'succeeded' })
  })

  test.each([
    ['+27821235408', 'failed'],
    ['+27821230037', 'failed'],
    ['+27821230007', 'processing'],
    ['+27821230009', 'processing'],
  ])('a mobile payment of %s is %s at first', async (number, status) => {
    const { id } = await create()
    expect(await confirm(id, phone(number))).toMatchObject({ status })
  })

  test('a payment by a number that cannot be a phone number is refused, and nothing is charged', async () => {
    const { id } = await create()
    expect(await refusal(confirm(id, phone('12')))).toBe('invalid_request')
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'requires_payment_method' })
  })
})

describe('a late success', () => {
  test('a late success is credited when the background asks again, once', async () => {
    const { id } = await create()
    expect(await confirm(id, cardOf('late_success'))).toMatchObject({ status: 'processing' })
    await settleDuePayments(service)
    expect(await balance()).toBe(0n)
    service.clock.advance(service.sandboxDelayMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'succeeded' })
    await settleDuePayments(service)
    await receiveNotice(service, tenant, id)
    expect(await balance()).toBe(5000n)
  })

  test('a late success that is told twenty times at once, from everywhere, is credited once', async () => {
    const { id } = await create()
    await confirm(id, cardOf('late_success'))
    service.clock.advance(service.sandboxDelayMs)
    const tellings = [
      () => confirm(id, cardOf('succeeded')),
      () => receiveNotice(service, tenant, id),
      () => settleDuePayments(service),
      () => notice(id, 'declined'),
    ]
    await Promise.all(Array.from({ length: 20 }, (_, i) => tellings[i % tellings.length]?.()))
    expect(await balance()).toBe(5000n)
    expect(await history()).toHaveLength(1)
    expect(await eventTypes()).toEqual(['pay_in.succeeded', 'payment_intent.succeeded'])
  })
})

test('twenty confirmations at once charge once', async () => {
  const { id } = await create()
  await Promise.all(Array.from({ length: 20 }, () => confirm(id, cardOf('succeeded'))))
  await settleDuePayments(service)
  expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'succeeded' })
  expect(await chargeStatuses()).toEqual(['succeeded'])
  expect(await balance()).toBe(5000n)
})

describe('an idempotency key', () => {
  test('an idempotency key makes one intent of twenty creations at once, charged once', async () => {
    const paymentMethodCode = await saveCard('succeeded')
    const more = { paymentMethodCode, idempotencyKey: 'order-7' }
    const made = await Promise.all(Array.from({ length: 20 }, () => create(more)))
    expect(new Set(made.map((each) => each.id)).size).toBe(1)
    expect(await balance()).toBe(5000n)
    expect(await chargeStatuses()).toEqual(['succeeded'])
    expect((await listPaymentIntents(service, tenant, {}, { limit: 50, offset: 0 })).total).toBe(1)
  })

  test('an idempotency key that comes again with another amount is refused', async () => {
    await create({ idempotencyKey: 'order-8' })
    expect(await refusal(create({ idempotencyKey: 'order-8', amount: 5001 }))).toBe('idempotency_key_reused')
  })

  test('an idempotency key of another tenant is another key', async () => {
    const first = await create({ idempotencyKey: 'order-9' })
    tenant = await createTestTenant(service)
    const second = await create({ idempotencyKey: 'order-9', customerCode: await addCustomer() })
    expect(second.id).not.toBe(first.id)
  })
})

describe('an attempt', () => {
  test('an attempt to confirm makes one charge, also where the charge was declined', async () => {
    const { id } = await create()
    const attempt = freshAttempt(service)
    await confirm(id, cardOf('declined'), service, attempt)
    expect(await confirm(id, cardOf('declined'), service, attempt)).toMatchObject({ status: 'failed' })
    expect(await chargeStatuses()).toEqual(['failed'])
    await confirm(id, cardOf('declined'))
    expect(await chargeStatuses()).toEqual(['failed', 'failed'])
  })

  test('an attempt to create makes one intent, named by the attempt, however often and by however many it is tried', async () => {
    const attempt = freshAttempt(service)
    const paymentMethodCode = await saveCard('succeeded')
    const tries = () => Array.from({ length: 10 }, () => create({ paymentMethodCode }, service, attempt))
    const made = [...(await Promise.all(tries())), ...(await Promise.all(tries()))]
    expect(new Set(made.map(({ id }) => id))).toEqual(new Set([`pi_${attempt.id}`]))
    expect(made[0]?.idempotencyKey).toBe(`idem_${attempt.id}`)
    expect(await chargeStatuses()).toEqual(['succeeded'])
    expect(await balance()).toBe(5000n)
    expect((await listPaymentIntents(service, tenant, {}, { limit: 50, offset: 0 })).total).toBe(1)
  })

  test('an attempt that was killed before its charge charges when it is tried again', async () => {
    const attempt = freshAttempt(service)
    const paymentMethodCode = await saveCard('succeeded')
    const killed = dyingAt(/status = 'processing'/)
    await expect(create({ paymentMethodCode }, killed, attempt)).rejects.toThrow('killed')
    expect(await create({ paymentMethodCode }, service, attempt)).toMatchObject({ status: 'succeeded' })
    expect(await chargeStatuses()).toEqual(['succeeded'])
    expect(await balance()).toBe(5000n)
  })
})

describe('a denied customer', () => {
  test('a denied customer cannot be paid into, nor pay by a saved card', async () => {
    const { id } = await create()
    const paymentMethodCode = await saveCard('succeeded')
    await setRiskAction(service, tenant, { code: customerCode }, { riskAction: 'deny' })
    expect(await refusal(create())).toBe('customer_denied')
    expect(await refusal(create({ customerCode: undefined, paymentMethodCode }))).toBe('customer_denied')
    expect(await refusal(confirm(id))).toBe('customer_denied')
    expect(await chargeStatuses()).toEqual([])
  })

  test('a denied customer whose payment was under way is credited, because the money has come', async () => {
    const { id } = await create()
    await confirm(id, cardOf('late_success'))
    await setRiskAction(service, tenant, { code: customerCode }, { riskAction: 'deny' })
    service.clock.advance(service.sandboxDelayMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'succeeded', failureReason: null })
    expect(await chargeStatuses()).toEqual(['succeeded'])
    expect(await balance()).toBe(5000n)
  })
})

describe('an intent that is not paid', () => {
  test('an intent that is not paid expires after a day', async () => {
    const { id, expiresAt } = await create()
    expect(expiresAt.getTime() - service.clock.now().getTime()).toBe(24 * hourMs)
    service.clock.advance(24 * hourMs - 1)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'requires_payment_method' })
    service.clock.advance(1)
    expect(await refusal(confirm(id))).toBe('payment_intent_not_open')
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({
      status: 'canceled',
      failureReason: 'Not paid in time',
    })
    expect(await eventTypes()).toEqual(['payment_intent.canceled'])
  })

  test('an intent that is not paid expires when it was asked to', async () => {
    const { id } = await create({ expiresAt: new Date(service.clock.now().getTime() + hourMs) })
    service.clock.advance(hourMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'canceled' })
    expect(await refusal(create({ expiresAt: service.clock.now() }))).toBe('invalid_request')
  })

  test('an intent whose processor never answers is stopped when it expires', async () => {
    const { id } = await create()
    await confirm(id, cardOf('timeout'))
    service.clock.advance(12 * hourMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'processing' })
    service.clock.advance(12 * hourMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'canceled' })
    expect(await chargeStatuses()).toEqual(['failed'])
    await notice(id, 'succeeded')
    expect(await balance()).toBe(0n)
  })

  test('an intent whose last try failed expires too', async () => {
    const { id } = await create()
    await confirm(id, cardOf('declined'))
    service.clock.advance(24 * hourMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'canceled' })
  })
})

describe('canceling', () => {
  test('canceling ends an intent for good, and canceling again changes nothing', async () => {
    const { id } = await create()
    expect(await cancel(id)).toMatchObject({ status: 'canceled' })
    expect(await cancel(id)).toMatchObject({ status: 'canceled' })
    expect(await refusal(confirm(id))).toBe('payment_intent_not_open')
    expect(await eventTypes()).toEqual(['payment_intent.canceled'])
  })

  test('canceling stops a charge under way', async () => {
    const { id } = await create()
    await confirm(id, cardOf('late_success'))
    expect(await cancel(id)).toMatchObject({ status: 'canceled' })
    service.clock.advance(service.sandboxDelayMs)
    await settleDuePayments(service)
    await receiveNotice(service, tenant, id)
    expect(await balance()).toBe(0n)
  })

  test('canceling comes too late for an intent whose charge has succeeded, credited or not', async () => {
    const { id } = await create()
    await confirm(id, cardOf('late_success'))
    service.clock.advance(service.sandboxDelayMs)
    await (await requireProcessor(service, tenant)).query(tenant, `${id}_1`)
    expect(await refusal(cancel(id))).toBe('payment_intent_not_open')
    expect(await balance()).toBe(5000n)
    expect(await refusal(cancel(id))).toBe('payment_intent_not_open')
  })

  test('canceling at once with confirmations ends in one or the other, and the money agrees', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await create()
      const before = await balance()
      await Promise.allSettled([confirm(id), cancel(id), confirm(id, cardOf('late_success')), cancel(id), confirm(id)])
      service.clock.advance(hourMs)
      await settleDuePayments(service)
      const { status } = await getPaymentIntent(service, tenant, id)
      expect(['succeeded', 'canceled', 'failed']).toContain(status)
      expect((await balance()) - before).toBe(status === 'succeeded' ? 5000n : 0n)
    }
  })
})

describe('a crash', () => {
  test('a crash between crediting a payment and noting it is healed by the background', async () => {
    const { id } = await create()
    await expect(confirm(id, cardOf('succeeded'), dyingAt(/status = 'succeeded', transaction_id/))).rejects.toThrow(
      'killed',
    )
    expect(await balance()).toBe(5000n)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'processing', transactionId: null })
    service.clock.advance(hourMs)
    await settleDuePayments(service)
    const [entry] = await history()
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({
      status: 'succeeded',
      transactionId: entry?.transactionId,
    })
    expect(await balance()).toBe(5000n)
    expect(await eventTypes()).toEqual(['pay_in.succeeded', 'payment_intent.succeeded'])
  })

  test('a crash before the charge left is healed by giving the charge up, and the intent can be paid again', async () => {
    const { id } = await create()
    const processor = await requireProcessor(service, tenant)
    const killed = takenBy({ ...processor, charge: () => Promise.reject(new Error('killed')) })
    await expect(confirm(id, cardOf('succeeded'), killed)).rejects.toThrow('killed')
    expect(await confirm(id, cardOf('succeeded'))).toMatchObject({ status: 'processing' })
    service.clock.advance(hourMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'failed' })
    await confirm(id, cardOf('succeeded'))
    expect(await balance()).toBe(5000n)
  })

  test('a crash after the charge, before its answer, is healed by asking again', async () => {
    const { id } = await create()
    const processor = await requireProcessor(service, tenant)
    const killed = takenBy({
      ...processor,
      async charge(...charge) {
        await processor.charge(...charge)
        throw new Error('killed')
      },
    })
    await expect(confirm(id, cardOf('succeeded'), killed)).rejects.toThrow('killed')
    service.clock.advance(hourMs)
    await settleDuePayments(service)
    expect(await balance()).toBe(5000n)
  })

  test('a crash of the background between crediting and noting leaves an intent to be tried again', async () => {
    const { id } = await create()
    await confirm(id, cardOf('late_success'))
    service.clock.advance(hourMs)
    await settleDuePayments(dyingAt(/status = 'succeeded', transaction_id/))
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'processing' })
    expect(await balance()).toBe(5000n)
    service.clock.advance(hourMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, id)).toMatchObject({ status: 'succeeded' })
    expect(await balance()).toBe(5000n)
  })
})

describe('a payment that fails again and again in the background', () => {
  /** The service with a processor that cannot say anything of one intent. */
  async function deafTo(id: string, asked: () => void, log: KeptLog): Promise<Service> {
    const processor = await requireProcessor(service, tenant)
    const query: PaymentProcessor['query'] = (its, reference) => {
      if (!reference.startsWith(id)) return processor.query(its, reference)
      asked()
      return Promise.reject(new Error('deaf'))
    }
    return { ...takenBy({ ...processor, query }), failures: createFailureLog(service.clock, log) }
  }

  test('a payment that fails again and again keeps no other waiting, is logged without a value of the customer, and is tried later each time', async () => {
    const log = keepLog()
    const bad = await create()
    await confirm(bad.id, cardOf('late_success'))
    const tried: number[] = []
    const began = service.clock.now().getTime()
    const asked = () => tried.push(Math.round((service.clock.now().getTime() - began) / 1000))
    const as = await deafTo(bad.id, asked, log)
    const good: string[] = []
    for (let seconds = 0; seconds < 300; seconds += 5) {
      service.clock.advance(5_000)
      const { id } = await create()
      await confirm(id, cardOf('late_success'))
      good.push(id)
      await settleDuePayments(as)
    }
    service.clock.advance(5_000)
    await settleDuePayments(as)
    expect(tried).toEqual([5, 35, 95, 215])
    const statuses = await Promise.all(good.map((id) => getPaymentIntent(service, tenant, id)))
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set(['succeeded']))
    const subject = `background payments of ${tenant.merchant.code} in test mode`
    expect(log.lines[0]?.members).toEqual({ subject, row: bad.id.slice(3), attempt: 1, err: new Error('deaf') })
    service.clock.advance(hourMs)
    await settleDuePayments(service)
    expect(await getPaymentIntent(service, tenant, bad.id)).toMatchObject({ status: 'succeeded' })
  })
})

describe('keeping the card that has paid', () => {
  const saved = async () =>
    (await listAllPaymentMethods(service, tenant, { customerCodes: [customerCode] }, { limit: 50, offset: 0 })).items

  test('keeping the card that has paid adds a payment method, once for one card', async () => {
    const first = await create()
    const paid = await confirm(first.id, { ...cardOf('succeeded'), save: true })
    const [method] = await saved()
    expect(method).toMatchObject({ code: paid.paymentMethodCode, last4: '4081', isDefault: true })
    const second = await create()
    await confirm(second.id, { ...cardOf('succeeded'), save: true })
    expect(await saved()).toHaveLength(1)
    expect((await getPaymentIntent(service, tenant, second.id)).paymentMethodCode).toBe(method?.code)
  })

  test('keeping the card happens also when it paid late, and not when it was declined', async () => {
    const declined = await create()
    await confirm(declined.id, { ...cardOf('declined'), save: true })
    expect(await saved()).toEqual([])
    const late = await create()
    await confirm(late.id, { ...cardOf('late_success'), save: true })
    expect(await saved()).toEqual([])
    service.clock.advance(service.sandboxDelayMs)
    await settleDuePayments(service)
    expect(await saved()).toMatchObject([{ last4: '0009' }])
  })

  test('an intent that keeps its card stores no card number', async () => {
    const { id } = await create()
    await confirm(id, { ...cardOf('timeout'), save: true })
    const [row] = await service.db.query<{ row: string }>(sql`
      select row_to_json(i)::text as row from payment_intents i where i.id = ${id.slice(3)}
    `)
    expect(row?.row).not.toContain('408408000006')
  })
})

test('a removed payment method, and one of another customer, cannot be charged', async () => {
  const paymentMethodCode = await saveCard('declined')
  const other = await addCustomer()
  expect(await refusal(create({ customerCode: other, paymentMethodCode }))).toBe('payment_method_not_found')
  expect(await refusal(create({ paymentMethodCode, idempotencyKey: 'a' }))).toBe('payment_declined')
  const { items } = await listPaymentIntents(service, tenant, {}, { limit: 1, offset: 0 })
  await deactivatePaymentMethod(service, tenant, paymentMethodCode)
  expect(await refusal(getPaymentMethod(service, tenant, paymentMethodCode))).toBe('payment_method_not_found')
  expect(await refusal(confirm(items[0]?.id as string))).toBe('payment_method_not_found')
  expect(await refusal(create({ paymentMethodCode }))).toBe('payment_method_not_found')
})

test('live mode has nobody to take money', async () => {
  tenant = { ...tenant, mode: 'live' }
  expect(await refusal(create({ customerCode: undefined }))).toBe('not_available')
  const session = { purpose: 'payment' as const, currency: 'ZAR', totalAmount: 100 }
  expect(await refusal(createCheckoutSession(service, tenant, session))).toBe('not_available')
})

test.each([{ amount: 0 }, { amount: 1.5 }, { amount: 2 ** 53 }, { amount: -5 }])(
  'a payment intent with %o is refused',
  async (more) => {
    expect(await refusal(create(more))).toBe('invalid_request')
  },
)

test('lists of payment intents are newest first, any page and the total by number', async () => {
  const made: string[] = []
  for (let i = 0; i < 5; i++) made.unshift((await create()).id)
  await confirm(made[1] as string)
  const ids = async (filter: { status?: string }, page: { limit: number; offset: number }) => {
    const { items, total } = await listPaymentIntents(service, tenant, filter, page)
    return [items.map((each) => made.indexOf(each.id)), total]
  }
  expect(await ids({}, { limit: 2, offset: 0 })).toEqual([[0, 1], 5])
  expect(await ids({}, { limit: 2, offset: 3 })).toEqual([[3, 4], 5])
  expect(await ids({}, { limit: 2, offset: 9 })).toEqual([[], 5])
  expect(await ids({ status: 'succeeded' }, { limit: 2, offset: 0 })).toEqual([[1], 1])
  expect(await ids({ status: 'requires_payment_method' }, { limit: 2, offset: 1 })).toEqual([[2, 3], 4])
  expect(await ids({ status: 'canceled' }, { limit: 2, offset: 0 })).toEqual([[], 0])
})

test('a checkout session is complete when its intent is paid, whoever tells of it', async () => {
  const session = await createCheckoutSession(service, tenant, {
    purpose: 'payin',
    customerCode,
    currency: 'ZAR',
    totalAmount: 700,
  })
  await confirm(session.paymentIntentId)
  const opened = await openCheckout(service, session.id)
  expect(opened.session.status).toBe('complete')
  expect((await history())[0]?.details).toEqual({
    paymentIntentId: session.paymentIntentId,
    checkoutSessionId: session.id,
  })
  expect(await eventTypes()).toEqual(['pay_in.succeeded', 'payment_intent.succeeded', 'checkout.session.completed'])
})
