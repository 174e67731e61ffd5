import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listRoutes, openTestApi, type TestApi } from '../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'
import { type Currency, currencies, maxAmount, minorDigits } from '../../base/money.ts'
import type { OwnedDb } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { RecordedEvent } from '../../domain/events/events.ts'
import { freshAttempt } from '../../domain/idempotency/attempt.ts'
import { openPayment } from '../../domain/payments/payments.ts'
import { settleDueRefunds } from '../../domain/payments/refunds.ts'
import { amountsMeant, isServed, readAmount, renderAmount } from './amounts.ts'
import { renderPaystackEvent } from './webhooks.ts'

/** The members of a schema that the tests read. */
interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
  'x-unit'?: string
}

const email = 'zero@example.com'
const waitingCard = '4084080000671902'
const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
const served = ['NGN', 'GHS', 'KES', 'ZAR', 'USD', 'XOF', 'RWF', 'UGX'] as const
const whole = ['XOF', 'RWF', 'UGX'] as const
const thousandths = ['TND', 'KWD', 'LYD'] as const

const routes = (await listRoutes()).filter(({ url, hidden }) => !hidden && !/^\/(api\/canary|v1)\//.test(url))

/** Every member of a schema: its path, and its own schema. */
function membersOf(schema: Schema, path = ''): { path: string; schema: Schema }[] {
  const inner = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, each]) => membersOf(each, `${path}.${name}`)),
    ...(schema.items === undefined ? [] : membersOf(schema.items, path)),
    ...(schema.anyOf ?? []).flatMap((each) => membersOf(each, path)),
  ]
  return [{ path, schema }, ...inner]
}

/** The amounts in an answer, by the path of their member. */
function amountsIn(schema: Schema, value: unknown, path = ''): { path: string; amount: number }[] {
  const isAmount = [schema, ...(schema.anyOf ?? [])].some((each) => each['x-unit'] !== undefined)
  if (isAmount) return typeof value === 'number' ? [{ path, amount: value }] : []
  if (Array.isArray(value)) return value.flatMap((each) => amountsIn(schema.items ?? {}, each, path))
  if (typeof value !== 'object' || value === null) return []
  const forms = [schema, ...(schema.anyOf ?? [])]
  return Object.entries(value).flatMap(([name, member]) => {
    const form = forms.find((each) => Object.hasOwn(each.properties ?? {}, name))
    return form === undefined ? [] : amountsIn(form.properties?.[name] as Schema, member, `${path}.${name}`)
  })
}

function answerOf(name: string): Schema {
  const answers = routes.find((route) => route.name === name)?.schema.response as Record<number, Schema> | undefined
  return answers?.[200] ?? {}
}

describe('the members of the Paystack surface', () => {
  const parts = routes.flatMap(({ name, schema }) =>
    [schema.body, schema.querystring, schema.params, ...Object.values((schema.response as object | undefined) ?? {})]
      .filter((part) => part !== undefined)
      .flatMap((part) => membersOf(part as Schema).map((member) => ({ name, ...member }))),
  )

  /** Numbers that are no amounts. */
  const counts =
    /\.(id|\w+_id|customer_ids|customer|transaction|dispute|fully_deducted|totalRetriable|account_reference|model_row|request|recipient|integration|total|total_transactions|skipped|perPage|per_page|page|pageCount|count|attempts|errors|start_time|time_spent|time)$/

  test('a number of the Paystack surface is an amount in hundredths, or is known to be none', () => {
    const numbers = parts.filter(({ schema }) =>
      [schema.type].flat().some((type) => /^(integer|number)$/.test(type ?? '')),
    )
    expect(numbers.length).toBeGreaterThan(80)
    const unknown = numbers.filter(({ path, schema }) => schema['x-unit'] === undefined && !counts.test(path))
    expect(unknown.map(({ name, path }) => `${name}: ${path} is neither an amount nor a count`)).toEqual([])
  })

  test('a member of the Paystack surface that is named like an amount is one, or is known to be none', () => {
    const others =
      /\.(fees_split|fees_breakdown|transaction_charge|total_transaction_value|identifications\.value|value|total_volume_by_currency|pending_transfers_by_currency|transfersessionid|transfertrials|transfers)$/
    const named = parts.filter(({ path }) =>
      /(amount|fee|volume|charge|value|price|balance|cost|transfers)\w*$/.test(path),
    )
    const unknown = named.filter(({ path, schema }) => schema['x-unit'] === undefined && !others.test(path))
    // A member that may be null is listed once as a whole, and once for each form.
    const forms = new Set(named.filter(({ schema }) => schema['x-unit']).map(({ name, path }) => `${name} ${path}`))
    expect(unknown.filter(({ name, path }) => !forms.has(`${name} ${path}`))).toEqual([])
  })
})

