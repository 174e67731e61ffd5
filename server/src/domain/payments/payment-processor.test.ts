import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  addTestKey,
  createTestTenant,
  openTestService,
  type TestService,
  type TestTenant,
} from '../../../test/service.ts'
import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { createCustomer } from '../customers/customers.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getBalance } from '../ledger/balances.ts'
import { receiveArrival } from './arrivals.ts'
import { describeBin } from './card-bins.ts'
import { receiveNotice } from './charging.ts'
import { createCheckoutSession } from './checkout-sessions.ts'
import { settleDuePayments } from './due-payments.ts'
import { activateDueMandates, hastenMandate } from './mandate-activations.ts'
import { approveMandate, getMandate, requestMandateByEmail } from './mandates.ts'
import { cancelPaymentIntent, confirmPaymentIntent, createPaymentIntent } from './payment-intents.ts'
import type { ChargeState, PaymentProcessor, PaymentsContext } from './payment-processor.ts'
import { chargeInstrument, getPayment, openPayment } from './payments.ts'

// A processor as a real one would be: in live mode, asked by reference, and slow or silent where it likes.

let service: TestService
let tenant: TestTenant
let customerCode: string
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await addTestKey(service, (await createTestTenant(service)).merchant, 'live')
  customerCode = (await createCustomer(service, tenant, { email: 'zero@example.com' })).customer.code
})

/** What was asked of the processor, and how it answers. */
interface Gateway extends PaymentProcessor {
  readonly asked: string[]
  state: ChargeState | null
  mandate: 'active' | 'pending'
}

function openGateway(): Gateway {
  const asked: string[] = []
  const say = <Answer>(call: string, answer: Answer): Answer => {
    asked.push(call)
    return answer
  }
  return {
    asked,
    state: { status: 'processing' },
    mandate: 'pending',
    isSandbox: false,
    accountId: 0n,
    defaultInstrument: null,
    pages: {
      channels: ['mobile_money'],
      paymentNotice: null,
      testInstruments: null,
      mandateNotice: null,
      testAccount: null,
    },
    identify: () => ({ provider: 'gateway', bank: 'Zenith Bank' }),
    readEncryptedCard: async () => null,
    findIssuer: async () => null,
    openPage: null,
    findPayment: null,
    mandateCheckMs: 60_000,
    openMandatePage: null,
    async charge(_tenant, { reference }) {
      return say(`charge ${reference}`, this.state ?? { status: 'processing' })
    },
    async query(_tenant, reference) {
      return say(`query ${reference}`, this.state)
    },
    async stop(_tenant, { reference }) {
      return say(`stop ${reference}`, this.state ?? { status: 'failed', reason: 'It was given up' })
    },
    async sendReturn(_tenant, { id }) {
      return say(`return ${id}`, { status: 'succeeded' })
    },
    async queryReturn(_tenant, { id }) {
      return say(`query return ${id}`, { status: 'succeeded' })
    },
    async redirectReturn(_tenant, { id }) {
      return say(`redirect return ${id}`, { status: 'processing' })
    },
    async askMandate(_tenant, { reference }) {
      return say(`mandate ${reference}`, { status: this.mandate })
    },
  }
}

const served = (gateway: PaymentProcessor): PaymentsContext => ({ ...service, processorOf: async () => gateway })

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ServiceError)) throw error ?? new Error('nothing was refused')
  return error.code
}

const phone = { type: 'mobile_money', phone: '+27821234567' } as const
const wanted = { amount: 500, currency: 'ZAR' }
const account = { number: '0123456789', bankCode: '057' }
const noMandate = { callbackUrl: null, account: null, address: null }

test('a tenant without a processor is refused all that needs a processor, in one sentence', async () => {
  const messages = await Promise.all(
    [
      createPaymentIntent(service, tenant, wanted, freshAttempt(service)),
      createCheckoutSession(service, tenant, { purpose: 'payment', currency: 'ZAR', totalAmount: 1 }),
      openPayment(service, tenant, { email: 'zero@example.com', amount: 1n, currency: 'ZAR' }, freshAttempt(service)),
      chargeInstrument(
        service,
        tenant,
        { email: 'zero@example.com', amount: 1n, currency: 'ZAR', instrument: phone },
        freshAttempt(service),
      ),
      requestMandateByEmail(service, tenant, 'zero@example.com', noMandate),
    ].map((work) => work.then(String, (error: ServiceError) => `${error.code}: ${error.message}`)),
  )
  expect(new Set(messages)).toEqual(
    new Set(['not_available: Payments from outside are not available in live mode on this server']),
  )
})

