import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { dyingDb } from '../../../test/dying-db.ts'
import { type Colleague, hire } from '../../../test/people.ts'
import { createTestTenant, openTestService, type TestService } from '../../../test/service.ts'
import { createWallets } from '../../../test/wallets.ts'
import { sql } from '../../db/sql.ts'
import { type FreeContext, inTransaction, type Later } from '../context.ts'
import { getBalance } from '../ledger/balances.ts'
import { actorIdOf } from '../merchants/actors.ts'
import { revokeApiKey } from '../merchants/api-keys.ts'
import { scopesOfRole } from '../merchants/scopes.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Adjustment, finishAdjustments, getAdjustment, makeAdjustment } from '../wallet/adjustments.ts'
import { finishPayIns, getPayIn, recordPayIn } from '../wallet/pay-ins.ts'
import { type Approval, getApproval, listApprovals } from './approval-records.ts'
import { type ApprovalSettingsChange, changeApprovalSettings, getApprovalSettings } from './approval-settings.ts'
import { type ApprovalChoice, type Decision, decideApproval, endUnapproved } from './decisions.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

type Given = FreeContext & ApprovalChoice

/** Decides as a request does: in a transaction, and then what comes after its commit. */
async function decide(tenant: Tenant, id: string, decision: Decision, given: Given = service): Promise<Approval> {
  const later: Later[] = []
  const approval = await inTransaction(given, (tx) => decideApproval({ ...tx, later }, tenant, { id }, decision))
  for (const work of later) await work(given)
  return approval
}
const approve = (tenant: Tenant, id: string, given?: Given) => decide(tenant, id, { status: 'approved' }, given)
const deny = (tenant: Tenant, id: string, reason: string | null = null) =>
  decide(tenant, id, { status: 'denied', reason })

const setLimits = (tenant: Tenant, change: ApprovalSettingsChange) =>
  inTransaction(service, (tx) => changeApprovalSettings(tx, tenant, change))

/** Ada and Ben have keys that the operator made. Amounts over 100 wait. */
async function openDesk(limit: { amountOver?: number; dailySumOver?: number } = { amountOver: 100 }) {
  const tenant = await createTestTenant(service)
  const ada = await hire(service, tenant, 'Ada')
  const ben = await hire(service, tenant, 'Ben')
  await setLimits(tenant, { limits: [{ currency: 'ZAR', ...limit }] })
  const [code] = (await createWallets(service, tenant, 1)) as [string]
  return { tenant, ada, ben, code }
}

let references = 0
function adjust(tenant: Tenant, customerCode: string, amount: number, more: object = {}): Promise<Adjustment> {
  references += 1
  const reference = `ticket-${references}`
  const asked = { customerCode, amount, currency: 'ZAR', direction: 'credit', reason: 'Goodwill', reference } as const
  return makeAdjustment(service, tenant, { ...asked, ...more })
}

async function waiting(tenant: Tenant, code: string, amount = 101): Promise<{ id: string; approvalId: string }> {
  const { id, state, approvalId } = await adjust(tenant, code, amount)
  expect(state).toBe('awaiting_approval')
  return { id, approvalId: approvalId as string }
}

const posted = async (tenant: Tenant, code: string) => (await getBalance(service, tenant, code)).posted
const everything = { before: undefined, limit: 100 }
const types = async ({ merchant }: Tenant) =>
  (
    await service.db.query<{ type: string }>(sql`
      select type from events where merchant_id = ${merchant.id} and type like 'approval.%' order by id
    `)
  ).map(({ type }) => type)

