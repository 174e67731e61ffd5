import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ErrorCode, errorCodes } from '../src/base/errors.ts'
import { isRemembered } from '../src/domain/idempotency/remembered.ts'
import { renderProblem as renderForMteja } from '../src/surfaces/mteja/errors.ts'
import { listRoutes, openTestApi, type TestApi, type TestRoute } from './api.ts'

// Compares the door for "once" with docs/ledger.md: the way of each route, and the answers that are remembered.

const ways: Record<string, readonly string[]> = {
  'in the posting': [
    'POST /api/canary/customers',
    'POST /api/canary/purchases',
    'POST /api/canary/transfers',
    'POST /api/canary/payouts',
    'POST /refund',
    'POST /transfer',
    'POST /v1/holds',
    'POST /v1/holds/:id/capture',
    'POST /v1/holds/:id/release',
    'POST /v1/payouts',
    'POST /v1/refunds',
    'POST /v1/reversals',
    'POST /v1/sandbox/pay-ins',
    'POST /v1/transfers/batch',
  ],
  'in a transaction': [
    'PATCH /api/canary/customers/:id',
    'PATCH /api/canary/customers/bulk',
    'PATCH /v1/approval-settings',
    'PATCH /v1/dispute-settings',
    'PATCH /v1/merchants/:id',
    'PATCH /v1/merchants/:id/payment-settings',
    'PATCH /v1/payment-settings',
    'PATCH /v1/payout-settings',
    'PATCH /v1/recipients/:id',
    'PATCH /v1/people/:id',
    'PATCH /v1/webhook-endpoints/:id',
    'POST /api/canary/checkout/sessions',
    'POST /api/canary/events',
    'POST /api/canary/webhook-endpoints',
    'POST /customer',
    'POST /customer/:email_or_code/identification',
    'POST /customer/:id/initialize-direct-debit',
    'POST /customer/authorization/deactivate',
    'POST /customer/authorization/initialize',
    'POST /customer/deactivate_authorization',
    'POST /customer/set_risk_action',
    'POST /dedicated_account/assign',
    'POST /dedicated_account/split',
    'POST /transfer/disable_otp',
    'POST /transfer/disable_otp_finalize',
    'POST /transfer/enable_otp',
    'POST /transfer/resend_otp',
    'POST /transferrecipient',
    'POST /transferrecipient/bulk',
    'POST /v1/api-keys',
    'POST /v1/approvals/:id/approve',
    'POST /v1/approvals/:id/deny',
    'POST /v1/sandbox/approvals/:id/approve',
    'POST /v1/api-keys/:id/replace',
    'POST /v1/customers/:id/erase',
    'POST /v1/customers/:id/risk-action',
    'POST /v1/customers/:id/statement-links',
    'POST /v1/deliveries/:id/resend',
    'POST /v1/deliveries/resend',
    'POST /v1/differences/:id/close',
    'POST /v1/merchants',
    'POST /v1/merchants/:id/api-keys',
    'POST /v1/merchants/:id/close',
    'POST /v1/merchants/:id/reopen',
    'POST /v1/people',
    'POST /v1/people/:id/end',
    'POST /v1/recipients',
    'POST /v1/sandbox/differences',
    'POST /v1/sandbox/mandates/:reference/approve',
    'POST /v1/sandbox/mandates/:reference/decline',
    'POST /v1/sandbox/outcomes',
    'POST /v1/sandbox/payment-methods',
    'POST /v1/signing-keys/rotate',
    'POST /v1/webhook-endpoints',
    'POST /v1/webhook-endpoints/:id/rotate-secret',
    'PUT /customer/:email_or_code',
    'PUT /transferrecipient/:id_or_code',
    'PUT /v1/customers/:id/default-payment-method',
    'PUT /v1/merchants/:id/processors/:direction',
    'PUT /v1/merchants/:id/sending',
    'PUT /v1/processors/:direction',
    'PUT /v1/sending',
    'PUT /customer/:id/directdebit-activation-charge',
    'PUT /directdebit/activation-charge',
  ],
  'around work outside': [
    'POST /api/canary/payment-intents',
    'POST /api/canary/payment-intents/:id/cancel',
    'POST /api/canary/payment-intents/:id/confirm',
    'POST /bank/validate',
    'POST /charge',
    'POST /charge/submit_address',
    'POST /charge/submit_birthday',
    'POST /charge/submit_otp',
    'POST /charge/submit_phone',
    'POST /charge/submit_pin',
    'POST /dedicated_account',
    'POST /dispute/:id/evidence',
    'POST /refund/retry_with_customer_details/:id',
    'POST /transaction/charge_authorization',
    'POST /transaction/initialize',
    'POST /transfer/bulk',
    'POST /transfer/finalize_transfer',
    'POST /v1/adjustments',
    'POST /v1/disputes/:id/accept',
    'POST /v1/disputes/:id/decline',
    'POST /v1/disputes/:id/evidence',
    'POST /v1/merchants/:id/imports',
    'POST /v1/merchants/:id/reconciliations',
    'POST /v1/pay-ins',
    'POST /v1/payouts/:id/approve',
    'POST /v1/payouts/:id/cancel',
    'POST /v1/payouts/:id/deny',
    'POST /v1/payouts/:id/settle',
    'POST /v1/payouts/batch',
    'POST /v1/reconciliations',
    'POST /v1/refunds/:id/settle',
    'POST /v1/sandbox/dedicated-accounts/:accountNumber/transfers',
    'POST /v1/sandbox/disputes',
    'POST /v1/sandbox/payments/:reference/notice',
    'POST /v1/suspense/:id/assign',
    'POST /v1/suspense/:id/give-back',
    'PUT /dispute/:id',
    'PUT /dispute/:id/resolve',
  ],
}

