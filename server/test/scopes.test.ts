import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApiKey } from '../src/domain/merchants/api-keys.ts'
import { type Role, roles, type Scope, scopes, scopesOfRole } from '../src/domain/merchants/scopes.ts'
import { fillPath, listRoutes, openTestApi, type TestApi, type TestRoute } from './api.ts'

/** The routes that change something, by the scope that they need. A GET needs `read` if it is not listed here. */
const byScope: Record<Exclude<Scope, 'read'>, readonly string[]> = {
  'customers:write': [
    'DELETE /api/canary/customers/bulk',
    'DELETE /api/canary/payment-methods/:id',
    'DELETE /dedicated_account/:id',
    'DELETE /dedicated_account/split',
    'DELETE /v1/customers/:id/default-payment-method',
    'PATCH /api/canary/customers/:id',
    'PATCH /api/canary/customers/bulk',
    'POST /api/canary/customers',
    'POST /customer',
    'POST /customer/:email_or_code/identification',
    'POST /customer/:id/initialize-direct-debit',
    'POST /customer/authorization/deactivate',
    'POST /customer/authorization/initialize',
    'POST /customer/deactivate_authorization',
    'POST /customer/set_risk_action',
    'POST /dedicated_account',
    'POST /dedicated_account/assign',
    'POST /dedicated_account/split',
    'POST /v1/customers/:id/risk-action',
    'POST /v1/customers/:id/statement-links',
    'POST /v1/sandbox/mandates/:reference/approve',
    'POST /v1/sandbox/mandates/:reference/decline',
    'POST /v1/sandbox/payment-methods',
    'PUT /customer/:email_or_code',
    'PUT /v1/customers/:id/default-payment-method',
  ],
  'money:write': [
    'POST /api/canary/purchases',
    'POST /api/canary/transfers',
    'POST /v1/holds',
    'POST /v1/holds/:id/capture',
    'POST /v1/holds/:id/release',
    'POST /v1/transfers/batch',
  ],
  'refunds:write': [
    'GET /dispute/:id/upload_url',
    'POST /dispute/:id/evidence',
    'POST /v1/disputes/:id/accept',
    'POST /v1/disputes/:id/decline',
    'POST /v1/disputes/:id/evidence',
    'PUT /dispute/:id',
    'PUT /dispute/:id/resolve',
    'POST /refund',
    'POST /refund/retry_with_customer_details/:id',
    'POST /v1/refunds',
    'POST /v1/refunds/:id/settle',
    'POST /v1/reversals',
  ],
  'payments:write': [
    'DELETE /v1/sandbox/outcomes/:id',
    'GET /dedicated_account/requery',
    'POST /api/canary/checkout/sessions',
    'POST /api/canary/payment-intents',
    'POST /api/canary/payment-intents/:id/cancel',
    'POST /api/canary/payment-intents/:id/confirm',
    'POST /charge',
    'POST /charge/submit_address',
    'POST /charge/submit_birthday',
    'POST /charge/submit_otp',
    'POST /charge/submit_phone',
    'POST /charge/submit_pin',
    'POST /transaction/charge_authorization',
    'POST /transaction/initialize',
    'POST /v1/sandbox/dedicated-accounts/:accountNumber/transfers',
    'POST /v1/sandbox/differences',
    'POST /v1/sandbox/disputes',
    'POST /v1/sandbox/outcomes',
    'POST /v1/sandbox/pay-ins',
    'POST /v1/sandbox/payments/:reference/notice',
    'PUT /customer/:id/directdebit-activation-charge',
    'PUT /directdebit/activation-charge',
  ],
  'pay_ins:write': [
    'POST /v1/differences/:id/close',
    'POST /v1/pay-ins',
    'POST /v1/reconciliations',
    'POST /v1/suspense/:id/assign',
    'POST /v1/suspense/:id/give-back',
  ],
  'adjustments:write': ['POST /v1/adjustments'],
  'payouts:write': [
    'DELETE /transferrecipient/:id_or_code',
    'POST /api/canary/payouts',
    'POST /transfer',
    'POST /transfer/bulk',
    'POST /transfer/disable_otp',
    'POST /transfer/disable_otp_finalize',
    'POST /transfer/enable_otp',
    'POST /transfer/finalize_transfer',
    'POST /transfer/resend_otp',
    'POST /transferrecipient',
    'POST /transferrecipient/bulk',
    'PUT /transferrecipient/:id_or_code',
    'PATCH /v1/recipients/:id',
    'POST /v1/payouts',
    'POST /v1/payouts/:id/cancel',
    'POST /v1/payouts/:id/settle',
    'POST /v1/payouts/batch',
    'POST /v1/recipients',
  ],
  approve: [
    'POST /v1/approvals/:id/approve',
    'POST /v1/approvals/:id/deny',
    'POST /v1/payouts/:id/approve',
    'POST /v1/payouts/:id/deny',
    'POST /v1/sandbox/approvals/:id/approve',
  ],
  developers: [
    'DELETE /api/canary/webhook-endpoints/:id',
    'DELETE /v1/api-keys/:id',
    'DELETE /v1/webhook-endpoints/:id',
    'PATCH /v1/people/:id',
    'PATCH /v1/webhook-endpoints/:id',
    'POST /api/canary/events',
    'POST /api/canary/webhook-endpoints',
    'POST /v1/api-keys',
    'POST /v1/api-keys/:id/replace',
    'POST /v1/deliveries/:id/resend',
    'POST /v1/deliveries/resend',
    'POST /v1/people',
    'POST /v1/people/:id/end',
    'POST /v1/webhook-endpoints',
    'POST /v1/webhook-endpoints/:id/rotate-secret',
  ],
  settings: [
    'GET /v1/processors',
    'PATCH /v1/approval-settings',
    'PATCH /v1/dispute-settings',
    'PATCH /v1/payment-settings',
    'PATCH /v1/payout-settings',
    'POST /v1/customers/:id/erase',
    'PUT /v1/processors/:direction',
    'PUT /v1/sending',
  ],
}

