import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { hire } from '../../../test/people.ts'
import { scriptPayouts } from '../../../test/scripted-payouts.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger } from '../../../test/wallets.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { getApproval } from '../approvals/approval-records.ts'
import { changeApprovalSettings } from '../approvals/approval-settings.ts'
import { approveUnchecked, decideApproval } from '../approvals/decisions.ts'
import { inTransaction } from '../context.ts'
import { createCustomer } from '../customers/customers.ts'
import { getBalance } from '../ledger/balances.ts'
import { advanceDuePayouts, advancePayout } from './advancing.ts'
import { nameCheckOf } from './payee-names.ts'
import { cancelPayout } from './payout-decisions.ts'
import type { HolderAnswer } from './payout-processor.ts'
import { getPayout } from './payout-records.ts'
import { changePayoutSettings } from './payout-settings.ts'
import { createPayout, type NewPayout } from './payouts.ts'

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

const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', name: 'Ada Obi' } as const
let count = 0
const make = async (more: Partial<NewPayout> = {}) => {
  const wanted = { customerCode: ada, amount: 100, destination, reference: `name-${count++}`, ...more }
  return (await createPayout(service, tenant, wanted, null)).payout
}

/** A processor whose banks say what a test lets them say, and the number of times at which one was asked. */
function script(...answers: (HolderAnswer | Error)[]) {
  const scripted = scriptPayouts(service, { is: 'exists', attention: null }, { is: 'exists', attention: null })
  let asked = 0
  scripted.findHolder = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)] as HolderAnswer | Error
    asked += 1
    if (answer instanceof Error) throw answer
    return answer
  }
  return Object.assign(scripted, { asked: () => asked })
}

const found = (name: string) => ({ is: 'found', name }) as const
const unreachable = new UpstreamError('resolve_account', 'timed_out')
const show = async (id: string) => {
  const { state, recipient, approvalId } = await getPayout(service, tenant, id)
  return { state, approvalId, check: nameCheckOf(recipient) }
}
const set = (nameDifferences: 'shown' | 'approval') =>
  inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { nameDifferences }))

test('a payout is accepted without asking a bank, and the name is asked for once for each recipient, before it is sent', async () => {
  const { context, sent, asked } = script(found('OBI ADA CHIDI'))
  const first = await make()
  expect(asked()).toBe(0)
  expect(await show(first.id)).toMatchObject({ state: 'pending', check: null })
  await advanceDuePayouts(context)
  expect(await show(first.id)).toMatchObject({
    state: 'sent',
    check: { result: 'close_match', nameAtBank: 'OBI ADA CHIDI', checkedAt: service.clock.now() },
  })
  await make()
  await advanceDuePayouts(context)
  expect([asked(), sent.length]).toEqual([1, 2])
})

test.each([
  ['knows another name', found('KWAME MENSAH'), 'no_match', 'KWAME MENSAH'],
  ['knows no such account', { is: 'no_account' } as const, 'no_account', null],
  ['cannot be asked', unreachable, 'unavailable', null],
])('a payout to an account whose bank %s is sent, and shows it', async (_, answer, result, nameAtBank) => {
  const { context, sent } = script(answer)
  const { id } = await make()
  await advanceDuePayouts(context)
  expect(sent).toHaveLength(1)
  expect(await show(id)).toMatchObject({ state: 'sent', check: { result, nameAtBank } })
})

test('a bank that could not be asked is asked again by a payout of an hour later', async () => {
  const { context, asked } = script(unreachable, found('ADA OBI'))
  const { id } = await make()
  await advanceDuePayouts(context)
  await make()
  await advanceDuePayouts(context)
  expect(asked()).toBe(1)
  service.clock.advance(60 * 60_000)
  await make()
  await advanceDuePayouts(context)
  expect(await show(id)).toMatchObject({ check: { result: 'match' } })
})

test.each([
  ['confirms the name', found('ADA OBI'), false],
  ['has a name that is close', found('ADA CHIDI OBI'), false],
  ['cannot be asked by anybody', null, false],
  ['knows another name', found('KWAME MENSAH'), true],
  ['knows no such account', { is: 'no_account' } as const, true],
  ['could not be asked', unreachable, true],
])(
  'where differences need a second person, a payout to an account whose bank %s waits: %#',
  async (_, answer, waits) => {
    await set('approval')
    const { context, sent } = script(answer)
    const { id } = await make()
    await advanceDuePayouts(context)
    const { state, approvalId } = await show(id)
    expect({ state, sent: sent.length }).toEqual(
      waits ? { state: 'awaiting_approval', sent: 0 } : { state: 'sent', sent: 1 },
    )
    if (approvalId === null) return expect(waits).toBe(false)
    expect(await getApproval(service, tenant, { id: approvalId })).toMatchObject({
      kind: 'payout',
      needs: ['name_difference'],
      status: 'waiting',
      amount: 100n,
    })
    expect(await getBalance(service, tenant, ada, 'ZAR')).toMatchObject({ posted: 1000n, held: 100n })
  },
)

test('a payout that waits because of a name is sent once it was approved, and ends where it was denied or cancelled', async () => {
  await set('approval')
  const { context, sent } = script(found('KWAME MENSAH'))
  const [approved, denied, cancelled] = [await make(), await make(), await make()]
  await advanceDuePayouts(context)
  const ben = await hire(service, tenant, 'Ben')
  const nameOf = async (id: string) => ({ id: (await show(id)).approvalId as string })
  const [first, second] = [await nameOf(approved.id), await nameOf(denied.id)]
  await inTransaction(service, (tx) => approveUnchecked(tx, ben, first))
  await inTransaction(service, (tx) => decideApproval(tx, ben, second, { status: 'denied', reason: null }))
  await cancelPayout(context, tenant, cancelled.id)
  await advanceDuePayouts(context)
  expect(sent).toHaveLength(1)
  const states = await Promise.all([approved, denied, cancelled].map(async ({ id }) => (await show(id)).state))
  expect(states).toEqual(['sent', 'denied', 'cancelled'])
})

test('a payout that was cancelled while its bank was asked does not wait for anybody', async () => {
  await set('approval')
  const { context, sent } = script(found('KWAME MENSAH'))
  const { id } = await make()
  const asking = scriptPayouts(service, { is: 'exists', attention: null })
  asking.findHolder = async () => {
    await cancelPayout(context, tenant, id)
    return found('KWAME MENSAH')
  }
  await advancePayout(asking.context, tenant, id)
  expect(await show(id)).toMatchObject({ state: 'cancelled', approvalId: null })
  expect(sent).toHaveLength(0)
})

test('the name is known to whoever approves a payout over a limit, which waits once', async () => {
  await inTransaction(service, (tx) => changeApprovalSettings(tx, tenant, { newDestinations: true }))
  await set('approval')
  const { context, sent, asked } = script(found('KWAME MENSAH'))
  const ben = await hire(service, tenant, 'Ben')
  const { id, approvalId, state } = await make()
  expect(state).toBe('awaiting_approval')
  await advanceDuePayouts(context)
  expect(await show(id)).toMatchObject({ state: 'awaiting_approval', approvalId, check: { result: 'no_match' } })
  expect(asked()).toBe(1)
  expect(await service.db.query(sql`select due_at from payouts where id = ${id}`)).toEqual([{ due_at: null }])
  await inTransaction(service, (tx) => approveUnchecked(tx, ben, { id: approvalId as string }))
  await advanceDuePayouts(context)
  expect(sent).toHaveLength(1)
})