/** Forms of pages and notices of upstreams carry no key. */
const keyless = [
  'POST /authorize/:accessCode',
  'POST /checkout/:id',
  'POST /pay/:accessCode',
  'POST /webhooks/paystack',
  'POST /webhooks/paystack/:merchant/:mode',
]

describe('every route that writes', () => {
  let writing: TestRoute[]
  beforeAll(async () => {
    const routes = await listRoutes({ adminKey: 'operator-0123456789' })
    writing = routes.filter(({ method }) => ['POST', 'PUT', 'PATCH'].includes(method))
  })

  test('a route that writes says how it is done once, or carries no key', () => {
    const silent = writing.filter(({ once }) => once === undefined).map(({ name }) => name)
    expect(silent.sort()).toEqual(keyless)
  })

  test.each(Object.entries(ways))('the routes that are done once %s are the listed routes', (way, names) => {
    const chosen = writing.filter(({ once }) => once === way).map(({ name }) => name)
    expect(chosen.sort()).toEqual([...names].sort())
  })
})

describe('what is remembered under a key', () => {
  test('a refusal is remembered for a reason of the domain, and not when it says nothing about the effect', () => {
    const statusOf = (code: ErrorCode) =>
      renderForMteja({ code, message: '', field: undefined, violations: [], expected: true }).statusCode
    const forgotten = errorCodes.filter((code) => !isRemembered[code])
    expect(
      forgotten.filter((code) => ![400, 401, 403, 404, 409, 412, 413, 415, 429, 500, 503].includes(statusOf(code))),
    ).toEqual([])
    const remembered = errorCodes.filter((code) => isRemembered[code])
    expect(remembered.filter((code) => [401, 408, 413, 415, 429, 500, 503].includes(statusOf(code)))).toEqual([])
  })

  test('docs/ledger.md names each refusal that is not remembered', () => {
    const document = readFileSync(fileURLToPath(new URL('../../docs/ledger.md', import.meta.url)), 'utf8')
    const forgotten = [...document.matchAll(/^\|.*\| no \|$/gm)].flatMap(([row]) =>
      [...row.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code),
    )
    expect(forgotten.sort()).toEqual(errorCodes.filter((code) => !isRemembered[code]).sort())
  })

  describe('on every kind of route', () => {
    let api: TestApi
    let customerId: string
    beforeAll(async () => {
      api = await openTestApi()
      const answer = await api.call('POST', '/api/canary/customers', {
        email: 'once@example.com',
        phoneNumber: '+27821234567',
        metadata: {},
      })
      customerId = answer.json().id
    })
    afterAll(() => api.close())

    const send = (url: string, body: object, key: string, bearer = api.tenant.secret) =>
      api.app.inject({
        method: 'POST',
        url,
        headers: { authorization: `Bearer ${bearer}`, 'idempotency-key': key },
        payload: body,
      })

    /** Requests that are refused for a reason of the domain, and malformed ones, of each way. */
    const cases = [
      [
        'in the posting',
        '/api/canary/purchases',
        () => ({ customerId, productId: 'p', amount: 50, currency: 'ZAR' }),
        402,
      ],
      ['in a transaction', '/v1/deliveries/dlv_00000000000000000000000000000000/resend', () => ({}), 404],
      [
        'around work outside',
        '/api/canary/payment-intents',
        () => ({ customerId: 'CUS_000000000000000', amount: 50, currency: 'ZAR' }),
        404,
      ],
    ] as const

    test.each(cases)('%s, a refusal for a reason of the domain is given again', async (way, url, body, status) => {
      const answers = [
        await send(url, body(), `domain ${way}`.replaceAll(' ', '-')),
        await send(url, body(), `domain ${way}`.replaceAll(' ', '-')),
      ]
      expect(answers.map((each) => [each.statusCode, each.headers['idempotent-replayed']])).toEqual([
        [status, undefined],
        [status, 'true'],
      ])
      expect(answers[1]?.body).toBe(answers[0]?.body)
    })

    const malformed = [
      ['in the posting', '/api/canary/purchases', () => ({ customerId, productId: 'p', amount: 50, currency: 'USD' })],
      ['in a transaction', '/v1/webhook-endpoints', () => ({ url: 'ftp://example.com' })],
      ['around work outside', '/api/canary/payment-intents', () => ({ customerId, amount: 50, currency: 'USD' })],
    ] as const

    test.each(malformed)('%s, a malformed request is judged again under the same key', async (way, url, body) => {
      const key = `malformed-${way.replaceAll(' ', '-')}`
      for (const _try of [1, 2]) {
        const answer = await send(url, body(), key)
        expect([answer.statusCode, answer.headers['idempotent-replayed']]).toEqual([400, undefined])
      }
    })

    /** Refusals of a reason of the domain that come before the posting. */
    const beforePosting = [
      ['/v1/refunds', { transactionId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d' }],
      ['/v1/reversals', { transactionId: 'no-such-reference' }],
      ['/v1/holds/019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d/release', {}],
      ['/v1/holds/019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d/capture', { amount: 1 }],
    ] as const

    test.each(beforePosting)(
      '%s, a refusal that comes before the posting is given again, and its key is taken',
      async (url, body) => {
        const key = `before${url.replaceAll('/', '-')}`
        const answers = [await send(url, body, key), await send(url, body, key)]
        expect(answers.map((each) => [each.statusCode, each.headers['idempotent-replayed']])).toEqual([
          [404, undefined],
          [404, 'true'],
        ])
        expect(answers[1]?.body).toBe(answers[0]?.body)
        const other = await send('/v1/sandbox/pay-ins', { customerId, amount: 1 }, key)
        expect([other.statusCode, other.json().error.code]).toEqual([409, 'idempotency_key_reused'])
      },
    )

    test('a refusal that came before the posting is given again after its reason is gone', async () => {
      const opened = { email: 'later@example.com', amount: 500, reference: 'paid-later' }
      const { access_code } = (await api.call('POST', '/transaction/initialize', opened)).json().data
      const refund = (key: string) => send('/v1/refunds', { transactionId: 'paid-later' }, key)
      expect((await refund('too-early')).statusCode).toBe(404)
      const form = { method: 'mobile_money', phone: '0821234567' }
      await api.app.inject({ method: 'POST', url: `/pay/${access_code}`, payload: form })
      await api.settle()
      expect((await api.call('GET', '/transaction/verify/paid-later')).json().data.status).toBe('success')
      const again = await refund('too-early')
      expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([404, 'true'])
      expect((await refund('in-time')).statusCode).toBe(201)
    })

    const corrected = [
      ['/v1/holds', { amount: 10, expiresAt: '2020-01-01' }, { amount: 10 }],
      ['/v1/holds', { amount: -1 }, { amount: 10 }],
      ['/v1/holds', { amount: 10, expires_at: '2030-01-01' }, { amount: 10 }],
      ['/v1/sandbox/pay-ins', { amount: 1, currency: 'XXX' }, { amount: 1 }],
      [
        '/api/canary/purchases',
        { productId: 'p', amount: 0, currency: 'ZAR' },
        { productId: 'p', amount: 1, currency: 'ZAR' },
      ],
      ['/api/canary/payment-intents', { amount: 0, currency: 'ZAR' }, { amount: 10, currency: 'ZAR' }],
      ['/api/canary/checkout/sessions', { totalAmount: 0, currency: 'ZAR' }, { totalAmount: 10, currency: 'ZAR' }],
    ] as const

    test.each(corrected)(
      '%s, a request that is corrected after a 400 is done under the same key',
      async (url, wrong, right) => {
        await send('/v1/sandbox/pay-ins', { customerId, amount: 1000 }, 'money')
        const key = `corrected${url.replaceAll('/', '-')}-${Object.keys(wrong).join('-')}-${JSON.stringify(wrong).length}`
        expect((await send(url, { customerId, ...wrong }, key)).statusCode).toBe(400)
        const answer = await send(url, { customerId, ...right }, key)
        expect([answer.statusCode, answer.headers['idempotent-replayed']]).toEqual([201, undefined])
      },
    )

    test.each([
      ['/transaction/initialize', { amount: 0 }, { amount: 500 }],
      [
        '/charge',
        { amount: 'x', bank: { code: '057' } },
        { amount: 500, mobile_money: { phone: '0821234567', provider: 'mpesa' } },
      ],
    ])(
      '%s, a request of Paystack’s that is corrected after a 400 is done under the same key',
      async (url, wrong, right) => {
        const email = 'once@example.com'
        expect((await send(url, { email, ...wrong }, `paystack${url}`)).statusCode).toBe(400)
        expect((await send(url, { email, ...right }, `paystack${url}`)).statusCode).toBe(200)
      },
    )

    test('an answer with a secret is given again only to the key that made the request', async () => {
      const make = async (body: object) => (await api.call('POST', '/v1/api-keys', body)).json()
      const [developer, victim] = [await make({ role: 'developer' }), await make({ name: 'till' })]
      const endpoint = (await api.call('POST', '/v1/webhook-endpoints', { url: 'https://a.example' })).json()
      const asked = [
        ['/v1/api-keys', { role: 'owner' }],
        [`/v1/api-keys/${victim.id}/replace`, {}],
        ['/v1/webhook-endpoints', { url: 'https://a.example/hooks' }],
        [`/v1/webhook-endpoints/${endpoint.id}/rotate-secret`, {}],
        ['/api/canary/webhook-endpoints', { url: 'https://a.example/others', events: ['*'] }],
      ] as const
      for (const [url, body] of asked) {
        const key = `secret${url.replaceAll('/', '-')}`
        const [first, again] = [await send(url, body, key), await send(url, body, key)]
        expect([again.headers['idempotent-replayed'], again.body]).toEqual(['true', first.body])
        const other = await send(url, body, key, developer.secret)
        expect([url, other.statusCode, other.body]).toEqual([url, 409, expect.stringContaining('by another API key')])
        expect(other.headers['webhook-secret']).toBeUndefined()
      }
      const money = { customerId, amount: 100, currency: 'ZAR' }
      await send('/v1/sandbox/pay-ins', money, 'by-any-key')
      const rotated = await send('/v1/sandbox/pay-ins', money, 'by-any-key', developer.secret)
      expect([rotated.statusCode, rotated.headers['idempotent-replayed']]).toEqual([201, 'true'])
    })

    test('a key that may not make the call is refused before the stored answer is looked for', async () => {
      const body = { customerId, amount: 100, currency: 'ZAR' }
      expect((await send('/v1/sandbox/pay-ins', body, 'allowed')).statusCode).toBe(201)
      const stranger = await send('/v1/sandbox/pay-ins', body, 'allowed', 'sk_test_0000000000000000')
      expect([stranger.statusCode, stranger.headers['idempotent-replayed']]).toEqual([401, undefined])
    })
  })
})
