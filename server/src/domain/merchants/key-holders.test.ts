import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService } from '../../../test/service.ts'
import { inTransaction } from '../context.ts'
import { createApiKey, revokeApiKey } from './api-keys.ts'
import { findTokenHolder, isKeyActive } from './key-holders.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())

test('a key is active for its own merchant, until it expires or is revoked', async () => {
  const { merchant } = await createTestTenant(service)
  const other = await createTestTenant(service)
  const { apiKey } = await createApiKey(service, merchant, { mode: 'test' })
  expect(await isKeyActive(service, merchant.id, apiKey.id)).toBe(true)
  expect(await isKeyActive(service, other.merchant.id, apiKey.id)).toBe(false)
  await inTransaction(service, (tx) => revokeApiKey(tx, merchant, apiKey.id))
  expect(await isKeyActive(service, merchant.id, apiKey.id)).toBe(false)

  const expiresAt = new Date(service.clock.now().getTime() + 60_000)
  const { apiKey: short } = await createApiKey(service, merchant, { mode: 'test', expiresAt })
  expect(await isKeyActive(service, merchant.id, short.id)).toBe(true)
  service.clock.advance(60_000)
  expect(await isKeyActive(service, merchant.id, short.id)).toBe(false)
})

test.each(['', 'x', 'sk_test_x', '019bc134-7840-7d31-9d00-123e2a7429c4', '\u0000'])(
  'no key has the id %j',
  async (id) => {
    const { merchant } = await createTestTenant(service)
    expect(await isKeyActive(service, merchant.id, id)).toBe(false)
    expect(await findTokenHolder(service, { merchantCode: merchant.code, mode: 'test', apiKeyId: id })).toBe(null)
  },
)
