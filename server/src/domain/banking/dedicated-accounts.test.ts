import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { keepLog } from '../../../test/kept-log.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { type Customer, createCustomer, findCustomer } from '../customers/customers.ts'
import { createDedicatedAccount, listAccountBanks } from './account-opening.ts'
import type { AccountProvider } from './account-provider.ts'
import { finishAccountRequests, requestDedicatedAccount } from './account-requests.ts'
import {
  getDedicatedAccount,
  listAccountsOf,
  listDedicatedAccounts,
  removeAccountSplit,
  removeDedicatedAccount,
  requeryDedicatedAccount,
} from './dedicated-accounts.ts'

const bank = { id: 77, slug: 'a-bank', bankName: 'A Bank', bankId: 21 }
const opened = { bank, outsideId: null, currency: 'NGN' } as const
const closed = () => new UpstreamError('open_account', 'failed', 503)

let service: TestService
let live: TestTenant
/** What the provider was asked, in order. */
let asked: string[]
beforeAll(async () => {
  service = await openTestService()
})
beforeEach(async () => {
  live = await createTestTenant(service, { mode: 'live' })
  asked = []
})
afterAll(() => service.close())

/** The service with an account provider in live mode, which opens the account of the customer's phone. */
function servedBy(provider: Partial<AccountProvider>): TestService {
  const whole: AccountProvider = {
    accountId: 0n,
    knownBanks: [bank],
    listBanks: async () => [bank],
    async open(_tenant, at, { code, phone }) {
      asked.push(`open ${at.slug} ${code}`)
      // Another connection: a transaction that stood open would never end on the embedded engine.
      await service.db.query(sql`select 1`)
      return { ...opened, accountNumber: phone, accountName: 'NAMED OUTSIDE' }
    },
    async close(_tenant, { provider: at, accountNumber }) {
      asked.push(`close ${at.slug} ${accountNumber}`)
      await service.db.query(sql`select 1`)
    },
    async requery(_tenant, { provider: at, accountNumber }) {
      asked.push(`requery ${at.slug} ${accountNumber}`)
    },
    ...provider,
  }
  return { ...service, accountProviderOf: async () => whole }
}

async function create(phone: string | null = '1000000001'): Promise<Customer> {
  const given = { email: `${phone}@example.com`, firstName: 'Zero', lastName: 'Sum', phone, metadata: null }
  return (await createCustomer(service, live, given)).customer
}

async function eventTypes(): Promise<string[]> {
  const rows = await service.db.query<{ type: string }>(sql`
    select type from events where merchant_id = ${live.merchant.id} order by id
  `)
  return rows.map(({ type }) => type)
}

const request = (phone: string) => ({
  email: `${phone}@example.com`,
  firstName: 'Zero',
  lastName: 'Sum',
  middleName: null,
  phone,
  country: 'NG',
  identity: null,
})

test('live mode without an account provider refuses everything about dedicated accounts in the same words', async () => {
  const { id } = await create()
  const calls = [
    () => listAccountBanks(service, live),
    () => createDedicatedAccount(service, live, { id }, {}),
    () => requestDedicatedAccount(service, live, request('1000000001'), {}),
    () => listDedicatedAccounts(service, live, {}, { limit: 1, offset: 0 }),
    () => getDedicatedAccount(service, live, 1n),
    () => removeDedicatedAccount(service, live, 1n),
    () => requeryDedicatedAccount(service, live, '1000000001'),
    () => removeAccountSplit(service, live, '1000000001'),
  ]
  const message = 'Dedicated accounts are not available in live mode on this server'
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'not_available', message })
})

test('a dedicated account is the one that the provider of the mode opens, and keeps its bank when the provider is gone', async () => {
  const context = servedBy({})
  const customer = await create()
  const { account } = await createDedicatedAccount(context, live, { id: customer.id }, {})
  expect(account).toMatchObject({
    provider: bank,
    accountNumber: '1000000001',
    accountName: 'NAMED OUTSIDE',
    currency: 'NGN',
    splitCode: null,
  })
  expect(await listAccountsOf(service, live, customer)).toEqual([account])
  const found = await listDedicatedAccounts(context, live, { bankId: bank.bankId }, { limit: 10, offset: 0 })
  expect(found.items.map((item) => item.account)).toEqual([account])
})

test('a dedicated account that a server before 0015 wrote names its bank by the slug', async () => {
  const customer = await create()
  await createDedicatedAccount(servedBy({}), live, { id: customer.id }, {})
  await service.db.query(sql`
    update dedicated_accounts set provider_id = null, bank_name = null, bank_id = null
    where merchant_id = ${live.merchant.id}
  `)
  const [account] = await listAccountsOf(service, live, customer)
  expect(account?.provider).toEqual({ id: 0, slug: 'a-bank', bankName: 'a-bank', bankId: 0 })
})

test('a customer who has a dedicated account of the bank keeps it, and the provider is not asked again', async () => {
  const context = servedBy({})
  const { id, code } = await create()
  const first = await createDedicatedAccount(context, live, { id }, {})
  const again = await createDedicatedAccount(context, live, { id }, { phone: '1000000009' })
  expect(again.account).toEqual(first.account)
  expect(again.customer.phone).toBe('1000000009')
  expect(asked).toEqual([`open a-bank ${code}`])
})