describe('amounts of each currency', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await openTestApi()
  })
  afterAll(() => api.close())

  type Call = (method: string, path: string, body?: unknown) => ReturnType<TestApi['call']>

  async function openTenant(...held: [Currency, ...Currency[]]): Promise<{ tenant: TestTenant; call: Call }> {
    const tenant = await createTestTenant(api.service, { currencies: held })
    return { tenant, call: (method, path, body) => api.call(method, path, body, tenant.secret) }
  }

  /** Pays 50 of the currency in each way there is, and answers what every route with amounts says of it. */
  async function payInEachWay(call: Call, currency: Currency) {
    const asked = { email, amount: 5000, currency }
    const { data: opened } = (await call('POST', '/transaction/initialize', { ...asked, reference: 'by_page' })).json()
    const page = await call('GET', new URL(opened.authorization_url).pathname)
    await api.app.inject({
      method: 'POST',
      url: new URL(opened.authorization_url).pathname,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      // The refund of this card waits, so no money goes back.
      payload: new URLSearchParams({ method: 'card', number: waitingCard, expiry: '12/30', cvv: '408' }).toString(),
    })
    const charged = await call('POST', '/charge', {
      ...asked,
      amount: '5000',
      card,
      metadata: { purpose: 'wallet_topup' },
    })
    const { authorization_code } = charged.json().data.authorization
    const made = (await call('POST', '/refund', { transaction: 'by_page', amount: '5000', currency })).json()
    await settleDueRefunds(api.service)
    const account = { currency, account_number: '0123456789', bank_id: '9' }
    const retry = `/refund/retry_with_customer_details/${made.data.id}`
    const complaint = { reference: charged.json().data.reference, reason: 'Not mine' }
    expect((await call('POST', '/v1/sandbox/disputes', complaint)).statusCode).toBe(201)
    const { data: disputed } = (await call('GET', '/dispute')).json()
    const dispute = `/dispute/${disputed[0].id}`
    const answer = { resolution: 'declined', message: 'No', refund_amount: 5000, uploaded_filename: 'a.pdf' }
    const answers: Record<string, unknown> = {
      'GET /dispute': (await call('GET', '/dispute')).json(),
      'GET /dispute/:id': (await call('GET', dispute)).json(),
      'GET /dispute/transaction/:id': (await call('GET', `/dispute/transaction/${disputed[0].transaction.id}`)).json(),
      'PUT /dispute/:id': (await call('PUT', dispute, { refund_amount: 5000 })).json(),
      'PUT /dispute/:id/resolve': (await call('PUT', `${dispute}/resolve`, answer)).json(),
      'POST /refund': made,
      'GET /refund': (await call('GET', `/refund?transaction=${made.data.transaction.id}`)).json(),
      'GET /refund/:id': (await call('GET', `/refund/${made.data.id}`)).json(),
      'POST /refund/retry_with_customer_details/:id': (
        await call('POST', retry, { refund_account_details: account })
      ).json(),
      'POST /charge': charged.json(),
      'POST /transaction/charge_authorization': (
        await call('POST', '/transaction/charge_authorization', { ...asked, authorization_code })
      ).json(),
      'GET /transaction/verify/:reference': (await call('GET', '/transaction/verify/by_page')).json(),
      'GET /transaction/:id': (await call('GET', `/transaction/${charged.json().data.id}`)).json(),
      'GET /charge/:reference': (await call('GET', '/charge/by_page')).json(),
      'GET /transaction': (await call('GET', '/transaction')).json(),
      'GET /transaction/totals': (await call('GET', '/transaction/totals')).json(),
      'GET /customer/:email_or_code': (await call('GET', `/customer/${email}`)).json(),
      // Of the two payments, one is held for its refund.
      'GET /balance': (await call('GET', '/balance')).json(),
      'GET /balance/ledger': (await call('GET', '/balance/ledger?perPage=1&page=2')).json(),
    }
    return { answers, page: page.body, code: charged.json().data.customer.customer_code }
  }

  /** Pays 50 of the currency in steps. A step that comes again is answered by the transaction. */
  async function payInSteps(call: Call, currency: Currency): Promise<Record<string, unknown>> {
    const answers: Record<string, unknown> = {}
    const pay = async (instrument: object, steps: Record<string, object>) => {
      const asked = { email, amount: 5000, currency, ...instrument }
      const { reference } = (await call('POST', '/charge', asked)).json().data
      for (const [step, given] of [...Object.entries(steps), ...Object.entries(steps)]) {
        const answer = await call('POST', `/charge/submit_${step}`, { ...given, reference })
        answers[`POST /charge/submit_${step}`] = answer.json()
      }
    }
    const otp = { otp: '123456' }
    const address = { address: '140 N 2ND ST', city: 'Stroudsburg', state: 'PA', zip_code: '18360' }
    const asking = { ...card, number: '507850785078507804' }
    await pay({ card: asking }, { pin: { pin: '0000' }, phone: { phone: '08012345678' }, otp })
    await pay({ bank: { code: '057', account_number: '0000000000' } }, { birthday: { birthday: '2007-04-15' }, otp })
    await pay({ card: { ...card, number: '4084080000020001' } }, { address })
    return answers
  }

  /** Pays out 50 of the currency in each way there is. */
  async function payOut(call: Call, currency: Currency): Promise<Record<string, unknown>> {
    await call('POST', '/charge', { email, amount: 20000, currency, card })
    const wallet = { type: 'mobile_money', name: 'Ama', account_number: '0551234987', bank_code: 'MTN', currency }
    const { recipient_code: recipient } = (await call('POST', '/transferrecipient', wallet)).json().data
    const asked = { source: 'balance', recipient, amount: '5000' }
    await call('POST', '/transfer/enable_otp')
    const { transfer_code } = (await call('POST', '/transfer', asked)).json().data
    await call('POST', '/transfer/disable_otp_finalize', { otp: '123456' })
    const finalize = { transfer_code, otp: '123456' }
    const answers: Record<string, unknown> = {
      'POST /transfer/finalize_transfer': (await call('POST', '/transfer/finalize_transfer', finalize)).json(),
      'POST /transfer': (await call('POST', '/transfer', { ...asked, reference: 'paid-out' })).json(),
      'POST /transfer/bulk': (
        await call('POST', '/transfer/bulk', { source: 'balance', currency, transfers: [{ recipient, amount: 5000 }] })
      ).json(),
      'GET /transfer': (await call('GET', '/transfer')).json(),
      'GET /transfer/:id_or_code': (await call('GET', `/transfer/${transfer_code}`)).json(),
      'GET /transfer/verify/:reference': (await call('GET', '/transfer/verify/paid-out')).json(),
    }
    const { data } = (await call('GET', '/balance')).json()
    expect(data).toEqual([{ currency, balance: 5000, account_balance: 5000 }])
    return answers
  }

  test.each(served)('50 of %s is 5000 on the Paystack surface, and 50 everywhere else', async (currency) => {
    const { tenant, call } = await openTenant(currency)
    const { answers, page, code } = await payInEachWay(call, currency)
    const inSteps = await payInSteps((await openTenant(currency)).call, currency)
    const paidOut = await payOut((await openTenant(currency)).call, currency)
    const minor = 50 * 10 ** minorDigits(currency)

    const seen = Object.entries({ ...answers, ...inSteps, ...paidOut }).flatMap(([name, answer]) =>
      amountsIn(answerOf(name), answer).map(({ path, amount }) => ({ member: `${name} ${path}`, amount })),
    )
    for (const { member, amount } of seen) {
      const expected = /\.fees$|fee_charged|pending_transfers|partialAmountLeft|POST \/refund \.data\.deducted/.test(
        member,
      )
        ? 0
        : /total|GET \/customer/.test(member.replace('/transaction/totals', ''))
          ? 15000
          : // The customer's wallet, and the merchant's own balance.
            member.endsWith('account_balance')
            ? 10000
            : 5000
      expect({ member, amount }).toEqual({ member, amount: expected })
    }
    // A new amount of an answer is compared too: without a request above that answers it, this fails. The sandbox has no
    // settlements: their own test has their amounts.
    const answering = routes.filter(({ name }) => name !== 'GET /settlement')
    const documented = answering.flatMap(({ name, schema }) =>
      Object.entries((schema.response as Record<string, Schema> | undefined) ?? {})
        .filter(([status]) => status.startsWith('2'))
        .flatMap(([, answer]) => membersOf(answer))
        .filter((member) => member.schema['x-unit'] !== undefined)
        .map(({ path }) => `${name} ${path}`),
    )
    expect([...new Set(seen.map(({ member }) => member))].sort()).toEqual([...new Set(documented)].sort())

    expect(page).toContain(`${currency} ${minorDigits(currency) === 0 ? '50' : '50.00'}`)
    expect((await call('GET', '/api/canary/balance')).json()).toMatchObject({ currency, amount: 2 * minor })
    expect((await call('GET', `/api/canary/customers/${code}/balance`)).json()).toMatchObject({ amount: minor })
    const { balances } = (await call('GET', `/v1/customers/${code}/balances`)).json()
    expect(balances).toMatchObject([{ currency, posted: minor }])

    const told = await api.service.db.query<RecordedEvent>(sql`
      select type, data from events where merchant_id = ${tenant.merchant.id} and is_told('paystack', type, data)
      order by id
    `)
    const charge = { event: 'charge.success', data: { amount: 5000, requested_amount: 5000, fees: 0, currency } }
    expect(told.map((event) => renderPaystackEvent(event))).toMatchObject([
      ...[charge, charge],
      { event: 'refund.pending', data: { amount: '5000', currency } },
      { event: 'refund.needs-attention', data: { amount: 5000, currency } },
      { event: 'charge.dispute.create', data: { refund_amount: 5000, transaction: { amount: 5000 }, currency } },
      { event: 'charge.dispute.resolve', data: { refund_amount: 5000, resolution: 'declined' } },
      { event: 'refund.processing', data: { amount: '5000', currency } },
      charge,
    ])
  })

  test.each(served)('a list of payments in %s is filtered by hundredths', async (currency) => {
    const { call } = await openTenant(currency, currency === 'NGN' ? 'XOF' : 'NGN')
    await call('POST', '/transaction/initialize', { email, amount: 5000, currency })
    await call('POST', '/transaction/initialize', { email, amount: 100, currency })
    const amountsOf = async (query: string) => {
      const { data } = (await call('GET', `/transaction?${query}`)).json()
      return data.map(({ amount }: { amount: number }) => amount)
    }
    expect(await amountsOf('')).toEqual([100, 5000])
    expect(await amountsOf('amount=5000')).toEqual([5000])
    expect(await amountsOf('amount=100&use_cursor=true')).toEqual([100])
    expect(await amountsOf('amount=50')).toEqual([])
    expect(await amountsOf('amount=1')).toEqual([])
  })

  test('a filter by an amount finds it in every currency that can express it', async () => {
    const { call } = await openTenant('NGN', 'XOF')
    for (const currency of ['NGN', 'XOF'])
      await call('POST', '/transaction/initialize', { email, amount: 5000, currency })
    await call('POST', '/transaction/initialize', { email, amount: 50, currency: 'NGN' })
    const totalOf = async (query: string) => (await call('GET', `/transaction?${query}`)).json().meta.total
    expect([await totalOf('amount=5000'), await totalOf('amount=50'), await totalOf('amount=5050')]).toEqual([2, 1, 0])
  })

  // A refund and a dispute are in the currency of their transaction, a transfer in that of its recipient: their own tests have
  // their amounts.
  const requests = routes.filter(
    ({ name, schema }) =>
      !/ \/(refund|dispute|transfer)/.test(name) &&
      membersOf((schema.body as Schema | undefined) ?? {}).some((member) => member.schema['x-unit'] !== undefined),
  )
  const asking = { email, card, authorization_code: 'AUTH_0000000000' }

  test.each(whole)(
    'an amount that is no whole %s is refused with a sentence, on every route that takes one',
    async (currency) => {
      expect(requests.map(({ name }) => name)).toEqual([
        'POST /transaction/initialize',
        'POST /transaction/charge_authorization',
        'POST /charge',
      ])
      const { call } = await openTenant(currency)
      for (const { method, url } of requests) {
        for (const amount of [5050, '5050', 1, 99, 5001]) {
          const answer = await call(method, url, { ...asking, amount, currency })
          const words = new RegExp(`^${currency} has no unit smaller than 1, .* must end in 00, .* not ${amount}$`)
          expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringMatching(words)])
        }
      }
      expect((await call('GET', '/transaction')).json().meta.total).toBe(0)
    },
  )

  test.each(thousandths)(
    'an amount of %s is refused with a sentence, on every route that takes one',
    async (currency) => {
      const { call } = await openTenant(currency, 'NGN')
      for (const { method, url } of requests) {
        for (const more of [{}, { currency }]) {
          const answer = await call(method, url, { ...asking, amount: 5000, ...more })
          const words = `Amounts of ${currency} have thousandths, and this API counts hundredths`
          expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining(words)])
        }
      }
      expect((await call('POST', '/transaction/initialize', { email, amount: 5000, currency: 'NGN' })).statusCode).toBe(
        200,
      )
    },
  )

  test('a payment with thousandths, made on another API, does not exist on the Paystack surface', async () => {
    const { tenant, call } = await openTenant('TND', 'NGN')
    await openPayment(
      api.service,
      tenant,
      { email, amount: 5005n, currency: 'TND', reference: 'old' },
      freshAttempt(api.service),
    )
    await call('POST', '/charge', { email, amount: 700, currency: 'NGN', card })
    const { id, code } = await findIds(tenant)
    await call('POST', '/v1/sandbox/pay-ins', { customerId: code, amount: 5005, currency: 'TND' })
    const likeNobodys = [
      ['/transaction/verify/old', '/transaction/verify/nobodys'],
      [`/transaction/${id}`, '/transaction/999'],
      ['/transaction/timeline/old', '/transaction/timeline/nobodys'],
      [`/transaction/timeline/${id}`, '/transaction/timeline/999'],
      ['/charge/old', '/charge/nobodys'],
    ] as const
    for (const [path, nobodys] of likeNobodys) {
      const [answer, other] = [await call('GET', path), await call('GET', nobodys)]
      expect(answer.statusCode).toBeGreaterThanOrEqual(400)
      expect([path, answer.statusCode, answer.body]).toEqual([
        path,
        other.statusCode,
        other.body.replace('999', String(id)),
      ])
    }
    for (const query of ['', '?use_cursor=true', `?customer=${id}`]) {
      const { data, meta } = (await call('GET', `/transaction${query}`)).json()
      const only = query.startsWith('?customer') ? [] : ['NGN']
      expect(data.map(({ currency }: { currency: string }) => currency)).toEqual(only)
      if ('total' in meta) expect(meta.total).toBe(only.length)
    }
    const { data } = (await call('GET', '/transaction/export')).json()
    const csv = await api.app.inject({ method: 'GET', url: data.path.replace(/^https?:\/\/[^/]+/, '') })
    expect(csv.body.trim().split('\n')).toEqual([expect.stringMatching(/^id,/), expect.stringContaining(',NGN,700,')])
    const volumes = [{ currency: 'NGN', amount: 700 }]
    expect((await call('GET', '/transaction/totals')).json().data).toMatchObject({
      total_transactions: 1,
      total_volume_by_currency: volumes,
    })
    expect((await call('GET', `/customer/${email}`)).json().data).toMatchObject({
      total_transactions: 1,
      total_transaction_value: volumes,
    })
    // The name is taken all the same: it is one name on every API.
    const again = { email, amount: 700, currency: 'NGN', reference: 'old' }
    expect((await call('POST', '/transaction/initialize', again)).json().code).toBe('duplicate_reference')
  })

  test('a paid payment with thousandths is told in the standard style only, and is not sent again in Paystack’s', async () => {
    const { tenant, call } = await openTenant('TND', 'NGN')
    await call('POST', '/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/ps', style: 'paystack' })
    await call('POST', '/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/std' })
    const { accessCode } = await openPayment(
      api.service,
      tenant,
      { email, amount: 5005n, currency: 'TND', reference: 'paid' },
      freshAttempt(api.service),
    )
    await api.app.inject({
      method: 'POST',
      url: `/pay/${accessCode}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ method: 'card', number: card.number, expiry: '12/30', cvv: '408' }).toString(),
    })
    const told = await api.service.db.query<{ style: string; id: bigint; event_id: bigint }>(sql`
      select w.style, d.id, d.event_id from deliveries d
      join webhook_endpoints w on w.merchant_id = d.merchant_id and w.id = d.endpoint_id
      where d.merchant_id = ${tenant.merchant.id} and d.event_type = 'payment_intent.succeeded'
    `)
    expect(told.map(({ style }) => style)).toEqual(['standard'])
    const [{ id, event_id }] = told as [(typeof told)[0]]
    const [event] = await api.service.db.query<RecordedEvent>(sql`
      select type, data from events where merchant_id = ${tenant.merchant.id} and id = ${event_id}
    `)
    expect(event?.data.details).toMatchObject({ transaction: { currency: 'TND', amount: 5005 } })
    expect(() => renderPaystackEvent(event as RecordedEvent)).toThrow('no name')

    // As a former release has left it.
    const ofPaystack = sql`select id from webhook_endpoints where merchant_id = ${tenant.merchant.id} and style = 'paystack'`
    await (api.service.db as OwnedDb).asOwner((session) =>
      session.query(sql`
        update deliveries set
          status = 'failed', failure_reason = 'Answered 500', next_attempt_at = null, endpoint_id = (${ofPaystack})
        where merchant_id = ${tenant.merchant.id} and id = ${id}
      `),
    )
    const { data } = (await call('GET', '/v1/deliveries?status=failed')).json()
    const answer = await call('POST', `/v1/deliveries/${data[0].id}/resend`, {})
    expect([answer.statusCode, answer.json().error.message]).toEqual([
      400,
      'The style of its endpoint cannot tell this event',
    ])
    expect((await call('GET', '/v1/deliveries/resend-preview')).json().count).toBe(0)
    expect((await call('POST', '/v1/deliveries/resend', {})).json().count).toBe(0)
  })

  test('webhooks in Paystack’s style leave out the currencies that its API does not serve, and no other', async () => {
    const rows = await api.service.db.query<{ currency: Currency; told: boolean }>(sql`
      select currency, is_told('paystack', 'pay_in.succeeded',
        json_build_object('details', json_build_object('transaction', json_build_object('currency', currency)))) as told
      from unnest(${[...currencies]}::text[]) as t (currency)
    `)
    expect(rows.map(({ currency, told }) => [currency, told])).toEqual(currencies.map((each) => [each, isServed(each)]))
  })

  async function findIds({ merchant }: TestTenant): Promise<{ id: bigint; code: string }> {
    const [row] = await api.service.db.query<{ id: bigint; code: string }>(sql`
      select pay.id, c.code from payments pay
      join customers c on c.merchant_id = pay.merchant_id and c.id = pay.customer_id
      where pay.merchant_id = ${merchant.id} and pay.reference = 'old'
    `)
    return row as { id: bigint; code: string }
  }
})

describe('converting an amount', () => {
  test.each(currencies.filter(isServed))('an amount of %s is the same after it was written and read', (currency) => {
    for (const amount of [1n, 9n, 10n, 99n, 100n, 5050n, 90_071_992_547_409n]) {
      expect(readAmount(renderAmount(amount, currency), currency)).toBe(amount)
      expect(renderAmount(-amount, currency)).toBe(-renderAmount(amount, currency))
    }
    expect(renderAmount(50n * 10n ** BigInt(minorDigits(currency)), currency)).toBe(5000)
  })

  test('the largest amount is read in full, and one above it is refused', () => {
    expect(readAmount(String(maxAmount), 'NGN')).toBe(maxAmount)
    expect(readAmount('9007199254740900', 'XOF')).toBe(90_071_992_547_409n)
    expect(() => readAmount(String(maxAmount + 1n), 'NGN')).toThrow('Invalid Amount Sent')
  })

  test('an amount without a currency means every currency that can express it', () => {
    expect(amountsMeant('5000', ['NGN', 'XOF', 'TND'])).toEqual([
      { currency: 'NGN', amount: 5000n },
      { currency: 'XOF', amount: 50n },
    ])
    expect(amountsMeant('5050', ['XOF'])).toEqual([])
  })

  test.each(thousandths)(
    'an amount of %s is written nowhere: it throws, also for a whole number of hundredths',
    (currency) => {
      for (const amount of [0n, 5000n, 5005n]) expect(() => renderAmount(amount, currency)).toThrow('hundredths')
    },
  )
})
