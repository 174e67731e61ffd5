import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'
import type { RecordedEvent } from '../../../domain/events/events.ts'
import { advanceDuePayouts } from '../../../domain/payouts/advancing.ts'
import { chooseProviders } from '../../../start/providers.ts'
import { renderTransferEvent } from '../render-transfer.ts'

let api: TestApi
let tenant: TestTenant
let customer: string
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { currencies: ['NGN', 'GHS', 'KWD'] })
  customer = (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
  await call('POST', '/v1/sandbox/pay-ins', { customerId: customer, amount: 1_000_000 })
  const purchase = { customerId: customer, productId: 'airtime', amount: 500_000, currency: 'NGN' }
  expect((await call('POST', '/api/canary/purchases', purchase)).statusCode).toBe(201)
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)
const dataOf = async (method: string, path: string, body?: unknown) => (await call(method, path, body)).json().data

/** A recipient whose account has this number. The last digits choose what the sandbox does. */
const recipientOf = (
  account_number = '0123456789',
  more: object = {},
): Promise<{ recipient_code: string; id: number }> =>
  dataOf('POST', '/transferrecipient', {
    type: 'nuban',
    name: 'Tolu Robert',
    account_number,
    bank_code: '058',
    ...more,
  })

let references = 0
async function send(own: object = {}, accountNumber?: string) {
  const { recipient_code: recipient } = await recipientOf(accountNumber)
  const reference = `wages-2026-11-${references++}`
  return call('POST', '/transfer', {
    source: 'balance',
    amount: 100_000,
    recipient,
    reference,
    reason: 'Wages',
    ...own,
  })
}
const balance = async () => (await dataOf('GET', '/balance'))[0].balance

async function refused(asked: ReturnType<typeof call>) {
  const answer = await asked
  const { message, code, type } = answer.json()
  return { status: answer.statusCode, message, code, type }
}

async function webhooks() {
  const events = await api.service.db.query<Pick<RecordedEvent, 'type' | 'mode' | 'data'>>(sql`
    select type, mode, data from events
    where merchant_id = ${tenant.merchant.id} and type like 'payout.%' and is_told('paystack', type, data)
    order by id
  `)
  return events.map(renderTransferEvent)
}

