import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import type { AccountHolder } from '../banking/account-provider.ts'
import { createSandboxAccounts } from './accounts.ts'

const holder: AccountHolder = {
  code: 'CUS_zero',
  email: null,
  firstName: 'Zero',
  lastName: 'Sum',
  phone: '+2348123456789',
}
const other = { ...holder, code: 'CUS_one' }

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
})
beforeEach(async () => {
  tenant = await createTestTenant(service, { currencies: ['ZAR', 'GHS'] })
})
afterAll(() => service.close())

/** The sandbox's provider, whose random numbers are these, the last one for ever. */
function drawing(...numbers: number[]) {
  const random = {
    bytes(length: number) {
      const bytes = Buffer.alloc(length)
      bytes.writeUIntBE((numbers.length > 1 ? numbers.shift() : numbers[0]) ?? 0, 0, length)
      return bytes
    },
  }
  return createSandboxAccounts({ db: service.db, clock: service.clock, random })
}

test('the sandbox opens an account under the merchant’s and the customer’s names, in a currency of the merchant', async () => {
  const provider = drawing(123)
  const [bank] = await provider.listBanks(tenant)
  expect(await provider.open(tenant, bank, holder)).toEqual({
    bank,
    outsideId: null,
    accountNumber: '9000000123',
    accountName: 'DUKA/ZERO SUM',
    currency: 'GHS',
  })
})

test('the sandbox gives the same account again for the same customer and bank, also to many who ask at once', async () => {
  const provider = createSandboxAccounts(service)
  const [bank, another] = await provider.listBanks(tenant)
  const asked = Array.from({ length: 5 }, () => provider.open(tenant, bank, holder))
  const numbers = new Set((await Promise.all(asked)).map(({ accountNumber }) => accountNumber))
  expect(numbers.size).toBe(1)
  numbers.add((await provider.open(tenant, another ?? bank, holder)).accountNumber)
  numbers.add((await provider.open(tenant, bank, other)).accountNumber)
  expect(numbers.size).toBe(3)
})

test('the sandbox gives another account after the first was closed', async () => {
  const provider = createSandboxAccounts(service)
  const [bank] = await provider.listBanks(tenant)
  const { accountNumber } = await provider.open(tenant, bank, holder)
  await provider.close(tenant, { provider: bank, accountNumber, outsideId: null })
  await provider.close(tenant, { provider: bank, accountNumber, outsideId: null })
  const { accountNumber: next } = await provider.open(tenant, bank, holder)
  expect(next).not.toBe(accountNumber)
  expect((await provider.open(tenant, bank, holder)).accountNumber).toBe(next)
})

test('the sandbox draws another number where the first is taken, also by an account that was closed', async () => {
  const provider = drawing(1, 1, 1, 2)
  const [bank] = await provider.listBanks(tenant)
  const { accountNumber } = await provider.open(tenant, bank, holder)
  await provider.close(tenant, { provider: bank, accountNumber, outsideId: null })
  expect([accountNumber, (await provider.open(tenant, bank, other)).accountNumber]).toEqual([
    '9000000001',
    '9000000002',
  ])
})

test('the sandbox gives up when ten numbers in a row are taken', async () => {
  const provider = drawing(7)
  const [bank] = await provider.listBanks(tenant)
  await provider.open(tenant, bank, holder)
  await expect(provider.open(tenant, bank, other)).rejects.toThrow('10 tries')
})
