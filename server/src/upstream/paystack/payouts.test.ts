import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { judge, liveOtp, moveTransfer, transferOf } from '../../../test/paystack/live-transfers.ts'
import { type OpenedAccount, openAccount } from '../../../test/paystack/open-account.ts'
import { transferRefusals } from '../../../test/paystack/transfer-samples.ts'
import { randomCode, systemRandom } from '../../base/ids.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { PayoutOrder } from '../../domain/payouts/payout-processor.ts'
import type { Ask } from './ask.ts'
import { createPaystackPayouts, orderOfTransfer } from './payouts.ts'

const tenant = { mode: 'live', merchant: {} } as Tenant

let opened: OpenedAccount
beforeAll(async () => {
  opened = await openAccount()
})
afterAll(() => opened.close())
beforeEach(() => {
  opened.proxy.choose = () => 'none'
  Object.assign(opened.account, { toppedUp: 1e9, asksOtp: false, isSlowToJudge: false })
})

const payoutsBy = (ask: Ask) => createPaystackPayouts({ ask, accountId: 2n })
const newOrder = (more: Partial<PayoutOrder> = {}): PayoutOrder => ({
  reference: randomCode(systemRandom, 24),
  amount: 100_000n,
  currency: 'NGN',
  destination: { type: 'bank_account', accountNumber: '0100000001', bankCode: '058', name: 'Tolu Robert' },
  reason: 'Bonus for the week',
  ...more,
})
const send = (order: PayoutOrder, ask = opened.ask) => payoutsBy(ask).send(tenant, order)
const look = (order: PayoutOrder) => payoutsBy(opened.ask).ask(tenant, order)
const rowOf = (order: PayoutOrder) => transferOf(opened.account, `mteja-${order.reference}`)
const randomDigits = () => String(1_000_000_000 + Math.floor(Math.random() * 1e9))
const verifying = ({ reference }: PayoutOrder) =>
  ({ operation: 'verify_transfer', method: 'GET', path: `/transfer/verify/mteja-${reference}` }) as const
const madeOf = (order: PayoutOrder) =>
  opened.account.transfers.filter(({ reference }) => orderOfTransfer(reference) === order.reference)

/** Answers the calls to an address, and to those below it. */
function answering(begin: string, answer: readonly [number, string]): Ask {
  return (question) =>
    `${question.method} ${question.path}/`.startsWith(`${begin}/`)
      ? Promise.resolve({ status: answer[0], body: JSON.parse(answer[1]), retryAfterMs: null })
      : opened.ask(question)
}

describe('the name at the bank', () => {
  const find = (
    more: Partial<PayoutOrder['destination']> = {},
    currency: PayoutOrder['currency'] = 'NGN',
    ask = opened.ask,
  ) => payoutsBy(ask).findHolder?.(tenant, { destination: { ...newOrder().destination, ...more }, currency })

  test('is asked for, and an account that the bank does not know has none', async () => {
    expect(await find()).toEqual({ is: 'found', name: 'ROBERT TOLU ADE' })
    expect(await find({ accountNumber: '0000000404' })).toEqual({ is: 'no_account' })
  })

  test('is not asked for a mobile wallet, an erased account, or in a country whose banks say none', async () => {
    expect(await find({ type: 'mobile_money' })).toBeNull()
    expect(await find({ accountNumber: null })).toBeNull()
    expect(await find({}, 'KES')).toBeNull()
  })

  test('is not known after a refusal that says nothing of the account, or an answer about another', async () => {
    await expect(find({ accountNumber: '0000000429' })).rejects.toMatchObject({ name: 'UpstreamError', status: 429 })
    await expect(find({ bankCode: '000' })).rejects.toMatchObject({ name: 'UpstreamError', status: 400 })
    const other = '{"status":true,"message":"","data":{"account_number":"0100000002","account_name":"A B"}}'
    const ask = answering('GET /bank/resolve', [200, other])
    await expect(find({}, 'NGN', ask)).rejects.toMatchObject({ name: 'UpstreamError', outcome: 'malformed' })
  })
})

