import { describe, expect, test } from 'vitest'
import { suspend } from '../../../../test/belongings.ts'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()

const minute = 60_000
const statement = (query: string) => wallet.get(`/v1/customers/${wallet.ada}/statement?${query}`)

/** Makes a pay-in, a purchase and a transfer, a minute apart. Answers the instants just after each. */
async function liveThrough(): Promise<string[]> {
  const { clock } = wallet.api.service
  const instants: string[] = []
  const then = () => {
    instants.push(clock.now().toISOString())
    clock.advance(minute)
  }
  await wallet.payIn(wallet.ada, 1000)
  then()
  const purchase = { customerId: wallet.ada, productId: '=1+1', amount: 300, currency: 'ZAR' }
  await wallet.send('POST', '/api/canary/purchases', purchase)
  then()
  const transfer = { fromCustomerId: wallet.ada, toCustomerId: wallet.ben, amount: 50, currency: 'ZAR' }
  await wallet.send('POST', '/api/canary/transfers', { ...transfer, description: '=cmd("x"), "quoted"' })
  then()
  return instants
}

test('a customer’s balances are in every currency, the default first, with the held amount', async () => {
  await wallet.payIn(wallet.ada, 70, 'XOF')
  await wallet.payIn(wallet.ada, 1000)
  await wallet.send('POST', '/v1/holds', { customerId: wallet.ada, amount: 400 })
  expect((await wallet.get(`/v1/customers/${wallet.ada}/balances`)).json()).toEqual({
    customerId: wallet.ada,
    at: null,
    timeZone: 'Africa/Johannesburg',
    balances: [
      { currency: 'ZAR', posted: 1000, held: 400, available: 600, owed: 0 },
      { currency: 'XOF', posted: 70, held: 0, available: 70, owed: 0 },
    ],
  })
})

test('a customer’s balance at a past instant is the amount posted before it', async () => {
  const instants = await liveThrough()
  const at = async (instant: string) =>
    (await wallet.get(`/v1/customers/${wallet.ada}/balances?at=${encodeURIComponent(instant)}`)).json().balances
  const later = instants.map((instant) => new Date(Date.parse(instant) + 1).toISOString())
  const balances = (amounts: number[]) => amounts.map((posted) => [{ currency: 'ZAR', posted }])
  expect(await Promise.all(instants.map(at))).toEqual(balances([0, 1000, 700]))
  expect(await Promise.all(later.map(at))).toEqual(balances([1000, 700, 650]))
  expect(await at('2020-01-01')).toEqual([{ currency: 'ZAR', posted: 0 }])
})

test('a statement’s opening balance and entries add up to its closing balance', async () => {
  const [, second, third] = (await liveThrough()) as [string, string, string]
  const whole = (await statement('from=2026-01-01&to=2099-01-01')).json()
  expect(whole).toMatchObject({ openingBalance: 0, closingBalance: 650, totalIn: 1000, totalOut: 350, entryCount: 3 })
  expect(whole.entries.map((each: { amount: number }) => each.amount)).toEqual([1000, -300, -50])
  const middle = (await statement(`from=${second}&to=${third}`)).json()
  expect(middle).toMatchObject({ openingBalance: 1000, closingBalance: 700, entryCount: 1, nextAfter: null })
})

test('a long statement is read page by page', async () => {
  await wallet.payIn(wallet.ada, 2000)
  const one = { fromCustomerId: wallet.ada, toCustomerId: wallet.ben, amount: 1 }
  for (let i = 0; i < 2; i++) {
    await wallet.send('POST', '/v1/transfers/batch', { transfers: Array.from({ length: 600 }, () => one) })
  }
  const first = (await statement('from=2026-01-01&to=2099-01-01')).json()
  expect([first.entries.length, first.entryCount, first.nextAfter]).toEqual([1000, 1201, 1000])
  const rest = (await statement('from=2026-01-01&to=2099-01-01&after=1000')).json()
  expect([rest.entries.length, rest.nextAfter, rest.entries.at(-1).balanceAfter]).toEqual([201, null, 800])
})

