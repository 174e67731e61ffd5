import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { advanceDuePayouts } from '../../../domain/payouts/advancing.ts'

let api: TestApi
let tenant: TestTenant
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { currencies: ['NGN', 'XOF', 'KWD'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)

/** A customer gives the merchant an amount. */
async function buy(amount: number) {
  const { id: customerId } = (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json()
  expect((await call('POST', '/v1/sandbox/pay-ins', { customerId, amount })).statusCode).toBe(201)
  const purchase = { customerId, productId: 'airtime', amount, currency: 'NGN' }
  return (await call('POST', '/api/canary/purchases', purchase)).json().id
}

describe('the merchant’s balance on the wire of Paystack', () => {
  test('is told in each currency that has hundredths, without a meta', async () => {
    expect((await call('GET', '/balance')).json()).toEqual({
      status: true,
      message: 'Balances retrieved',
      data: [
        { currency: 'NGN', balance: 0, account_balance: 0 },
        { currency: 'XOF', balance: 0, account_balance: 0 },
      ],
    })
  })

  test('its ledger lists each movement with the balance after it, newest first, and by pages', async () => {
    const transactionId = await buy(5000)
    await call('POST', '/v1/refunds', { transactionId, amount: 2000 })
    // What went back to the customer is at the processor as before.
    expect((await call('GET', '/balance')).json().data[0]).toEqual({
      ...{ currency: 'NGN', balance: 3000, account_balance: 5000 },
    })
    const { message, data, meta } = (await call('GET', '/balance/ledger?perPage=1')).json()
    expect([message, meta]).toEqual([
      'Balance ledger retrieved',
      { total: 2, skipped: 0, perPage: 1, page: 1, pageCount: 2 },
    ])
    expect(data).toMatchObject([
      {
        integration: tenant.merchant.id,
        domain: 'test',
        balance: 3000,
        difference: -2000,
        model_responsible: 'Refund',
      },
    ])
    const { data: older } = (await call('GET', '/balance/ledger?per_page=1&page=2')).json()
    expect(older).toMatchObject([{ balance: 5000, difference: 5000, model_responsible: 'Transaction' }])
    expect(older[0].id).not.toBe(data[0].id)
  })

  test('its ledger has the transfer of each row that is about one, with its reason, also of money that comes back', async () => {
    await buy(5000)
    const account = { type: 'nuban', name: 'Tolu Robert', account_number: '0000000003', bank_code: '058' }
    const { recipient_code: recipient } = (await call('POST', '/transferrecipient', account)).json().data
    const wanted = { source: 'balance', amount: 1000, recipient, reference: 'wages-of-tolu-1', reason: 'Wages' }
    const { id } = (await call('POST', '/transfer', wanted)).json().data
    await api.settle()
    await advanceDuePayouts(api.service)
    const { data } = (await call('GET', '/balance/ledger')).json()
    const transfer = { model_responsible: 'Transfer', model_row: id, reason: 'Wages' }
    expect(data).toMatchObject([
      { ...transfer, difference: 1000, balance: 5000 },
      { ...transfer, difference: -1000, balance: 4000 },
      { model_responsible: 'Transaction', difference: 5000 },
    ])
  })

  test('what lies at the processors falls by what a person has paid out, and by the fee that the transfer tells', async () => {
    await buy(50_000)
    await call('PUT', '/v1/processors/out', { processor: 'manual' })
    const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789' }
    const wanted = { amount: 10_000, currency: 'NGN', destination, reference: 'by-hand' }
    const { id } = (await call('POST', '/v1/payouts', wanted)).json()
    const atProcessors = async () => (await call('GET', '/balance')).json().data[0].account_balance
    expect(await atProcessors()).toBe(40_000)
    const settled = await call('POST', `/v1/payouts/${id}/settle`, { outcome: 'paid', proof: 'FT1', fee: 2500 })
    expect(settled.json()).toMatchObject({ state: 'paid', fee: 2500 })
    expect((await call('GET', '/transfer/verify/by-hand')).json().data.fee_charged).toBe(2500)
    expect(await atProcessors()).toBe(37_500)
  })

  test('a date that is none is refused in Paystack’s words', async () => {
    const refused = await call('GET', '/balance/ledger?from=then')
    expect(refused.statusCode).toBe(400)
    expect(refused.json()).toMatchObject({ message: "Invalid 'from' date passed", code: 'invalid_params' })
  })
})
