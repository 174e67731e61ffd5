import { describe, expect, test } from 'vitest'
import { suspend } from '../../../../test/belongings.ts'
import { unsoundBooks } from '../../../../test/books.ts'
import { addTestKey } from '../../../../test/service.ts'
import { useWalletApi } from '../../../../test/wallet-api.ts'
import { sql } from '../../../db/sql.ts'
import { createApiKey } from '../../../domain/merchants/api-keys.ts'
import { roles } from '../../../domain/merchants/scopes.ts'

const wallet = useWalletApi()

const line = { amount: 5000, currency: 'ZAR', source: 'bank_transfer', reference: 'FT26330-0017' }
const record = (more: object = {}, key?: string) => wallet.send('POST', '/v1/pay-ins', { ...line, ...more }, key)

/** The balances of all accounts, by kind and the account at a processor. */
async function accounts(mode: string): Promise<Record<string, bigint>> {
  const rows = await wallet.api.service.db.query<{ name: string; posted: bigint }>(sql`
    select kind || case when party_id > 0 then ' ' || party_id else '' end as name, sum(posted)::bigint as posted
    from ledger_accounts
    where merchant_id = ${wallet.tenant.merchant.id} and mode = ${mode} and posted <> 0
    group by 1
  `)
  return Object.fromEntries(rows.map(({ name, posted }) => [name, posted]))
}

