import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { judge, liveOtp, moveTransfer, transferOf } from '../../../test/paystack/live-transfers.ts'
import { type OpenedAccount, openAccount, readPages } from '../../../test/paystack/open-account.ts'
import { systemRandom } from '../../base/ids.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { createRecipient, fetchRecipient, type NewRecipient, type Recipient } from './recipients.ts'
import { newAccountReference } from './references.ts'
import { finalizeTransfer, initiateTransfer, listTransfers, type NewTransfer, verifyTransfer } from './transfers.ts'

let opened: OpenedAccount
let recipient: Recipient
beforeAll(async () => {
  opened = await openAccount()
})
afterAll(() => opened.close())
beforeEach(async () => {
  opened.proxy.choose = () => 'none'
  Object.assign(opened.account, { toppedUp: 1e9, asksOtp: false, isSlowToJudge: false })
  const made = await createRecipient(opened.ask, bankAccount())
  if (made.is !== 'exists' || made.thing === null) throw new Error('no recipient')
  recipient = made.thing
})

const bankAccount = (more: Partial<NewRecipient> = {}): NewRecipient => ({
  ...{ type: 'nuban', name: 'Tolu Robert', accountNumber: '0100000001', bankCode: '058', currency: 'NGN' },
  ...more,
})
const wanted = (more: Partial<NewTransfer> = {}): NewTransfer => ({
  reference: newAccountReference(systemRandom),
  amount: 100_000n,
  currency: 'NGN',
  recipientCode: recipient.code,
  reason: 'Bonus for the week',
  ...more,
})

describe('a recipient at the account', () => {
  test('the same account of the same bank is the same recipient, and another name does not change it', async () => {
    const again = await createRecipient(opened.ask, bankAccount({ name: 'Somebody Else' }))
    expect(again).toMatchObject({ is: 'exists', thing: { code: recipient.code, name: 'Tolu Robert', active: true } })
    const other = await createRecipient(opened.ask, bankAccount({ bankCode: '044' }))
    expect((other as { thing: Recipient }).thing.code).not.toBe(recipient.code)
    expect(await fetchRecipient(opened.ask, recipient.code)).toEqual(recipient)
    expect(await fetchRecipient(opened.ask, 'RCP_nobody')).toBeNull()
  })

  test('an account that the bank does not have is refused with the account’s sentence', async () => {
    expect(await createRecipient(opened.ask, bankAccount({ bankCode: '000' }))).toMatchObject({
      is: 'refused',
      reason: 'Bank is invalid',
    })
    expect(await createRecipient(opened.ask, bankAccount({ accountNumber: '0000000404' }))).toMatchObject({
      is: 'refused',
      reason: 'Cannot resolve account',
    })
  })
})

describe('a transfer at the account', () => {
  test('a transfer is queued, verified by its reference, and told when it ends', async () => {
    const asked = wanted()
    const made = await initiateTransfer(opened.ask, asked)
    const { id: recipientId } = recipient
    expect(made).toMatchObject({
      is: 'exists',
      thing: { status: 'pending', amount: 100_000n, mode: 'live', recipientId },
    })
    expect(await verifyTransfer(opened.ask, asked.reference)).toMatchObject({
      status: 'pending',
      fee: 1000n,
      recipient,
    })
    const row = transferOf(opened.account, asked.reference)
    moveTransfer(opened.account, row, 'success')
    expect(await verifyTransfer(opened.ask, asked.reference)).toMatchObject({ status: 'success' })
    moveTransfer(opened.account, row, 'reversed', 'Account closed')
    expect(await verifyTransfer(opened.ask, asked.reference)).toMatchObject({
      status: 'reversed',
      failure: 'Account closed',
      reason: 'Bonus for the week',
    })
    const [[newest] = []] = await readPages(listTransfers(opened.ask))
    expect(newest?.reference).toBe(asked.reference)
  })

  test.each(['cut_after', 'fail_after', 'oops_after', 'unreadable', 'late'] as const)(
    'a transfer whose answer suffers %s is unknown, and the same reference finds it',
    async (fault) => {
      opened.proxy.choose = () => fault
      const asked = wanted()
      const ask = fault === 'late' ? opened.hastyAsk : opened.ask
      expect((await initiateTransfer(ask, asked)).is).toBe('unknown')
      opened.proxy.choose = () => 'none'
      expect(await verifyTransfer(opened.ask, asked.reference)).toMatchObject({ status: 'pending' })
      expect(await initiateTransfer(opened.ask, asked)).toEqual({ is: 'exists', thing: null })
      expect(opened.account.transfers.filter(({ reference }) => reference === asked.reference)).toHaveLength(1)
    },
  )

  test('a transfer that the account still judges is not found, although it will be made', async () => {
    opened.account.isSlowToJudge = true
    const asked = wanted()
    await initiateTransfer(opened.ask, asked)
    expect(await verifyTransfer(opened.ask, asked.reference)).toBeNull()
    judge(opened.account)
    expect(await verifyTransfer(opened.ask, asked.reference)).not.toBeNull()
  })

  test('an account that is short of funds has sent nothing, and what it will not do is refused', async () => {
    const dear = opened.account.balance()
    expect(await initiateTransfer(opened.ask, wanted({ amount: BigInt(dear) }))).toMatchObject({ is: 'not_sent' })
    expect(await initiateTransfer(opened.ask, wanted({ recipientCode: 'RCP_nobody' }))).toMatchObject({
      is: 'refused',
      reason: 'Recipient specified is invalid',
    })
    expect(await initiateTransfer(opened.ask, wanted({ amount: 10n }))).toMatchObject({ is: 'refused' })
    expect(opened.account.balance()).toBe(dear)
  })

  test('a transfer that asks for a one-time password goes on with it, and ends by a wrong one', async () => {
    opened.account.asksOtp = true
    const [right, wrong] = [wanted(), wanted()]
    const made = await Promise.all([right, wrong].map((each) => initiateTransfer(opened.ask, each)))
    expect(made).toMatchObject([
      { is: 'exists', thing: { status: 'otp' } },
      { is: 'exists', thing: { status: 'otp' } },
    ])
    const codes = [right, wrong].map(({ reference }) => transferOf(opened.account, reference).transfer_code)
    expect(await finalizeTransfer(opened.ask, codes[0] as string, liveOtp)).toMatchObject({
      is: 'exists',
      thing: { status: 'pending' },
    })
    expect(await finalizeTransfer(opened.ask, codes[0] as string, liveOtp)).toEqual({ is: 'exists', thing: null })
    expect(await finalizeTransfer(opened.ask, codes[1] as string, '000000')).toEqual({ is: 'exists', thing: null })
    expect(await verifyTransfer(opened.ask, wrong.reference)).toMatchObject({ status: 'failed' })
  })

  test('an answer about another transfer, or without a recipient, is no answer', async () => {
    const asked = wanted()
    await initiateTransfer(opened.ask, asked)
    const row = transferOf(opened.account, asked.reference)
    const asking = (more: object) => () =>
      Promise.resolve({ status: 200, body: { status: true, data: { ...row, ...more } }, retryAfterMs: null })
    await expect(verifyTransfer(asking({}), asked.reference)).resolves.not.toBeNull()
    for (const more of [
      { reference: 'another' },
      { recipient: row.recipient.id },
      { amount: '1.5' },
      { status: 'lost' },
    ]) {
      await expect(verifyTransfer(asking(more), asked.reference)).rejects.toThrow(UpstreamError)
    }
  })
})