/** It asks a bank whether an account is whose it is said to be, and changes nothing. */
const asking = ['POST /bank/validate']

/** Pages, files and notices of upstreams: no dialect has them. */
const ofNoDialect =
  /^(\w+) (\*|\/(app|authorize|checkout|docs|favicon\.ico|healthz|metrics|pay|readyz|statement|webhooks)\b)/

const adminKey = 'operator-0123456789'
const routes = (await listRoutes({ adminKey })).filter(({ name }) => !ofNoDialect.test(name))

test('every route of a dialect names the scope that it needs', () => {
  expect(routes.filter(({ scope }) => scope === undefined).map(({ name }) => name)).toEqual([])
})

test.each(Object.entries(byScope))('the scope %s is needed by the listed routes, and by no other', (scope, names) => {
  expect(routes.filter((route) => route.scope === scope).map(({ name }) => name)).toEqual(
    expect.toSatisfy((found: string[]) => found.toSorted().join('\n') === [...names].sort().join('\n')),
  )
})

test('the scope read is needed by every other GET, and by no route that changes something', () => {
  const others = routes.filter(({ scope }) => scope === 'read' || scope === 'public')
  expect(others.filter(({ method }) => method !== 'GET').map(({ name }) => name)).toEqual(asking)
})

test('docs/keys.md has the table of role and scope', () => {
  const document = readFileSync(fileURLToPath(new URL('../../docs/keys.md', import.meta.url)), 'utf8')
  const heading = `| scope | allows | ${roles.join(' | ')} |`
  expect(document).toContain(heading)
  const rows = document
    .slice(document.indexOf(heading))
    .split('\n\n')[0]
    ?.split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim()))
  const shown = rows?.map(([, scope, , ...marks]) => [scope, ...marks.slice(0, roles.length)])
  const held = (role: Role, scope: Scope) => ((scopesOfRole[role] as readonly Scope[]).includes(scope) ? 'yes' : '')
  expect(shown).toEqual(scopes.map((scope) => [`\`${scope}\``, ...roles.map((role) => held(role, scope))]))
})

