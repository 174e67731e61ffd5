import PayStack from 'paystack-node'
import { expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import type { CustomerData } from './answers.ts'
import { type CustomersClient, testCustomersClient } from './client-suite.ts'
import { newEmail } from './fixtures.ts'

const merchant = useMerchant()

function connect(key: string) {
  const paystack = new PayStack(key)
  paystack.mergeNewOptions({ baseUrl: merchant.url })
  return paystack
}

/** The client's own text for a status. The server's text is lost. */
const wordsOfStatus: Record<number, string> = {
  400: 'Request was badly formed | Bad Request (400)',
  401: 'Bearer Authorization header may not have been set | Unauthorized (401)',
  404: 'Request endpoint does not exist | Not Found (404)',
}

const client: CustomersClient = {
  name: 'paystack-node',
  methods: {
    create: 'createCustomer',
    list: 'listCustomers',
    fetch: 'getCustomer',
    update: 'updateCustomer',
    setRiskAction: 'setRiskActionOnCustomer',
    deactivateAuthorization: 'deactivateAuthOnCustomer',
  },
  findMethods: () => Object.keys(PayStack.prototype).filter((name) => /customer/i.test(name)),
  connect: (key) => {
    const paystack = connect(key)
    return {
      create: (input) => paystack.createCustomer(input),
      list: (query) => paystack.listCustomers(query),
      fetch: (code) => paystack.getCustomer({ customer_id: code }),
      // The client insists on an e-mail, which Paystack's update ignores.
      update: (code, changes) => paystack.updateCustomer({ customer_id: code, email: 'other@example.com', ...changes }),
      setRiskAction: (customer, action) => paystack.setRiskActionOnCustomer({ customer, risk_action: action }),
      deactivateAuthorization: (code) => paystack.deactivateAuthOnCustomer({ authorization_code: code }),
    }
  },
  readBody: (result) => (result as { body: unknown }).body,
  listAnswer: 'listed',
  expectRefusal: (call, { status }) =>
    expect(call).rejects.toMatchObject({ name: 'PayStackAPIError', message: wordsOfStatus[status] }),
  // The client turns the object into JSON text itself, and lets only an object through.
  writeMetadata: (metadata) => metadata,
}

testCustomersClient(client, merchant)

test('setting a risk action without a value is sent as allow', async () => {
  const created = client.readBody(await connect(merchant.key).createCustomer({ email: newEmail() }))
  const { customer_code } = (created as { data: CustomerData }).data
  const answer = client.readBody(await connect(merchant.key).setRiskActionOnCustomer({ customer: customer_code }))
  expect(answer).toMatchObject({ status: true, data: { risk_action: 'allow' } })
})
