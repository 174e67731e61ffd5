import Paystack from 'paystack-api'
import { expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { type CustomersClient, testCustomersClient } from './client-suite.ts'
import { refusals } from './refusals.ts'

const merchant = useMerchant()

function connect(key: string) {
  const paystack = new Paystack(key)
  paystack.endpoint = merchant.url
  return paystack.customer
}

const client: CustomersClient = {
  name: 'paystack-api',
  methods: {
    create: 'create',
    list: 'list',
    fetch: 'get',
    update: 'update',
    validate: 'validate',
    setRiskAction: 'setRiskAction',
    deactivateAuthorization: 'deactivateAuth',
  },
  findMethods: () => Object.keys(Object.getPrototypeOf(connect(''))),
  connect: (key) => {
    const customers = connect(key)
    return {
      create: (input) => customers.create(input),
      list: (query) => customers.list(query),
      fetch: (id) => customers.get({ id }),
      update: (id, changes) => customers.update({ id, ...changes }),
      // The client requires a `value`, which Paystack no longer requires.
      validate: (id, identity) => customers.validate({ id, value: identity.bvn, ...identity }),
      setRiskAction: (customer, action) => customers.setRiskAction({ customer, risk_action: action }),
      deactivateAuthorization: (code) => customers.deactivateAuth({ authorization_code: code }),
    }
  },
  readBody: (result) => result,
  listAnswer: 'listed',
  expectRefusal: (call, { status, body }) =>
    expect(call).rejects.toMatchObject({ name: 'StatusCodeError', statusCode: status, error: body }),
  writeMetadata: (metadata) => metadata,
  refusedMetadata: 'a text',
}

testCustomersClient(client, merchant)

test('an e-mail of null, which the client lets through, is refused as a missing e-mail', async () => {
  await client.expectRefusal(connect(merchant.key).create({ email: null }), refusals.missingEmail)
})

test('a list without parameters is the first page of fifty', async () => {
  expect(await connect(merchant.key).list()).toMatchObject({ status: true, meta: { page: 1, perPage: 50 } })
})