describe('a pay-in that is recorded by hand', () => {
  test('a wallet is filled from a line of a bank statement in live mode, and every surface shows it', async () => {
    const live = await addTestKey(wallet.api.service, wallet.tenant.merchant, 'live')
    const ask = async (method: string, path: string, body?: object) =>
      (await wallet.api.call(method, path, body, live.secret)).json()
    const { id: customerId } = await ask('POST', '/api/canary/customers', { phoneNumber: '+27821234509' })
    const answer = await wallet.api.call(
      'POST',
      '/v1/pay-ins',
      { ...line, customerId, description: 'Line 17', metadata: { account: 1.5, line: { page: 3 } } },
      live.secret,
    )
    expect(answer.statusCode).toBe(201)
    const payIn = answer.json()
    expect(payIn).toMatchObject({
      customerId,
      ...line,
      description: 'Line 17',
      metadata: { account: 1.5, line: { page: 3 } },
      processor: 'manual',
      status: 'succeeded',
      refusal: null,
      by: { kind: 'key', surface: 'mteja' },
    })
    expect(await ask('GET', `/v1/pay-ins/${payIn.id}`)).toEqual(payIn)
    expect((await ask('GET', `/api/canary/customers/${customerId}/balance`)).available).toBe(5000)
    const { data: history } = await ask('GET', `/api/canary/customers/${customerId}/transactions`)
    expect(history).toMatchObject([{ type: 'credit', amount: 5000, description: 'Line 17' }])
    for (const name of [payIn.id, line.reference]) {
      expect(await ask('GET', `/v1/transactions/${name}`)).toMatchObject({
        id: payIn.id,
        kind: 'pay_in',
        details: { source: 'bank_transfer', reference: line.reference },
        by: payIn.by,
      })
    }
    const { data: events } = await ask('GET', '/v1/events?type=pay_in.succeeded')
    expect(events).toHaveLength(1)
    // In live mode the outside of nobody is the merchant's bank.
    expect(await accounts('live')).toEqual({ outside: -5000n, customer_cash: 5000n })
    expect(await unsoundBooks(wallet.api.service.db)).toEqual([])
  })

  test('in test mode it comes from an account of its own, and money of the sandbox from another', async () => {
    await wallet.payIn(wallet.ada, 100)
    await record({ customerId: wallet.ada })
    await record({ reference: 'merchant' })
    expect(await accounts('test')).toEqual({
      outside: -100n,
      'outside 1': -10_000n,
      customer_cash: 5100n,
      merchant_balance: 5000n,
    })
  })

  test('the same reference with the same content answers the first pay-in, with another content it is refused', async () => {
    const first = await record({ customerId: wallet.ada, metadata: { a: 1, b: 2 } })
    const again = await record({ customerId: wallet.ada, currency: 'zar', metadata: { b: 2, a: 1 } })
    expect([again.statusCode, again.json()]).toEqual([201, first.json()])
    for (const [other, named] of [
      [{ customerId: wallet.ben }, 'customer'],
      [{ amount: 5001 }, 'amount'],
      [{ currency: 'XOF' }, 'currency'],
      [{ source: 'cash' }, 'source'],
      [{ description: 'x' }, 'description'],
      [{ metadata: { a: 1 } }, 'metadata'],
      [{ customerId: undefined }, 'customer'],
    ] as const) {
      const refused = await record({ customerId: wallet.ada, metadata: { a: 1, b: 2 }, ...other })
      expect(refused.json().error).toMatchObject({
        code: 'reference_taken',
        field: 'reference',
        message: expect.stringContaining(`another ${named};`),
      })
    }
    expect(await wallet.balance(wallet.ada)).toMatchObject({ available: 5000 })
    // Another mode has references of its own.
    const live = await addTestKey(wallet.api.service, wallet.tenant.merchant, 'live')
    expect((await wallet.api.call('POST', '/v1/pay-ins', line, live.secret)).statusCode).toBe(201)
  })

  test('one reference at the same moment, with and without keys: the money moves once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => record({ customerId: wallet.ada }, i % 2 ? `key-${i % 4}` : undefined)),
    )
    expect([...new Set(answers.map((each) => `${each.statusCode} ${each.body}`))]).toEqual([`201 ${answers[0]?.body}`])
    expect(await wallet.balance(wallet.ada)).toMatchObject({ available: 5000 })
  })

  test('a denied customer is credited, and nobody else than a customer who is there', async () => {
    await wallet.send('POST', '/customer/set_risk_action', { customer: wallet.ada, risk_action: 'deny' })
    expect((await record({ customerId: wallet.ada })).statusCode).toBe(201)
    expect(await wallet.balance(wallet.ada)).toMatchObject({ available: 5000 })
    await wallet.send('DELETE', '/api/canary/customers/bulk', { ids: [wallet.ben] })
    const deleted = await record({ customerId: wallet.ben, reference: 'deleted' })
    expect([deleted.statusCode, deleted.json().error]).toEqual([
      404,
      { code: 'customer_not_found', message: `There is no customer "${wallet.ben}"` },
    ])
    const unheld = await record({ customerId: wallet.ada, currency: 'KES', reference: 'unheld' })
    expect([unheld.statusCode, unheld.json().error.code]).toEqual([400, 'currency_not_held'])
    // Nothing of it has taken a reference.
    for (const reference of ['deleted', 'unheld']) expect((await record({ reference })).statusCode).toBe(201)
  })

  test('a customer whose pay-in was recorded is still found as the first one after their deletion', async () => {
    const first = await record({ customerId: wallet.ada })
    const spend = { customerId: wallet.ada, productId: 'p', amount: 5000, currency: 'ZAR' }
    await wallet.send('POST', '/api/canary/purchases', spend)
    expect((await wallet.send('DELETE', '/api/canary/customers/bulk', { ids: [wallet.ada] })).statusCode).toBe(200)
    const again = await record({ customerId: wallet.ada })
    expect([again.statusCode, again.json()]).toEqual([201, first.json()])
  })

  test('a pay-in past the largest balance is refused and shown, and its reference may be used again', async () => {
    await record({ customerId: wallet.ada, amount: Number.MAX_SAFE_INTEGER })
    const refused = await record({ customerId: wallet.ada, amount: 1, reference: 'more' })
    expect([refused.statusCode, refused.json().error.code]).toEqual([400, 'balance_limit'])
    const { data } = (await wallet.get('/v1/pay-ins?reference=more')).json()
    expect(data).toMatchObject([{ status: 'refused', refusal: refused.json().error.message }])
    expect((await wallet.get('/v1/transactions?reference=more')).statusCode).toBe(404)
  })

  test('a pay-in is refunded to where it came from', async () => {
    const { id } = (await record({ customerId: wallet.ada })).json()
    expect((await wallet.send('POST', '/v1/refunds', { transactionId: id, amount: 2000 })).statusCode).toBe(201)
    const rest = await wallet.send('POST', '/v1/reversals', { transactionId: line.reference })
    expect(rest.json()).toMatchObject({ transactionId: id, amount: 3000 })
    expect(await accounts('test')).toEqual({})
  })

  test('the list is filtered by customer, reference and period, and read in pages', async () => {
    const ids: string[] = []
    for (let i = 0; i < 3; i++) {
      ids.unshift((await record({ customerId: wallet.ada, reference: `line ${i}` })).json().id)
      wallet.api.service.clock.advance(60_000)
    }
    const other = (await record({ customerId: wallet.ben, reference: 'of ben' })).json()
    const list = async (query: string) => (await wallet.get(`/v1/pay-ins?${query}`)).json()
    const idsOf = async (query: string) => (await list(query)).data.map((each: { id: string }) => each.id)
    expect(await idsOf('')).toEqual([other.id, ...ids])
    expect(await idsOf(`customerId=${wallet.ada}`)).toEqual(ids)
    expect(await idsOf('reference=line%201')).toEqual([ids[1]])
    expect(await idsOf(`from=${other.createdAt}`)).toEqual([other.id])
    expect(await idsOf(`to=${other.createdAt}`)).toEqual(ids)
    const page = await list('limit=2')
    expect(page.nextBefore).toBe(ids[0])
    expect(await list(`before=${page.nextBefore}`)).toMatchObject({
      data: [{ id: ids[1] }, { id: ids[2] }],
      nextBefore: null,
    })
  })
})

