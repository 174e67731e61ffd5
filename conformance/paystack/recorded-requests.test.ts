import { expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { exchange } from '../src/wire.ts'
import { npmClients } from './recordings/npm-clients.ts'
import { otherClients } from './recordings/other-clients.ts'
import { payStackEase } from './recordings/paystackease.ts'
import { laravelPaystack, wooPaystack, wooPaystackReads, wooPaystackRefunds } from './recordings/php-clients.ts'
import { pyPaystack2 } from './recordings/pypaystack2.ts'
import { expectWireAnswer, makeCustomer, testRecordedClient } from './replay.ts'

const merchant = useMerchant()

const replayedClients = [payStackEase, pyPaystack2, laravelPaystack, wooPaystack, wooPaystackReads, wooPaystackRefunds]

for (const client of [...replayedClients, ...npmClients, ...otherClients]) testRecordedClient(merchant, client)

const list = (query: string) =>
  exchange(merchant.url, {
    method: 'GET',
    target: `/customer?${query}`,
    headers: { Authorization: `Bearer ${merchant.key}` },
  })

test('the meta of a list has the number of its customers and of its pages', async () => {
  for (let count = 0; count < 3; count += 1) await makeCustomer(merchant)
  const response = await list('perPage=2&page=2')
  expectWireAnswer(response, 'listed')
  const { meta } = response.json as { meta: { total: number } }
  expect(meta).toEqual({ total: meta.total, skipped: 2, perPage: 2, page: 2, pageCount: Math.ceil(meta.total / 2) })
  const beyond = await list(`perPage=2&page=${meta.total}`)
  expect(beyond.json).toMatchObject({ data: [], meta: { total: meta.total, page: meta.total } })
})

test('following the cursor reaches every customer once, newest first', async () => {
  const made = [await makeCustomer(merchant), await makeCustomer(merchant), await makeCustomer(merchant)]
  const ids: number[] = []
  for (let next: string | null = ''; next !== null && ids.length < 1000; ) {
    const response = await list(`use_cursor=true&perPage=2${next && `&next=${encodeURIComponent(next)}`}`)
    expectWireAnswer(response, 'listedByCursor')
    const page = response.json as { data: { id: number }[]; meta: { next: string | null } }
    ids.push(...page.data.map(({ id }) => id))
    next = page.meta.next
  }
  expect(ids).toEqual([...new Set(ids)])
  expect(ids.slice(0, 3)).toEqual(made.map(({ id }) => id).reverse())
})
