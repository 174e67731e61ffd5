import type { Clock } from '../src/base/clock.ts'
import { systemRandom } from '../src/base/ids.ts'
import { createVault } from '../src/base/vault.ts'
import type { Db } from '../src/db/database.ts'
import type { Service } from '../src/domain/context.ts'
import { sandboxVerifier } from '../src/domain/identity/identity-verifier.ts'
import { createApiKey } from '../src/domain/merchants/api-keys.ts'
import { createMerchant, type NewMerchant } from '../src/domain/merchants/merchants.ts'
import type { Merchant, Mode, Tenant } from '../src/domain/merchants/tenant.ts'
import { createSandboxProcessor } from '../src/domain/payments/payment-processor.ts'
import { createWebhookSender } from '../src/domain/webhooks/sender.ts'
import { openTestDatabase } from './engines.ts'

/** Every test service's key. */
export const testVault = createVault(Buffer.alloc(32, 1), systemRandom)

/** A clock that stands still until it is told to move. */
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

export type TestService = Service & { clock: TestClock; close(): Promise<void> }

/** A service on an empty database of its own, with a clock the test moves and a sandbox that takes a second. */
export async function openTestService(): Promise<TestService> {
  const db = await openTestDatabase()
  return { ...createTestContext(db), close: () => db.close() }
}

/** What such a service has besides its database. */
export function createTestContext(db: Db): Service & { clock: TestClock } {
  const clock = createTestClock()
  return {
    db,
    clock,
    random: systemRandom,
    vault: testVault,
    identityVerifiers: { test: sandboxVerifier, live: null },
    paymentProcessor: createSandboxProcessor({ db, clock, sandboxDelayMs: 1000 }),
    webhookSender: createWebhookSender(),
    sandboxDelayMs: 1000,
  }
}

/** A merchant with a key of the mode. */
export interface TestTenant extends Tenant {
  secret: string
}

export async function createTestTenant(
  service: Service,
  options: Partial<NewMerchant> & { mode?: Mode } = {},
): Promise<TestTenant> {
  const { mode = 'test', ...merchant } = options
  const made = await createMerchant(service, { name: 'Duka', currencies: ['ZAR', 'NGN'], ...merchant })
  return addTestKey(service, made, mode)
}

/** The same merchant seen in a mode, with a key for it. */
export async function addTestKey(service: Service, merchant: Merchant, mode: Mode): Promise<TestTenant> {
  const { secret } = await createApiKey(service, merchant, { mode })
  return { merchant, mode, secret }
}
