import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { settleDueCharges } from '../../src/domain/payments/due-charges.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { dyingDb } from '../dying-db.ts'
import { openDispute, pay, refundInDashboard, resolveDispute } from './live-account.ts'
import { openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// Who bears what an account keeps of payments. The account is the independent stub of Paystack: it keeps 1.5 %.

let api: TestApi
let opened: ReconciledAccount

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  opened = await openReconciledAccount(api)
  return opened.close
})

type Bearer = 'merchant' | 'merchant_balance' | 'owner'

async function choose(feesBorneBy: Bearer) {
  const changed = await opened.ask('PATCH', '/v1/payment-settings', { feesBorneBy })
  expect(changed.json()).toMatchObject({ feesBorneBy })
}

const customerCode = async () => (await opened.ask('GET', '/customer')).json().data[0].customer_code as string
const feesOf = async (reference: string) =>
  (await opened.ask('GET', `/transaction/verify/${reference}`)).json().data.fees as number | null
const statement = async () => {
  const [from, to] = [new Date(0), new Date(api.service.clock.now().getTime() + 1000)].map((at) => at.toISOString())
  return (await opened.ask('GET', `/v1/customers/${await customerCode()}/statement?from=${from}&to=${to}`)).json()
}
/** The account has what the books say, and no difference is found. */
async function expectAgreement() {
  expect((await opened.books())['outside/2'] ?? 0).toBe(-opened.account.balance())
  expect((await opened.reconcile()).status).toBe('agreed')
  expect(await opened.named()).toEqual([])
}

describe.each([
  ['merchant', { customer_cash: 10_000, processor_fees: -150 }, { merchant_balance: 10_000, processor_fees: -150 }],
  [
    'merchant_balance',
    { customer_cash: 10_000, merchant_balance: -0, merchant_receivable: -150 },
    { merchant_balance: 9_850 },
  ],
  ['owner', { customer_cash: 9_850 }, { merchant_balance: 9_850 }],
] as const)('with feesBorneBy %s', (bearer, filled, paid) => {
  beforeEach(async () => {
    await choose(bearer)
    await opened.open()
  })

  test('the fee of a top-up and of a payment to the merchant is borne so, and verify, statement and account agree', async () => {
    await opened.topUp('top-up')
    const { merchant_balance: _, ...expected } = filled as Record<string, number>
    expect(await opened.books()).toEqual({ ...expected, 'outside/2': -9_850 })
    expect(await feesOf('top-up')).toBe(150)
    const { closingBalance, entries } = await statement()
    expect(closingBalance).toBe(filled.customer_cash)
    expect(entries.map(({ kind, amount }: Record<string, unknown>) => [kind, amount])).toEqual(
      bearer === 'owner'
        ? [
            ['pay_in', 10_000],
            ['processor_fee', -150],
          ]
        : [['pay_in', 10_000]],
    )
    await expectAgreement()
  })

  test('the fee of a payment to the merchant is borne so', async () => {
    const asked = { email: 'ada@example.com', amount: 10_000, currency: 'NGN', reference: 'sale' }
    expect((await opened.ask('POST', '/transaction/initialize', asked)).statusCode).toBe(200)
    pay(opened.account, opened.account.transactions.at(-1)?.reference as string)
    await opened.tellAll()
    await opened.settleDue()
    expect(await opened.books()).toEqual({ ...paid, 'outside/2': -9_850 })
    await expectAgreement()
  })

  test('a fee that is known late is borne as was set when the payment began, also if the money is spent', async () => {
    const row = await opened.begin('late')
    pay(opened.account, row.reference)
    row.fees = null
    await opened.tellAll()
    await opened.settleDue()
    expect(await feesOf('late')).toBe(0)
    await choose(bearer === 'owner' ? 'merchant' : 'owner')
    const purchase = { customerId: await customerCode(), amount: 10_000, currency: 'NGN', productId: 'shoes' }
    expect((await opened.ask('POST', '/api/canary/purchases', purchase)).statusCode).toBe(201)
    row.fees = 150
    api.service.clock.advance(61 * 60_000)
    await opened.settleDue()
    const late = {
      merchant: { merchant_balance: 10_000, processor_fees: -150 },
      merchant_balance: { merchant_balance: 9_850 },
      owner: { merchant_balance: 10_000, customer_receivable: -150 },
    }[bearer]
    expect(await opened.books()).toEqual({ ...late, 'outside/2': -9_850 })
    expect(await feesOf('late')).toBe(150)
    await expectAgreement()
  })

  test('a fee that is known late is that of its own payment', async () => {
    const rows = [await opened.begin('first'), await opened.begin('second')] as const
    for (const row of rows) {
      pay(opened.account, row.reference)
      row.fees = null
    }
    await opened.tellAll()
    await opened.settleDue()
    rows[0].fees = 150
    api.service.clock.advance(61 * 60_000)
    await opened.settleDue()
    expect([await feesOf('first'), await feesOf('second')]).toEqual([150, 0])
    rows[1].fees = 170
    api.service.clock.advance(61 * 60_000)
    await opened.settleDue()
    expect([await feesOf('first'), await feesOf('second')]).toEqual([150, 170])
    await expectAgreement()
  })

  test('a fee that is known only after all of the payment went back is borne so, once', async () => {
    const row = await opened.begin('back')
    pay(opened.account, row.reference)
    row.fees = null
    await opened.tellAll()
    await opened.settleDue()
    refundInDashboard(opened.account, row.reference, 10_000)
    await opened.tellAll()
    await opened.settleDue()
    expect([row.status, await opened.books()]).toEqual(['reversed', {}])
    row.fees = 150
    for (let i = 0; i < 2; i++) {
      expect(await opened.reconcile()).toMatchObject({ status: 'agreed', completed: i === 0 ? 1 : 0 })
      const lost = {
        merchant: { processor_fees: -150 },
        merchant_balance: { merchant_receivable: -150 },
        owner: { customer_receivable: -150 },
      }[bearer]
      expect(await opened.books()).toEqual({ ...lost, 'outside/2': 150 })
    }
    expect(await feesOf('back')).toBe(150)
  })

  test('the fee of a pay-in that is recorded by the account’s name is borne so', async () => {
    await opened.topUp('first')
    const before = await opened.books()
    opened.sell('T-shirt-7')
    const body = {
      amount: 3_000,
      currency: 'NGN',
      source: 'card',
      reference: 'T-shirt-7',
      customerId: await customerCode(),
    }
    expect((await opened.ask('POST', '/v1/pay-ins', body)).statusCode).toBe(201)
    const after = await opened.books()
    const rise = (name: string) => (after[name] ?? 0) - (before[name] ?? 0)
    expect([rise('customer_cash'), rise('processor_fees'), rise('merchant_receivable')]).toEqual(
      { merchant: [3_000, -45, 0], merchant_balance: [3_000, 0, -45], owner: [2_955, 0, 0] }[bearer],
    )
    await expectAgreement()
  })

  test('a fee that the payer had paid besides is borne so if the payer takes it back, and comes back to the same one', async () => {
    opened.account.feeBearer = 'payer'
    const { reference } = await opened.topUp('dear')
    expect(await opened.books()).toEqual({ customer_cash: 10_000, 'outside/2': -10_000 })
    expect(await feesOf('dear')).toBe(0)
    const dispute = openDispute(opened.account, reference)
    resolveDispute(opened.account, dispute, 'auto-accepted')
    await opened.tellAll()
    await opened.settleDue()
    const lost = {
      merchant: { processor_fees: -150 },
      merchant_balance: { merchant_receivable: -150 },
      owner: { customer_receivable: -150 },
    }[bearer]
    expect(await opened.books()).toEqual({ ...lost, 'outside/2': 150 })
    resolveDispute(opened.account, dispute, 'declined')
    await opened.tellAll()
    await opened.settleDue()
    expect(await opened.books()).toEqual({ customer_cash: 10_000, 'outside/2': -10_000 })
    await expectAgreement()
  })
})