describe('a wish over the limit', () => {
  test('waits, moves nothing, and is done once as it was asked when another person approves it', async () => {
    const { ada, ben, code } = await openDesk()
    expect(await adjust(ada, code, 100)).toMatchObject({ state: 'succeeded', approvalId: null })
    const { id, approvalId } = await waiting(ada, code)
    expect(await posted(ada, code)).toBe(100n)
    const asked = await getApproval(service, ada, { id: approvalId })
    expect(asked).toMatchObject({ kind: 'adjustment', subjectId: id, amount: 101n, currency: 'ZAR', needs: ['amount'] })
    expect(asked).toMatchObject({ customerCode: code, status: 'waiting', by: { personName: 'Ada' }, decidedBy: null })
    expect(asked.details).toEqual({ direction: 'credit', words: { reason: 'Goodwill' } })
    const done = await approve(ben, approvalId)
    expect(done).toMatchObject({ status: 'approved', by: { personName: 'Ada' }, decidedBy: { personName: 'Ben' } })
    expect(await getAdjustment(service, ada, id)).toMatchObject({ state: 'succeeded', by: { personName: 'Ada' } })
    expect(await posted(ada, code)).toBe(201n)
    expect(await approve(ben, approvalId)).toEqual(done)
    expect(await posted(ada, code)).toBe(201n)
    expect(await types(ada)).toEqual(['approval.requested', 'approval.approved'])
  })

  test('is denied with a reason, moves nothing, and leaves its reference free', async () => {
    const { ada, ben, code } = await openDesk()
    const payIn = { customerCode: code, amount: 700, currency: 'ZAR', source: 'cash', reference: 'FT-17' } as const
    const { id, state, approvalId } = await recordPayIn(service, ada, payIn)
    expect(state).toBe('awaiting_approval')
    const denied = await deny(ben, approvalId as string, 'It was 70')
    expect(denied).toMatchObject({ status: 'denied', denial: 'person', reason: 'It was 70' })
    expect(await getPayIn(service, ada, id)).toMatchObject({ state: 'refused', refusal: 'It was denied: It was 70' })
    expect(await recordPayIn(service, ada, { ...payIn, amount: 70 })).toMatchObject({ state: 'succeeded' })
    expect(await posted(ada, code)).toBe(70n)
    await expect(approve(ben, approvalId as string)).rejects.toMatchObject({ code: 'approval_decided' })
    expect(await types(ada)).toEqual(['approval.requested', 'approval.denied'])
  })

  test('asked for again under its reference is the same waiting thing, and another content is refused', async () => {
    const { ada, ben, code } = await openDesk()
    const first = await adjust(ada, code, 500, { reference: 'again' })
    expect(await adjust(ben, code, 500, { reference: 'again' })).toEqual(first)
    await expect(adjust(ada, code, 501, { reference: 'again' })).rejects.toMatchObject({ code: 'reference_taken' })
    expect(await listApprovals(service, ada, {}, everything)).toHaveLength(1)
    await approve(ben, first.approvalId as string)
    expect(await adjust(ada, code, 500, { reference: 'again' })).toMatchObject({ id: first.id, state: 'succeeded' })
    expect(await posted(ada, code)).toBe(500n)
  })

  test('of which 20 come at once under one reference waits once', async () => {
    const { ada, code } = await openDesk()
    const asked = Array.from({ length: 20 }, () => adjust(ada, code, 500, { reference: 'at once' }))
    const ids = new Set((await Promise.all(asked)).map(({ id, approvalId }) => `${id} ${approvalId}`))
    expect(ids.size).toBe(1)
    expect(await listApprovals(service, ada, {}, everything)).toHaveLength(1)
  })

  test('that the ledger refuses when it is approved is refused, and moves nothing', async () => {
    const { ada, ben, code } = await openDesk()
    const { id, approvalId } = await adjust(ada, code, 500, { direction: 'debit' })
    expect(await approve(ben, approvalId as string)).toMatchObject({ status: 'approved' })
    expect(await getAdjustment(service, ada, id)).toMatchObject({ state: 'refused' })
    expect(await posted(ada, code)).toBe(0n)
  })

  test('of another currency or mode needs nobody', async () => {
    const { tenant, ada, code } = await openDesk()
    expect(await adjust(ada, code, 5000, { currency: 'NGN' })).toMatchObject({ state: 'succeeded' })
    expect((await getApprovalSettings(service, { ...tenant, mode: 'live' })).limits).toEqual([])
  })

  test('ends as denied after 72 hours, and nobody can approve it from then on', async () => {
    const { ada, ben, code } = await openDesk()
    const { id, approvalId } = await waiting(ada, code)
    service.clock.advance(72 * 60 * 60 * 1000 - 1)
    await endUnapproved(service)
    expect(await getApproval(service, ada, { id: approvalId })).toMatchObject({ status: 'waiting' })
    service.clock.advance(1)
    await expect(approve(ben, approvalId)).rejects.toMatchObject({ code: 'approval_decided' })
    expect(await listApprovals(service, ben, { decidableBy: { apiKeyId: ben.keyId } }, everything)).toEqual([])
    await endUnapproved(service)
    const ended = { status: 'denied', denial: 'expired', decidedBy: null, reason: null }
    expect(await getApproval(service, ada, { id: approvalId })).toMatchObject(ended)
    expect(await getAdjustment(service, ada, id)).toMatchObject({ state: 'refused' })
    const trail = await service.db.query(sql`
      select action, actor_id, after ->> 'denial' as denial from trail
      where merchant_id = ${ada.merchant.id} and object = ${approvalId} order by id
    `)
    expect(trail.at(-1)).toEqual({ action: 'endUnapproved', actor_id: null, denial: 'expired' })
    await expect(approve(ben, approvalId)).rejects.toMatchObject({ code: 'approval_decided' })
  })
})

