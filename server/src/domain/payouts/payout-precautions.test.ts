import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { scriptPayouts } from '../../../test/scripted-payouts.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger } from '../../../test/wallets.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction } from '../context.ts'
import { createCustomer } from '../customers/customers.ts'
import { getBalance } from '../ledger/balances.ts'
import { advanceDuePayouts } from './advancing.ts'
import { cancelPayout } from './payout-decisions.ts'
import { getPayout } from './payout-records.ts'
import { changePayoutSettings, type PayoutSettings } from './payout-settings.ts'
import { createPayout, createPayouts, type NewPayout } from './payouts.ts'
import { createRecipient } from './recipients.ts'

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

const exists = { is: 'exists', attention: null } as const
const hourMs = 60 * 60_000
const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', name: 'Ada' } as const
let count = 0
const wanted = (more: Partial<NewPayout> = {}): NewPayout => ({
  customerCode: ada,
  amount: 100,
  destination,
  reference: `ref-${count++}`,
  ...more,
})
const set = (change: Partial<Omit<PayoutSettings, 'approvalUrl'>>) =>
  inTransaction(service, (tx) => changePayoutSettings(tx, tenant, change))
const make = async (more: Partial<NewPayout> = {}) => (await createPayout(service, tenant, wanted(more), null)).payout

describe('payouts to a new destination', () => {
  test('wait for the cool-down with their money reserved, are sent after it, and can be cancelled meanwhile', async () => {
    await set({ coolDownHours: 24 })
    const { context, sent } = scriptPayouts(service, exists, exists)
    const [waiting, cancelled] = [await make(), await make()]
    await advanceDuePayouts(context)
    const shown = await getPayout(service, tenant, waiting.id)
    expect(shown).toMatchObject({ state: 'pending', stateCode: 'cooling_down', attention: null })
    expect(await getBalance(service, tenant, ada, 'ZAR')).toMatchObject({ posted: 1000n, held: 200n })
    expect((await cancelPayout(context, tenant, cancelled.id)).state).toBe('cancelled')
    service.clock.advance(24 * hourMs - 1)
    await advanceDuePayouts(context)
    expect(sent).toHaveLength(0)
    service.clock.advance(1)
    await advanceDuePayouts(context)
    expect(sent).toHaveLength(1)
    expect(await getPayout(service, tenant, waiting.id)).toMatchObject({ state: 'sent', stateCode: null })
    // By now the destination is known for a day.
    await make()
    await advanceDuePayouts(context)
    expect(sent).toHaveLength(2)
  })

  test('are looked at again at once when they have to wait for fewer hours', async () => {
    await set({ coolDownHours: 24 })
    const { context, sent } = scriptPayouts(service, exists, exists)
    const waiting = await make()
    await advanceDuePayouts(context)
    service.clock.advance(2 * hourMs)
    await set({ coolDownHours: 3 })
    await advanceDuePayouts(context)
    expect(sent).toHaveLength(0)
    expect(await getPayout(service, tenant, waiting.id)).toMatchObject({
      stateCode: 'cooling_down',
      dueAt: new Date(service.clock.now().getTime() + hourMs),
    })
    await set({ coolDownHours: 0 })
    await advanceDuePayouts(context)
    expect(sent).toHaveLength(1)
  })

  test('are sent at once where the recipient was made long before, and without a cool-down', async () => {
    const { context, sent } = scriptPayouts(service, exists, exists)
    await make()
    await advanceDuePayouts(context)
    expect(sent).toHaveLength(1)
    const { code } = await createRecipient(service, tenant, { ...destination, accountNumber: '0999999999' })
    service.clock.advance(25 * hourMs)
    await set({ coolDownHours: 24 })
    await make({ destination: { recipientCode: code } })
    await advanceDuePayouts(context)
    expect(sent).toHaveLength(2)
  })
})

describe('where only identified customers are paid out to', () => {
  test('a payout of another customer is refused, one of the merchant and of an identified customer is made', async () => {
    await set({ identifiedOnly: true })
    const refusal = { code: 'customer_not_identified', field: 'customerId' }
    await expect(make()).rejects.toMatchObject(refusal)
    const recipients = await service.db.query(sql`select id from recipients where merchant_id = ${tenant.merchant.id}`)
    expect(recipients).toEqual([])
    await createLedger(service)(tenant, commandsFor(service).purchase(ada, 500n))
    const known = (await createCustomer(service, tenant, { email: 'ben@example.com' })).customer.code
    await createLedger(service)(tenant, commandsFor(service).payIn(known, 500n))
    await service.db.query(sql`
      update customers set identified = true where merchant_id = ${tenant.merchant.id} and code = ${known}
    `)
    const answers = await createPayouts(service, tenant, [wanted(), wanted({ customerCode: known })])
    expect(answers).toMatchObject([refusal, { payout: { state: 'pending' } }])
    expect(await make({ customerCode: undefined })).toMatchObject({ customerCode: null })
    await set({ identifiedOnly: false })
    expect(await make()).toMatchObject({ state: 'pending' })
  })

  test('a payout that was made before is answered to its repeat', async () => {
    const first = wanted()
    const { payout } = await createPayout(service, tenant, first, null)
    await set({ identifiedOnly: true })
    expect(await createPayout(service, tenant, first, null)).toMatchObject({
      replayed: true,
      payout: { id: payout.id },
    })
  })
})
