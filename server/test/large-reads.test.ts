import { afterAll, beforeAll, expect, test } from 'vitest'
import { largeRead } from '../src/domain/merchants/turns.ts'
import { fillPath, openTestApi, type TestApi } from './api.ts'
import { createWallets } from './wallets.ts'

// Reads that look at many rows run few at a time per tenant. docs/operating.md names them.

let api: TestApi
let customer = ''
let end = () => {}
beforeAll(async () => {
  api = await openTestApi()
  Object.assign(api.service.limits, { reads: 1, waitingReads: 0 })
  customer = (await createWallets(api.service, api.tenant, 1))[0] ?? ''
  // A large read that does not end: the next one finds the line full.
  void largeRead(
    api.service,
    api.tenant,
    () =>
      new Promise<void>((resolve) => {
        end = resolve
      }),
  )
})
afterAll(async () => {
  end()
  await api.close()
})

const period = 'from=2026-01-01&to=2026-01-31'

/** The queries with which a route is a large read. */
const large: Record<string, string[]> = {
  'GET /api/canary/analytics': [''],
  'GET /api/canary/customers': ['search=ada', 'sort=name'],
  'GET /api/canary/events': [''],
  'GET /api/canary/analytics/summary': [''],
  'GET /api/canary/payment-intents': ['status=succeeded'],
  'GET /api/canary/checkout/sessions': ['status=open'],
  'GET /v1/audit': ['', 'by=operator'],
  'GET /v1/customers': [
    'search=ada',
    'sort=name',
    'identified=true',
    'riskAction=deny',
    'hasMoney=true',
    'hasMoney=false',
  ],
  'GET /v1/customers/:id/entries': ['kind=purchase', 'direction=in'],
  'GET /v1/customers/:id/statement': [period],
  'GET /v1/positions/days': ['', 'days=90'],
  'GET /v1/purchases': [''],
  'GET /v1/customers/:id/export': [''],
  'GET /v1/deliveries': ['status=failed', period],
  'GET /v1/deliveries/resend-preview': [''],
  'GET /v1/events': ['type=customer.created', period],
  'GET /transaction': ['status=failed', 'status=failed&use_cursor=true', period],
  'GET /transaction/totals': [''],
  'GET /refund': [period],
  'GET /dispute': ['status=resolved', period],
  'GET /dispute/export': [''],
  'GET /transfer': ['', 'use_cursor=true'],
  'GET /transfer/export': [''],
  'GET /transferrecipient': [''],
  'GET /api/canary/payouts': [''],
}

/** Lists of which each page is a look-up in an index, and short lists. */
const small = [
  'GET /api/canary/customers/:id/balance',
  'GET /api/canary/customers/:id/transactions',
  'GET /api/canary/customers/:id/payment-methods',
  'GET /api/canary/transfers',
  'GET /api/canary/payment-methods',
  'GET /api/canary/balance',
  'GET /api/canary/balance/history',
  'GET /balance',
  'GET /balance/ledger',
  'GET /settlement',
  'GET /api/canary/webhook-endpoints',
  'GET /api/canary/events/types',
  'GET /api/canary/authentication/token',
  'GET /v1/api-keys',
  'GET /v1/people',
  'GET /v1/merchant',
  'GET /v1/customers/:id/balances',
  'GET /v1/customers/:id/erasure',
  'GET /v1/holds',
  'GET /v1/pay-ins',
  'GET /v1/imported-payments',
  'GET /v1/payment-settings',
  'GET /v1/positions',
  'GET /v1/adjustments',
  'GET /v1/approvals',
  'GET /v1/approval-settings',
  'GET /v1/suspense',
  'GET /v1/reconciliations',
  'GET /v1/differences',
  'GET /v1/refunds',
  'GET /v1/disputes',
  'GET /v1/dispute-settings',
  'GET /v1/payouts',
  'GET /v1/payout-settings',
  'GET /v1/recipients',
  'GET /v1/sandbox/outcomes',
  'GET /v1/transactions',
  'GET /v1/webhook-endpoints',
  'GET /customer',
  'GET /customer/:id/directdebit-mandate-authorizations',
  'GET /directdebit/mandate-authorizations',
  'GET /transaction/export',
  'GET /bank',
  'GET /bank/resolve',
  'GET /dedicated_account',
  'GET /dedicated_account/available_providers',
  'GET /country',
  'GET /address_verification/states',
]

test('a large read waits for those before it, on each route that has one', async () => {
  for (const [name, queries] of Object.entries(large)) {
    const [, url = ''] = name.split(' ')
    if (!queries.includes('') && !/\/(statement|entries)$/.test(url)) {
      const { statusCode } = await api.call('GET', url)
      expect([name, statusCode]).toEqual([name, 200])
    }
    for (const query of queries) {
      const answer = await api.call('GET', `${fillPath(url, { id: customer })}?${query}`)
      expect([name, query, answer.statusCode, answer.body]).toEqual([name, query, 429, answer.body])
    }
  }
})

test('every list is known as a large read or as a small one, and a small one does not wait', async () => {
  const lists = api.routes.filter(
    ({ method, scope, hidden, url }) => method === 'GET' && scope === 'read' && !hidden && !/\/:\w+$/.test(url),
  )
  const others = lists.map(({ name }) => name).filter((name) => !(name in large) && name !== 'GET /v1/events/stream')
  expect(others.toSorted()).toEqual(small.toSorted())
  for (const name of others) {
    const { statusCode } = await api.call('GET', fillPath(name.slice(4), { id: customer }))
    expect([name, statusCode]).not.toEqual([name, 429])
  }
})
