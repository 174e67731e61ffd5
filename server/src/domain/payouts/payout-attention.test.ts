import { afterAll, beforeAll, expect, test } from 'vitest'
import { scriptPayouts } from '../../../test/scripted-payouts.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction } from '../context.ts'
import { getBalance } from '../ledger/balances.ts'
import { advanceDuePayouts } from './advancing.ts'
import type { PayoutsContext } from './payout-processor.ts'
import { getPayout } from './payout-records.ts'
import { changePayoutSettings } from './payout-settings.ts'
import { createPayout } from './payouts.ts'

// A payout whose steps fail by a fault of this service is not left to the log alone.

let service: TestService
let tenant: TestTenant
let ada: string
beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service)
  ;[ada] = (await createWallets(service, tenant, 1)) as [string]
  await createLedger(service)(tenant, commandsFor(service).payIn(ada, 10_000n))
})
afterAll(() => service.close())

const fault = () => Promise.reject(new Error('a fault'))
let count = 0
async function pay(context: PayoutsContext): Promise<string> {
  const destination = {
    type: 'bank_account',
    bankCode: '058',
    accountNumber: `012345678${count}`,
    name: 'Ada',
  } as const
  const wanted = { customerCode: ada, amount: 10, destination, reference: `attention-${count++}` }
  return (await createPayout(context, tenant, wanted, null)).payout.id
}
async function later(context: PayoutsContext, seconds: number): Promise<void> {
  service.clock.advance(seconds * 1000)
  await advanceDuePayouts(context)
}
async function now(id: string) {
  const { state, attention } = await getPayout(service, tenant, id)
  return { state, attention }
}
async function told(id: string): Promise<string[]> {
  const rows = await service.db.query<{ type: string }>(sql`
    select type from events where merchant_id = ${tenant.merchant.id} and data #>> '{details,payoutId}' = ${id} order by id
  `)
  return rows.map(({ type }) => type)
}

test('a payout whose steps fail again and again needs a person, is told of once, and goes on', async () => {
  const party = scriptPayouts(service, fault, fault)
  const id = await pay(party.context)
  await later(party.context, 0)
  expect(await now(id)).toEqual({ state: 'sending', attention: null })
  await later(party.context, 61)
  expect(await now(id)).toEqual({ state: 'sending', attention: 'failing' })
  for (const seconds of [61, 121, 241]) await later(party.context, seconds)
  expect((await getBalance(service, tenant, ada)).held).toBe(10n)
  party.ask = { is: 'conclusive', end: { status: 'paid', fee: 0n } }
  await later(party.context, 481)
  expect(await now(id)).toEqual({ state: 'paid', attention: null })
  expect(await told(id)).toEqual(['payout.pending', 'payout.sending', 'payout.needs_attention', 'payout.completed'])
})

test('a step that works ends it, whatever the step finds', async () => {
  const party = scriptPayouts(service, { is: 'exists', attention: null })
  const id = await pay(party.context)
  const broken = { ...party.context, payoutProcessorOf: fault }
  await later(broken, 0)
  await later(broken, 31)
  expect(await now(id)).toEqual({ state: 'pending', attention: 'failing' })
  await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { coolDownHours: 1 }))
  await later(party.context, 61)
  expect(await now(id)).toEqual({ state: 'pending', attention: null })
  await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { coolDownHours: 0 }))
})

test('a processor that cannot be asked is no fault of this service', async () => {
  const away = () => Promise.reject(new UpstreamError('verify_transfer', 'timed_out'))
  const party = scriptPayouts(service, away, away)
  const id = await pay(party.context)
  for (const seconds of [0, 31, 61]) await later(party.context, seconds)
  expect(await now(id)).toEqual({ state: 'sending', attention: null })
})

test('an ended payout has its own reasons, and a reason that is there stays', async () => {
  const party = scriptPayouts(service, { is: 'exists', attention: 'otp' })
  const id = await pay(party.context)
  await later(party.context, 0)
  party.ask = fault
  for (const seconds of [61, 61, 121]) await later(party.context, seconds)
  expect(await now(id)).toEqual({ state: 'sent', attention: 'otp' })
  party.ask = { is: 'conclusive', end: { status: 'paid', fee: null } }
  await later(party.context, 481)
  party.ask = fault
  for (const seconds of [61, 61, 121]) await later(party.context, seconds)
  expect(await now(id)).toEqual({ state: 'paid', attention: null })
})