describe('a recipient on the wire of Paystack', () => {
  test('is created, and the same account is the same recipient, whose name stays', async () => {
    const body = { type: 'nuban', name: 'Tolu Robert', account_number: '0123456789', bank_code: '058' }
    const made = await call('POST', '/transferrecipient', { ...body, email: 'tolu@example.com', metadata: { a: 1 } })
    expect([made.statusCode, made.json()]).toEqual([
      201,
      {
        status: true,
        message: 'Transfer recipient created successfully',
        data: {
          active: true,
          createdAt: expect.stringMatching(/Z$/),
          currency: 'NGN',
          description: null,
          domain: 'test',
          email: 'tolu@example.com',
          id: expect.any(Number),
          integration: tenant.merchant.id,
          metadata: { a: 1 },
          name: 'Tolu Robert',
          recipient_code: expect.stringMatching(/^RCP_[a-z0-9]{15}$/),
          type: 'nuban',
          updatedAt: expect.stringMatching(/Z$/),
          is_deleted: false,
          isDeleted: false,
          details: {
            authorization_code: null,
            account_number: '0123456789',
            account_name: 'Tolu Robert',
            bank_code: '058',
            bank_name: expect.stringMatching(/Guaranty/),
          },
        },
      },
    ])
    const again = await call('POST', '/transferrecipient', { ...body, name: 'Somebody Else' })
    expect([again.statusCode, again.json().data]).toEqual([201, made.json().data])
    const other = await dataOf('POST', '/transferrecipient', { ...body, bank_code: '057' })
    expect(other.recipient_code).not.toBe(made.json().data.recipient_code)
  })

  test.each([
    ['a bank that is unknown', { bank_code: '000' }, 'Bank is invalid', 'invalid_bank_code'],
    ['an account number that is none', { account_number: '12' }, 'Account number is invalid', 'invalid_account_number'],
    [
      'no account',
      { account_number: undefined },
      'Either authorization_code or account_number must be passed.',
      'missing_params',
    ],
    [
      'an authorization',
      { type: 'authorization', authorization_code: 'AUTH_1' },
      'Account details not found for this authorization',
      'invalid_params',
    ],
    ['a kind of another currency', { currency: 'GHS' }, '"type" must be ghipss for GHS', 'invalid_params'],
    ['a currency that is not held', { currency: 'USD' }, 'Currency not supported by merchant', 'invalid_params'],
    [
      'a kind that is none',
      { type: 'iban' },
      '"type" must be one of [nuban, ghipss, kepss, basa, mobile_money, mobile_money_business, authorization]',
      'invalid_params',
    ],
  ])('with %s is refused in Paystack’s words', async (_what, own, message, code) => {
    const body = { type: 'nuban', name: 'Tolu', account_number: '0123456789', bank_code: '058', ...own }
    expect(await refused(call('POST', '/transferrecipient', body))).toMatchObject({ status: 400, message, code })
  })

  test('is created in bulk, where a bad line does not affect the others', async () => {
    const line = { type: 'nuban', name: 'Tolu', account_number: '0123456789', bank_code: '058' }
    const wallet = { type: 'mobile_money', name: 'Ama', account_number: '0551234987', bank_code: 'MTN' }
    const { name: _name, ...nameless } = line
    const { type: _type, ...typeless } = line
    const batch = [line, { ...line, account_number: '1' }, wallet, line, nameless, typeless]
    const answer = await call('POST', '/transferrecipient/bulk', { batch })
    expect([answer.statusCode, answer.json().message]).toEqual([200, 'Recipients added successfully'])
    const { success, errors } = answer.json().data
    expect(success.map((each: { type: string; currency: string }) => [each.type, each.currency])).toEqual([
      ['nuban', 'NGN'],
      ['mobile_money', 'GHS'],
      ['nuban', 'NGN'],
    ])
    expect(success[0].id).toBe(success[2].id)
    expect(errors).toMatchObject([
      { message: 'Account number is invalid', records: [{ account_number: '1', description: null, name: 'Tolu' }] },
      { message: '"name" is required', records: [{ account_number: '0123456789', name: null }] },
      { message: '"type" is required', records: [{ account_number: '0123456789', type: null }] },
    ])
  })

  test('is fetched by code and id, changed, listed by pages and cursors, and deactivated', async () => {
    const made = await Promise.all(['0000000101', '0000000102', '0000000103'].map((each) => recipientOf(each)))
    const [first] = made as [{ recipient_code: string; id: number }]
    for (const name of [first.recipient_code, first.id]) {
      expect((await dataOf('GET', `/transferrecipient/${name}`)).id).toBe(first.id)
    }
    const changed = await call('PUT', `/transferrecipient/${first.recipient_code}`, { email: 'new@example.com' })
    expect(changed.json()).toMatchObject({
      message: 'Recipient updated',
      data: { email: 'new@example.com', name: 'Tolu Robert' },
    })
    const listed = await call('GET', '/transferrecipient?perPage=2&page=2')
    expect([listed.json().data.length, listed.json().meta]).toEqual([
      1,
      { total: 3, skipped: 2, perPage: 2, page: 2, pageCount: 2 },
    ])
    const walked: number[] = []
    for (let query = 'use_cursor=true'; query !== ''; ) {
      const { data, meta } = (await call('GET', `/transferrecipient?per_page=1&${query}`)).json()
      walked.push(data[0].id)
      query = meta.next === null ? '' : `next=${encodeURIComponent(meta.next)}`
    }
    expect(walked).toEqual(made.map(({ id }) => id).sort((a, b) => b - a))
    const removed = await call('DELETE', `/transferrecipient/${first.recipient_code}`)
    expect(removed.json()).toEqual({ status: true, message: 'Transfer recipient set as inactive' })
    expect(await dataOf('GET', `/transferrecipient/${first.id}`)).toMatchObject({ active: false })
    const refusal = { status: 400, message: 'Recipient specified is invalid', code: 'invalid_transfer_recipient' }
    const body = { source: 'balance', amount: 100_000, recipient: first.recipient_code, reference: 'to-nobody' }
    expect(await refused(call('POST', '/transfer', body))).toMatchObject(refusal)
    expect(await refused(call('GET', '/transferrecipient/RCP_nobody'))).toMatchObject({
      status: 404,
      message: 'Recipient not found',
      code: 'not_found',
    })
    // The same account again is the same recipient, and active again.
    expect((await recipientOf('0000000101')).id).toBe(first.id)
    expect(await dataOf('GET', `/transferrecipient/${first.id}`)).toMatchObject({ active: true })
  })
})

