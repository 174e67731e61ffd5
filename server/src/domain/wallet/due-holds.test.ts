import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { createWallets } from '../../../test/wallets.ts'
import { simulatePayIn } from '../sandbox/pay-ins.ts'
import { sandboxTenantOf } from '../sandbox/sandbox-tenant.ts'
import { expireDueHolds } from './due-holds.ts'
import { getHold, placeHold } from './holds.ts'

let service: TestService
let tenant: TestTenant
let holdIds: string[]

beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service)
  const [customerCode = ''] = await createWallets(service, tenant, 1)
  await simulatePayIn(service, sandboxTenantOf(tenant), { customerCode, amount: 100, currency: 'ZAR' }, null)
  const expiresAt = new Date(service.clock.now().getTime() + 60_000)
  const place = () => placeHold(service, tenant, { customerCode, amount: 10, currency: 'ZAR', expiresAt }, null)
  holdIds = [(await place()).id, (await place()).id, (await place()).id]
})
afterAll(() => service.close())

/** The service while each posting that names the hold breaks. */
function breakingFor(holdId: string, tries: string[]): TestService {
  const query: TestService['db']['query'] = (statement) => {
    const isPosting = statement.text.includes('post_commands')
    if (isPosting && statement.values.some((value) => Array.isArray(value) && value.includes(holdId))) {
      tries.push(holdId)
      return Promise.reject(new Error('a bug'))
    }
    return service.db.query(statement)
  }
  return { ...service, db: { ...service.db, query } }
}

const statuses = () => Promise.all(holdIds.map(async (id) => (await getHold(service, tenant, id)).status))

test('a hold whose expiry fails steps aside for a growing time and keeps no other hold waiting', async () => {
  const [, broken = ''] = holdIds
  const tries: string[] = []
  const server = breakingFor(broken, tries)
  service.clock.advance(60_000)
  expect(await expireDueHolds(server)).toBe(2)
  expect(await statuses()).toEqual(['expired', 'placed', 'expired'])
  // In the batch, and by itself.
  expect(tries).toHaveLength(2)
  service.clock.advance(29_000)
  expect(await expireDueHolds(server)).toBe(0)
  expect(tries).toHaveLength(2)
  service.clock.advance(1_000)
  await expireDueHolds(server)
  expect(tries).toHaveLength(3)
  service.clock.advance(59_000)
  await expireDueHolds(server)
  expect(tries).toHaveLength(3)
  expect(await expireDueHolds(service)).toBe(1)
  expect(await statuses()).toEqual(['expired', 'expired', 'expired'])
})
