import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  insertTransaction,
  moveRefund,
  pay,
  type RefundRow,
  type TransactionRow,
} from '../../../test/paystack/live-account.ts'
import { type OpenedAccount, openAccount, readPages } from '../../../test/paystack/open-account.ts'
import { systemRandom } from '../../base/ids.ts'
import { newMarker } from './references.ts'
import {
  createRefund,
  fetchRefund,
  listRefunds,
  type NewRefund,
  type Refund,
  retryRefund,
  surveyRefunds,
} from './refunds.ts'

let opened: OpenedAccount
let payment: TransactionRow
let number = 0
beforeAll(async () => {
  opened = await openAccount()
})
afterAll(() => opened.close())
beforeEach(() => {
  opened.proxy.choose = () => 'none'
  number += 1
  insertTransaction(opened.account, { email: 'ada@example.com', amount: 10_000, reference: `refund-${number}` })
  payment = pay(opened.account, `refund-${number}`)
})

const wanted = (amount = 10_000n): NewRefund => ({
  transactionId: BigInt(payment.id),
  amount,
  currency: 'NGN',
  marker: newMarker(systemRandom),
})
const find = async (asked: NewRefund) => (await surveyRefunds(opened.ask, asked)).own
const own = (transactionId = BigInt(payment.id)) => readPages(listRefunds(opened.ask, { transactionId }))

describe('a refund at the account', () => {
  test('a refund is created, found by its marker, fetched, and moves to its end', async () => {
    const asked = wanted(4_000n)
    const created = await createRefund(opened.ask, asked)
    expect(created).toMatchObject({ is: 'exists', thing: { status: 'pending', amount: 4_000n, mode: 'live' } })
    const { id } = (created as { thing: Refund }).thing
    expect(await find(asked)).toMatchObject({ id, transactionId: BigInt(payment.id) })
    const row = opened.account.refunds.at(-1)
    if (row !== undefined) moveRefund(opened.account, row, 'processed')
    expect(await fetchRefund(opened.ask, id)).toMatchObject({ status: 'processed' })
    expect(await fetchRefund(opened.ask, 1n)).toBeNull()
  })

  test.each(['cut_after', 'fail_after', 'oops_after', 'unreadable', 'late'] as const)(
    'a refund whose answer suffers %s is unknown, and is found by its marker instead of being asked for again',
    async (fault) => {
      opened.proxy.choose = () => fault
      const asked = wanted()
      const ask = fault === 'late' ? opened.hastyAsk : opened.ask
      expect((await createRefund(ask, asked)).is).toBe('unknown')
      opened.proxy.choose = () => 'none'
      expect(await find(asked)).toMatchObject({ status: 'pending', amount: 10_000n })
      expect((await own()).flat()).toHaveLength(1)
    },
  )

  test('a refund that something on the way sent twice exists, although the last answer is a refusal', async () => {
    opened.proxy.choose = ({ method }) => (method === 'POST' ? 'repeated' : 'none')
    const asked = wanted()
    expect(await createRefund(opened.ask, asked)).toEqual({ is: 'exists', thing: null })
    expect(await find(asked)).not.toBeNull()
  })

  test('a refund of somebody else is not taken for ours: neither by its amount nor by another marker', async () => {
    await createRefund(opened.ask, wanted(4_000n))
    expect(await find(wanted(4_000n))).toBeNull()
    const ours = wanted(3_000n)
    await createRefund(opened.ask, ours)
    expect(await find({ ...ours, amount: 3_001n })).toBeNull()
    expect(await find({ ...ours, transactionId: 1n })).toBeNull()
  })

  test('the refunds of others are added up, those apart that have gone back for good, and one with our marker is none of them', async () => {
    const ours = wanted(3_000n)
    const nothing = { own: null, others: 0n, othersProcessed: 0n, isTakenByOthers: false, endedDisputes: [] }
    expect(await surveyRefunds(opened.ask, ours)).toEqual(nothing)
    for (const [amount, status] of [
      [1_000n, 'processed'],
      [2_000n, 'failed'],
      [500n, 'needs-attention'],
    ] as const) {
      await createRefund(opened.ask, wanted(amount))
      moveRefund(opened.account, opened.account.refunds.at(-1) as RefundRow, status)
    }
    await createRefund(opened.ask, ours)
    const others = { others: 1_500n, othersProcessed: 1_000n }
    expect(await surveyRefunds(opened.ask, ours)).toMatchObject({ own: { amount: 3_000n }, ...others })
    expect(await surveyRefunds(opened.ask, { ...ours, amount: 3_001n })).toEqual({
      own: null,
      ...others,
      isTakenByOthers: true,
      endedDisputes: [],
    })
    expect(await surveyRefunds(opened.ask, { ...ours, currency: 'GHS' })).toEqual(nothing)
    for (const each of opened.account.refunds) {
      if (each.status === 'pending') continue
      expect(await surveyRefunds(opened.ask, ours)).toMatchObject({ ...others, isTakenByOthers: true })
      each.merchant_note = 'Mteja refund 01a22b6c-0000-7000-8000-000000000001'
    }
    expect(await surveyRefunds(opened.ask, ours)).toMatchObject({ ...others, isTakenByOthers: false })
  })

  test('a refund that the account will not do is refused with its sentence', async () => {
    expect(await createRefund(opened.ask, wanted(10_001n))).toMatchObject({
      is: 'refused',
      reason: 'Refund amount exceeds transaction amount',
    })
    expect(await createRefund(opened.ask, { ...wanted(), transactionId: 1n })).toMatchObject({ is: 'refused' })
  })

  test('a refund that needs the payer’s bank account is retried with it, once', async () => {
    await createRefund(opened.ask, wanted())
    const row = opened.account.refunds.at(-1)
    if (row === undefined) throw new Error('no refund')
    const destination = { currency: 'NGN', accountNumber: '0123456789', bankId: 9n } as const
    moveRefund(opened.account, row, 'needs-attention')
    expect(await retryRefund(opened.ask, BigInt(row.id), destination)).toMatchObject({
      is: 'exists',
      thing: { status: 'processing' },
    })
    expect(await retryRefund(opened.ask, BigInt(row.id), destination)).toEqual({ is: 'exists', thing: null })
    expect(await retryRefund(opened.ask, 1n, destination)).toMatchObject({ is: 'refused' })
  })
})
