import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settleDueArrivals } from '../../src/domain/payments/account-arrivals.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { openDispute, pay, type Row, receiveTransfer, refundInDashboard, resolveDispute } from './live-account.ts'
import { minuteMs, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// Money that came and could not be booked to its owner, and that the account takes back: whoever has it at that moment pays.

let api: TestApi

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})

const whole = 3_000
const part = 1_200

/** The ways in which money comes to suspense. Each answers the account's name of the payment. */
const kinds: Record<string, (opened: ReconciledAccount, name: string) => Promise<string>> = {
  async 'that nobody asked for here'(opened, name) {
    opened.sell(name, whole)
    await opened.reconcile()
    return name
  },
  async 'of a customer who was deleted'(opened, name) {
    const asked = {
      email: `${name}@example.com`,
      amount: whole,
      currency: 'NGN',
      metadata: { purpose: 'wallet_topup' },
      reference: name,
    }
    await opened.ask('POST', '/transaction/initialize', asked)
    const sent = opened.account.transactions.at(-1)?.reference as string
    const { customer_code } = (await opened.ask('GET', `/customer/${name}@example.com`)).json().data
    const deleted = await opened.ask('DELETE', '/api/canary/customers/bulk', { ids: [customer_code] })
    expect(deleted.statusCode).toBeLessThan(300)
    pay(opened.account, sent)
    await opened.tellAll()
    await opened.settleDue()
    return sent
  },
  async 'of another amount than was asked for'(opened) {
    const { reference } = await opened.begin(`other-${opened.account.nextId()}`, 10_000)
    Object.assign(pay(opened.account, reference), { amount: whole, requested_amount: whole, fees: 45 })
    await opened.tellAll()
    await opened.settleDue()
    return reference
  },
  async 'that was sent to a dedicated account of nobody'(opened) {
    const { reference } = receiveTransfer(opened.account, '9939999999', whole)
    await opened.tellAll()
    await settleDueArrivals(api.service)
    return reference
  },
}

const moments = ['in suspense', 'assigned', 'given back'] as const
const ends = ['refunded', 'lost', 'won', 'lost again'] as const

async function balanceOf(opened: ReconciledAccount, customer: string): Promise<number> {
  const { balances } = (await opened.ask('GET', `/v1/customers/${customer}/balances`)).json()
  const [{ posted, owed } = { posted: 0, owed: 0 }] = balances.filter(({ currency }: Row) => currency === 'NGN')
  return posted - owed
}

/** The money as it came. What a dispute brought back is another row of the same payment. */
async function findRow(opened: ReconciledAccount, reference: string) {
  const { data } = (await opened.ask('GET', '/v1/suspense?limit=100')).json()
  const isFirst = ({ details: { processorReference, disputeId } }: { details: Row }) =>
    processorReference === reference && disputeId === undefined
  return data.find(isFirst)
}

/** What happens to the payment at the account, step by step; each is told before the next. */
function stepsOf(opened: ReconciledAccount, reference: string, end: (typeof ends)[number], amount: number) {
  const { account } = opened
  let dispute: Row
  const lose = () => {
    dispute ??= openDispute(account, reference)
    dispute.refund_amount = amount
    resolveDispute(account, dispute, 'auto-accepted')
  }
  const win = () => resolveDispute(account, dispute, 'declined')
  return {
    refunded: [() => void refundInDashboard(account, reference, amount)],
    lost: [lose],
    won: [lose, win],
    'lost again': [lose, win, lose, win, lose],
  }[end]
}

