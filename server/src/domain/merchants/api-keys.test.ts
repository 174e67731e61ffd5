import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService } from '../../../test/service.ts'
import { insertApiKey } from './api-keys.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())

test.each([
  ['test', 'sk_live_0123456789'],
  ['live', 'sk_test_0123456789'],
  ['test', 'sk_test_0123456'],
  ['test', 'sk_test_0123 456789'],
  ['test', `sk_test_${'x'.repeat(201)}`],
  ['test', 'pk_test_0123456789'],
] as const)('a %s key is never %s', async (mode, secret) => {
  const { merchant } = await createTestTenant(service)
  await expect(insertApiKey(service, merchant, { mode, secret })).rejects.toThrow(`a ${mode} key must be sk_${mode}_`)
})

test('a key can be given for CI', async () => {
  const { merchant } = await createTestTenant(service)
  for (const [mode, length] of [
    ['test', 8],
    ['live', 200],
  ] as const) {
    const secret = `sk_${mode}_${'a-B_9'.repeat(40).slice(0, length)}`
    expect(await insertApiKey(service, merchant, { mode, secret })).toMatchObject({ secret, apiKey: { mode } })
  }
})
