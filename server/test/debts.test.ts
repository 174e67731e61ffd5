import { expect, test } from 'vitest'
import { inTransaction } from '../src/domain/context.ts'
import { deleteCustomers } from '../src/domain/customers/customer-deletion.ts'
import { type AccountName, doCommand, doTogether, type LedgerCommand } from '../src/domain/ledger/commands.ts'
import { exportEntries } from '../src/domain/ledger/export.ts'
import { closeMerchant } from '../src/domain/merchants/merchant-changes.ts'

import { useWalletApi } from './wallet-api.ts'
import { cash, commandsFor, merchantBalance } from './wallets.ts'

// Facts, debts and repayments as each surface tells them.

const wallet = useWalletApi()
const processor: AccountName = { kind: 'outside', at: 7n }
const get = async (path: string) => (await wallet.get(path)).json()
const commands = () => commandsFor(wallet.api.service)
const done = (command: LedgerCommand) => doCommand(wallet.api.service, wallet.tenant, command)

/** Ada has 100, spends 60, loses the 100 in a dispute, gets 80 and then 2 from a person. Answers the ids. */
async function liveThrough() {
  const make = commands()
  const payIn = make.book('pay_in', processor, cash(wallet.ada), 100n)
  const chargeback = make.book('chargeback', cash(wallet.ada), processor, 100n)
  const adjustment = make.adjust({ kind: 'adjustments' }, cash(wallet.ada), 2n)
  const fee = make.book('processor_fee', merchantBalance, processor, 5n)
  const purchase = make.purchase(wallet.ada, 60n)
  for (const command of [payIn, purchase, chargeback, make.payIn(wallet.ada, 80n), adjustment, fee]) {
    wallet.api.service.clock.advance(1)
    await done(command)
  }
  return { payIn, chargeback, adjustment, fee }
}

test('the history of a customer shows what was lent and repaid, with the balance after each', async () => {
  const { chargeback, adjustment } = await liveThrough()
  const { data } = await get(`/api/canary/customers/${wallet.ada}/transactions`)
  expect(data.map((each: Record<string, unknown>) => [each.type, each.amount, each.balanceAfter])).toEqual([
    ['adjustment', 2, 22],
    ['repayment', -60, 20],
    ['credit', 80, 80],
    ['chargeback', -100, 0],
    ['receivable', 60, 100],
    ['purchase', -60, 40],
    ['credit', 100, 100],
  ])
  expect([data[0], data[3]].map((each) => [each.relatedEntityType, each.relatedEntityId])).toEqual([
    ['Transaction', `txn_${adjustment.id}`],
    ['Transaction', `txn_${chargeback.id}`],
  ])
  expect(data[2].relatedEntityType).toBe('PayIn')
})

test('the history of the merchant’s balance names a processor’s fee a fee, and finds it by this type', async () => {
  const { fee } = await liveThrough()
  const make = commands()
  await done(make.book('processor_fee_returned', processor, merchantBalance, 5n))
  await done(make.book('chargeback', merchantBalance, processor, 70n))
  const list = async (query = '') =>
    (await get(`/api/canary/balance/history?${query}`)).data.map((each: Record<string, unknown>) => [
      each.type,
      each.amount,
      each.description,
    ])
  const whole = [
    ['debit', -70, 'Chargeback'],
    ['credit', 10, 'Amount owed from now on'],
    ['credit', 5, 'Processor fee returned'],
    ['fee', -5, 'Processor fee'],
    ['credit', 60, 'Purchase'],
  ]
  expect(await list()).toEqual(whole)
  for (const type of ['fee', 'debit', 'credit']) {
    expect(await list(`transactionType=${type}`)).toEqual(whole.filter(([each]) => each === type))
  }
  expect((await get(`/v1/transactions/${fee.id}`)).kind).toBe('processor_fee')
})

test('balances say what is owed, and the statement adds up', async () => {
  const make = commands()
  const balances = async () => (await get(`/v1/customers/${wallet.ada}/balances`)).balances[0]
  await done(make.chargeBack(wallet.ada, 7n))
  expect(await balances()).toEqual({ currency: 'ZAR', posted: 0, held: 0, available: 0, owed: 7 })
  await done(make.payIn(wallet.ada, 7n))
  await liveThrough()
  expect(await balances()).toEqual({ currency: 'ZAR', posted: 22, held: 0, available: 22, owed: 0 })
  const address = `/v1/customers/${wallet.ada}/statement?from=2026-01-01&to=2099-01-01`
  const statement = await get(address)
  expect(statement).toMatchObject({
    openingBalance: 0,
    closingBalance: 22,
    totalIn: 256,
    totalOut: 234,
    entryCount: 11,
  })
  expect(statement.entries.map(({ kind }: { kind: string }) => kind).slice(0, 4)).toEqual([
    'receivable',
    'chargeback',
    'pay_in',
    'repayment',
  ])
  expect((await wallet.get(`${address}&format=csv`)).body).toContain('repayment')
  const page = (await wallet.get(`${address}&format=html`)).body
  for (const words of ['Amount owed from now on', 'Repayment of the amount owed', 'Payment taken back', 'Adjustment']) {
    expect(page).toContain(words)
  }
})

