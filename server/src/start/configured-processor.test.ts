import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../test/service.ts'
import { listProcessors } from '../domain/payments/processor-accounts.ts'
import { chooseConfigured } from './configured-processor.ts'

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
})

const start = (secretKey: string, directions: readonly ('in' | 'out')[]) =>
  chooseConfigured(service, { processorAccount: { secretKey, merchant: tenant.merchant.code, directions } })

const chosen = async () =>
  (await listProcessors(service, tenant)).map(({ direction, processor, hint }) => [direction, processor, hint])

test('an account that serves money in leaves the choice for payouts as it is', async () => {
  await start('sk_test_account_1111', ['in'])
  expect(await chosen()).toEqual([
    ['in', 'paystack', '1111'],
    ['out', 'sandbox', null],
  ])
})

test('a changed key at a start is followed in both directions, and the same key again changes nothing', async () => {
  await start('sk_test_account_1111', ['in', 'out'])
  await start('sk_test_account_2222', ['in', 'out'])
  const both = await listProcessors(service, tenant)
  expect(await chosen()).toEqual([
    ['in', 'paystack', '2222'],
    ['out', 'paystack', '2222'],
  ])
  await start('sk_test_account_2222', ['in', 'out'])
  expect(await listProcessors(service, tenant)).toEqual(both)
})
