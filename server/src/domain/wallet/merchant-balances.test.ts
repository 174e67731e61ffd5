import { afterAll, beforeAll, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import type { PageRequest } from '../../base/page.ts'
import type { AccountName } from '../ledger/commands.ts'
import { listMerchantEntries, type MerchantEntryFilter, merchantEntryType } from './merchant-balances.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

const merchant: AccountName = { kind: 'merchant_balance' }
const fees: AccountName = { kind: 'fees' }

/**
 * Posts one step a minute: p is a purchase, r a refund of a part of it, f a fee and b a reversal of a fee. The steps go
 * through the currencies in turn.
 */
async function tell(tenant: TestTenant, story: string, currencies: ('ZAR' | 'NGN')[] = ['ZAR']): Promise<void> {
  const [customer = ''] = await createWallets(service, tenant, 1)
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  const cash: AccountName = { kind: 'customer_cash', customer }
  for (const currency of currencies) await ledger(tenant, make.payIn(customer, 100_000n, { currency }))
  const paid = new Map<string, string[]>(currencies.map((currency) => [currency, []]))
  const charged = new Map<string, string[]>(currencies.map((currency) => [currency, []]))
  for (const [i, word] of [...story].entries()) {
    const currency = currencies[i % currencies.length] ?? 'ZAR'
    service.clock.advance(60_000)
    const purchase = make.purchase(customer, BigInt(1000 + i), { currency })
    const fee = { ...purchase, kind: 'fee', from: merchant, to: fees, amount: 1n } as const
    const [bought, taken] = [paid.get(currency) ?? [], charged.get(currency) ?? []]
    if (word === 'p') bought.push((await ledger(tenant, purchase)).id)
    if (word === 'r') await ledger(tenant, { ...make.giveBack(bought.at(-1) ?? '', cash, merchant, 1n), currency })
    if (word === 'f') taken.push((await ledger(tenant, fee)).id)
    if (word === 'b')
      await ledger(tenant, { ...make.giveBack(taken.pop() ?? '', merchant, fees, null), kind: 'reversal', currency })
  }
}

const stories: [string, string, ('ZAR' | 'NGN')[]][] = [
  ['one currency', 'pfrppppfrrpbpfprpppff', ['ZAR']],
  ['two currencies', 'ppffrrppprprffrpbbppfpprppfrff', ['ZAR', 'NGN']],
]

test.each(stories)(
  'a page filtered by type, period and currency is the same part of the whole history of %s filtered afterwards',
  async (_name, story, currencies) => {
    const tenant = await createTestTenant(service)
    const begin = service.clock.now().getTime()
    await tell(tenant, story, currencies)
    const list = (filter: MerchantEntryFilter, page: PageRequest & { direction?: 'asc' | 'desc' }) =>
      listMerchantEntries(service, tenant, filter, page)
    const whole = (await list({}, { limit: 100, offset: 0 })).items
    expect(whole.map(({ createdAt }) => (createdAt.getTime() - begin) / 60_000)).toEqual(
      Array.from(story, (_, i) => story.length - i),
    )
    for (const currency of currencies) {
      const numbers = whole.filter((entry) => entry.currency === currency).map(({ number }) => number)
      expect(numbers).toEqual(numbers.map((_, i) => BigInt(numbers.length - i)))
    }

    const at = (minutes: number) => new Date(begin + minutes * 60_000)
    const periods = [
      {},
      { from: at(3) },
      { until: at(9) },
      { from: at(2), until: at(20) },
      { from: at(8), until: at(9) },
    ]
    const sets = [undefined, ['credit'], ['debit'], ['fee'], ['fee', 'credit']]
    for (const period of [...periods, { from: at(9), until: at(8) }, { from: at(100) }]) {
      for (const types of sets) {
        for (const chosen of [undefined, ['NGN'] as const]) {
          const filter = { ...period, types, currencies: chosen as never }
          const all = whole.filter(
            (entry) =>
              entry.createdAt >= (period.from ?? at(0)) &&
              entry.createdAt < (period.until ?? at(100)) &&
              (types?.includes(merchantEntryType(entry)) ?? true) &&
              (chosen?.includes(entry.currency as 'NGN') ?? true),
          )
          for (const limit of [1, 4, 100]) {
            for (let offset = 0; offset <= all.length + 1; offset += Math.min(limit, 5)) {
              const about = JSON.stringify({ filter, limit, offset })
              const expected = { items: all.slice(offset, offset + limit), total: all.length }
              expect(await list(filter, { limit, offset }), about).toEqual(expected)
              const oldest = { items: all.toReversed().slice(offset, offset + limit), total: all.length }
              expect(await list(filter, { limit, offset, direction: 'asc' }), about).toEqual(oldest)
            }
          }
        }
      }
    }
  },
  60_000,
)

test('named transactions are found among the entries of every currency, and those of nobody are left out', async () => {
  const tenant = await createTestTenant(service)
  await tell(tenant, 'pppprp', ['ZAR', 'NGN'])
  const page = { limit: 10, offset: 0 }
  const whole = (await listMerchantEntries(service, tenant, {}, page)).items
  const other = await createTestTenant(service)
  await tell(other, 'p')
  const theirs = (await listMerchantEntries(service, other, {}, page)).items[0]?.transactionId ?? ''
  const transactionIds = [whole[4]?.transactionId ?? '', theirs, whole[1]?.transactionId ?? '']
  const found = await listMerchantEntries(service, tenant, { transactionIds }, page)
  expect(found).toEqual({ items: [whole[1], whole[4]], total: 2 })
  const credits = await listMerchantEntries(service, tenant, { transactionIds, types: ['credit'] }, page)
  expect(credits).toEqual({ items: [whole[4]], total: 1 })
})

test.each(['payout', '', 'toString', '__proto__'])('a filter by the unknown type %j finds nothing', async (type) => {
  const tenant = await createTestTenant(service)
  await tell(tenant, 'pr')
  expect(await listMerchantEntries(service, tenant, { types: [type] }, { limit: 5, offset: 0 })).toEqual({
    items: [],
    total: 0,
  })
})