describe('each role on every route', () => {
  let api: TestApi
  const bearers = new Map<string, string>()
  beforeAll(async () => {
    api = await openTestApi({ adminKey })
    for (const role of roles) {
      const grant = { role, scopes: null }
      bearers.set(role, (await createApiKey(api.service, api.tenant.merchant, { mode: 'test', grant })).secret)
    }
  })
  afterAll(() => api.close())

  /** The refusal for a missing scope, in the words of any surface; null for every other answer. */
  async function refusalOf({ method, url }: TestRoute, role: Role): Promise<string | null> {
    const path = fillPath(url, new Proxy({}, { get: () => 'none' }))
    const answer = await api.call(method, path, undefined, bearers.get(role) as string)
    const missing = /needs the scope ([a-z_:]+)/.exec(answer.body)?.[1] ?? null
    // A developer's key cannot make the owner's key that a body without a role asks for.
    // And the sandbox tells no account of itself.
    const isOther = /cannot give a scope that it lacks|no account to compare/.test(answer.body)
    expect([role, method, path, answer.statusCode === 403]).toEqual([role, method, path, missing !== null || isOther])
    return missing
  }

  const ofKeys = routes.filter(
    ({ scope, url }) => scope !== 'operator' && scope !== 'public' && url !== '/v1/events/stream',
  )

  test.each(roles)('the role %s is refused on each route whose scope it lacks, and on no other', async (role) => {
    const answered = await Promise.all(ofKeys.map(async (route) => [route.name, await refusalOf(route, role)]))
    const held: readonly Scope[] = scopesOfRole[role]
    expect(answered).toEqual(ofKeys.map(({ name, scope }) => [name, held.includes(scope as Scope) ? null : scope]))
  })

  test('a support key looks, edits customers and refunds, and moves no money and makes no keys', async () => {
    const bearer = bearers.get('support') as string
    const statusOf = async (method: string, path: string, body?: object) =>
      (await api.call(method, path, body, bearer)).statusCode
    const created = await api.call('POST', '/api/canary/customers', { phoneNumber: '0821234567' }, bearer)
    const { id } = created.json()
    const paid = await api.call('POST', '/v1/sandbox/pay-ins', { customerId: id, amount: 500 })
    expect(created.statusCode).toBe(201)
    expect(await statusOf('POST', '/v1/refunds', { transactionId: paid.json().id, amount: 100 })).toBe(201)
    expect(await statusOf('GET', `/v1/customers/${id}/balances`)).toBe(200)
    expect(await statusOf('POST', '/customer/set_risk_action', { customer: id, risk_action: 'deny' })).toBe(200)
    const forbidden = [
      await statusOf('POST', '/api/canary/transfers', {
        fromCustomerId: id,
        toCustomerId: 'x',
        amount: 1,
        currency: 'ZAR',
      }),
      await statusOf('POST', '/api/canary/purchases', { customerId: id, productId: 'p', amount: 1, currency: 'ZAR' }),
      await statusOf('POST', '/v1/holds', { customerId: id, amount: 1 }),
      await statusOf('POST', '/v1/transfers/batch', { transfers: [] }),
      await statusOf('POST', '/charge', { email: 'a@example.com', amount: 100 }),
      await statusOf('POST', '/v1/sandbox/pay-ins', { customerId: id, amount: 1 }),
      await statusOf('POST', '/v1/api-keys', {}),
      await statusOf('POST', '/v1/webhook-endpoints', { url: 'https://example.com/' }),
    ]
    expect(forbidden).toEqual(forbidden.map(() => 403))
  })

  test('a missing scope is refused in the envelope of each surface, before the body is judged', async () => {
    const bearer = bearers.get('viewer') as string
    const message = 'This call needs the scope customers:write, and the key or token has read'
    const answers = [
      await api.call('POST', '/api/canary/customers', 'no JSON', bearer),
      await api.call('POST', '/customer', { email: 7 }, bearer),
      await api.call('POST', '/v1/sandbox/payment-methods', { nothing: 1 }, bearer),
    ]
    expect(answers.map(({ statusCode, json }) => [statusCode, json()])).toMatchObject([
      [403, { statusCode: 403, message: [message], error: 'Forbidden' }],
      [403, { status: false, message, code: 'forbidden' }],
      [403, { error: { code: 'scope_missing', message } }],
    ])
  })

  test('a missing scope gives no remembered answer, and is not remembered itself', async () => {
    const make = (role: Role) =>
      api.app.inject({
        method: 'POST',
        url: '/api/canary/customers',
        headers: { authorization: `Bearer ${bearers.get(role)}`, 'idempotency-key': 'scoped' },
        payload: { phoneNumber: '0821234567' },
      })
    expect((await make('viewer')).statusCode).toBe(403)
    const made = await make('owner')
    expect(made.statusCode).toBe(201)
    const again = await make('viewer')
    expect([again.statusCode, again.body.includes(made.json().id)]).toEqual([403, false])
  })
})