describe('a transfer on the wire of Paystack', () => {
  test('succeeds at once in test mode, with the members of the samples, and takes the merchant’s money', async () => {
    const made = await send({ reference: 'wages' })
    const sample = [
      ...['amount', 'createdAt', 'currency', 'domain', 'failures', 'id', 'integration', 'reason', 'recipient'],
      ...['reference', 'request', 'source', 'source_details', 'status', 'titan_code', 'transfer_code'],
      ...['transferred_at', 'transfersessionid', 'transfertrials', 'updatedAt'],
    ]
    expect([made.statusCode, made.json().message, Object.keys(made.json().data).sort()]).toEqual([
      200,
      'Transfer has been queued',
      sample,
    ])
    const { data } = made.json()
    expect(data).toMatchObject({ status: 'success', amount: 100_000, currency: 'NGN', source: 'balance' })
    expect(data).toMatchObject({ transfer_code: expect.stringMatching(/^TRF_[a-z0-9]{16}$/), reason: 'Wages' })
    expect(await balance()).toBe(400_000)
    const verified = await call('GET', '/transfer/verify/wages')
    expect(verified.json()).toMatchObject({
      message: 'Transfer retrieved',
      data: {
        status: 'success',
        recipient: { id: data.recipient, type: 'nuban' },
        fee_charged: 0,
        session: { id: null },
      },
    })
    for (const name of [data.id, data.transfer_code]) {
      expect(await dataOf('GET', `/transfer/${name}`)).toEqual(verified.json().data)
    }
    const [told] = await webhooks()
    expect(told).toMatchObject({
      event: 'transfer.success',
      data: {
        id: data.id,
        status: 'success',
        amount: 100_000,
        integration: { id: tenant.merchant.id, is_live: false },
        recipient: { recipient_code: expect.stringMatching(/^RCP_/), details: { account_number: '0123456789' } },
        created_at: data.createdAt,
        failures: null,
      },
    })
  })

  test('with a customer as its source takes the money of their wallet', async () => {
    expect((await send({ source: customer, amount: 200_000 })).json().data).toMatchObject({ source: customer })
    expect(await balance()).toBe(500_000)
    expect((await call('GET', `/api/canary/customers/${customer}/balance`)).json().amount).toBe(300_000)
    expect(await refused(send({ source: customer, amount: 300_100 }))).toMatchObject({
      status: 400,
      message: 'Your balance is not enough to fulfil this request',
      code: 'insufficient_balance',
      type: 'api_error',
    })
    expect((await send({ source: 'CUS_nobody' })).statusCode).toBe(404)
  })

  test('a reference is burnt by its first use, for the same transfer and for another', async () => {
    await send({ reference: 'once' })
    for (const own of [{}, { amount: 200_000 }]) {
      expect(await refused(send({ reference: 'once', ...own }))).toEqual({
        status: 400,
        message: 'Please provide a unique reference. Reference already exists on a transfer',
        code: 'duplicate_transfer_reference',
        type: 'validation_error',
      })
    }
    expect(await balance()).toBe(400_000)
  })

  test('with an Idempotency-Key it is made once, and its repeat is answered alike', async () => {
    const { recipient_code: recipient } = await recipientOf()
    const body = { source: 'balance', amount: 100_000, recipient, reference: 'keyed' }
    const headers = { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'k-1' }
    const repeat = () => api.app.inject({ method: 'POST', url: '/transfer', headers, payload: body })
    const [first, second] = [await repeat(), await repeat()]
    expect([second.statusCode, second.json().data.id]).toEqual([200, first.json().data.id])
    expect(await balance()).toBe(400_000)
    const other = await api.app.inject({
      method: 'POST',
      url: '/transfer',
      headers: { ...headers, 'idempotency-key': 'k-2' },
      payload: body,
    })
    expect([other.statusCode, other.json().code]).toEqual([400, 'duplicate_transfer_reference'])
    const unnamed = { ...body, reference: undefined, amount: 50_000 }
    const sendUnnamed = () =>
      api.app.inject({
        method: 'POST',
        url: '/transfer',
        headers: { ...headers, 'idempotency-key': 'k-3' },
        payload: unnamed,
      })
    const [made, again] = [await sendUnnamed(), await sendUnnamed()]
    expect([again.statusCode, again.json().data.id]).toEqual([200, made.json().data.id])
  })

  test('with an Idempotency-Key it is answered again, also after its recipient was deactivated', async () => {
    const { recipient_code: recipient } = await recipientOf()
    const headers = { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'k-2' }
    const payload = { source: 'balance', amount: 100_000, recipient }
    const repeat = (own = {}) =>
      api.app.inject({ method: 'POST', url: '/transfer', headers, payload: { ...payload, ...own } })
    const first = await repeat()
    expect((await call('DELETE', `/transferrecipient/${recipient}`)).statusCode).toBe(200)
    const second = await repeat()
    expect([second.statusCode, second.json().data?.id]).toEqual([200, first.json().data.id])
    expect((await repeat({ amount: 7_000 })).statusCode).not.toBe(200)
    expect(await refused(call('POST', '/transfer', payload))).toMatchObject({
      message: 'Recipient specified is invalid',
    })
    expect(await balance()).toBe(400_000)
  })

  test('without a reference it gets one of twenty characters', async () => {
    expect((await send({ reference: undefined })).json().data.reference).toMatch(/^[a-z0-9]{20}$/)
  })

  test.each([
    [
      'a recipient of nobody',
      { recipient: 'RCP_nobody' },
      'Recipient specified is invalid',
      'invalid_transfer_recipient',
    ],
    [
      'too little money',
      { amount: 600_000 },
      'Your balance is not enough to fulfil this request',
      'insufficient_balance',
    ],
    ['an amount of zero', { amount: 0 }, 'Amount must be a positive integer.', 'invalid_amount'],
    ['half a kobo', { amount: 10.5 }, 'Amount must be a positive integer.', 'invalid_amount'],
    ['a debt', { amount: -1 }, 'Amount must be a positive integer.', 'invalid_amount'],
    [
      'signs in its reference',
      { reference: 'a:b' },
      'Your reference contains illegal special characters',
      'invalid_params',
    ],
    ['no source', { source: undefined }, '"source" is required', 'missing_params'],
  ])('with %s is refused, and no transfer is made', async (_what, own, message, code) => {
    expect(await refused(send(own))).toMatchObject({ status: 400, message, code })
    expect((await dataOf('GET', '/transfer')).length).toBe(0)
    expect(await balance()).toBe(500_000)
  })

  test('a transfer that fails gives the money back, and says why beside its narration', async () => {
    const { data } = (await send({}, '0000000002')).json()
    expect(data).toMatchObject({ status: 'failed', reason: 'Wages', failures: { code: 'failed' } })
    expect(await balance()).toBe(500_000)
    const cause = 'The bank of the payee could not take the money'
    expect(await dataOf('GET', `/transfer/${data.id}`)).toMatchObject({ gateway_response: cause, reason: 'Wages' })
    expect(await webhooks()).toMatchObject([
      { event: 'transfer.failed', data: { status: 'failed', gateway_response: cause, transferred_at: null } },
    ])
  })

  test('a transfer that succeeded and comes back is reversed, and told', async () => {
    const { data } = (await send({}, '0000000003')).json()
    expect([data.status, await balance()]).toEqual(['success', 400_000])
    api.service.clock.advance(24 * 60 * 60 * 1000)
    await advanceDuePayouts(api.service)
    // Nobody asks about a payout that is paid: the account tells of a return.
    expect((await webhooks()).map((each) => each?.event)[0]).toBe('transfer.success')
  })

  test('lists by pages, cursors, recipient and status; a code in place of a number finds nothing', async () => {
    const first = (await send()).json().data
    await send({}, '0000000002')
    const { id, recipient_code } = await recipientOf()
    const idsOf = async (query: string) =>
      (await dataOf('GET', `/transfer?${query}`)).map((each: { id: number }) => each.id)
    expect(await idsOf(`recipient=${id}`)).toEqual([first.id])
    expect(await idsOf(`recipient=${recipient_code}`)).toEqual([])
    expect([await idsOf('status=success'), (await idsOf('status=failed')).length]).toEqual([[first.id], 1])
    expect(await idsOf('status=success&from=2099-01-01')).toEqual([])
    const { data, meta } = (await call('GET', '/transfer?use_cursor=true&perPage=1')).json()
    expect([data.length, meta.previous, typeof meta.next]).toEqual([1, null, 'string'])
    expect(await idsOf(`perPage=1&next=${encodeURIComponent(meta.next)}`)).toEqual([first.id])
    expect((await call('GET', '/transfer?perPage=1')).json().meta).toMatchObject({ total: 2, pageCount: 2 })
    expect((await call('GET', '/transfer?status=lost')).statusCode).toBe(400)
    const { path } = await dataOf('GET', '/transfer/export?status=success')
    const { pathname, search } = new URL(path)
    const file = await api.call('GET', `${pathname}${search}`, undefined, null)
    expect(file.body).toContain(`\n${first.id},${first.reference},${first.transfer_code},success,NGN,100000,0,Wages,`)
    expect((await call('GET', '/transfer/export?status=blocked')).statusCode).toBe(404)
  })

  test('a transfer of nobody is not found, and its reference is looked at first', async () => {
    for (const path of ['/transfer/verify/nothing', '/transfer/TRF_nobody', '/transfer/7']) {
      expect(await refused(call('GET', path))).toMatchObject({ status: 404, message: 'Transfer not found' })
    }
    expect((await refused(call('GET', '/transfer/verify/a.b'))).message).toBe(
      'Your reference contains illegal special characters',
    )
  })
})

