import { expect, test } from 'vitest'
import { type Paystack, PaystackClient } from '../client/src/index.ts'
import { type CustomerBody, call } from './cashful/calls.ts'
import { dialects } from './cashful/dialects.ts'
import { expectAnswer } from './paystack/answers.ts'
import { saveCard } from './paystack/fixtures.ts'
import { useMerchant } from './src/merchant.ts'
import { sandboxOf } from './src/sandbox.ts'

const merchant = useMerchant()
const [dialect] = dialects

async function fetchFromPaystack(key: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${merchant.key}` }
  const body = await (await fetch(`${merchant.url}/customer/${key}`, { headers })).json()
  expectAnswer('fetched', body)
  return body
}

async function createAtPaystack(input: Paystack.CustomerCreateBody): Promise<string> {
  const paystack = new PaystackClient({ baseUrl: merchant.url, secretKey: merchant.key })
  return (await paystack.customers.create(input)).customer_code
}

const createAtCashful = async (body: Record<string, unknown>) =>
  (await call(merchant, dialect, 'createCustomer', 201, { body })) as CustomerBody

test('a customer created at Cashful is the same customer at Paystack, with their pay-ins and saved cards', async () => {
  const input = { phoneNumber: '+27821234567', email: 'ada+both@example.com', name: 'Ada Mary Obi', metadata: { k: 1 } }
  const { id } = await createAtCashful(input)
  await sandboxOf(merchant).payIn({ customerId: id, amount: 5000, currency: 'ZAR' })
  const authorization_code = await saveCard(merchant, id)
  expect(await fetchFromPaystack(input.email)).toMatchObject({
    data: {
      first_name: 'Ada',
      last_name: 'Mary Obi',
      phone: input.phoneNumber,
      metadata: input.metadata,
      authorizations: [{ authorization_code }],
      total_transactions: 1,
      total_transaction_value: [{ currency: 'ZAR', amount: 5000 }],
    },
  })
})

test('a customer created at Paystack is the same customer at Cashful, with a balance', async () => {
  const input = { email: 'grace+both@example.com', first_name: 'Grace', last_name: 'Obi', phone: '0829876543' }
  const id = await createAtPaystack(input)
  const { pagination, data } = (await call(merchant, dialect, 'listCustomers', 200, {
    query: { email: input.email },
  })) as { pagination: object; data: CustomerBody[] }
  expect(pagination).toMatchObject({ total: 1 })
  expect(data).toMatchObject([{ id, name: 'Grace Obi', phoneNumber: '+27829876543', metadata: {} }])
  expect(await call(merchant, dialect, 'getCustomerBalance', 200, { id })).toMatchObject({ amount: 0, currency: 'ZAR' })
})

test('a member that one API does not ask for is null or empty in the other API’s answer', async () => {
  const { id } = await createAtCashful({ phoneNumber: '+27831234567', metadata: {} })
  expect(await fetchFromPaystack(id)).toMatchObject({ data: { email: null, first_name: null } })
  const other = await createAtPaystack({ email: 'nophone@example.com' })
  expect(await call(merchant, dialect, 'retrieveCustomer', 200, { id: other })).toMatchObject({ phoneNumber: '' })
})

test('an e-mail taken through one API is taken in the other', async () => {
  const email = 'taken@example.com'
  const id = await createAtPaystack({ email })
  await call(merchant, dialect, 'createCustomer', 409, { body: { phoneNumber: '+27841234567', email, metadata: {} } })
  expect(await createAtPaystack({ email, first_name: 'Other' })).toBe(id)
})