describe('the sum of an asker and day', () => {
  test('lets pass what is under it together, also of keys that the asker has made, and others have their own', async () => {
    const { tenant, ada, ben, code } = await openDesk({ dailySumOver: 100 })
    const program = await hire(service, tenant, 'a program of Ada', { personId: null, createdBy: ada.keyId })
    expect(await adjust(ada, code, 60)).toMatchObject({ state: 'succeeded' })
    const { approvalId } = await adjust(program, code, 41)
    expect(await getApproval(service, ada, { id: approvalId as string })).toMatchObject({ needs: ['daily_sum'] })
    // What waits for a second person is not counted.
    expect(await adjust(ada, code, 40)).toMatchObject({ state: 'succeeded' })
    expect(await adjust(ada, code, 1)).toMatchObject({ state: 'awaiting_approval' })
    expect(await adjust(ben, code, 100)).toMatchObject({ state: 'succeeded' })
    service.clock.advance(24 * 60 * 60 * 1000)
    expect(await adjust(ada, code, 100)).toMatchObject({ state: 'succeeded' })
  })

  test('is not begun again by a change of the time zone, and begins with the next day', async () => {
    const { ada, code } = await openDesk({ dailySumOver: 100 })
    expect(await adjust(ada, code, 60)).toMatchObject({ state: 'succeeded' })
    const moved = (timeZone: string): Colleague => ({ ...ada, merchant: { ...ada.merchant, timeZone } })
    for (const zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Africa/Lagos']) {
      expect(await adjust(moved(zone), code, 41)).toMatchObject({ state: 'awaiting_approval' })
    }
    service.clock.advance(24 * 60 * 60 * 1000)
    expect(await adjust(moved('Pacific/Kiritimati'), code, 100)).toMatchObject({ state: 'succeeded' })
  })

  test('is never passed by wishes that come at once', async () => {
    const { ada, code } = await openDesk({ dailySumOver: 100 })
    const made = await Promise.all(Array.from({ length: 24 }, () => adjust(ada, code, 9)))
    expect(made.filter(({ state }) => state === 'succeeded')).toHaveLength(11)
    expect(made.filter(({ state }) => state === 'awaiting_approval')).toHaveLength(13)
    expect(await posted(ada, code)).toBe(99n)
  })
})