test('who may record money by hand: finance and owner, in both modes; a developer fills a wallet in the sandbox only', async () => {
  const adjusting = { customerId: wallet.ada, amount: 1, currency: 'ZAR', direction: 'credit', reason: 'x' }
  const suspended = await suspend(wallet.api.service, wallet.tenant)
  for (const mode of ['test', 'live'] as const) {
    for (const role of roles) {
      const grant = { role, scopes: null }
      const { secret } = await createApiKey(wallet.api.service, wallet.tenant.merchant, { mode, grant })
      const reference = `${mode} ${role}`
      const asked: Record<string, object> = {
        '/v1/pay-ins': { ...line, reference },
        '/v1/adjustments': { ...adjusting, reference },
        [`/v1/suspense/${suspended}/assign`]: { customerId: wallet.ada },
        [`/v1/suspense/${suspended}/give-back`]: {},
      }
      for (const [path, body] of Object.entries(asked)) {
        const { statusCode } = await wallet.api.call('POST', path, body, secret)
        expect([path, role, statusCode === 403]).toEqual([path, role, !['finance', 'owner'].includes(role)])
      }
    }
  }
  const grant = { role: 'developer', scopes: null } as const
  const { secret } = await createApiKey(wallet.api.service, wallet.tenant.merchant, { mode: 'test', grant })
  const pretended = { customerId: wallet.ada, amount: 7 }
  expect((await wallet.api.call('POST', '/v1/sandbox/pay-ins', pretended, secret)).statusCode).toBe(201)
})

test('a pay-in of the merchant and an adjustment are told as events and to endpoints, once, without a person’s words', async () => {
  const answer = await wallet.send('POST', '/v1/webhook-endpoints', { url: 'https://shop.example/hooks' })
  expect(answer.statusCode).toBe(201)
  const asked = { customerId: wallet.ada, amount: 30, currency: 'ZAR', reason: 'Sorry', reference: 'ticket' }
  const [payIn] = [await record(), await record()].map((each) => each.json())
  const adjust = (more: object) => wallet.send('POST', '/v1/adjustments', { ...asked, direction: 'credit', ...more })
  const [adjustment] = [await adjust({}), await adjust({})].map((each) => each.json())
  expect((await adjust({ direction: 'debit', amount: 31, reference: 'more' })).statusCode).toBe(402)
  const { data } = (await wallet.get('/v1/events')).json()
  const told = data.filter(({ type }: { type: string }) => /^(pay_in|adjustment)/.test(type))
  const merchantId = wallet.tenant.merchant.code
  expect(told.map(({ type, data }: { type: string; data: object }) => [type, data])).toEqual([
    [
      'adjustment.succeeded',
      {
        id: `txn_${adjustment.id}`,
        merchantId,
        customerId: wallet.ada,
        direction: 'credit',
        amount: 30,
        currency: 'ZAR',
        reference: 'ticket',
      },
    ],
    ['pay_in.succeeded', { id: `txn_${payIn.id}`, merchantId, ...line }],
  ])
  const deliveries = (await wallet.get('/v1/deliveries')).json().data
  expect(deliveries.map((each: { eventId: string }) => each.eventId)).toEqual(told.map(({ id }: { id: string }) => id))
})

