import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Colleague, hire } from '../../../test/people.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { sql } from '../../db/sql.ts'
import { getApproval } from '../approvals/approval-records.ts'
import { changeApprovalSettings } from '../approvals/approval-settings.ts'
import { type Decision, decideApproval, endUnapproved } from '../approvals/decisions.ts'
import { inTransaction } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { changePayoutSettings, findApprovalUrl, getPayoutSettings } from './payout-settings.ts'

let service: TestService
let tenant: TestTenant
let ada: Colleague
let ben: Colleague

beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
  ;[ada, ben] = [await hire(service, tenant, 'Ada'), await hire(service, tenant, 'Ben')]
})

type Change = Parameters<typeof changePayoutSettings>[2]

const set = (by: Tenant, change: Change) => inTransaction(service, (tx) => changePayoutSettings(tx, by, change))
const limit = () => inTransaction(service, (tx) => changeApprovalSettings(tx, tenant, { newDestinations: true }))
const decide = (by: Tenant, id: string, decision: Decision) =>
  inTransaction(service, (tx) => decideApproval(tx, by, { id }, decision))
const url = (name: string) => ({ url: `https://${name}.example/`, secret: `sk_test_${name}` })
const strict = {
  coolDownHours: 24,
  identifiedOnly: true,
  nameDifferences: 'approval',
  approvalUrl: url('duka'),
} as const
const secretsLeft = () =>
  service.db.query(sql`
    select mode from payout_settings where merchant_id = ${tenant.merchant.id} and waiting_secret is not null
  `)

const looser: Record<string, Change> = {
  'fewer hours': { coolDownHours: 23 },
  'customers who are not identified': { identifiedOnly: false },
  'names that are only shown': { nameDifferences: 'shown' },
  'no approval URL': { approvalUrl: null },
  'another approval URL': { approvalUrl: url('other') },
  'more hours and no approval URL': { coolDownHours: 48, approvalUrl: null },
}

describe('where something waits for a second person, settings of payouts', () => {
  test.each(Object.entries(looser))('with %s wait for another person, too', async (_, change) => {
    await set(tenant, strict)
    await limit()
    const before = await getPayoutSettings(service, tenant)
    const { settings, waiting } = await set(ada, change)
    expect(settings).toEqual(before)
    expect(waiting).toMatchObject({ kind: 'payout_settings', needs: ['always'], amount: null, status: 'waiting' })
    expect(JSON.stringify(waiting)).not.toContain('sk_test')
    expect(await getPayoutSettings(service, tenant)).toEqual(before)
    const id = waiting?.id as string
    expect((await set(ben, change)).waiting?.id).toBe(id)
    await expect(set(ada, { coolDownHours: 0 })).rejects.toMatchObject({ code: 'approval_waiting' })
    await expect(decide(ada, id, { status: 'approved' })).rejects.toMatchObject({ code: 'another_person_needed' })
    expect(await findApprovalUrl(service, tenant)).toEqual(strict.approvalUrl)
    await decide(ben, id, { status: 'approved' })
    const { approvalUrl = strict.approvalUrl, ...others } = change
    const { approvalUrl: _address, ...kept } = strict
    expect(await getPayoutSettings(service, tenant)).toMatchObject({ ...kept, ...others })
    expect(await findApprovalUrl(service, tenant)).toEqual(approvalUrl)
    expect(await secretsLeft()).toEqual([])
  })

  test.each<Change>([
    strict,
    { coolDownHours: 25 },
    { approvalUrl: { ...strict.approvalUrl, secret: 'sk_test_next' } },
    { feesBorneBy: 'owner' },
  ])('that keep back as much as before count at once: %j', async (change) => {
    await set(tenant, strict)
    await limit()
    const { settings, waiting } = await set(ada, change)
    expect(waiting).toBeNull()
    const { approvalUrl, ...others } = change
    expect(settings).toMatchObject(others)
    if (approvalUrl) expect(await findApprovalUrl(service, tenant)).toEqual(approvalUrl)
  })

  test('stay as they are when the change is denied or nobody decides in time, and its key is kept no longer', async () => {
    await set(tenant, strict)
    await limit()
    const { waiting } = await set(ada, { approvalUrl: url('other') })
    expect(await secretsLeft()).toHaveLength(1)
    await decide(ada, waiting?.id as string, { status: 'denied', reason: null })
    expect(await secretsLeft()).toEqual([])
    const { waiting: late } = await set(ada, { approvalUrl: url('other') })
    service.clock.advance(72 * 60 * 60_000)
    expect(await endUnapproved(service)).toBe(1)
    expect(await getApproval(service, tenant, { id: late?.id as string })).toMatchObject({ denial: 'expired' })
    expect(await secretsLeft()).toEqual([])
    expect(await findApprovalUrl(service, tenant)).toEqual(strict.approvalUrl)
  })

  test('that were made stricter meanwhile keep what the approved change does not name', async () => {
    await set(tenant, { ...strict, approvalUrl: undefined })
    await limit()
    const { waiting } = await set(ada, { coolDownHours: 1 })
    await set(ben, { approvalUrl: url('duka') })
    await decide(ben, waiting?.id as string, { status: 'approved' })
    expect(await getPayoutSettings(service, tenant)).toMatchObject({ coolDownHours: 1, approvalUrl: url('duka').url })
    expect(await findApprovalUrl(service, tenant)).toEqual(url('duka'))
  })

  test('are changed once by two persons who ask for the same at the same moment', async () => {
    await set(tenant, strict)
    await limit()
    const asked = await Promise.all([ada, ben, ada, ben].map((each) => set(each, { coolDownHours: 0 })))
    expect(new Set(asked.map(({ waiting }) => waiting?.id)).size).toBe(1)
  })
})

test('a company of one changes its settings of payouts at once, unless names that differ need a second person', async () => {
  const { nameDifferences: _waits, ...others } = strict
  await set(ada, others)
  const none = { coolDownHours: 0, identifiedOnly: false, approvalUrl: null }
  expect(await set(ada, none)).toMatchObject({ settings: none, waiting: null })
  await set(ada, { nameDifferences: 'approval' })
  expect((await set(ada, { nameDifferences: 'shown' })).waiting).not.toBeNull()
})