test('a statement as CSV has the same entries between its balances, quoted, and no formulas', async () => {
  await liveThrough()
  const answer = await statement('from=2026-01-01&to=2099-01-01&format=csv')
  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8')
  const lines = answer.body.trim().split('\r\n')
  expect(lines).toHaveLength(6)
  expect(lines[1]).toContain('opening_balance,,,0,ZAR')
  expect(lines[3]).toContain('purchase,Purchase of =1+1,-300,700,ZAR')
  expect(lines[4]).toContain(`"'=cmd(""x""), ""quoted""",-50,650,ZAR`)
  expect(lines[5]).toContain('closing_balance,,,650,ZAR')
})

test('a statement to print shows amounts in whole units and escapes the texts people typed', async () => {
  await liveThrough()
  const { body, headers } = await statement('from=2026-01-01&to=2099-01-01&format=html')
  expect(headers['content-type']).toBe('text/html; charset=utf-8')
  expect(headers['content-security-policy']).toContain("default-src 'none'")
  for (const text of ['+10.00', '−3.00', '6.50', '&quot;quoted&quot;', '</html>']) expect(body).toContain(text)
})

test('a statement to print says whose it is, by which merchant, and the period in words', async () => {
  await wallet.payIn(wallet.ada, 123_456_789)
  await wallet.send('PATCH', `/api/canary/customers/${wallet.ada}`, { name: 'Ada <Obi>' })
  const { body } = await statement('from=2026-01-01&to=2026-01-31&format=html')
  expect(body).toContain('<title>Statement of Ada &lt;Obi&gt;, 1 to 31 January 2026 · Duka</title>')
  expect(body).toContain('<h1>Statement of <bdi>Ada &lt;Obi&gt;</bdi></h1>')
  expect(body).toContain(`<dd><bdi>Ada &lt;Obi&gt;</bdi> · <bdi>+27821234501</bdi> · <bdi>${wallet.ada}</bdi></dd>`)
  expect(body).toContain('<dd class="amount">ZAR 1,234,567.89</dd>')
  expect(body).toMatch(/<td class="time">15 Jan 2026, 12:\d\d</)
  expect(body).toContain('Test mode: this is no real money.')
  expect(body).not.toMatch(/\dT\d\d:\d\d:/)
})

test.each([
  ['2026-01-01', '2026-01-31', '1 to 31 January 2026'],
  ['2026-01-15', '2026-01-15', '15 January 2026'],
  ['2025-12-01', '2026-01-31', '1 December 2025 to 31 January 2026'],
  ['2026-01-01T06:00:00', '2026-01-02', '1 Jan 2026, 06:00 to 3 Jan 2026, 00:00'],
  ['2025-12-31T22:00:00Z', '2026-01-31T22:00:00Z', '1 to 31 January 2026'],
])('a statement from %s to %s is of the period %s by the clocks of Johannesburg', async (from, to, words) => {
  await wallet.payIn(wallet.ada, 100)
  const { body } = await statement(`from=${from}&to=${to}&format=html`)
  expect(body).toContain(`<dt>Period</dt><dd>${words}</dd>`)
  expect(body).toContain('All times are those of Africa/Johannesburg.')
})