test('a processor that is no sandbox takes a payment in live mode, and what it knows is kept', async () => {
  const gateway = openGateway()
  const context = served(gateway)
  const { id } = await createPaymentIntent(context, tenant, { ...wanted, customerCode }, freshAttempt(context))
  expect(
    await confirmPaymentIntent(context, tenant, { id, instrument: phone, save: true }, freshAttempt(context)),
  ).toMatchObject({
    status: 'processing',
  })
  gateway.state = { status: 'succeeded' }
  const paid = await receiveNotice(context, tenant, id)
  expect(paid).toMatchObject({ status: 'succeeded', paymentMethodCode: expect.any(String) })
  expect((await getBalance(context, tenant, customerCode)).posted).toBe(500n)
  expect(gateway.asked).toEqual([`charge ${id}_1`, `query ${id}_1`])
  const [saved] = await service.db.query(sql`
    select provider, bank from payment_methods where merchant_id = ${tenant.merchant.id}
  `)
  expect(saved).toEqual({ provider: 'gateway', bank: null })
})

test('a processor without an instrument of its own must be told which to charge', async () => {
  const context = served(openGateway())
  const { id } = await createPaymentIntent(context, tenant, wanted, freshAttempt(context))
  expect(await refusal(confirmPaymentIntent(context, tenant, { id }, freshAttempt(context)))).toBe('invalid_request')
})

test('an encrypted card that the processor cannot read is refused, and nothing is charged', async () => {
  const gateway = openGateway()
  const context = served(gateway)
  const { id } = await createPaymentIntent(context, tenant, wanted, freshAttempt(context))
  const instrument = { type: 'encrypted_card', ciphertext: 'ev:abc' } as const
  expect(await refusal(confirmPaymentIntent(context, tenant, { id, instrument }, freshAttempt(context)))).toBe(
    'invalid_request',
  )
  expect(gateway.asked).toEqual([])
})

test('a page offers what its processor takes', async () => {
  const context = served(openGateway())
  const input = { email: 'zero@example.com', amount: 1n, currency: 'ZAR' } as const
  expect(await refusal(openPayment(context, tenant, { ...input, channels: ['card'] }, freshAttempt(context)))).toBe(
    'invalid_request',
  )
  expect(
    (await openPayment(context, tenant, { ...input, channels: ['card', 'mobile_money'] }, freshAttempt(context)))
      .channels,
  ).toEqual(['mobile_money'])
})

test('only the sandbox knows the issuer of a test card', async () => {
  expect(await describeBin(service, { ...tenant, mode: 'test' }, '408408')).toMatchObject({ bank: 'TEST BANK' })
  for (const context of [service, served(openGateway())]) {
    expect(await describeBin(context, tenant, '408408')).toMatchObject({ brand: 'Visa', bank: 'Unknown' })
    expect(await describeBin(context, tenant, '539983')).toMatchObject({ bank: 'Guaranty Trust Bank', bankId: 9 })
  }
})

test('a charge that can no longer be stopped is not canceled, and is credited when it has succeeded', async () => {
  const gateway = openGateway()
  const context = served(gateway)
  const { id } = await createPaymentIntent(context, tenant, { ...wanted, customerCode }, freshAttempt(context))
  await confirmPaymentIntent(context, tenant, { id, instrument: phone }, freshAttempt(context))
  expect(await refusal(cancelPaymentIntent(context, tenant, id))).toBe('payment_intent_not_open')
  gateway.state = { status: 'succeeded' }
  service.clock.advance(2_000)
  await settleDuePayments(context)
  expect((await getBalance(context, tenant, customerCode)).posted).toBe(500n)
})

