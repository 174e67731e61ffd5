import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  addTestKey,
  createTestTenant,
  openTestService,
  type TestService,
  type TestTenant,
} from '../../../test/service.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { createSandboxProcessor } from '../sandbox/processor.ts'
import type { StepAnswer } from './charge-steps.ts'
import { settleDuePayments } from './due-payments.ts'
import type { ChargeState, PaymentProcessor, PaymentsContext } from './payment-processor.ts'
import { chargeInstrument, getPayment, verifyPayment } from './payments.ts'
import { submitStep } from './submitting.ts'

// A processor that is not the sandbox, in live mode: it asks for a password, and forgets what it has asked for.

let service: TestService
let tenant: TestTenant
let context: PaymentsContext
let state: ChargeState
let given: StepAnswer[]
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await addTestKey(service, (await createTestTenant(service)).merchant, 'live')
  given = []
  state = { status: 'processing', asks: { kind: 'otp', text: 'Dial *110# for a voucher' } }
  context = { ...service, processorOf: async () => gateway }
})

const gateway: PaymentProcessor = {
  ...createSandboxProcessor({ db: null as never, clock: null as never, delayMs: 0 }),
  isSandbox: false,
  charge: async () => state,
  query: async () => state,
  submit: async (_tenant, _reference, answer) => {
    given.push(answer)
    return state
  },
}

const phone = { type: 'mobile_money', phone: '+27821234567', provider: 'vod' } as const
const wanted = { email: 'zero@example.com', amount: 500n, currency: 'ZAR', instrument: phone } as const
const charge = () => chargeInstrument(context, tenant, wanted, freshAttempt(service))
const otp = { kind: 'otp', otp: '123456' } as const

test('the steps of a charge are those of any processor, and stay until the processor tells another', async () => {
  const { reference, asks, status } = await charge()
  expect([status, asks]).toEqual(['processing', { kind: 'otp', text: 'Dial *110# for a voucher' }])
  state = { status: 'processing' }
  expect((await verifyPayment(context, tenant, reference)).asks).toEqual(asks)
  service.clock.advance(5_000)
  await settleDuePayments(context)
  expect((await getPayment(context, tenant, { reference })).asks).toEqual(asks)
  state = { status: 'processing', continueAt: 'https://bank.example/agree' }
  expect((await verifyPayment(context, tenant, reference)).asks).toEqual({
    kind: 'page',
    url: 'https://bank.example/agree',
  })
  state = { status: 'processing', asks: null }
  expect((await submitStep(context, tenant, { reference, answer: otp })).asks).toBeNull()
  state = { status: 'succeeded' }
  expect(await verifyPayment(context, tenant, reference)).toMatchObject({ status: 'succeeded', asks: null })
  expect(given).toEqual([otp])
})

test('a PIN is refused in live mode before anybody is asked, with the reason and what to do', async () => {
  const { reference } = await charge()
  const answer = { kind: 'pin', pin: '1234' } as const
  await expect(submitStep(context, tenant, { reference, answer })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(
      /^In live mode card numbers and PINs are not taken here, because .*: send the payer/,
    ),
  })
  const card = { type: 'card', number: '4084084084084081', expiryMonth: 12, expiryYear: 2030 } as const
  const typed = chargeInstrument(context, tenant, { ...wanted, instrument: card }, freshAttempt(service))
  await expect(typed).rejects.toMatchObject({
    message: expect.stringMatching(/^In live mode card numbers and PINs are not taken/),
  })
  expect(given).toEqual([])
})

test('a processor that never asks takes no step', async () => {
  const { reference } = await charge()
  const { submit: _, ...silent } = gateway
  const answered = submitStep({ ...context, processorOf: async () => silent }, tenant, { reference, answer: otp })
  await expect(answered).rejects.toMatchObject({ message: 'The charge does not ask for the one-time password' })
})
