import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { createSandboxPayouts } from './payouts.ts'

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
})
beforeEach(async () => {
  tenant = await createTestTenant(service)
})
afterAll(() => service.close())

/** The sandbox where a bank takes so long. */
function sandbox(delayMs: number) {
  return createSandboxPayouts({ db: service.db, clock: service.clock, delayMs })
}

function order(accountNumber: string, amount = 500n) {
  const destination = { type: 'bank_account' as const, accountNumber, bankCode: '058', name: 'Zero Sum' }
  return { reference: `ref${accountNumber}`, amount, currency: 'ZAR' as const, destination, reason: null }
}

const unpaid = { is: 'exists', attention: null }
const paid = { is: 'conclusive', end: { status: 'paid', fee: 0n } }
const returned = { is: 'conclusive', end: { status: 'returned', fee: 0n } }

test.each([
  ['pays at once', '0123456789', { sent: paid, soon: paid, later: paid }],
  ['pays later', '0000000001', { sent: unpaid, soon: unpaid, later: paid }],
  ['fails', '0000000002', { sent: { is: 'conclusive', end: { status: 'failed' } }, soon: {}, later: {} }],
  ['pays, and the money comes back', '0000000003', { sent: paid, soon: paid, later: returned }],
  ['asks for a one-time password', '0000000004', { sent: { is: 'exists', attention: 'otp' }, soon: {}, later: {} }],
  ['pays, and its answer is lost', '0000000005', { sent: { is: 'unknown' }, soon: { is: 'not_found' }, later: paid }],
  ['never gets the order', '0000000006', { sent: { is: 'unknown' }, soon: {}, later: { is: 'not_found' } }],
  ['refuses', '0000000007', { sent: { is: 'refused', code: 'account_invalid' }, soon: {}, later: { is: 'not_found' } }],
  ['never decides', '0000000008', { sent: unpaid, soon: unpaid, later: unpaid }],
  ['sends back before it has paid', '0000000009', { sent: unpaid, soon: unpaid, later: returned }],
  ['is short of funds', '0000000010', { sent: { is: 'not_sent', why: 'short_of_funds' }, soon: {}, later: {} }],
  ['is blocked', '0000000011', { sent: { end: { status: 'failed', code: 'blocked' } }, soon: {}, later: {} }],
  ['is refused', '0000000012', { sent: { end: { status: 'failed', code: 'rejected' } }, soon: {}, later: {} }],
])('the sandbox %s for the account %s', async (_, number, expected) => {
  const wanted = order(number)
  expect(await sandbox(60_000).send(tenant, wanted)).toMatchObject(expected.sent)
  expect(await sandbox(60_000).ask(tenant, wanted)).toMatchObject(expected.soon)
  const other = { ...wanted, reference: `later${number}` }
  await sandbox(0).send(tenant, other)
  expect(await sandbox(0).ask(tenant, other)).toMatchObject(expected.later)
})

test('an order that the sandbox never got is paid when it comes again, and one that it has is not paid twice', async () => {
  const lost = order('0000000006')
  await sandbox(0).send(tenant, lost)
  await sandbox(0).send(tenant, lost)
  expect(await sandbox(0).ask(tenant, lost)).toMatchObject(paid)
  const failed = order('0000000002')
  await sandbox(0).send(tenant, failed)
  expect(await sandbox(0).send(tenant, failed)).toMatchObject({ end: { status: 'failed' } })
})

test('an order costs what the sandbox takes, also one that comes back, unless it was never paid', async () => {
  const payouts = createSandboxPayouts({ ...service, delayMs: 0, feeOf: ({ amount }) => (amount * 6n) / 10n })
  expect(payouts.estimateFee({ amount: 500n, currency: 'ZAR', type: 'bank_account' })).toBe(300n)
  expect(await payouts.send(tenant, order('0123456789'))).toMatchObject({ end: { status: 'paid', fee: 300n } })
  const back = order('0000000003')
  await payouts.send(tenant, back)
  expect(await payouts.ask(tenant, back)).toMatchObject({ end: { status: 'returned', fee: 300n } })
  const unmade = order('0000000009')
  await payouts.send(tenant, unmade)
  expect(await payouts.ask(tenant, unmade)).toMatchObject({ end: { status: 'returned', fee: 0n } })
})

test('an order that gets a wrong one-time password fails, and says why', async () => {
  const payouts = sandbox(60_000)
  const asking = order('0000000004')
  await payouts.send(tenant, asking)
  await payouts.giveOtp?.(tenant, asking, '654321')
  expect(await payouts.ask(tenant, asking)).toMatchObject({
    end: { status: 'failed', code: 'wrong_otp', reason: 'The one-time password was wrong' },
  })
})

test('an order of another amount under a known reference is no such order', async () => {
  const payouts = sandbox(0)
  await payouts.send(tenant, order('0123456789'))
  expect(await payouts.ask(tenant, order('0123456789', 501n))).toEqual({ is: 'unknown', differences: ['amount'] })
})
