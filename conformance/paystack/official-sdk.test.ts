import '../../server/preload.mjs'
import { Paystack } from '@paystack/paystack-sdk'
import { expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { type CustomersClient, testCustomersClient } from './client-suite.ts'
import { newEmail } from './fixtures.ts'

/** The SDK's own types end at an index signature. */
type Customers = Record<
  'create' | 'list' | 'fetch' | 'update' | 'validate' | 'riskAction' | 'deactivateAuthorization',
  (input: Record<string, unknown>) => Promise<{ status: boolean; data: Record<string, unknown> }>
>

const connect = (key: string): Customers => new Paystack(key).customer

const client: CustomersClient = {
  name: '@paystack/paystack-sdk',
  methods: {
    create: 'create',
    list: 'list',
    fetch: 'fetch',
    update: 'update',
    validate: 'validate',
    setRiskAction: 'riskAction',
    deactivateAuthorization: 'deactivateAuthorization',
  },
  findMethods: () => {
    const own = Object.getOwnPropertyNames(Object.getPrototypeOf(connect('')))
    return own.filter((name) => name !== 'constructor')
  },
  connect: (key) => {
    const customers = connect(key)
    return {
      create: (input) => customers.create(input),
      list: (query) => customers.list(query),
      fetch: (code) => customers.fetch({ code }),
      update: (code, changes) => customers.update({ code, ...changes }),
      validate: (code, identity) => customers.validate({ code, ...identity }),
      setRiskAction: (customer, action) => customers.riskAction({ customer, risk_action: action }),
      deactivateAuthorization: (code) => customers.deactivateAuthorization({ authorization_code: code }),
    }
  },
  readBody: (result) => result,
  listAnswer: 'listedWithoutMeta',
  // The client never reads the HTTP status. Of a body it keeps only status, message and data.
  expectRefusal: async (call, { body: { status, message } }) => expect(await call).toEqual({ status, message }),
  writeMetadata: JSON.stringify,
  refusedMetadata: '[1]',
}

const merchant = useMerchant()
testCustomersClient(client, merchant)

test('an update without a body changes nothing', async () => {
  const customers = connect(merchant.key)
  const { data } = await customers.create({ email: newEmail(), first_name: 'Ada' })
  const answer = await customers.update({ code: data.customer_code })
  expect(answer).toMatchObject({ status: true, data: { first_name: 'Ada' } })
})

test('a list takes a cursor together with a date and a page', async () => {
  const customers = connect(merchant.key)
  const { data } = await customers.create({ email: newEmail() })
  const answer = await customers.list({ use_cursor: true, from: '2024-01-01', perPage: 1, page: 1 })
  expect(answer).toMatchObject({ status: true, data: [{ id: data.id }] })
})

test('setting a risk action without a value sets the default one', async () => {
  const customers = connect(merchant.key)
  const { data } = await customers.create({ email: newEmail() })
  await customers.riskAction({ customer: data.customer_code, risk_action: 'deny' })
  const answer = await customers.riskAction({ customer: data.customer_code })
  expect(answer).toMatchObject({ status: true, data: { risk_action: 'default' } })
})
