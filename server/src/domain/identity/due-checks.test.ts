import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { keepLog } from '../../../test/kept-log.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { createWallets } from '../../../test/wallets.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import type { Log } from '../../base/log.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { findCustomer } from '../customers/customers.ts'
import { createSandboxVerifier, sandboxAccounts } from '../sandbox/verifier.ts'
import { finishDueChecks } from './due-checks.ts'
import { requestIdentityCheck, takeIdentityNotice } from './identity.ts'
import { failureReasons, type IdentityDetails, type IdentityVerifier } from './identity-verifier.ts'

const credential: IdentityDetails = {
  type: 'bank_account',
  country: 'NG',
  firstName: 'Uchenna',
  lastName: 'Okoro',
  middleName: null,
  bvn: '222222222221',
  bankCode: '007',
  accountNumber: '0111111111',
  value: null,
}

let service: TestService
let tenant: TestTenant
let code: string

beforeAll(async () => {
  service = await openTestService()
})
beforeEach(async () => {
  tenant = await createTestTenant(service)
  code = (await createWallets(service, tenant, 1))[0] as string
})
afterAll(() => service.close())

const sandboxVerifier = createSandboxVerifier({ delayMs: 1000 })

/** The service with another verifier. */
function judgedBy(verifier: Partial<IdentityVerifier>, log: Log = service.log): TestService {
  const failures = createFailureLog(service.clock, log)
  return { ...service, log, failures, verifierOf: async () => ({ ...sandboxVerifier, ...verifier }) }
}

const closed = () => new UpstreamError('identify_customer', 'failed', 503)

async function advance(ms: number, asking: TestService = service): Promise<void> {
  service.clock.advance(ms)
  await finishDueChecks(asking)
}

async function outcomes() {
  return service.db.query<{ type: string; reason: string | null }>(sql`
    select type, data -> 'details' ->> 'reason' as reason from events
    where merchant_id = ${tenant.merchant.id} and type like 'identity.%' order by id
  `)
}

const unresolved = [{ type: 'identity.failed', reason: failureReasons.unresolved }]

test('a verifier that cannot be asked is asked again after longer and longer, and the check then reported as failed', async () => {
  const times: number[] = []
  const broken = judgedBy({
    verify: async () => {
      times.push(service.clock.now().getTime())
      throw closed()
    },
  })
  await requestIdentityCheck(broken, tenant, { code }, credential)
  const began = service.clock.now().getTime() + service.sandboxDelayMs
  await advance(service.sandboxDelayMs, broken)
  for (let i = 0; i < 40; i += 1) await advance(30_000, broken)
  expect(times.map((time) => (time - began) / 1000)).toEqual([0, 30, 90, 210, 450, 930])
  expect(await outcomes()).toEqual(unresolved)
})

test('a verifier that cannot be asked once delays the outcome, and changes nothing of it', async () => {
  let calls = 0
  const flaky = judgedBy({
    verify: (details, reference) => {
      calls += 1
      if (calls === 1) throw closed()
      return sandboxVerifier.verify(details, reference)
    },
  })
  await requestIdentityCheck(flaky, tenant, { code }, credential)
  await advance(service.sandboxDelayMs, flaky)
  expect(await outcomes()).toEqual([])
  await advance(30_000, flaky)
  expect(await outcomes()).toEqual([{ type: 'identity.succeeded', reason: null }])
})

/** Throws five times, and answers then: once more would be too often. */
function afterFive<Answer>(answer: Answer): () => Promise<Answer> {
  let calls = 0
  return async () => {
    calls += 1
    if (calls <= 5) throw closed()
    return answer
  }
}

/** A verifier's message that the customer is who they say. */
const successOf = (reference: string) => ({ reference, identification: {}, succeeded: true, reason: null })

test('each step of an identity check has its own patience: failures of the steps before it are not counted', async () => {
  const slow = judgedBy({
    introduce: afterFive('CUS_outside'),
    verify: afterFive(null),
    findNames: afterFive({ firstName: 'Named', lastName: 'Outside' }),
  })
  await requestIdentityCheck(slow, tenant, { code }, credential)
  for (let i = 0; i < 70; i += 1) await advance(30_000, slow)
  expect(await takeIdentityNotice(slow, 'test', successOf('CUS_outside'))).toBe(1)
  for (let i = 0; i < 40; i += 1) await advance(30_000, slow)
  expect(await outcomes()).toEqual([{ type: 'identity.succeeded', reason: null }])
  expect(await findCustomer(service, tenant, { code })).toMatchObject({ firstName: 'Named', lastName: 'Outside' })
})

test('a notice that comes during the last failing try of an identity check is its outcome', async () => {
  let calls = 0
  const late = judgedBy({
    introduce: async () => 'CUS_late',
    verify: async () => {
      calls += 1
      if (calls === 6) await takeIdentityNotice(service, 'test', successOf('CUS_late'))
      throw closed()
    },
  })
  await requestIdentityCheck(late, tenant, { code }, credential)
  for (let i = 0; i < 40; i += 1) await advance(30_000, late)
  expect([calls, await outcomes()]).toEqual([6, [{ type: 'identity.succeeded', reason: null }]])
})