describe('a second person', () => {
  type Make = (desk: Awaited<ReturnType<typeof openDesk>>) => Promise<Colleague>
  const refused: Record<string, Make> = {
    'the asker with the same key': async ({ ada }) => ada,
    'the asker with another key': ({ tenant, ada }) => hire(service, tenant, 'Ada 2', { personId: ada.personId }),
    'a program': ({ tenant }) => hire(service, tenant, 'program', { personId: null }),
    'a person without the scope approve': ({ tenant }) =>
      hire(service, tenant, 'Viewer', { grant: { role: 'support', scopes: null } }),
    'a person whose key the asker has made': ({ tenant, ada }) =>
      hire(service, tenant, 'Cleo', { createdBy: ada.keyId }),
    'a person whose key was made by a key that the asker has made': async ({ tenant, ada }) => {
      const middle = await hire(service, tenant, 'middle', { personId: null, createdBy: ada.keyId })
      return hire(service, tenant, 'Cleo', { createdBy: middle.keyId })
    },
    'a person whose key another key of the asker has made': async ({ tenant, ada }) => {
      const other = await hire(service, tenant, 'Ada 3', { personId: ada.personId })
      return hire(service, tenant, 'Cleo', { createdBy: other.keyId })
    },
    'a key in the name of another person that the asker has made': ({ tenant, ada, ben }) =>
      hire(service, tenant, 'Ben 2', { personId: ben.personId, createdBy: ada.keyId }),
  }

  test.each(Object.entries(refused))('is not %s, who may deny it if the key has the scope', async (_who, make) => {
    const desk = await openDesk()
    const { ada, code } = desk
    const { id, approvalId } = await waiting(ada, code)
    const other = await make(desk)
    await expect(approve(other, approvalId)).rejects.toMatchObject({ code: 'another_person_needed' })
    expect(await listApprovals(service, other, { decidableBy: { apiKeyId: other.keyId } }, everything)).toEqual([])
    expect(await getAdjustment(service, ada, id)).toMatchObject({ state: 'awaiting_approval' })
    expect(await posted(ada, code)).toBe(0n)
  })

  test('is not whoever made the key that asks, nor another whose key the same key has made', async () => {
    const { tenant, code } = await openDesk()
    const owner = await hire(service, tenant, 'Owner')
    const ivy = await hire(service, tenant, 'Ivy', { createdBy: owner.keyId })
    const joe = await hire(service, tenant, 'Joe', { createdBy: owner.keyId })
    const { approvalId } = await waiting(ivy, code)
    for (const each of [owner, joe]) {
      await expect(approve(each, approvalId)).rejects.toMatchObject({ code: 'another_person_needed' })
    }
  })

  test('is nobody, for a token of an outside issuer that names no key: its human may have a key', async () => {
    const { tenant, ben, code } = await openDesk()
    const outside = { issuer: 'https://id.example', subject: 'ben' }
    const actor = { merchantId: tenant.merchant.id, kind: 'token', apiKeyId: null, surface: 'mteja', outside } as const
    const asker = { ...tenant, actor: { id: await actorIdOf(service, actor), requestId: 'a request' } }
    const { approvalId } = await waiting(asker, code)
    await expect(approve(ben, approvalId)).rejects.toMatchObject({ code: 'another_person_needed' })
    expect(await listApprovals(service, tenant, { decidableBy: { apiKeyId: ben.keyId } }, everything)).toEqual([])
    await deny(ben, approvalId)
  })

  test('whose key was revoked since the request began is refused', async () => {
    const { tenant, ada, ben, code } = await openDesk()
    const { approvalId } = await waiting(ada, code)
    await inTransaction(service, (tx) => revokeApiKey(tx, tenant.merchant, ben.keyId))
    await expect(approve(ben, approvalId)).rejects.toMatchObject({ code: 'another_person_needed' })
  })

  test('sees what waits for them, and not what they have asked for', async () => {
    const { tenant, ada, ben, code } = await openDesk()
    const finance = await hire(service, tenant, 'Fay', { grant: { role: null, scopes: scopesOfRole.finance } })
    const { approvalId } = await waiting(ada, code)
    service.clock.advance(1)
    const own = await waiting(ben, code)
    const mine = async ({ keyId }: Colleague) =>
      (await listApprovals(service, tenant, { decidableBy: { apiKeyId: keyId } }, everything)).map(({ id }) => id)
    expect(await mine(ben)).toEqual([approvalId])
    expect(await mine(ada)).toEqual([own.approvalId])
    expect(await mine(finance)).toEqual([own.approvalId, approvalId])
    await deny(ada, approvalId)
    expect(await mine(ben)).toEqual([])
    expect(await listApprovals(service, tenant, { status: 'denied', kind: 'pay_in' }, everything)).toEqual([])
    expect(await listApprovals(service, tenant, { status: 'denied', kind: 'adjustment' }, everything)).toHaveLength(1)
  })

  test('of another merchant or mode finds nothing', async () => {
    const { tenant, ada, code } = await openDesk()
    const { approvalId } = await waiting(ada, code)
    const stranger = await hire(service, await createTestTenant(service), 'Stranger')
    await expect(approve(stranger, approvalId)).rejects.toMatchObject({ code: 'approval_not_found' })
    const live = await hire(service, { ...tenant, mode: 'live' }, 'Live')
    await expect(approve(live, approvalId)).rejects.toMatchObject({ code: 'approval_not_found' })
  })
})

