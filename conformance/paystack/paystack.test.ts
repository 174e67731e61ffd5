import '../../server/preload.mjs'
import Paystack from 'paystack'
import { expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { type CustomersClient, testCustomersClient } from './client-suite.ts'
import { newEmail } from './fixtures.ts'
import { refusals } from './refusals.ts'

const connect = (key: string) => new Paystack(key).customer

const client: CustomersClient = {
  name: 'paystack',
  methods: { create: 'create', list: 'list', fetch: 'get', update: 'update', setRiskAction: 'setRiskAction' },
  findMethods: () => Object.keys(Object.getPrototypeOf(connect(''))),
  connect: (key) => {
    const customers = connect(key)
    return {
      create: (input) => customers.create(input),
      list: (query) => customers.list(query),
      fetch: (id) => customers.get(id),
      update: (id, changes) => customers.update(id, changes),
      setRiskAction: (customer, action) => customers.setRiskAction({ customer, risk_action: action }),
    }
  },
  readBody: (result) => result,
  listAnswer: 'listed',
  // Its promise resolves to the body of a refusal.
  expectRefusal: async (call, { body }) => expect(await call).toMatchObject(body),
  writeMetadata: (metadata) => metadata,
  refusedMetadata: 'a text',
}

const merchant = useMerchant()
testCustomersClient(client, merchant)

test('an e-mail of null, which the client lets through, is refused as a missing e-mail', async () => {
  await client.expectRefusal(connect(merchant.key).create({ email: null }), refusals.missingEmail)
})

test('a list without parameters is the first page of fifty', async () => {
  const email = newEmail()
  await connect(merchant.key).create({ email })
  expect(await connect(merchant.key).list()).toMatchObject({ status: true, meta: { page: 1, perPage: 50 } })
})

test('a callback gets a refusal as its error', async () => {
  const error = await new Promise((resolve) => connect(merchant.key).get('CUS_x', resolve))
  expect(error).toMatchObject(refusals.unknownCustomer.body)
})