describe('money that has arrived', () => {
  const details = {
    code: 'abcdefghij',
    senderName: 'Ada Obi',
    senderBank: 'Zenith Bank',
    senderAccountNumber: 'XXXXXX6789',
    senderCountry: 'NG',
    narration: null,
    receiverBank: 'Wema Bank',
    receiverAccountNumber: '9123456789',
  }
  async function arrive(context: PaymentsContext, reference: string) {
    const { customer } = await createCustomer(service, tenant, { email: 'zero@example.com' })
    const money = { amount: 500n, currency: 'ZAR' as const, description: 'Rent' }
    return receiveArrival(context, tenant, { customer, reference, ...money, details })
  }

  test('money that has arrived is noted without a question to any processor, once for its reference, by however many it is reported', async () => {
    const gateway = openGateway()
    const context = served(gateway)
    const reports = await Promise.all(Array.from({ length: 10 }, () => arrive(context, 'bank-1')))
    await arrive(context, 'bank-1')
    await receiveNotice(context, tenant, reports[0]?.paymentIntentId as string)
    await settleDuePayments(context)
    expect(await getPayment(service, tenant, { reference: 'bank-1' })).toMatchObject({
      status: 'succeeded',
      attempts: 1,
      channel: 'bank_transfer',
    })
    expect((await getBalance(context, tenant, customerCode)).posted).toBe(500n)
    expect(gateway.asked).toEqual([])
  })

  test('money that has arrived is credited also where nobody takes payments', async () => {
    await arrive(service, 'bank-1')
    expect((await getBalance(service, tenant, customerCode)).posted).toBe(500n)
  })

  test('money that was reported by a server that died before it was credited is credited by the background, and never expires', async () => {
    const gateway = openGateway()
    const dying: PaymentsContext = {
      ...served(gateway),
      db: {
        ...service.db,
        lane: () => ({ depth: 1, query: () => Promise.reject(new Error('killed')) }),
      },
    }
    await expect(arrive(dying, 'bank-1')).rejects.toThrow('killed')
    const { status, paymentIntentId } = await getPayment(service, tenant, { reference: 'bank-1' })
    expect(status).toBe('processing')
    expect((await getBalance(service, tenant, customerCode)).posted).toBe(0n)
    const context = served(gateway)
    // Nobody can charge it again, or give it up.
    const confirmed = confirmPaymentIntent(
      dying,
      tenant,
      { id: paymentIntentId, instrument: phone },
      freshAttempt(dying),
    )
    await expect(confirmed).rejects.toThrow('killed')
    service.clock.advance(30 * 24 * 60 * 60 * 1000)
    await settleDuePayments(context)
    expect(await getPayment(service, tenant, { reference: 'bank-1' })).toMatchObject({ status: 'succeeded' })
    expect((await getBalance(service, tenant, customerCode)).posted).toBe(500n)
    expect(await refusal(cancelPaymentIntent(context, tenant, paymentIntentId))).toBe('payment_intent_not_open')
    expect(gateway.asked).toEqual([])
  })
})

describe('a mandate', () => {
  async function approved(context: PaymentsContext): Promise<string> {
    const { reference } = await requestMandateByEmail(context, tenant, 'zero@example.com', noMandate)
    await approveMandate(context, tenant, reference, account)
    return reference
  }
  const statusOf = async (reference: string) => (await getMandate(service, tenant, reference)).status

  test('a mandate is active when the bank has agreed, and is asked about until then, less often each time', async () => {
    const gateway = openGateway()
    const context = served(gateway)
    const reference = await approved(context)
    const began = service.clock.now().getTime()
    const asked: number[] = []
    for (let minute = 0; minute < 40; minute++) {
      const before = gateway.asked.length
      await activateDueMandates(context)
      if (gateway.asked.length > before) asked.push((service.clock.now().getTime() - began) / 60_000)
      service.clock.advance(60_000)
    }
    expect(asked).toEqual([1, 2, 4, 8, 16, 32])
    expect(await statusOf(reference)).toBe('pending')
    gateway.mandate = 'active'
    const { customerId, paymentMethod } = await getMandate(service, tenant, reference)
    const paymentMethodId = paymentMethod?.id as bigint
    await hastenMandate(context, tenant, { customerId, paymentMethodId })
    await activateDueMandates(context)
    expect(await statusOf(reference)).toBe('active')
    expect((await getMandate(service, tenant, reference)).paymentMethod).toMatchObject({
      active: true,
      bank: 'Zenith Bank',
    })
  })

  test('a mandate about which the bank cannot be asked keeps no other waiting', async () => {
    const gateway = openGateway()
    gateway.mandate = 'active'
    const context = served(gateway)
    const bad = await approved(context)
    const good = await approved(context)
    service.clock.advance(60_000)
    const askMandate: PaymentProcessor['askMandate'] = (its, mandate) =>
      mandate.reference === bad ? Promise.reject(new Error('deaf')) : gateway.askMandate(its, mandate)
    await activateDueMandates(served({ ...gateway, askMandate }))
    expect([await statusOf(bad), await statusOf(good)]).toEqual(['pending', 'active'])
    await activateDueMandates(context)
    expect(await statusOf(bad)).toBe('pending')
    service.clock.advance(30_000)
    await activateDueMandates(context)
    expect(await statusOf(bad)).toBe('active')
  })
})