test('a printed statement names the kind and the other party of each movement, and the movement that a refund gave back', async () => {
  await wallet.send('PATCH', `/api/canary/customers/${wallet.ben}`, { name: 'Ben <Ali>' })
  const payIn = await wallet.payIn(wallet.ada, 5000)
  await wallet.payIn(wallet.ben, 5000)
  const bought = { customerId: wallet.ada, productId: 'airtime', amount: 300, currency: 'ZAR' }
  const { id } = (await wallet.send('POST', '/api/canary/purchases', bought)).json()
  wallet.api.service.clock.advance(24 * 60 * minute)
  await wallet.send('POST', '/v1/refunds', { transactionId: id, amount: 100, reason: 'Did not <arrive>' })
  await wallet.send('POST', '/v1/refunds', { transactionId: payIn, amount: 700 })
  const sent = { fromCustomerId: wallet.ada, toCustomerId: wallet.ben, amount: 50, currency: 'ZAR' }
  const transfer = (await wallet.send('POST', '/api/canary/transfers', { ...sent, description: 'Lunch' })).json()
  await wallet.send('POST', '/api/canary/transfers', { ...sent, fromCustomerId: wallet.ben, toCustomerId: wallet.ada })
  await wallet.send('POST', '/v1/reversals', { transactionId: transfer.id })
  const { id: holdId } = (await wallet.send('POST', '/v1/holds', { customerId: wallet.ada, amount: 20 })).json()
  await wallet.send('POST', `/v1/holds/${holdId}/capture`, {})
  const { body } = await statement('from=2026-01-01&to=2099-01-01&format=html')
  const lines = [
    ...body.matchAll(/class="what">(?:<bdi>)?([^\n]*?)(?:<\/bdi>)?<\/td>\s*<td class="(amount change[^"]*)">(.*?)</gs),
  ]
  const day = new Date(wallet.api.service.clock.now().getTime() - 24 * 60 * minute).getUTCDate()
  expect(lines.map(([, what, style, change]) => [what, style, change])).toEqual([
    [expect.stringMatching(/^Money added/), 'amount change in', '+50.00'],
    ['Purchase of airtime', 'amount change', '−3.00'],
    [`Refund of “Purchase of airtime” of ${day} January 2026: Did not &lt;arrive&gt;`, 'amount change in', '+1.00'],
    [expect.stringMatching(/^Refund of “.+” of \d+ January 2026$/), 'amount change', '−7.00'],
    ['Transfer sent to Ben &lt;Ali&gt;: Lunch', 'amount change', '−0.50'],
    ['Transfer received from Ben &lt;Ali&gt;', 'amount change in', '+0.50'],
    [expect.stringMatching(/^Reversal of “Lunch” of \d+ January 2026$/), 'amount change in', '+0.50'],
    ['Reserved amount taken', 'amount change', '−0.20'],
  ])
})

test.each([
  'from=2026-02-01&to=2026-01-01',
  'from=x&to=2026-01-01',
  'from=2026-01-01',
  'from=2026-01-01&to=2026-02-01&format=pdf',
])('a statement with %s answers 400', async (query) => {
  expect((await statement(query)).statusCode).toBe(400)
})

test.each(['json', 'csv', 'html'])(
  'a statement as %s in a currency that the customer never had is empty',
  async (format) => {
    const answer = await statement(`from=2026-01-01&to=2026-02-01&currency=XOF&format=${format}`)
    expect(answer.statusCode).toBe(200)
    if (format === 'csv') expect(answer.body.trim().split('\r\n')).toHaveLength(3)
    if (format !== 'json') return
    expect(answer.json()).toMatchObject({
      currency: 'XOF',
      openingBalance: 0,
      closingBalance: 0,
      entries: [],
      nextAfter: null,
    })
  },
)

test('a statement in a currency that the merchant does not hold is refused', async () => {
  expect((await statement('from=2026-01-01&to=2026-02-01&currency=KES')).json().error.code).toBe('currency_not_held')
})

test.each([
  ['from=2026-02-02&to=2026-02-01', 'from must be before to, but "2026-02-02" is not before "2026-02-01"'],
  ['to=2026-02-01', 'from in the address is required'],
  ['from=&to=2026-02-01', 'from in the address must not be blank'],
  ['from=2026-02-02&to=', 'to in the address must not be blank'],
])('a statement with %s is refused in words that say why', async (query, message) => {
  expect((await statement(query)).json().error.message).toBe(message)
})