test('an account provider that cannot be asked leaves the customer as they were', async () => {
  const context = servedBy({ open: () => Promise.reject(closed()) })
  const { id } = await create()
  const before = await findCustomer(service, live, { id })
  await expect(createDedicatedAccount(context, live, { id }, { firstName: 'Other' })).rejects.toThrow(UpstreamError)
  expect(await findCustomer(service, live, { id })).toEqual(before)
  expect(await eventTypes()).toEqual(['customer.created'])
})

test('an account provider that answers a number of another customer is asked three times, and nothing is changed', async () => {
  let openings = 0
  const context = servedBy({
    open: async () => {
      openings += 1
      return { ...opened, accountNumber: '1000000001', accountName: 'TAKEN' }
    },
  })
  const [first, second] = [await create(), await create('1000000002')]
  await createDedicatedAccount(context, live, { id: first.id }, {})
  const changes = { firstName: 'Other' }
  await expect(createDedicatedAccount(context, live, { id: second.id }, changes)).rejects.toThrow(UpstreamError)
  expect(openings).toBe(4)
  expect(await findCustomer(service, live, { id: second.id })).toEqual(second)
  expect(await listAccountsOf(context, live, second)).toEqual([])
})

test('a dedicated account that is removed while it is opened again gives way to a new one', async () => {
  const context = servedBy({})
  const { id } = await create()
  const { account } = await createDedicatedAccount(context, live, { id }, {})
  await removeDedicatedAccount(context, live, account.id)
  const numbers = [account.accountNumber, '1000000003']
  const late = servedBy({
    open: async () => ({ ...opened, accountNumber: numbers.shift() ?? '', accountName: 'NEW' }),
  })
  const next = await createDedicatedAccount(late, live, { id }, {})
  expect(next.account.accountNumber).toBe('1000000003')
})

test('an account provider closes a dedicated account before it is removed, and looks for transfers when asked', async () => {
  const context = servedBy({})
  const { id, code } = await create()
  const { account } = await createDedicatedAccount(context, live, { id }, {})
  await requeryDedicatedAccount(context, live, account.accountNumber)
  const broken = servedBy({ close: () => Promise.reject(closed()) })
  await expect(removeDedicatedAccount(broken, live, account.id)).rejects.toThrow(UpstreamError)
  expect((await getDedicatedAccount(context, live, account.id)).account).toEqual(account)
  await removeDedicatedAccount(context, live, account.id)
  await expect(removeDedicatedAccount(context, live, account.id)).rejects.toMatchObject({
    code: 'dedicated_account_not_found',
  })
  expect(asked).toEqual([`open a-bank ${code}`, 'requery a-bank 1000000001', 'close a-bank 1000000001'])
})

test('a customer without a phone is refused before the account provider is asked', async () => {
  const { id } = await create(null)
  await expect(createDedicatedAccount(servedBy({}), live, { id }, {})).rejects.toMatchObject({
    code: 'invalid_request',
    field: 'phone',
  })
  expect(asked).toEqual([])
})

test('a request for a dedicated account that fails keeps no request behind it waiting, and is tried again', async () => {
  const log = keepLog()
  let broken = true
  const context = servedBy({
    open: async (_tenant, _bank, { phone }) => {
      if (broken && phone === '1000000001') throw closed()
      return { ...opened, accountNumber: phone, accountName: 'NAMED OUTSIDE' }
    },
  })
  await requestDedicatedAccount(context, live, request('1000000001'), {})
  await requestDedicatedAccount(context, live, request('1000000002'), {})
  await finishAccountRequests({ ...context, failures: createFailureLog(service.clock, log) })
  expect(log.lines[0]).toEqual({
    level: 'warn',
    members: {
      subject: `background account_requests of ${live.merchant.code} in live mode`,
      row: expect.any(String),
      attempt: 1,
      operation: 'open_account',
      outcome: 'failed',
      status: 503,
    },
    sentence: 'begins to fail',
  })
  const assigned = async () => (await eventTypes()).filter((type) => type === 'dedicated_account.assigned').length
  expect(await assigned()).toBe(1)
  broken = false
  service.clock.advance(29_999)
  await finishAccountRequests(context)
  expect(await assigned()).toBe(1)
  service.clock.advance(1)
  await finishAccountRequests(context)
  expect(await assigned()).toBe(2)
})

test('a request for a dedicated account of a mode whose provider is gone waits for a provider', async () => {
  const log = keepLog()
  const context = servedBy({})
  await requestDedicatedAccount(context, live, request('1000000001'), {})
  await finishAccountRequests({ ...service, failures: createFailureLog(service.clock, log) })
  expect(log.lines.map(({ members }) => members.outcome)).toEqual(['not_configured'])
  service.clock.advance(30_000)
  await finishAccountRequests(context)
  expect(await eventTypes()).toContain('dedicated_account.assigned')
})