test.each([
  ['/v1/pay-ins', 'pay_in_not_found', 'There is no pay-in'],
  ['/v1/adjustments', 'adjustment_not_found', 'There is no adjustment'],
])('an id that is no movement by hand of %s is answered %s', async (path, code, sentence) => {
  await wallet.payIn(wallet.ada, 100)
  const [{ id }] = (await wallet.get(`/api/canary/customers/${wallet.ada}/transactions`)).json().data
  for (const none of [id, 'txn_019bc134-7840-716b-baa0-20d8ed4f5ca3', 'none']) {
    const answer = await wallet.get(`${path}/${none}`)
    expect([answer.statusCode, answer.json()]).toEqual([404, { error: { code, message: `${sentence} "${none}"` } }])
  }
})

describe('an adjustment', () => {
  const asked = { amount: 300, currency: 'ZAR', reason: 'Goodwill', direction: 'credit', reference: 'ticket 1' }
  const adjust = (more: object = {}) =>
    wallet.send('POST', '/v1/adjustments', { customerId: wallet.ada, ...asked, ...more })

  test('adds to a balance and takes from it, never more than is available', async () => {
    const credit = await adjust()
    expect([credit.statusCode, credit.json()]).toMatchObject([
      201,
      { customerId: wallet.ada, ...asked, status: 'succeeded', by: { kind: 'key' } },
    ])
    await wallet.send('POST', '/v1/holds', { customerId: wallet.ada, amount: 100 })
    const short = await adjust({ direction: 'debit', amount: 201, reference: 'ticket 2' })
    expect([short.statusCode, short.json().error.code]).toEqual([402, 'insufficient_funds'])
    wallet.api.service.clock.advance(1000)
    expect((await adjust({ direction: 'debit', amount: 200, reference: 'ticket 2' })).statusCode).toBe(201)
    expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 100, available: 0 })
    const { data: history } = (await wallet.get(`/api/canary/customers/${wallet.ada}/transactions`)).json()
    expect(history).toMatchObject([
      { type: 'adjustment', amount: -200, description: 'Goodwill' },
      { type: 'adjustment', amount: 300 },
    ])
    const { data } = (await wallet.get('/v1/adjustments?reference=ticket%202')).json()
    expect(data.map((each: { status: string }) => each.status)).toEqual(['succeeded', 'refused'])
    expect((await wallet.get(`/v1/adjustments/${data[0].id}`)).json()).toEqual(data[0])
    expect(await accounts('test')).toEqual({ customer_cash: 100n, adjustments: -100n })
  })

  test('the same reference with the same content answers the first adjustment, with another content it is refused', async () => {
    const first = await adjust()
    expect((await adjust()).json()).toEqual(first.json())
    for (const other of [{ amount: 1 }, { direction: 'debit' }, { reason: 'x' }, { customerId: wallet.ben }]) {
      expect((await adjust(other)).json().error.code).toBe('reference_taken')
    }
    expect(await wallet.balance(wallet.ada)).toMatchObject({ available: 300 })
  })

  test('is a wish: a denied customer, a customer who is not there and a currency that is not held are refused', async () => {
    await wallet.send('POST', '/customer/set_risk_action', { customer: wallet.ada, risk_action: 'deny' })
    expect((await adjust()).json().error.code).toBe('customer_denied')
    expect((await adjust({ customerId: 'CUS_none' })).json().error.code).toBe('customer_not_found')
    expect((await adjust({ currency: 'KES' })).json().error.code).toBe('currency_not_held')
  })
})