test('a customer’s file has everything that is stored of the customer, in one version of JSON, with instruments and identity masked', async () => {
  const { ada, ben } = wallet
  await wallet.payIn(ada, 1000)
  const identity = { first_name: 'Ada', last_name: 'Obi', type: 'bank_account', country: 'NG', bvn: '22155544433' }
  const checked = { ...identity, bank_code: '007', account_number: '0987612345' }
  expect((await wallet.send('POST', `/customer/${ada}/identification`, checked)).statusCode).toBe(202)
  await wallet.api.settle()
  await wallet.send('POST', '/v1/sandbox/payment-methods', {
    customerId: ada,
    type: 'mobile_money',
    phone: '+27829990001',
    provider: 'mpesa',
  })
  await wallet.send('POST', '/v1/holds', { customerId: ada, amount: 40, description: 'deposit' })
  const money = { customerId: ada, amount: 5, currency: 'ZAR' }
  const line = { ...money, source: 'cash', reference: 'line 1', metadata: { page: 3 } }
  await wallet.send('POST', '/v1/pay-ins', line)
  const ticket = { ...money, direction: 'debit', reason: 'Wrong line', reference: 'ticket 1' }
  await wallet.send('POST', '/v1/adjustments', ticket)
  const suspended = await suspend(wallet.api.service, wallet.tenant, 5n)
  await wallet.send('POST', `/v1/suspense/${suspended}/assign`, { customerId: ada })
  const transfer = { fromCustomerId: ada, toCustomerId: ben, amount: 1, currency: 'ZAR' }
  // More than are read at once.
  const transfers = Array.from({ length: 520 }, (_, i) => ({ ...transfer, description: `no ${i}` }))
  expect((await wallet.send('POST', '/v1/transfers/batch', { transfers })).statusCode).toBe(200)

  const answer = await wallet.get(`/v1/customers/${ada}/export`)
  expect([answer.statusCode, answer.headers['content-disposition']]).toEqual([
    200,
    `attachment; filename="${ada}.json"`,
  ])
  const file = answer.json()
  expect(file).toMatchObject({
    format: 'mteja-customer',
    version: 1,
    mode: 'test',
    customer: { code: ada, phoneE164: expect.stringMatching(/^\+27/) },
    balances: [{ currency: 'ZAR', posted: 485, held: 40, available: 445, owed: 0 }],
    paymentMethods: [{ type: 'mobile_money', last4: '0001' }],
    identityChecks: [{ status: 'failed', details: { bvn: '221*****433', accountNumber: '098****345' } }],
    holds: [{ amount: 40, status: 'placed', description: 'deposit' }],
    payIns: [{ state: 'succeeded', amount: 5, source: 'cash', reference: 'line 1', metadata: { page: 3 } }],
    adjustments: [{ state: 'succeeded', amount: 5, direction: 'debit', reason: 'Wrong line', reference: 'ticket 1' }],
    suspense: [{ id: suspended, amount: 5, description: 'Nobody knows whose' }],
  })
  expect(file.entries.map((entry: { number: number }) => entry.number)).toEqual(
    Array.from({ length: 524 }, (_, i) => i + 1),
  )
  expect(file.entries.at(-1)).toMatchObject({ kind: 'transfer', amount: -1, balanceAfter: 485, description: 'no 519' })
  expect(file.events.filter((event: { type: string }) => event.type === 'transfer.completed')).toHaveLength(520)
  expect(file.trail.map((each: { action: string }) => each.action)).toContain('createCustomer')
  expect(answer.body).not.toMatch(/22155544433|0987612345|829990001/)
  const deleted = (await wallet.get(`/v1/customers/${ben}/export`)).json()
  expect(deleted.entries).toHaveLength(520)
})

interface Listed {
  id: string
  name: string | null
  riskAction: string
  identified: boolean
  balances: { currency: string; available: number }[]
}