describe('a batch of transfers', () => {
  test('answers every line, refused ones too, and counts those that were queued', async () => {
    const { recipient_code: recipient } = await recipientOf()
    const line = (own: object) => ({ amount: 100_000, recipient, reason: 'Wages', ...own })
    const transfers = [
      line({ reference: 'batch-1' }),
      line({ reference: 'batch-2', recipient: 'RCP_nobody' }),
      line({ reference: 'batch-3', amount: 700_000 }),
      line({}),
    ]
    const answer = (await call('POST', '/transfer/bulk', { source: 'balance', currency: 'NGN', transfers })).json()
    expect(answer.message).toBe('2 transfers queued.')
    expect(answer.data).toMatchObject([
      { reference: 'batch-1', recipient, amount: 100_000, currency: 'NGN', status: 'success' },
      {
        ...{ reference: 'batch-2', amount: 100_000, currency: 'NGN', status: 'failed', transfer_code: null },
        message: 'Recipient specified is invalid',
      },
      {
        ...{ reference: 'batch-3', amount: 700_000, currency: 'NGN', status: 'failed', transfer_code: null },
        message: 'Your balance is not enough to fulfil this request',
      },
      { transfer_code: expect.stringMatching(/^TRF_/), status: 'success' },
    ])
    expect(await balance()).toBe(300_000)
  })

  test('tells of a refused line the amount and currency that were asked for, and null for what is none', async () => {
    const { recipient_code: recipient } = await recipientOf()
    const transfers = [
      { amount: 700_000, recipient },
      { amount: '12.5', recipient },
      { amount: '99999999999999999999', recipient },
      { amount: 1000, recipient: 'RCP_nobody' },
    ]
    const { data } = (await call('POST', '/transfer/bulk', { source: 'balance', transfers })).json()
    expect(data).toMatchObject([
      { amount: 700_000, currency: 'NGN', status: 'failed' },
      { amount: null, currency: 'NGN', status: 'failed' },
      { amount: null, currency: 'NGN', status: 'failed' },
      { amount: 1000, currency: null, status: 'failed' },
    ])
  })

  test('with a reference that is taken, or that comes twice, is refused as a whole', async () => {
    await send({ reference: 'taken' })
    const { recipient_code: recipient } = await recipientOf()
    const transfers = ['taken', 'twice', 'twice', 'new'].map((reference) => ({ amount: 1000, recipient, reference }))
    expect(await refused(call('POST', '/transfer/bulk', { source: 'balance', transfers }))).toEqual({
      status: 404,
      message: 'Duplicate reference(s) found: taken,twice',
      code: 'unknown',
      type: 'api_error',
    })
    expect(await balance()).toBe(400_000)
  })
})