test('a repayment is a transaction with both its sides and its cause, in the trail and in the export too', async () => {
  const { payIn } = await liveThrough()
  const { data } = await get(`/api/canary/customers/${wallet.ada}/transactions`)
  const { id } = data.find(({ type }: { type: string }) => type === 'repayment')
  const cause = data.find((each: Record<string, unknown>) => each.type === 'credit' && each.amount === 80)
  const repayment = await get(`/v1/transactions/${id}`)
  expect(repayment).toMatchObject({
    kind: 'repayment',
    amount: 60,
    details: { causeId: cause.id.replace('txn_', '') },
    entries: [
      { account: 'customer_cash', customerId: wallet.ada, amount: -60, balanceAfter: 20 },
      { account: 'customer_receivable', customerId: wallet.ada, amount: 60, balanceAfter: 0 },
    ],
  })
  const trail = await get('/v1/audit?action=repayment')
  expect(trail.data.map((each: Record<string, unknown>) => each.object)).toEqual([repayment.id])
  const exported = []
  for await (const page of exportEntries(wallet.api.service.db, wallet.tenant.merchant.id)) exported.push(...page)
  expect(exported.filter(({ accountKind }) => accountKind === 'customer_receivable')).toMatchObject([
    { kind: 'receivable', customer: wallet.ada, amount: -60n },
    { kind: 'repayment', customer: wallet.ada, amount: 60n },
  ])
  expect((await get(`/v1/transactions/${payIn.id}`)).entries[0]).toMatchObject({ account: 'outside', customerId: null })
})

test('the sums of the analytics leave out loans and repayments, which their cause stands beside', async () => {
  await liveThrough()
  const { transactions, recentTransactions } = await get('/api/canary/analytics')
  expect(transactions.daily).toEqual({ count: 6, sum: 100 + 60 + 100 + 80 + 2 + 5 })
  expect((await get('/api/canary/analytics/summary')).transactions).toBe(6)
  expect(recentTransactions.map(({ type }: { type: string }) => type)).toContain('repayment')
})

test('only what was asked for is refunded or reversed: a fact, a loan and a repayment are refused', async () => {
  const { payIn, chargeback, adjustment, fee } = await liveThrough()
  const make = commands()
  const [suspense, processorFees]: AccountName[] = [{ kind: 'suspense' }, { kind: 'processor_fees' }]
  const more = [
    make.book('suspended', processor, suspense as AccountName, 9n),
    make.book('assigned', suspense as AccountName, cash(wallet.ben), 5n),
    make.book('given_back', suspense as AccountName, processor, 4n),
    make.book('settlement', { kind: 'outside' }, processor, 3n),
    make.book('processor_fee_returned', processor, processorFees as AccountName, 2n),
    make.book('chargeback_returned', processor, cash(wallet.ben), 1n),
  ]
  await doTogether(wallet.api.service, wallet.tenant, more)
  const { data } = await get(`/api/canary/customers/${wallet.ada}/transactions`)
  const debts = data.filter(({ type }: { type: string }) => type === 'receivable' || type === 'repayment')
  const ids = [chargeback, adjustment, fee, ...more].map(({ id }) => id)
  for (const transactionId of [...ids, ...debts.map(({ id }: { id: string }) => id)]) {
    for (const path of ['/v1/refunds', '/v1/reversals']) {
      const answer = await wallet.send('POST', path, { transactionId })
      expect([answer.statusCode, answer.json().error]).toMatchObject([
        400,
        { code: 'invalid_request', field: 'transactionId' },
      ])
      expect(answer.json().error.message).toMatch(
        /^A transaction of kind \w+ cannot be given back by a (refund|reversal); only pay_in,|^The money is in suspense, or was given back/,
      )
    }
  }
  // An account at a processor took this money without a charge of ours, so a movement here alone would leave the books wrong.
  for (const path of ['/v1/refunds', '/v1/reversals']) {
    const answer = await wallet.send('POST', path, { transactionId: payIn.id })
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'not_available'])
  }
  expect((await get(`/v1/refunds?transactionId=${payIn.id}`)).data).toEqual([])
})

test('a customer who owes is not deleted, and a merchant with money in suspense is not closed', async () => {
  const { service } = wallet.api
  const make = commands()
  await done(make.chargeBack(wallet.ada, 7n))
  await expect(deleteCustomers(service, wallet.tenant, [wallet.ada])).rejects.toMatchObject({
    code: 'customer_not_deletable',
    message: expect.stringContaining(`customer ${wallet.ada} has a debt of ZAR 0.07. Have each debt repaid`),
  })
  await done(make.adjust({ kind: 'adjustments' }, cash(wallet.ada), 7n))
  expect(await deleteCustomers(service, wallet.tenant, [wallet.ada])).toEqual([wallet.ada])
  const close = () =>
    inTransaction(service, (tx) => closeMerchant(tx, wallet.tenant.merchant.code, { ignoreTestMode: false }))
  await done(make.book('suspended', processor, { kind: 'suspense' }, 9n))
  await expect(close()).rejects.toMatchObject({
    code: 'merchant_in_use',
    message: 'The merchant cannot be closed: ZAR 0.09 of somebody is in suspense in test mode',
  })
  await done(make.book('given_back', { kind: 'suspense' }, processor, 9n))
  expect((await close()).closedAt).not.toBeNull()
})