describe('an order to pay out, at the account', () => {
  test('an order is sent under its reference, and its end is told when it is asked about', async () => {
    const order = newOrder()
    expect(await send(order)).toEqual({ is: 'exists', attention: null })
    expect(rowOf(order)).toMatchObject({ amount: 100_000, reason: 'Bonus for the week', status: 'pending' })
    expect(await look(order)).toEqual({ is: 'exists', attention: null })
    moveTransfer(opened.account, rowOf(order), 'success')
    expect(await look(order)).toEqual({ is: 'conclusive', end: { status: 'paid', fee: 1000n } })
    moveTransfer(opened.account, rowOf(order), 'reversed', 'Account closed')
    expect(await look(order)).toEqual({
      is: 'conclusive',
      end: { status: 'returned', reason: 'Account closed', fee: 1000n },
    })
  })

  test.each([
    ['058', '058', true],
    ['058', '58', true],
    ['58', '058', true],
    ['058', '058152036', true],
    ['058', '000013', true],
    ['058', '044', false],
    ['014', '000014', false],
    ['50515', '050515', true],
  ])('a recipient at the bank %s is the one at %s: %s', async (bankCode, found, isSame) => {
    const order = newOrder({ destination: { ...newOrder().destination, bankCode } })
    await send(order)
    const answer = JSON.parse(JSON.stringify((await opened.ask(verifying(order))).body))
    answer.data.recipient.details.bank_code = found
    const asked = await payoutsBy(answering('GET /transfer/verify', [200, JSON.stringify(answer)])).ask(tenant, order)
    expect(asked).toEqual(isSame ? { is: 'exists', attention: null } : { is: 'unknown', differences: ['recipient'] })
  })

  test('an order whose payee was erased is known by its reference, and is never sent', async () => {
    const order = newOrder()
    await send(order)
    const erased = { ...order, destination: { ...order.destination, accountNumber: null, name: '' } }
    moveTransfer(opened.account, rowOf(order), 'reversed', 'Account closed')
    expect(await look(erased)).toMatchObject({ is: 'conclusive', end: { status: 'returned' } })
    expect(await send({ ...erased, reference: newOrder().reference })).toMatchObject({ is: 'refused' })
  })

  test.each(['failed', 'abandoned', 'blocked', 'rejected'])(
    'an order that ended as %s has failed, with a sentence',
    async (status) => {
      const order = newOrder()
      await send(order)
      moveTransfer(opened.account, rowOf(order), status)
      const end = { status: 'failed', code: status, reason: expect.stringMatching(/^[A-Z].{20,}$/) }
      expect(await look(order)).toEqual({ is: 'conclusive', end })
    },
  )

  test('an order that waits for a one-time password needs a person', async () => {
    opened.account.asksOtp = true
    const order = newOrder()
    expect(await send(order)).toEqual({ is: 'exists', attention: 'otp' })
    expect(await look(order)).toEqual({ is: 'exists', attention: 'otp' })
    await payoutsBy(opened.ask).giveOtp?.(tenant, order, liveOtp)
    expect(await look(order)).toEqual({ is: 'exists', attention: null })
  })

  test.each([
    'cut_after',
    'fail_after',
    'oops_after',
    'unreadable',
    'late',
    'repeated',
    'limited',
    'cut_before',
  ] as const)('an order whose transfer suffers %s is made once, however often it is sent', async (fault) => {
    const order = newOrder()
    await send(newOrder())
    opened.proxy.choose = ({ method, path }) => (method === 'POST' && path === '/transfer' ? fault : 'none')
    const first = await send(order, fault === 'late' ? opened.hastyAsk : opened.ask)
    const isMade = fault !== 'limited' && fault !== 'cut_before'
    expect(first.is).toBe(fault === 'repeated' ? 'exists' : fault === 'limited' ? 'not_sent' : 'unknown')
    expect((await look(order)).is).toBe(isMade ? 'exists' : 'not_found')
    opened.proxy.choose = () => 'none'
    expect(await send(order)).toEqual({ is: 'exists', attention: null })
    expect(madeOf(order)).toHaveLength(1)
  })

  test.each(['cut_after', 'fail_after', 'limited', 'cut_before'] as const)(
    'an order whose recipient suffers %s has surely not been sent',
    async (fault) => {
      opened.proxy.choose = ({ path }) => (path === '/transferrecipient' ? fault : 'none')
      const order = newOrder()
      expect((await send(order)).is).toBe('not_sent')
      expect(madeOf(order)).toEqual([])
    },
  )

  test('an order that is still judged is not found, and its repetition is unknown, not refused', async () => {
    opened.account.isSlowToJudge = true
    const order = newOrder()
    expect(await send(order)).toEqual({ is: 'exists', attention: null })
    expect(await look(order)).toEqual({ is: 'not_found' })
    expect(await send(order)).toEqual({ is: 'unknown' })
    judge(opened.account)
    expect(await send(order)).toEqual({ is: 'exists', attention: null })
    expect(madeOf(order)).toHaveLength(1)
  })

  test('what the account refuses is refused with its word and its sentence, and nothing is made', async () => {
    const unknown = newOrder({ destination: { ...newOrder().destination, bankCode: '000' } })
    expect(await send(unknown)).toEqual({ is: 'refused', code: 'invalid_bank_code', reason: 'Bank is invalid' })
    const small = newOrder({ amount: 100n })
    expect(await send(small)).toMatchObject({ is: 'refused', code: 'refused', reason: /minimum amount/ })
    for (const currency of ['XOF', 'TND'] as const) {
      expect(await send(newOrder({ currency }))).toMatchObject({ is: 'refused', code: 'not_served' })
    }
    expect([unknown, small].flatMap(madeOf)).toEqual([])
  })

  test.each([
    ['POST /transfer', transferRefusals.starter, { is: 'not_sent', why: 'not_enabled' }],
    [
      'POST /transfer',
      [400, '{"status":false,"message":"System Malfunction"}'],
      { is: 'not_sent', why: 'out_of_order' },
    ],
    ['POST /transfer', [400, '{"status":false,"message":"Enable 2FA"}'], { is: 'unknown' }],
    [
      'POST /transferrecipient',
      [400, '{"status":false,"message":"Compliance"}'],
      { is: 'not_sent', why: 'not_enabled' },
    ],
    [
      'POST /transferrecipient',
      [401, '{"status":false,"message":"Your IP address is not allowed to make this call"}'],
      { is: 'not_sent', why: 'unauthorized' },
    ],
  ] as const)(
    'what %s refuses for the business, or in words of no document, is no refusal of the order',
    async (call, answer, outcome) => {
      const order = newOrder({ destination: { ...newOrder().destination, accountNumber: randomDigits() } })
      // A new payee is a new recipient.
      expect(await send(order, answering(`${call}`, answer))).toMatchObject(outcome)
      expect(madeOf(order)).toEqual([])
    },
  )

  test('an order that was made is not refused by a later answer: neither for its recipient nor for the balance', async () => {
    for (const refusal of [transferRefusals.unknownRecipient, transferRefusals.shortOfFunds]) {
      const order = newOrder()
      await send(order)
      expect(await send(order, answering('POST /transfer', refusal))).toEqual({ is: 'exists', attention: null })
    }
    const order = newOrder()
    await send(order)
    const refusing = answering('POST /transferrecipient', transferRefusals.unknownBank)
    expect(await send(order, refusing)).toEqual({ is: 'exists', attention: null })
  })

  test('an account that is short of funds, refuses its key or does not answer has surely not been sent the order', async () => {
    Object.assign(opened.account, { toppedUp: opened.account.toppedUp - opened.account.balance() })
    expect(await send(newOrder())).toMatchObject({ is: 'not_sent', why: 'short_of_funds', waitMs: null })
    const invalidKey = answering('POST /transfer', [401, '{"status":false,"message":"Invalid key"}'])
    expect(await send(newOrder(), invalidKey)).toMatchObject({ is: 'not_sent', why: 'unauthorized', waitMs: null })
    opened.proxy.choose = () => 'limited'
    expect(await send(newOrder())).toMatchObject({ is: 'not_sent', why: 'rate_limited', waitMs: 50 })
  })

  test.each([
    ['amount', { amount: 100_100 }],
    ['domain', { domain: 'test' }],
    ['recipient', { details: { account_number: '0100000002' } }],
    ['recipient', { details: { bank_code: '044' } }],
  ])(
    'a transfer under the reference that differs in its %s is unknown, and never the order: %j',
    async (name, other) => {
      const order = newOrder()
      await send(order)
      const row = rowOf(order)
      const { details, ...own } = other as { details?: object }
      Object.assign(row, own, {
        recipient: { ...row.recipient, details: { ...row.recipient.details, ...details } },
      })
      moveTransfer(opened.account, row, 'success')
      expect(await look(order)).toEqual({ is: 'unknown', differences: [name] })
    },
  )

  test('a recipient is made once, and once more when the account does not know it any more', async () => {
    const payouts = payoutsBy(opened.ask)
    const asked = opened.server.asked.length
    await payouts.send(tenant, newOrder())
    await payouts.send(tenant, newOrder())
    const calls = () => opened.server.asked.slice(asked).filter((each) => each === 'POST /transferrecipient')
    expect(calls()).toHaveLength(1)
    opened.account.recipients.splice(0)
    expect(await payouts.send(tenant, newOrder())).toEqual({ is: 'exists', attention: null })
    expect(calls()).toHaveLength(2)
  })

  test('nothing is sent to a recipient that the account has mistaken for that of the order', async () => {
    const mistaken: Ask = (question) =>
      opened.ask(
        question.path === '/transferrecipient'
          ? { ...question, body: { ...question.body, account_number: '0100000009' } }
          : question,
      )
    const payouts = payoutsBy(mistaken)
    const orders = [newOrder(), newOrder()]
    for (const order of orders) {
      expect(await payouts.send(tenant, order)).toMatchObject({ is: 'refused', code: 'other_recipient' })
    }
    expect(orders.flatMap(madeOf)).toEqual([])
  })

  test('a recipient that is remembered is not taken for another whose name and number read alike together', async () => {
    const payouts = payoutsBy(opened.ask)
    const [name, ...numbers] = ['Tolu', '0100000005', '0100000006']
    const { destination } = newOrder()
    const at = (own: object) => newOrder({ destination: { ...destination, ...own } })
    await payouts.send(tenant, at({ name: `${name}\n${numbers[0]}`, accountNumber: numbers[1] }))
    const other = at({ name, accountNumber: numbers.join('\n') })
    expect(await payouts.send(tenant, other)).toMatchObject({ is: 'refused' })
    expect(madeOf(other)).toEqual([])
  })

  test('a mobile wallet is a recipient of its own kind, with its number in any spelling', async () => {
    const destination = { type: 'mobile_money', accountNumber: '0551234987', bankCode: 'MTN', name: 'Ama' } as const
    const order = newOrder({ currency: 'GHS', destination })
    await send(order)
    expect(rowOf(order).recipient).toMatchObject({ type: 'mobile_money', currency: 'GHS' })
    rowOf(order).recipient.details.account_number = '+233551234987'
    expect(await look(order)).toEqual({ is: 'exists', attention: null })
  })

  test.each([
    ['NGN', 'bank_account', 500_000n, 1000n],
    ['NGN', 'bank_account', 500_001n, 2500n],
    ['NGN', 'bank_account', 1_000_000n, 7500n],
    ['NGN', 'bank_account', 5_000_001n, 10_000n],
    ['GHS', 'mobile_money', 1000n, 100n],
    ['GHS', 'bank_account', 1000n, 800n],
    ['KES', 'mobile_money', 150_001n, 4000n],
    ['ZAR', 'bank_account', 1000n, 300n],
  ] as const)('the fee of a transfer in %s to a %s of %i is estimated as %i', (currency, type, amount, fee) => {
    expect(payoutsBy(opened.ask).estimateFee({ currency, type, amount })).toBe(fee)
  })
})
