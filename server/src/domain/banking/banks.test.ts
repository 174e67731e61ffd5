import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import type { AccountToValidate, BankDirectory } from './bank-directory.ts'
import { resolveAccount, validateAccount } from './banks.ts'

const account = { accountNumber: '0123456789', bankCode: '057' }
const toValidate: AccountToValidate = {
  accountNumber: '0123456789',
  bankCode: '632005',
  accountType: 'personal',
  holderName: 'Ann Bron',
  document: { type: 'identity', number: '1234567890123' },
}

let service: TestService
let live: TestTenant
beforeAll(async () => {
  service = await openTestService()
  live = await createTestTenant(service, { mode: 'live' })
})
afterAll(() => service.close())

/** The service with a bank directory in live mode, and the accounts that the directory was asked for. */
function knownTo(directory: Partial<BankDirectory>) {
  const asked: unknown[] = []
  const whole: BankDirectory = {
    unlistedBanks: [],
    findHolder: async (each) => {
      asked.push(each)
      return 'JANE DOE'
    },
    validate: async (each) => {
      asked.push(each)
      return { verified: true, isHolder: true, exists: true }
    },
    ...directory,
  }
  return { asked, context: { ...service, bankDirectoryOf: async () => whole } }
}

test('live mode without a bank directory refuses to resolve and to validate an account, in the same words', async () => {
  const refusal = {
    code: 'not_available',
    message: 'No bank can be asked for accounts in live mode on this server',
  }
  await expect(resolveAccount(service, live, account)).rejects.toMatchObject(refusal)
  await expect(validateAccount(service, live, toValidate)).rejects.toMatchObject(refusal)
})

test('an account is resolved and validated in live mode by the bank directory that stands there', async () => {
  const { asked, context } = knownTo({})
  expect(await resolveAccount(context, live, account)).toEqual({
    accountNumber: '0123456789',
    accountName: 'JANE DOE',
    bankId: 21,
  })
  expect(await validateAccount(context, live, toValidate)).toEqual({ verified: true, isHolder: true, exists: true })
  expect(asked).toEqual([account, toValidate])
})

test('an account that its bank does not know is not resolved', async () => {
  const { context } = knownTo({ findHolder: async () => null })
  await expect(resolveAccount(context, live, account)).rejects.toMatchObject({ code: 'account_not_resolved' })
})

test('a bank directory is not asked for a number that no account has, nor for a bank that nobody knows', async () => {
  const { asked, context } = knownTo({})
  const refused = (code: string, field: string) => ({ code, field })
  await expect(resolveAccount(context, live, { ...account, accountNumber: '12345' })).rejects.toMatchObject(
    refused('invalid_request', 'accountNumber'),
  )
  for (const bankCode of ['001', '007', '999']) {
    await expect(resolveAccount(context, live, { ...account, bankCode })).rejects.toMatchObject(
      refused('invalid_request', 'bankCode'),
    )
  }
  await expect(validateAccount(context, live, { ...toValidate, bankCode: '057' })).rejects.toMatchObject(
    refused('invalid_request', 'bankCode'),
  )
  expect(asked).toEqual([])
})