test('an identity check that cannot be asked is logged at most once a minute, without the customer’s values', async () => {
  const log = keepLog()
  const broken = judgedBy({ verify: () => Promise.reject(closed()) }, log)
  const checkId = await requestIdentityCheck(broken, tenant, { code }, credential)
  await advance(service.sandboxDelayMs, broken)
  for (let i = 0; i < 40; i += 1) await advance(30_000, broken)
  const subject = `background identity_checks of ${tenant.merchant.code} in test mode`
  const outcome = { row: String(checkId), operation: 'identify_customer', outcome: 'failed', status: 503 }
  const since = expect.any(Date)
  const { code: merchant } = tenant.merchant
  expect(log.lines).toEqual([
    { level: 'warn', members: { subject, ...outcome, attempt: 1 }, sentence: 'begins to fail' },
    ...[3, 4, 5, 6].map((attempt) => ({
      level: 'warn',
      members: { subject, failures: attempt, since, ...outcome, attempt },
      sentence: 'still fails',
    })),
    {
      level: 'warn',
      members: { merchant, mode: 'test', ...outcome },
      sentence: 'the identity verifier could not be asked 6 times; the check ends without it',
    },
  ])
})

test('a bug in a check is logged, and the check is tried again until the bug is mended', async () => {
  const log = keepLog()
  const bug = new TypeError('undefined is not a function')
  const broken = judgedBy({ verify: () => Promise.reject(bug) }, log)
  await requestIdentityCheck(broken, tenant, { code }, credential)
  await advance(service.sandboxDelayMs, broken)
  for (let hour = 0; hour < 24; hour += 1) await advance(60 * 60 * 1000, broken)
  expect(log.lines.length).toBeGreaterThanOrEqual(24)
  for (const { members } of log.lines) expect(members.err).toBe(bug)
  expect(await outcomes()).toEqual([])
  await advance(60 * 60 * 1000)
  expect(await outcomes()).toEqual([{ type: 'identity.succeeded', reason: null }])
})

test('a check that is never answered stays pending for an hour and fails then', async () => {
  await requestIdentityCheck(service, tenant, { code }, { ...credential, accountNumber: sandboxAccounts.silent })
  await advance(service.sandboxDelayMs)
  await advance(60 * 60 * 1000 - 1)
  expect(await outcomes()).toEqual([])
  await advance(1)
  expect(await outcomes()).toEqual(unresolved)
  expect((await findCustomer(service, tenant, { code })).identified).toBe(false)
})

test('servers that do due checks at once ask the verifier once and tell the outcome once', async () => {
  let calls = 0
  const counting = judgedBy({
    verify: (details, reference) => {
      calls += 1
      return sandboxVerifier.verify(details, reference)
    },
  })
  await requestIdentityCheck(counting, tenant, { code }, credential)
  service.clock.advance(service.sandboxDelayMs)
  await Promise.all([finishDueChecks(counting), finishDueChecks(counting), finishDueChecks(counting)])
  expect(calls).toBe(1)
  expect(await outcomes()).toHaveLength(1)
})

test('a check that a server took on and never finished is done by the next after a minute', async () => {
  const dying = judgedBy({ verify: () => new Promise(() => undefined) })
  await requestIdentityCheck(service, tenant, { code }, credential)
  service.clock.advance(service.sandboxDelayMs)
  void finishDueChecks(dying)
  await expect.poll(async () => (await dueIn(service)) > 0).toBe(true)
  await advance(59_999)
  expect(await outcomes()).toEqual([])
  await advance(1)
  expect(await outcomes()).toHaveLength(1)
})

/** Milliseconds until the tenant's check is due. */
async function dueIn({ db, clock }: TestService): Promise<number> {
  const [row] = await db.query<{ due_at: Date }>(sql`
    select due_at from identity_checks where merchant_id = ${tenant.merchant.id}
  `)
  return (row?.due_at.getTime() ?? 0) - clock.now().getTime()
}

test('the sandbox judges a check when its delay is over, and no sooner', async () => {
  const slow = judgedBy(createSandboxVerifier({ delayMs: 86_400_000 }))
  await requestIdentityCheck(slow, tenant, { code }, credential)
  await advance(86_399_999, slow)
  expect(await outcomes()).toEqual([])
  await advance(1, slow)
  expect(await outcomes()).toEqual([{ type: 'identity.succeeded', reason: null }])
})

test('a check of a mode whose verifier is gone is reported as failed', async () => {
  await requestIdentityCheck(service, tenant, { code }, credential)
  const without: TestService = { ...service, verifierOf: async () => null }
  await advance(service.sandboxDelayMs, without)
  for (let i = 0; i < 40; i += 1) await advance(30_000, without)
  expect(await outcomes()).toEqual(unresolved)
})