describe('where the customer would bear the fee', () => {
  beforeEach(async () => {
    await choose('owner')
    await opened.open()
  })

  test('the merchant bears that of money in suspense, also after it was assigned', async () => {
    const row = await opened.begin('half')
    pay(opened.account, row.reference)
    Object.assign(row, { amount: 5_000, requested_amount: 5_000, fees: null })
    await opened.tellAll()
    await opened.settleDue()
    const [{ id }] = (await opened.ask('GET', '/v1/suspense')).json().data
    const customerId = await customerCode()
    expect((await opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId })).statusCode).toBe(200)
    row.fees = 75
    api.service.clock.advance(61 * 60_000)
    await opened.settleDue()
    expect(await opened.books()).toEqual({ customer_cash: 5_000, processor_fees: -75, 'outside/2': -4_925 })
    await expectAgreement()
  })

  test('the merchant bears one of more than the payment', async () => {
    const row = await opened.begin('absurd')
    pay(opened.account, row.reference)
    row.fees = 10_001
    await opened.tellAll()
    await opened.settleDue()
    expect(await opened.books()).toEqual({ customer_cash: 10_000, processor_fees: -10_001, 'outside/2': 1 })
  })

  test('the merchant bears a late one of a customer who was deleted, once', async () => {
    const row = await opened.begin('gone')
    pay(opened.account, row.reference)
    row.fees = null
    await opened.tellAll()
    await opened.settleDue()
    const customerId = await customerCode()
    const purchase = { customerId, amount: 10_000, currency: 'NGN', productId: 'shoes' }
    expect((await opened.ask('POST', '/api/canary/purchases', purchase)).statusCode).toBe(201)
    expect((await opened.ask('DELETE', '/api/canary/customers/bulk', { ids: [customerId] })).statusCode).toBeLessThan(
      300,
    )
    row.fees = 150
    api.service.clock.advance(61 * 60_000)
    for (let i = 0; i < 3; i++) await opened.settleDue()
    expect(await opened.books()).toEqual({ merchant_balance: 10_000, processor_fees: -150, 'outside/2': -9_850 })
    await expectAgreement()
  })

  test('it is taken once, whenever the server dies and however often the payment is told', async () => {
    for (let last = 1; last <= 16; last++) {
      const row = await opened.begin(`order-${last}`, 1_000)
      pay(opened.account, row.reference)
      const { service } = api
      const dying = { ...service, db: dyingDb(service.db, last, last % 2 === 0 ? 'before' : 'after').db }
      api.service.clock.advance(61_000)
      await settleDueCharges(dying).catch(() => undefined)
      await opened.tellAll()
      await Promise.all([opened.settleDue(), opened.settleDue()])
      api.service.clock.advance(61_000)
      await opened.settleDue()
      expect(await opened.books()).toEqual({ customer_cash: 985 * last, 'outside/2': -985 * last })
    }
    await expectAgreement()
  })
})