test('of batches with the same references at the same moment, one is made and the others are refused as a whole', async () => {
  const { recipient_code: recipient } = await recipientOf()
  for (let round = 0; round < 5; round += 1) {
    const transfers = ['a', 'b'].map((each) => ({ amount: 1000, recipient, reference: `race-${round}-${each}` }))
    const sent = Array.from({ length: 4 }, () => call('POST', '/transfer/bulk', { source: 'balance', transfers }))
    const answers = await Promise.all(sent)
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 404, 404, 404])
    const messages = new Set(answers.map((answer) => answer.json().message))
    expect(messages).toEqual(
      new Set(['2 transfers queued.', `Duplicate reference(s) found: race-${round}-a,race-${round}-b`]),
    )
  }
  expect(await balance()).toBe(490_000)
})

describe('where the sandbox takes fees', () => {
  beforeEach(() => {
    const { payoutProcessorOf } = api.service
    const config = {
      sandboxDelayMs: 1000,
      sandboxFees: 'public',
      upstreamPaystack: undefined,
      paystackUrl: '',
    } as const
    Object.assign(api.service, { payoutProcessorOf: chooseProviders(api.service, config).payoutProcessorOf })
    return () => void Object.assign(api.service, { payoutProcessorOf })
  })

  test('a transfer tells the public price, which the merchant bears', async () => {
    const { reference } = (await send({ amount: 100_000 })).json().data
    expect(await dataOf('GET', `/transfer/verify/${reference}`)).toMatchObject({ status: 'success', fee_charged: 1000 })
    expect(await balance()).toBe(400_000)
  })

  test('a transfer whose owner bears the fee needs a balance for both', async () => {
    await call('PATCH', '/v1/payout-settings', { feesBorneBy: 'owner' })
    expect((await send({ amount: 500_000 })).statusCode).toBe(400)
    const { reference } = (await send({ amount: 499_000 })).json().data
    expect(await dataOf('GET', `/transfer/verify/${reference}`)).toMatchObject({ status: 'success', fee_charged: 1000 })
    expect(await balance()).toBe(0)
  })
})