describe('the list of customers', () => {
  const list = async (query = '') => {
    const answer = await wallet.get(`/v1/customers?${query}`)
    expect([answer.statusCode, answer.body]).toEqual([200, expect.anything()])
    return answer.json() as { data: Listed[]; total: number; nextBefore: string | null }
  }
  const found = async (query: string) => {
    const { data, total } = await list(query)
    expect(total).toBe(data.length)
    return data.map(({ id }) => id)
  }

  test('each customer has their balances in every currency, and the newest is first', async () => {
    await wallet.payIn(wallet.ada, 70, 'XOF')
    await wallet.payIn(wallet.ada, 1000)
    await wallet.send('POST', '/v1/holds', { customerId: wallet.ada, amount: 400 })
    const { data, total, nextBefore } = await list()
    expect([total, nextBefore]).toEqual([2, null])
    expect(data).toMatchObject([
      { id: wallet.ben, balances: [{ currency: 'ZAR', available: 0 }] },
      {
        ...{ id: wallet.ada, name: null, email: null, phoneNumber: '+27821234501', identified: false },
        riskAction: 'default',
        balances: [
          { currency: 'ZAR', posted: 1000, held: 400, available: 600, owed: 0 },
          { currency: 'XOF', posted: 70, held: 0, available: 70, owed: 0 },
        ],
      },
    ])
    const one = (await wallet.get(`/v1/customers/${wallet.ada}`)).json()
    expect(one).toMatchObject({ ...data[1], metadata: {}, risk: null })
  })

  test('customers are chosen by whether they have money, as soon as it comes and goes', async () => {
    const { ada, ben } = wallet
    expect([await found('hasMoney=true'), await found('hasMoney=false')]).toEqual([[], [ben, ada]])
    await wallet.payIn(ada, 100)
    await wallet.payIn(ada, 5, 'XOF')
    expect([await found('hasMoney=true'), await found('hasMoney=false')]).toEqual([[ada], [ben]])
    const move = (amount: number) =>
      wallet.send('POST', '/api/canary/transfers', {
        ...{ fromCustomerId: ada, toCustomerId: ben, amount, currency: 'ZAR' },
      })
    await move(40)
    expect([await found('hasMoney=true'), await found('hasMoney=false')]).toEqual([[ben, ada], []])
    await move(60)
    // The other currency is left.
    expect(await found('hasMoney=true')).toEqual([ben, ada])
    await wallet.send('POST', '/api/canary/purchases', { customerId: ada, productId: 'x', amount: 5, currency: 'XOF' })
    expect([await found('hasMoney=true'), await found('hasMoney=false')]).toEqual([[ben], [ada]])
    await wallet.send('DELETE', '/api/canary/customers/bulk', { ids: [ada] })
    expect([await found('hasMoney=true'), await found('hasMoney=false')]).toEqual([[ben], []])
  })

  test('customers are chosen by identification, risk action, search and time of creation together', async () => {
    const { ada, ben } = wallet
    await wallet.send('POST', `/v1/customers/${ada}/risk-action`, { riskAction: 'deny' })
    expect(await found('riskAction=deny')).toEqual([ada])
    expect(await found('riskAction=allow')).toEqual([])
    expect(await found('riskAction=default')).toEqual([ben])
    expect(await found('identified=false&search=821234501')).toEqual([ada])
    expect(await found('identified=true')).toEqual([])
    expect(await found('identified=false&riskAction=default&hasMoney=false&search=8212345')).toEqual([ben])
    expect(await found('from=2020-01-01&to=2020-12-31&riskAction=deny')).toEqual([])
  })

  test('the list is read on from the last customer, and has an end', async () => {
    const first = await list('limit=1')
    expect([first.data.length, first.total, first.nextBefore]).toEqual([1, 2, wallet.ben])
    const second = await list(`limit=1&before=${first.nextBefore}`)
    expect([second.data.map(({ id }) => id), second.total, second.nextBefore]).toEqual([[wallet.ada], 1, null])
    expect((await list(`before=${wallet.ada}`)).data).toEqual([])
    expect((await list(`before=${wallet.ben}&hasMoney=false`)).data.map(({ id }) => id)).toEqual([wallet.ada])
    const sorted = await wallet.get(`/v1/customers?sort=name&before=${wallet.ada}`)
    expect([sorted.statusCode, sorted.json().error.field]).toEqual([400, 'before'])
  })
})