describe.each(Object.keys(kinds))('money %s', (kind) => {
  test('is taken back once from whoever has it, in part and in full, and the account agrees', async () => {
    const opened = await openReconciledAccount(api)
    try {
      await opened.open()
      let i = 0
      let expectedSuspense = 0
      const expectedMerchant = 0
      for (const moment of moments) {
        for (const amount of [whole, part]) {
          for (const end of ends) {
            // The account has not given back what a person says has gone back.
            if (moment === 'given back' && (amount === part || end === 'won')) continue
            const said = `${moment}, ${amount}, ${end}`
            const { customer_code: customer } = (
              await opened.ask('POST', '/customer', { email: `owner-${i}@example.com` })
            ).json().data
            const reference = await (kinds[kind] as (typeof kinds)[string])(opened, `case-${i}`)
            const { id } = await findRow(opened, reference)
            const assign = () => opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId: customer })
            if (moment === 'assigned') expect((await assign()).statusCode, said).toBe(200)
            if (kind === 'of a customer who was deleted') {
              const verified = (await opened.ask('GET', `/transaction/verify/case-${i}`)).json().data
              expect(verified.status, said).toBe(moment === 'assigned' ? 'success' : 'failed')
            }
            if (moment === 'given back') await opened.ask('POST', `/v1/suspense/${id}/give-back`)
            for (const step of stepsOf(opened, reference, end, amount)) {
              step()
              // By webhooks, or by a comparison of the two.
              if (i % 2 === 0) await opened.tellAll([...opened.told, ...opened.told.splice(0)])
              else opened.told.splice(0)
              api.service.clock.advance(minuteMs)
              await opened.settleDue()
              if (i % 2 === 1) await opened.reconcile()
            }
            const gone = end === 'won' ? 0 : amount
            if (moment === 'assigned') expect(await balanceOf(opened, customer), said).toBe(whole - gone)
            if (moment === 'in suspense') {
              const left = end === 'won' || end === 'lost again' ? whole - amount : whole - gone
              expect(await findRow(opened, reference), said).toMatchObject({
                amount: whole,
                left,
                status: left === 0 ? 'given_back' : 'open',
              })
              const assigned = await assign()
              expect([assigned.statusCode, await balanceOf(opened, customer)], said).toEqual([
                left === 0 ? 409 : 200,
                left,
              ])
              if (end === 'won') expectedSuspense += amount
            }
            const own = await opened.books()
            expect([own.suspense ?? 0, own.merchant_balance ?? 0, -(own['outside/2'] ?? 0)], said).toEqual([
              expectedSuspense,
              expectedMerchant,
              opened.account.balance(),
            ])
            i += 1
          }
        }
      }
      const run = await opened.reconcile()
      expect(run).toMatchObject({ failure: null, balances: [{ unexplained: 0 }] })
      expect((await opened.named()).filter(([, subject]) => subject !== 'payment')).toEqual([])
      if (kind === 'of a customer who was deleted') {
        for (const name of ['case-0', 'case-8', 'case-16']) {
          const found = (await opened.ask('GET', `/v1/disputes?transactionId=${name}`)).json().data
          expect(found, name).toHaveLength(1)
        }
      }
      const disputes = (await opened.ask('GET', '/v1/disputes?limit=100')).json().data
      expect(disputes).toHaveLength(i)
    } finally {
      await opened.close()
    }
  })
})

test('a payment that the account has taken back in two parts, before and after its money was assigned, is reversed', async () => {
  const opened = await openReconciledAccount(api)
  try {
    await opened.open()
    const { customer_code: customerId } = (await opened.ask('POST', '/customer', { email: 'owner@example.com' })).json()
      .data
    const reference = await (kinds['of a customer who was deleted'] as (typeof kinds)[string])(opened, 'parts')
    const { id } = await findRow(opened, reference)
    const take = async (amount: number) => {
      refundInDashboard(opened.account, reference, amount)
      await opened.tellAll()
      await opened.settleDue()
    }
    await take(part)
    expect((await opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId })).statusCode).toBe(200)
    expect(await findRow(opened, reference)).toMatchObject({ status: 'assigned', left: 0 })
    const verify = async () => (await opened.ask('GET', '/transaction/verify/parts')).json().data.status
    expect(await verify()).toBe('success')
    await take(whole - part)
    expect([await verify(), await balanceOf(opened, customerId)]).toEqual(['reversed', 0])
  } finally {
    await opened.close()
  }
})

describe('money of before the cut-over that a person recorded under the account’s name of it', () => {
  const line = { amount: whole, currency: 'NGN', source: 'card' }

  test('is taken back from its customer, and the account agrees; what was taken back before is no matter of the books', async () => {
    const opened = await openReconciledAccount(api)
    try {
      const { account } = opened
      for (const name of ['old-1', 'old-2', 'old-3', 'old-4']) opened.sell(name, whole)
      refundInDashboard(account, 'old-4', part)
      opened.told.splice(0)
      const cutOverAt = new Date(api.service.clock.now().getTime() + 1000).toISOString()
      await opened.choose({ cutOverAt })
      api.service.clock.advance(minuteMs)
      await opened.open()
      const { customer_code: customerId } = (await opened.ask('POST', '/customer', { email: 'old@example.com' })).json()
        .data
      for (const reference of ['old-1', 'old-2', 'old-3', 'old-4']) {
        const made = await opened.ask('POST', '/v1/pay-ins', { ...line, customerId, reference })
        expect([made.statusCode, made.json().processor], made.body).toEqual([201, 'manual'])
      }
      refundInDashboard(account, 'old-1', part)
      await opened.tellAll()
      await opened.settleDue()
      expect(await balanceOf(opened, customerId)).toBe(4 * whole - part)
      const [lose, win, again] = stepsOf(opened, 'old-2', 'lost again', whole)
      for (const step of [lose, win, again]) {
        step?.()
        await opened.tellAll()
        await opened.settleDue()
      }
      refundInDashboard(account, 'old-3', whole)
      opened.told.splice(0)
      // It was given back here first: the two may be the same.
      const { id } = (await opened.ask('GET', '/v1/pay-ins?reference=old-4')).json().data[0]
      expect((await opened.ask('POST', '/v1/refunds', { transactionId: id })).statusCode).toBe(201)
      refundInDashboard(account, 'old-4', whole - part)
      await opened.tellAll()
      await opened.settleDue()
      expect(await opened.reconcile()).toMatchObject({ failure: null, balances: [{ unexplained: 0 }] })
      expect(await balanceOf(opened, customerId)).toBe(whole - part)
      expect(await opened.named()).toEqual([['not_ours', 'refund', whole - part]])
    } finally {
      await opened.close()
    }
  })
})