describe('a batch of transfers with an Idempotency-Key', () => {
  const headers = () => ({ authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'batch' })
  async function prepare() {
    const { recipient_code: recipient } = await recipientOf()
    const transfers = [{}, { reference: 'named' }, {}].map((own) => ({ amount: 100_000, recipient, ...own }))
    const payload = { source: 'balance', transfers }
    return () => api.app.inject({ method: 'POST', url: '/transfer/bulk', headers: headers(), payload })
  }
  const namesOf = (answer: Awaited<ReturnType<Awaited<ReturnType<typeof prepare>>>>) =>
    answer.json().data.map((line: Record<string, unknown>) => [line.reference, line.transfer_code, line.status])

  test('is made once when its first answer was lost with its server, with and without references', async () => {
    const repeat = await prepare()
    const first = await repeat()
    expect([first.statusCode, first.json().message]).toEqual([200, '3 transfers queued.'])
    expect(first.json().data[0].reference).toMatch(/^[a-z0-9]{20}$/)
    // The server was killed before it stored the answer.
    await api.service.db.query(sql`
      update idempotency_keys set answer = null where merchant_id = ${tenant.merchant.id} and key like '%batch'
    `)
    const second = await repeat()
    expect([second.statusCode, second.headers['idempotent-replayed']]).toEqual([200, undefined])
    expect(namesOf(second)).toEqual(namesOf(first))
    expect(await balance()).toBe(200_000)
  })

  test('is answered again when its answer was lost and its recipient was deactivated since', async () => {
    const repeat = await prepare()
    const first = await repeat()
    await api.service.db.query(sql`
      update idempotency_keys set answer = null where merchant_id = ${tenant.merchant.id} and key like '%batch'
    `)
    await api.service.db.query(sql`update recipients set active = false where merchant_id = ${tenant.merchant.id}`)
    expect(namesOf(await repeat())).toEqual(namesOf(first))
    expect(await balance()).toBe(200_000)
  })

  test('is made once when it comes twice at once', async () => {
    const repeat = await prepare()
    const answers = await Promise.all([repeat(), repeat(), repeat()])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    expect(new Set(answers.map((each) => JSON.stringify(namesOf(each)))).size).toBe(1)
    expect((await dataOf('GET', '/transfer')).length).toBe(3)
    expect(await balance()).toBe(200_000)
  })

  test('is refused under another key for a reference that the first one has used', async () => {
    const repeat = await prepare()
    await repeat()
    const { recipient_code: recipient } = await recipientOf()
    const transfers = [{ amount: 100_000, recipient, reference: 'named' }]
    const answer = await api.app.inject({
      method: 'POST',
      url: '/transfer/bulk',
      headers: { ...headers(), 'idempotency-key': 'other' },
      payload: { source: 'balance', transfers },
    })
    expect([answer.statusCode, answer.json().message]).toEqual([404, 'Duplicate reference(s) found: named'])
  })
})

