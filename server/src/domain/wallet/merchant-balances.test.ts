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

/** Posts one step a minute: p is a purchase, r a refund of a part of it, f a fee and b a reversal of a fee. */
async function tell(tenant: TestTenant, story: string): Promise<void> {
  const [customer = ''] = await createWallets(service, tenant, 1)
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  const cash: AccountName = { kind: 'customer_cash', customer }
  await ledger(tenant, make.payIn(customer, 100_000n))
  const paid: string[] = []
  const charged: string[] = []
  for (const [i, word] of [...story].entries()) {
    service.clock.advance(60_000)
    const purchase = make.purchase(customer, BigInt(1000 + i))
    const fee = { ...purchase, kind: 'fee', from: merchant, to: fees, amount: 1n } as const
    if (word === 'p') paid.push((await ledger(tenant, purchase)).id)
    if (word === 'r') await ledger(tenant, make.giveBack(paid.at(-1) ?? '', cash, merchant, 1n))
    if (word === 'f') charged.push((await ledger(tenant, fee)).id)
    if (word === 'b')
      await ledger(tenant, { ...make.giveBack(charged.pop() ?? '', merchant, fees, null), kind: 'reversal' })
  }
}

test('a page filtered by type and period is the same part of the whole history filtered afterwards', async () => {
  const tenant = await createTestTenant(service)
  const begin = service.clock.now().getTime()
  await tell(tenant, 'pfrppppfrrpbpfprpppff')
  const list = (filter: MerchantEntryFilter, page: PageRequest) => listMerchantEntries(service, tenant, filter, page)
  const whole = (await list({}, { limit: 100, offset: 0 })).items
  expect(whole.map(({ number }) => number)).toEqual(Array.from({ length: 21 }, (_, i) => BigInt(21 - i)))

  const at = (minutes: number) => new Date(begin + minutes * 60_000)
  const periods = [{}, { from: at(3) }, { until: at(9) }, { from: at(2), until: at(20) }, { from: at(8), until: at(9) }]
  for (const period of [...periods, { from: at(9), until: at(8) }, { from: at(100) }]) {
    const within = whole.filter(
      ({ createdAt }) => createdAt >= (period.from ?? at(0)) && createdAt < (period.until ?? at(100)),
    )
    for (const type of ['credit', 'debit', 'fee']) {
      const all = within.filter((entry) => merchantEntryType(entry) === type)
      for (const limit of [1, 4, 100]) {
        for (let offset = 0; offset <= all.length + 1; offset += Math.min(limit, 5)) {
          const found = await list({ ...period, type }, { limit, offset })
          const expected = { items: all.slice(offset, offset + limit), total: all.length }
          expect(found, JSON.stringify({ period, type, limit, offset })).toEqual(expected)
        }
      }
    }
  }
})

test.each(['payout', '', 'toString', '__proto__'])('a filter by the unknown type %j finds nothing', async (type) => {
  const tenant = await createTestTenant(service)
  await tell(tenant, 'pr')
  expect(await listMerchantEntries(service, tenant, { type }, { limit: 5, offset: 0 })).toEqual({
    items: [],
    total: 0,
  })
})
