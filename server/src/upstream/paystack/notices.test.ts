import { describe, expect, test } from 'vitest'
import {
  createLiveAccount,
  insertRefund,
  insertTransaction,
  moveRefund,
  openDispute,
  pay,
  receiveTransfer,
  resolveDispute,
  type Webhook,
} from '../../../test/paystack/live-account.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { nameOfNotice, readNotice } from './notices.ts'
import { isSignedBy } from './signature.ts'

const told: Webhook[] = []
const account = createLiveAccount((webhook) => told.push(webhook))
const notices = () => told.splice(0).map(({ body }) => readNotice(JSON.parse(body)))

describe('a webhook of the account', () => {
  test('a signature is of the bytes, by the key of the account', () => {
    insertTransaction(account, { email: 'a@example.com', amount: 5000, reference: 'signed' })
    pay(account, 'signed')
    const { body, signature } = told.splice(0)[0] as Webhook
    expect(isSignedBy(account.secretKey, Buffer.from(body), signature)).toBe(true)
    expect(isSignedBy(account.secretKey, Buffer.from(body.replace('5000', '5001')), signature)).toBe(false)
    expect(isSignedBy('sk_live_another', Buffer.from(body), signature)).toBe(false)
    expect(isSignedBy(account.secretKey, Buffer.from(body), signature.slice(2))).toBe(false)
  })

  test('a notice of a payment names it, and holds neither amount nor state', () => {
    const { id } = insertTransaction(account, { email: 'a@example.com', amount: 5000, reference: 'card' })
    pay(account, 'card')
    const [notice] = notices()
    const names = { id: BigInt(id), reference: 'card', channel: 'card', transfer: null }
    expect(notice).toEqual({ about: 'payment', event: 'charge.success', mode: 'live', ...names })
    expect(notice && nameOfNotice(notice)).toBe(`charge.success/${id}`)
  })

  test('a notice of a transfer to a dedicated account names the account that got it, and else the customer', () => {
    receiveTransfer(account, '9930000902', 70_000)
    const body = JSON.parse((told.splice(0)[0] as Webhook).body)
    const customerCode = 'CUS_xnxdt6s1zg1f4nx'
    const transferOf = (own: object) =>
      (readNotice({ ...body, data: { ...body.data, ...own } }) as { transfer: unknown }).transfer
    expect(transferOf({})).toEqual({ accountNumber: '9930000902', customerCode })
    expect(transferOf({ authorization: {} })).toEqual({ accountNumber: '9930000902', customerCode })
    expect(transferOf({ authorization: {}, metadata: '' })).toEqual({ accountNumber: null, customerCode })
  })

  test('a notice of a refund names its payment, whether its amount and id are texts or numbers', () => {
    insertTransaction(account, { email: 'a@example.com', amount: 5000, reference: 'back' })
    const refund = insertRefund(account, pay(account, 'back'), { amount: 5000 })
    for (const status of ['processing', 'needs-attention', 'processed', 'failed']) moveRefund(account, refund, status)
    expect(notices().slice(1)).toEqual(
      ['pending', 'processing', 'needs-attention', 'processed', 'failed'].map((status) => ({
        about: 'refund',
        event: `refund.${status}`,
        mode: 'live',
        id: BigInt(refund.id),
        transactionReference: 'back',
      })),
    )
  })

  test('the refund webhooks of the documentation have no id, and can be told apart by none', () => {
    const data = { status: 'pending', transaction_reference: 'tvunjbbd_412829', amount: '10000', domain: 'live' }
    const notice = readNotice({ event: 'refund.pending', data })
    expect(notice).toMatchObject({ id: null, transactionReference: 'tvunjbbd_412829' })
    expect(notice && nameOfNotice(notice)).toBeNull()
  })

  test('a notice of a dispute names it and its payment', () => {
    const { id: transactionId } = insertTransaction(account, {
      email: 'a@example.com',
      amount: 5800,
      reference: 'lost',
    })
    pay(account, 'lost')
    const dispute = openDispute(account, 'lost')
    resolveDispute(account, dispute, 'merchant-accepted')
    expect(notices().slice(1)).toMatchObject(
      ['create', 'resolve'].map((end) => ({
        event: `charge.dispute.${end}`,
        id: BigInt(dispute.id as number),
        transactionId: BigInt(transactionId),
      })),
    )
  })

  test.each(['success', 'failed', 'reversed'])('a notice of a transfer that ended as %s names it', (end) => {
    const data = { id: 860703114, domain: 'live', reference: 'acv-9ee55786', transfer_code: 'TRF_v5tip3zx8nna9o78' }
    expect(readNotice({ event: `transfer.${end}`, data: { ...data, amount: 1, status: end } })).toEqual({
      about: 'transfer',
      event: `transfer.${end}`,
      mode: 'live',
      id: 860703114n,
      reference: data.reference,
      transferCode: data.transfer_code,
    })
  })

  test('a webhook about something else is no notice', () => {
    for (const event of ['customeridentification.success', 'invoice.create', 'charge.failed', 7, undefined]) {
      expect(readNotice({ event, data: {} })).toBeNull()
    }
    for (const webhook of [null, [], 'charge.success']) expect(readNotice(webhook)).toBeNull()
  })

  test.each([
    ['charge.success', { id: 1, domain: 'live' }],
    ['charge.success', { id: 1.5, domain: 'live', reference: 'a' }],
    ['charge.success', { id: 1, domain: 'both', reference: 'a' }],
    ['refund.processed', { domain: 'live' }],
    ['charge.dispute.create', { id: 1, domain: 'live' }],
    ['transfer.success', { id: 1, domain: 'live', reference: 'a' }],
    ['charge.success', null],
  ])('a %s without its names is malformed: %j', (event, data) => {
    expect(() => readNotice({ event, data })).toThrow(UpstreamError)
  })
})
