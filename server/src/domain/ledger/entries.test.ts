import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { randomFrom } from '../../../test/random.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import { getBalance, getBalances } from './balances.ts'
import { listEntries } from './entries.ts'

let service: TestService
let tenant: TestTenant

beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service, { currencies: ['ZAR', 'NGN', 'KES'] })
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

/** A customer with entries in the given currencies, oldest first. Some share a time. */
async function customerWith(currencies: string[], random = () => 1): Promise<string> {
  const [code = ''] = await createWallets(service, tenant, 1)
  const [ledger, { payIn }] = [createLedger(service), commandsFor(service)]
  for (const [i, currency] of currencies.entries()) {
    if (random() > 0.4) service.clock.advance(1000)
    await ledger(tenant, payIn(code, BigInt(i + 1), { currency: currency as 'ZAR' }))
  }
  return code
}

describe('a history in several currencies', () => {
  test('a history has the entries of every currency, newest first, each with the balance of its currency', async () => {
    const code = await customerWith(['ZAR', 'NGN', 'ZAR', 'KES', 'NGN'])
    const { items, total } = await listEntries(service, tenant, { code }, { limit: 10, offset: 0 })
    expect(total).toBe(5)
    expect(items.map(({ amount, currency, balanceAfter }) => [amount, currency, balanceAfter])).toEqual([
      [5n, 'NGN', 7n],
      [4n, 'KES', 4n],
      [3n, 'ZAR', 4n],
      [2n, 'NGN', 2n],
      [1n, 'ZAR', 1n],
    ])
    const only = await listEntries(service, tenant, { code, currency: 'NGN' }, { limit: 1, offset: 1 })
    expect([only.total, only.items.map(({ amount }) => amount)]).toEqual([2, [2n]])
    const none = await listEntries(
      service,
      tenant,
      { code: await customerWith([]), currency: 'NGN' },
      { limit: 5, offset: 0 },
    )
    expect(none).toEqual({ items: [], total: 0 })
  })

  test('pages at any offset together are the whole history, also where entries share a time', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const random = randomFrom(seed)
      const weights = [0.34, 0.9, 0.98, 0.5][seed - 1] ?? 0
      const pick = () => (random() < weights ? 'ZAR' : random() < 0.6 ? 'NGN' : 'KES')
      const code = await customerWith(Array.from({ length: 40 }, pick), random)
      const whole = (await listEntries(service, tenant, { code }, { limit: 100, offset: 0 })).items
      expect(new Set(whole.map(({ transactionId }) => transactionId)).size).toBe(40)
      const times = whole.map(({ createdAt }) => createdAt.getTime())
      expect(times).toEqual(times.toSorted((a, b) => b - a))
      for (const limit of [1, 7, 50]) {
        for (let offset = 0; offset <= 41; offset += 1) {
          const { items, total } = await listEntries(service, tenant, { code }, { limit, offset })
          expect(total).toBe(40)
          expect(items, `seed ${seed}, limit ${limit}, offset ${offset}`).toEqual(whole.slice(offset, offset + limit))
        }
      }
    }
  })
})

describe('balances', () => {
  test('a balance is in the default currency or in the given one, and zeros in one that the customer never had', async () => {
    const code = await customerWith(['NGN', 'NGN'])
    expect(await getBalance(service, tenant, code)).toMatchObject({ currency: 'ZAR', posted: 0n, entryCount: 0n })
    expect(await getBalance(service, tenant, code, 'NGN')).toMatchObject({ posted: 3n, available: 3n, entryCount: 2n })
    expect(await getBalance(service, tenant, code, 'KES')).toMatchObject({ accountId: null, posted: 0n, held: 0n })
    expect((await getBalances(service, tenant, code)).map(({ currency }) => currency).sort()).toEqual(['NGN', 'ZAR'])
  })

  test('balances of one customer that are asked for at once are each whole', async () => {
    const code = await customerWith(['NGN', 'ZAR'])
    const all = await Promise.all(Array.from({ length: 20 }, () => getBalances(service, tenant, code)))
    expect(new Set(all.map((balances) => balances.length))).toEqual(new Set([2]))
  })
})