describe('decisions at once', () => {
  test('of two people who approve and deny count once, and the money follows the one that counts', async () => {
    const { tenant, ada, ben, code } = await openDesk()
    const fay = await hire(service, tenant, 'Fay')
    let moved = 0n
    for (let round = 0; round < 12; round++) {
      const { id, approvalId } = await waiting(ada, code)
      const asked = [approve(ben, approvalId), deny(fay, approvalId), approve(fay, approvalId), deny(ada, approvalId)]
      const ends = await Promise.allSettled(round % 2 === 0 ? asked : asked.toReversed())
      for (const end of ends) {
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'approval_decided' })
      }
      const { status } = await getApproval(service, tenant, { id: approvalId })
      if (status === 'approved') moved += 101n
      const state = status === 'approved' ? 'succeeded' : 'refused'
      expect(await getAdjustment(service, tenant, id)).toMatchObject({ state })
      expect(await posted(tenant, code)).toBe(moved)
    }
    const [row] = await service.db.query<{ count: bigint }>(sql`
      select count(*) as count from events
      where merchant_id = ${tenant.merchant.id} and type in ('approval.approved', 'approval.denied')
    `)
    expect(row?.count).toBe(12n)
  })

  test('of a person and the time that runs out count once', async () => {
    const { ada, ben, code } = await openDesk()
    const { id, approvalId } = await waiting(ada, code)
    service.clock.advance(72 * 60 * 60 * 1000)
    await Promise.allSettled([endUnapproved(service), approve(ben, approvalId), endUnapproved(service)])
    expect(await getAdjustment(service, ada, id)).toMatchObject({ state: 'refused' })
    expect(await posted(ada, code)).toBe(0n)
  })
})

describe('a server that dies', () => {
  test('at any statement of an approval leaves it waiting, or done once by the background or by a repeat', async () => {
    const { ada, ben, code } = await openDesk()
    const whole = dyingDb(service.db, 1000, 'before')
    await approve(ben, (await waiting(ada, code)).approvalId, { ...service, db: whole.db })
    const statements = whole.asked()
    expect(statements).toBeGreaterThan(10)
    let moved = await posted(ada, code)
    let finishedLater = 0
    for (let step = 1; step <= statements; step++) {
      for (const moment of ['before', 'after'] as const) {
        const { id, approvalId } = await waiting(ada, code)
        const { db } = dyingDb(service.db, step, moment)
        await expect(approve(ben, approvalId, { ...service, db })).rejects.toThrow('killed')
        const { status } = await getApproval(service, ada, { id: approvalId })
        const { state } = await getAdjustment(service, ada, id)
        if (status === 'waiting') expect([step, state]).toEqual([step, 'awaiting_approval'])
        else expect(['recorded', 'succeeded']).toContain(state)
        if (state === 'recorded') {
          finishedLater += 1
          service.clock.advance(61_000)
          await finishAdjustments(service)
        }
        await approve(ben, approvalId)
        moved += 101n
        expect(await getAdjustment(service, ada, id)).toMatchObject({ state: 'succeeded' })
        expect([step, moment, await posted(ada, code)]).toEqual([step, moment, moved])
      }
    }
    expect(finishedLater).toBeGreaterThan(0)
  })

  test('at any statement of a wish leaves nothing, or a thing that waits with its approval', async () => {
    const { ada, code } = await openDesk()
    const asked = { customerCode: code, amount: 700, currency: 'ZAR', source: 'cash' } as const
    const record = (reference: string, given: FreeContext = service) => recordPayIn(given, ada, { ...asked, reference })
    const whole = dyingDb(service.db, 1000, 'before')
    await record('whole', { ...service, db: whole.db })
    for (let step = 1; step <= whole.asked(); step++) {
      for (const moment of ['before', 'after'] as const) {
        const reference = `${step} ${moment}`
        const { db } = dyingDb(service.db, step, moment)
        await expect(record(reference, { ...service, db })).rejects.toThrow('killed')
        service.clock.advance(61_000)
        await finishPayIns(service)
        const again = await record(reference)
        expect(again).toMatchObject({ state: 'awaiting_approval' })
        const approval = await getApproval(service, ada, { id: again.approvalId as string })
        expect(approval).toMatchObject({ status: 'waiting', subjectId: again.id, reference })
      }
    }
    expect(await posted(ada, code)).toBe(0n)
    const waitingThings = await listApprovals(service, ada, { kind: 'pay_in' }, everything)
    expect(waitingThings).toHaveLength(2 * whole.asked() + 1)
  })
})