describe('the risk action', () => {
  const act = (body: object, seenAt?: string) =>
    wallet.api.app.inject({
      method: 'POST',
      url: `/v1/customers/${wallet.ada}/risk-action`,
      headers: { authorization: `Bearer ${wallet.tenant.secret}`, ...(seenAt && { 'if-match': seenAt }) },
      payload: body,
    })

  test('a risk action is kept with its reason, which the customer and the audit show', async () => {
    const answer = (await act({ riskAction: 'deny', reason: 'Card reported stolen' })).json()
    expect(answer).toMatchObject({ riskAction: 'deny', risk: { riskAction: 'deny', reason: 'Card reported stolen' } })
    expect((await wallet.get(`/v1/customers/${wallet.ada}`)).json()).toEqual(answer)
    const audit = (await wallet.get(`/v1/audit?object=${wallet.ada}&action=setRiskAction`)).json()
    expect(audit.data).toMatchObject([
      { before: { riskAction: 'default' }, after: { riskAction: 'deny', reason: 'Card reported stolen' } },
    ])
    expect(audit.data[0].after).not.toHaveProperty('riskChangeId')
    // A later one without a reason does not show the reason of before.
    expect((await act({ riskAction: 'default' })).json().risk).toMatchObject({ riskAction: 'default', reason: null })
  })

  test('a reason is gone with the person, and the trail keeps the action', async () => {
    await act({ riskAction: 'deny', reason: 'Zanzibara called' })
    expect((await wallet.send('POST', `/v1/customers/${wallet.ada}/erase`, {})).statusCode).toBe(202)
    const audit = (await wallet.get(`/v1/audit?object=${wallet.ada}&action=setRiskAction`)).json()
    expect(audit.data).toMatchObject([{ after: { riskAction: 'deny', reason: null } }])
  })

  test('a change of a customer who was changed meanwhile is refused, and changes nothing', async () => {
    const seen = (await wallet.get(`/v1/customers/${wallet.ada}`)).json().updatedAt
    wallet.api.service.clock.advance(minute)
    expect((await act({ riskAction: 'allow' }, `"${seen}"`)).statusCode).toBe(200)
    const late = await act({ riskAction: 'deny' }, `"${seen}"`)
    expect([late.statusCode, late.json().error.code]).toEqual([412, 'changed_meanwhile'])
    const update = (seenAt: string) =>
      wallet.api.app.inject({
        method: 'PATCH',
        url: `/api/canary/customers/${wallet.ada}`,
        headers: { authorization: `Bearer ${wallet.tenant.secret}`, 'if-match': seenAt },
        payload: { name: 'Ada Obi' },
      })
    expect((await update(`"${seen}"`)).statusCode).toBe(412)
    const now = (await wallet.get(`/v1/customers/${wallet.ada}`)).json()
    expect(now).toMatchObject({ riskAction: 'allow', name: null })
    expect((await update(now.updatedAt)).statusCode).toBe(200)
    expect((await update('*')).statusCode).toBe(200)
    expect((await update('"yesterday"')).statusCode).toBe(400)
  })
})

test('a customer’s default payment method is chosen, and none takes its place when it is removed', async () => {
  const save = async () =>
    (await wallet.send('POST', '/v1/sandbox/payment-methods', { customerId: wallet.ada, type: 'card' })).json().id
  const path = `/v1/customers/${wallet.ada}/default-payment-method`
  const choose = (paymentMethodId: string) => wallet.send('PUT', path, { paymentMethodId })
  const defaults = async () =>
    (await wallet.get(`/api/canary/customers/${wallet.ada}/payment-methods`))
      .json()
      .data.filter((method: { isDefault: boolean }) => method.isDefault)
      .map(({ id }: { id: string }) => id)
  const [first, second] = [await save(), await save()]
  expect(await defaults()).toEqual([first])
  expect((await choose(second)).json()).toEqual({
    ...{ customerId: wallet.ada, paymentMethodId: second, previousPaymentMethodId: first },
  })
  expect(await defaults()).toEqual([second])
  await wallet.send('DELETE', `/api/canary/payment-methods/${second}`)
  expect(await defaults()).toEqual([])
  const gone = await choose(second)
  expect([gone.statusCode, gone.json().error.code]).toEqual([404, 'payment_method_not_found'])
  expect((await choose(first)).json().previousPaymentMethodId).toBeNull()
  expect((await wallet.send('DELETE', path)).json()).toMatchObject({
    paymentMethodId: null,
    previousPaymentMethodId: first,
  })
  const others = await wallet.send('PUT', `/v1/customers/${wallet.ben}/default-payment-method`, {
    paymentMethodId: first,
  })
  expect(others.statusCode).toBe(404)
  const audit = (await wallet.get(`/v1/audit?object=${wallet.ada}&action=setDefaultPaymentMethod`)).json()
  expect(audit.data).toHaveLength(2)
})
