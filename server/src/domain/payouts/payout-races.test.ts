import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { hire } from '../../../test/people.ts'
import { scriptPayouts } from '../../../test/scripted-payouts.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger } from '../../../test/wallets.ts'
import type { ServiceError } from '../../base/errors.ts'
import { changeApprovalSettings } from '../approvals/approval-settings.ts'
import { type Decision, decideApproval } from '../approvals/decisions.ts'
import { inTransaction } from '../context.ts'
import { createCustomer } from '../customers/customers.ts'
import { setRiskAction } from '../customers/risk-actions.ts'
import { getBalance } from '../ledger/balances.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { advanceDuePayouts, advancePayout } from './advancing.ts'
import { sendMade } from './payout-otp.ts'
import { getPayout } from './payout-records.ts'
import { createPayout } from './payouts.ts'

// Two do something about one payout at one moment: either one of them has done it, or the other, and the books say which.

let service: TestService
let tenant: TestTenant
let ada: string

beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
  ada = (await createCustomer(service, tenant, { email: 'ada@example.com' })).customer.code
  await createLedger(service)(tenant, commandsFor(service).payIn(ada, 1000n))
})

const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', name: 'Ada' } as const
const paid = { is: 'conclusive', end: { status: 'paid', fee: 0n } } as const
let count = 0
const pay = async (asker: Tenant = tenant, customerCode = ada) => {
  const wanted = { customerCode, amount: 10, destination, reference: `race-${count++}` }
  return (await createPayout(service, asker, wanted, null)).payout
}
const balance = (code = ada) => getBalance(service, tenant, code, 'ZAR')
const times = 12

test('of an approval and a denial at once one counts: the payout is sent and paid, or denied and its money free', async () => {
  const [asker, other, third] = await Promise.all(
    ['Asker', 'Other', 'Third'].map((name) => hire(service, tenant, name)),
  )
  await inTransaction(service, (tx) =>
    changeApprovalSettings(tx, tenant, { limits: [{ currency: 'ZAR', amountOver: 1 }] }),
  )
  const script = scriptPayouts(service, paid, paid)
  const decide = (by: Tenant | undefined, id: string, decision: Decision) =>
    inTransaction(service, (tx) => decideApproval(tx, by as Tenant, { id }, decision)).then(
      ({ status }) => status as string,
      (error: ServiceError) => error.code as string,
    )
  let approvedCount = 0
  for (let i = 0; i < times; i++) {
    const { id, approvalId } = await pay(asker)
    const said = await Promise.all([
      decide(other, approvalId as string, { status: 'approved' }),
      decide(third, approvalId as string, { status: 'denied', reason: null }),
    ])
    await advanceDuePayouts(script.context)
    const isApproved = said[0] === 'approved'
    expect(said).toEqual(isApproved ? ['approved', 'approval_decided'] : ['approval_decided', 'denied'])
    expect((await getPayout(service, tenant, id)).state).toBe(isApproved ? 'paid' : 'denied')
    approvedCount += isApproved ? 1 : 0
  }
  expect(script.sent).toHaveLength(approvedCount)
  expect(await balance()).toMatchObject({ posted: 1000n - BigInt(approvedCount) * 10n, held: 0n })
})

test('a customer who is denied while a payout is about to be sent is paid out to, or not, and never half', async () => {
  const script = scriptPayouts(service, paid, paid)
  for (let i = 0; i < times; i++) {
    const { code } = (await createCustomer(service, tenant, { email: `customer-${i}@example.com` })).customer
    await createLedger(service)(tenant, commandsFor(service).payIn(code, 100n))
    const { id } = await pay(tenant, code)
    const before = script.sent.length
    await Promise.all([
      inTransaction(service, (tx) => setRiskAction(tx, tenant, { code }, { riskAction: 'deny' })),
      advancePayout(script.context, tenant, id),
    ])
    const { state, stateCode } = await getPayout(service, tenant, id)
    const isSent = script.sent.length > before
    expect({ state, stateCode }).toEqual(
      isSent ? { state: 'paid', stateCode: null } : { state: 'failed', stateCode: 'customer_denied' },
    )
    expect(await balance(code)).toMatchObject({ posted: isSent ? 90n : 100n, held: 0n })
  }
})

test('a payout that its maker sends is not sent by the background work meanwhile, and is not lost with its maker', async () => {
  const script = scriptPayouts(service, paid, paid)
  const make = async () => {
    const reference = `race-${count++}`
    const wanted = { customerCode: ada, amount: 10, destination, reference, isSentByMaker: true }
    return (await createPayout(service, tenant, wanted, null)).payout
  }
  const [mine, lost] = [await make(), await make()]
  await advanceDuePayouts(script.context)
  expect(script.sent).toEqual([])
  expect(await sendMade(script.context, tenant, mine)).toMatchObject({ state: 'paid' })
  service.clock.advance(41_000)
  await advanceDuePayouts(script.context)
  expect(await getPayout(service, tenant, lost.id)).toMatchObject({ state: 'paid' })
  expect(script.sent).toHaveLength(2)

  const failing = { ...script.context, payoutProcessorOf: () => Promise.reject(new Error('no answer')) }
  const left = await make()
  expect(await sendMade(failing, tenant, left)).toMatchObject({ state: 'pending' })
  await advanceDuePayouts(script.context)
  expect(await getPayout(service, tenant, left.id)).toMatchObject({ state: 'paid' })
})

test('servers that all hear at once that a payout was paid take its money once', async () => {
  const script = scriptPayouts(service, { is: 'exists', attention: null }, { is: 'exists', attention: null })
  for (let i = 0; i < times; i++) {
    const { id } = await pay()
    await advancePayout(script.context, tenant, id)
    script.ask = paid
    await Promise.all(Array.from({ length: 6 }, () => advancePayout({ ...script.context }, tenant, id)))
    script.ask = { is: 'exists', attention: null }
    expect((await getPayout(service, tenant, id)).state).toBe('paid')
  }
  expect(await balance()).toMatchObject({ posted: 1000n - BigInt(times) * 10n, held: 0n })
})