describe('the limits', () => {
  test('are off at first; a lower one counts at once, and the trail says that they were turned on', async () => {
    const tenant = await createTestTenant(service)
    expect(await getApprovalSettings(service, tenant)).toEqual({ limits: [], newDestinations: false })
    const ada = await hire(service, tenant, 'Ada')
    const changes: { before?: object; after?: object }[] = []
    const set = (change: ApprovalSettingsChange) =>
      inTransaction(service, (tx) => changeApprovalSettings({ ...tx, changes: changes as never }, ada, change))
    const limit = { currency: 'ZAR', amountOver: 1000n, dailySumOver: null }
    const first = await set({ limits: [{ currency: 'zar', amountOver: 1000 }] })
    expect(first).toEqual({ settings: { limits: [limit], newDestinations: false }, waiting: null })
    expect(changes).toMatchObject([{ before: { isOn: false }, after: { isOn: true } }])
    const lower = await set({ limits: [{ currency: 'ZAR', amountOver: 0, dailySumOver: 5000 }], newDestinations: true })
    expect(lower.waiting).toBeNull()
    expect(lower.settings).toEqual({
      limits: [{ ...limit, amountOver: 0n, dailySumOver: 5000n }],
      newDestinations: true,
    })
  })

  const looser: Record<string, ApprovalSettingsChange> = {
    'a higher amount': { limits: [{ currency: 'ZAR', amountOver: 101, dailySumOver: 500 }] },
    'no amount': { limits: [{ currency: 'ZAR', dailySumOver: 500 }] },
    'a higher sum': { limits: [{ currency: 'ZAR', amountOver: 100, dailySumOver: 501 }] },
    'no sum': { limits: [{ currency: 'ZAR', amountOver: 0 }] },
    nothing: { limits: [{ currency: 'ZAR' }] },
    'a lower amount and a higher sum': { limits: [{ currency: 'ZAR', amountOver: 1, dailySumOver: 501 }] },
    'new destinations that pass': { newDestinations: false },
  }
  test.each(Object.entries(looser))('that would be %s wait for another person', async (_change, change) => {
    const { tenant, ada, ben } = await openDesk({ amountOver: 100, dailySumOver: 500 })
    await setLimits(tenant, { newDestinations: true })
    const before = await getApprovalSettings(service, tenant)
    const { settings, waiting } = await setLimits(ada, change)
    expect(settings).toEqual(before)
    expect(waiting).toMatchObject({ kind: 'approval_settings', needs: ['always'], amount: null, status: 'waiting' })
    expect(await getApprovalSettings(service, tenant)).toEqual(before)
    // The same again is the same, and another one has to wait until this one is decided.
    expect((await setLimits(ben, change)).waiting?.id).toBe(waiting?.id)
    const other = { limits: [{ currency: 'ZAR', amountOver: 99_999 }] }
    await expect(setLimits(ada, other)).rejects.toMatchObject({ code: 'approval_waiting' })
    await expect(approve(ada, waiting?.id as string)).rejects.toMatchObject({ code: 'another_person_needed' })
    await approve(ben, waiting?.id as string)
    const after = await getApprovalSettings(service, tenant)
    expect(after).not.toEqual(before)
    expect((await setLimits(ada, change)).settings).toEqual(after)
  })

  test('stay as they are when the change is denied', async () => {
    const { tenant, ada, ben } = await openDesk()
    const before = await getApprovalSettings(service, tenant)
    const { waiting } = await setLimits(ada, { limits: [{ currency: 'ZAR' }] })
    await deny(ben, waiting?.id as string)
    expect(await getApprovalSettings(service, tenant)).toEqual(before)
  })

  test('refuse a currency that the merchant does not hold, and one that is named twice', async () => {
    const { ada } = await openDesk()
    const usd = setLimits(ada, { limits: [{ currency: 'USD', amountOver: 1 }] })
    await expect(usd).rejects.toMatchObject({ code: 'currency_not_held' })
    const twice = setLimits(ada, { limits: ['ZAR', 'zar'].map((currency) => ({ currency, amountOver: 1 })) })
    await expect(twice).rejects.toMatchObject({ code: 'invalid_request', field: 'limits' })
  })
})