describe('one-time passwords for transfers', () => {
  const post = (path: string, body?: object) => call('POST', `/transfer/${path}`, body)

  test('of a right one and wrong ones at once, one is taken, and the others are refused', async () => {
    await post('enable_otp')
    const { transfer_code } = (await send()).json().data
    const answers = await Promise.all(
      ['123456', '000000', '111111'].map((otp) => post('finalize_transfer', { transfer_code, otp })),
    )
    const { status } = await dataOf('GET', `/transfer/${transfer_code}`)
    const queued = answers.map(({ statusCode }) => statusCode).filter((code) => code === 200)
    expect(queued).toHaveLength(status === 'success' ? 1 : 0)
  })

  test('are off, are turned on, and asked for; the right one pays, and the wrong one ends the transfer', async () => {
    expect((await post('enable_otp')).json()).toEqual({
      status: true,
      message: 'OTP requirement for transfers has been enabled',
    })
    expect((await post('enable_otp')).statusCode).toBe(200)
    const made = (await send()).json()
    expect([made.message, made.data.status]).toEqual(['Transfer requires OTP to continue', 'otp'])
    expect((await dataOf('GET', '/transfer?status=otp')).length).toBe(1)
    expect(await balance()).toBe(400_000)
    const { transfer_code } = made.data
    expect((await post('resend_otp', { transfer_code, reason: 'resend_otp' })).json().message).toBe(
      'OTP has been resent',
    )
    const pause = (paused: boolean) => api.call('PUT', '/v1/sending', { paused }, tenant.secret)
    await pause(true)
    const paused = await refused(post('finalize_transfer', { transfer_code, otp: '123456' }))
    expect(paused).toMatchObject({ status: 403, message: expect.stringContaining('Sending is paused') })
    expect((await dataOf('GET', '/transfer?status=otp')).length).toBe(1)
    await pause(false)
    const done = await post('finalize_transfer', { transfer_code, otp: '123456' })
    expect(done.json()).toMatchObject({
      message: 'Transfer has been queued',
      data: { status: 'success', transfer_code },
    })
    expect(await refused(post('finalize_transfer', { transfer_code, otp: '123456' }))).toMatchObject({
      status: 400,
      message: 'Transfer is not currently awaiting OTP',
    })
    const other = (await send()).json().data.transfer_code
    expect(await refused(post('finalize_transfer', { transfer_code: other, otp: '000000' }))).toMatchObject({
      status: 400,
      message: 'The one-time password is wrong: the transfer has failed',
    })
    expect(await dataOf('GET', `/transfer/${other}`)).toMatchObject({
      status: 'failed',
      gateway_response: 'The one-time password was wrong',
    })
    const failing = (await send({}, '0000000002')).json().data.transfer_code
    expect(await refused(post('finalize_transfer', { transfer_code: failing, otp: '123456' }))).toMatchObject({
      status: 400,
      message: 'The transfer has failed: The bank of the payee could not take the money',
    })
    expect(await balance()).toBe(400_000)
    expect(await refused(post('finalize_transfer', { transfer_code: 'TRF_nobody', otp: '1' }))).toMatchObject({
      status: 400,
      message: 'Transfer code is invalid',
    })
  })

  test('are turned off again with the password of the sandbox', async () => {
    await post('enable_otp')
    expect((await post('disable_otp')).json().message).toMatch(/^OTP has been sent to mobile number ending with \d{4}$/)
    expect((await post('disable_otp_finalize', { otp: '1' })).statusCode).toBe(400)
    expect((await send()).json().data.status).toBe('otp')
    expect((await post('disable_otp_finalize', { otp: '123456' })).json().message).toBe(
      'OTP requirement for transfers has been disabled',
    )
    expect((await send()).json().data.status).toBe('success')
  })

  test('a transfer that nobody finalizes is abandoned after half an hour, and the money is back', async () => {
    await post('enable_otp')
    const { id } = (await send()).json().data
    api.service.clock.advance(31 * 60 * 1000)
    await advanceDuePayouts(api.service)
    expect(await dataOf('GET', `/transfer/${id}`)).toMatchObject({ status: 'abandoned' })
    expect(await balance()).toBe(500_000)
  })
})
