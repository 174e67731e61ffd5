import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction } from '../context.ts'
import {
  findKnownUntil,
  findPause,
  findPauses,
  findUnknownSince,
  type PauseCause,
  pauseAll,
  pauseSending,
  resumeAfterReconciliation,
  setPaused,
} from './sending-pauses.ts'

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  service.clock.advance(60_000)
  tenant = await createTestTenant(service)
})

const set = (isWanted: boolean, by: 'merchant' | 'operator') =>
  inTransaction(service, (tx) => setPaused(tx, tenant, isWanted, by))
const findUnknown = (since = service.clock.now(), reference = 'mteja-lost') =>
  pauseSending(service, tenant, { cause: 'unknown_here', reference, since })

const begin: Readonly<Record<PauseCause, () => Promise<unknown>>> = {
  unknown_here: () => findUnknown(),
  started_paused: () => pauseAll(service),
  by_hand: () => set(true, 'merchant'),
  by_operator: () => set(true, 'operator'),
}
const causes = Object.keys(begin) as PauseCause[]

function reconcile(from = new Date(0), createdAt = service.clock.now()): Promise<void> {
  const until = service.clock.now()
  return inTransaction(service, (tx) => resumeAfterReconciliation(tx, tenant, { booksId: 1n, from, until, createdAt }))
}

const enders: Readonly<Record<string, { ends: readonly PauseCause[]; act: () => Promise<unknown> }>> = {
  'its merchant': { ends: ['by_hand'], act: () => set(false, 'merchant') },
  'the operator': { ends: causes, act: () => set(false, 'operator') },
  'a reconciliation': { ends: ['unknown_here', 'started_paused'], act: () => reconcile() },
}

async function left(): Promise<PauseCause[]> {
  return (await findPauses(service, tenant)).map(({ cause }) => cause)
}

/** The events of pauses, in order. */
async function told(): Promise<[string, string][]> {
  const rows = await service.db.query<{ type: string; cause: string }>(sql`
    select type, data -> 'details' ->> 'cause' as cause from events
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and type like 'sending.%'
    order by created_at, type
  `)
  return rows.map(({ type, cause }) => [type, cause])
}

const combinations = Array.from({ length: 2 ** causes.length - 1 }, (_, index) =>
  causes.filter((_cause, place) => ((index + 1) >> place) % 2 === 1),
)

describe.each(Object.entries(enders))('%s', (who, { ends, act }) => {
  test.each(combinations.map((each) => [each.join(', '), each] as const))(
    'ends what is its own of: %s',
    async (_title, begun) => {
      for (const cause of begun) {
        await begin[cause]()
        // A pause that is there does not begin once more.
        if (cause !== 'started_paused') await begin[cause]()
        service.clock.advance(1000)
      }
      const expected = begun.filter((cause) => !ends.includes(cause))
      const isRefused = who === 'its merchant' && !begun.includes('by_hand')
      if (isRefused) await expect(act()).rejects.toMatchObject({ code: 'not_available' })
      else await act()
      expect(await left()).toEqual(expected)
      const resumed = expected.length === 0 ? [['sending.resumed', begun[0]]] : []
      expect(await told()).toEqual([...begun.map((cause) => ['sending.paused', cause]), ...resumed])
    },
  )
})

test('of two who end the last two pauses at once, one tells that sending goes on', async () => {
  await begin.by_hand()
  await begin.started_paused()
  service.clock.advance(1000)
  await Promise.all([set(false, 'merchant'), reconcile()])
  expect(await left()).toEqual([])
  expect((await told()).filter(([type]) => type === 'sending.resumed')).toHaveLength(1)
})

test('something older that is unknown reaches further back, and a reconciliation has to begin there', async () => {
  const [early, late] = [new Date(service.clock.now().getTime() - 60_000), service.clock.now()]
  await findUnknown(late, 'late')
  service.clock.advance(1000)
  await findUnknown(early, 'early')
  expect(await findPause(service, tenant)).toMatchObject({ reference: 'late', pausedAt: late })
  expect(await findUnknownSince(service, tenant)).toEqual(early)
  await reconcile(late)
  expect(await left()).toEqual(['unknown_here'])
  await reconcile(early)
  expect(await left()).toEqual([])
  expect((await told()).map(([type]) => type)).toEqual(['sending.paused', 'sending.resumed'])
})

test('a reconciliation that began before a start does not end the pause of that start', async () => {
  await pauseAll(service)
  service.clock.advance(1000)
  const before = service.clock.now()
  service.clock.advance(1000)
  await pauseAll(service)
  await reconcile(new Date(0), before)
  expect(await left()).toEqual(['started_paused'])
  await reconcile()
  expect(await left()).toEqual([])
})

test('the end of a pause by hand leaves the things that accounts took to the next look', async () => {
  await begin.by_hand()
  await set(false, 'merchant')
  await begin.by_operator()
  await set(false, 'operator')
  expect(await findKnownUntil(service, tenant)).toBeNull()
  await findUnknown()
  service.clock.advance(1000)
  await set(false, 'operator')
  expect(await findKnownUntil(service, tenant)).toEqual(service.clock.now())
})
