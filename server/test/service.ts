import type { Clock } from '../src/base/clock.ts'
import { createFailureLog } from '../src/base/failure-log.ts'
import { systemRandom } from '../src/base/ids.ts'
import { type Log, silentLog } from '../src/base/log.ts'
import { createMeter, type Meter } from '../src/base/meter.ts'
import { createVault } from '../src/base/vault.ts'
import type { FreeDb } from '../src/db/database.ts'
import { type Context, defaultLimits } from '../src/domain/context.ts'
import { createApiKey } from '../src/domain/merchants/api-keys.ts'
import { createMerchant, type NewMerchant } from '../src/domain/merchants/merchants.ts'
import type { Merchant, Mode, Tenant } from '../src/domain/merchants/tenant.ts'
import { defaultDisputeWindowDays } from '../src/domain/personal-data/erasure.ts'
import { keepForever } from '../src/domain/retention/retention.ts'
import { createWebhookSender } from '../src/domain/webhooks/sender.ts'
import { approvalOwners } from '../src/start/approval-owners.ts'
import { createApprovalUrlAsker } from '../src/start/approval-urls.ts'
import { chooseProviders } from '../src/start/providers.ts'
import type { Service } from '../src/surfaces/http/surface.ts'
import { openTestDatabase } from './engines.ts'

/** The key of every test service. */
export const testVault = createVault(Buffer.alloc(32, 1), systemRandom)

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  advance(ms: number): void
}

function createTestClock(start = new Date('2026-01-15T10:30:00.000Z')): TestClock {
  let now = start.getTime()
  return {
    now: () => new Date(now),
    advance: (ms) => {
      now += ms
    },
  }
}

export type TestContext = Service & { clock: TestClock; sandboxDelayMs: number }

export type TestService = TestContext & { close(): Promise<void> }

/** A service on an empty database of its own, with a clock that the test moves and a sandbox that takes a second. */
export async function openTestService(log?: Log): Promise<TestService> {
  const meter = createMeter()
  const db = await openTestDatabase({ meter })
  return { ...createTestContext(db, log, meter), close: () => db.close() }
}

/** The members of such a service, around its database. Log lines are written to `log`, by default nowhere. */
export function createTestContext(db: FreeDb, log: Log = silentLog, meter: Meter = createMeter()): TestContext {
  const clock = createTestClock()
  const sandboxDelayMs = 1000
  const failures = createFailureLog(clock, log)
  const webhookSender = createWebhookSender({ reach: 'local', networks: [] })
  return {
    db,
    clock,
    random: systemRandom,
    vault: testVault,
    log,
    failures,
    meter,
    limits: { ...defaultLimits },
    // Rows of a test are dated by its clock, and their age is counted in real time.
    retention: keepForever,
    disputeWindowDays: defaultDisputeWindowDays,
    webhookSender,
    approvalOwners,
    ...createApprovalUrlAsker(webhookSender, clock),
    sandboxDelayMs,
    ...chooseProviders(
      { db, clock, random: systemRandom, vault: testVault, failures, meter },
      // Nothing listens there: a test that has an account says where it is.
      { sandboxDelayMs, upstreamPaystack: undefined, paystackUrl: 'http://127.0.0.1:9' },
    ),
  }
}

/** A merchant with a key of the mode. */
export interface TestTenant extends Tenant {
  secret: string
}

export async function createTestTenant(
  service: Context,
  options: Partial<NewMerchant> & { mode?: Mode } = {},
): Promise<TestTenant> {
  const { mode = 'test', ...merchant } = options
  const made = await createMerchant(service, { name: 'Duka', currencies: ['ZAR', 'NGN'], ...merchant })
  return addTestKey(service, made, mode)
}

/** The same merchant in a mode, with a key for it. */
export async function addTestKey(service: Context, merchant: Merchant, mode: Mode): Promise<TestTenant> {
  const { secret } = await createApiKey(service, merchant, { mode })
  return { merchant, mode, secret }
}
