import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService } from '../../../test/service.ts'
import { type Change, type Context, inTransaction } from '../context.ts'
import { createApiKey, insertApiKey, refuseChangeOfMightier, replaceApiKey, revokeApiKey } from './api-keys.ts'
import { createPerson } from './people.ts'
import { scopes } from './scopes.ts'
import type { Tenant } from './tenant.ts'

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

test('a name of a key has at most 200 characters', async () => {
  const { merchant } = await createTestTenant(service)
  const named = (length: number) => createApiKey(service, merchant, { mode: 'test', name: 'n'.repeat(length) })
  expect((await named(200)).apiKey.name).toHaveLength(200)
  await expect(named(201)).rejects.toMatchObject({ code: 'invalid_request', field: 'name' })
})

test('a key that was revoked a moment ago makes no other', async () => {
  const { merchant } = await createTestTenant(service)
  const { apiKey: maker } = await createApiKey(service, merchant, { mode: 'test' })
  const changes: Change[] = []
  await inTransaction(service, (tx) => revokeApiKey({ ...tx, changes }, merchant, maker.id))
  expect(changes).toMatchObject([{ object: maker.id, before: { revoked: false }, after: { revoked: true } }])
  const made = insertApiKey(service, merchant, { mode: 'test', createdBy: maker.id })
  await expect(made).rejects.toMatchObject({ code: 'unauthorized' })
})

test('a key ends with its maker at the latest', async () => {
  const { merchant } = await createTestTenant(service)
  const end = new Date(service.clock.now().getTime() + 10_000)
  const later = new Date(end.getTime() + 1)
  const { apiKey: maker } = await createApiKey(service, merchant, { mode: 'test', expiresAt: end })
  const make = async (expiresAt?: Date) => {
    const { apiKey } = await createApiKey(service, merchant, { mode: 'test', createdBy: maker.id, expiresAt })
    return apiKey.expiresAt
  }
  expect(await make()).toEqual(end)
  expect(await make(end)).toEqual(end)
  await expect(make(later)).rejects.toMatchObject({ code: 'invalid_request', field: 'expiresAt' })
})

/** A person with a key of an owner, and a change of the person that a key asks for which may only read. */
async function makeMightyPerson(expiresAt: Date | null = null) {
  const { merchant, mode } = await createTestTenant(service)
  const tenant: Tenant = { merchant, mode }
  const person = await inTransaction(service, (tx) =>
    createPerson(tx, tenant, { name: 'Amina', email: 'amina@example.com' }),
  )
  const { apiKey: weak } = await createApiKey(service, merchant, { mode, grant: { role: null, scopes: ['read'] } })
  const makeKey = (context: Context) => insertApiKey(context, merchant, { mode, personId: person.id, expiresAt })
  const change = () =>
    inTransaction(service, (tx) =>
      refuseChangeOfMightier(tx, tenant, person.id, { apiKeyId: weak.id, scopes: weak.scopes }),
    )
  return { makeKey, change }
}

test('a key of a person counts until the moment at which it expires', async () => {
  const { makeKey, change } = await makeMightyPerson(new Date(service.clock.now().getTime() + 1000))
  await makeKey(service)
  service.clock.advance(999)
  await expect(change()).rejects.toMatchObject({ code: 'scope_missing' })
  service.clock.advance(1)
  await change()
})

test('a key that is being made in the name of a person counts when the person is changed', async () => {
  const { makeKey, change } = await makeMightyPerson()
  await change()
  const changed = await inTransaction(service, async (tx) => {
    await makeKey(tx)
    const under = change().then(
      () => 'changed',
      ({ code }) => code,
    )
    await sleep(200)
    return { under }
  })
  expect(await changed.under).toBe('scope_missing')
})

test('a replacement without an overlap is made, however many keys are in theirs', async () => {
  const { merchant } = await createTestTenant(service)
  const few: TestService = { ...service, limits: { ...service.limits, apiKeys: 1 } }
  const replace = (id: string, overlapMs: number) =>
    inTransaction(few, (tx) =>
      replaceApiKey(tx, merchant, id, { overlapMs, createdBy: null, maker: [...scopes] }).then(({ apiKey }) => apiKey),
    )
  const { id: first } = (await createApiKey(few, merchant, { mode: 'live' })).apiKey
  const second = await replace(first, 3_600_000)
  await expect(replace(second.id, 3_600_000)).rejects.toMatchObject({ code: 'too_many_api_keys' })
  expect((await replace(second.id, 0)).replaces).toBe(second.id)
})
