import '../../server/preload.mjs'
import Paystack from 'paystack-sdk'
import { expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { type CustomersClient, testCustomersClient } from './client-suite.ts'
import { newEmail } from './fixtures.ts'

/** The SDK's own types require numbers where Paystack accepts words, and members that Paystack does not require. */
interface Customers {
  create(input: object): Promise<unknown>
  list(query?: object): Promise<unknown>
  fetch(emailOrCode: string): Promise<unknown>
  update(code: string, changes: object): Promise<unknown>
  validate(code: string, identity: object): Promise<unknown>
  setRiskAction(input: object): Promise<unknown>
  deactivateAutorization(code: string): Promise<unknown>
}

const connect = (key: string) => new Paystack(key).customer as unknown as Customers

const client: CustomersClient = {
  name: 'paystack-sdk',
  methods: {
    create: 'create',
    list: 'list',
    fetch: 'fetch',
    update: 'update',
    validate: 'validate',
    setRiskAction: 'setRiskAction',
    // The method's name is misspelt, and so is the member that it sends.
    deactivateAuthorization: 'deactivateAutorization',
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
      fetch: (code) => customers.fetch(code),
      update: (code, changes) => customers.update(code, changes),
      validate: (code, identity) => customers.validate(code, identity),
      setRiskAction: (customer, action) => customers.setRiskAction({ customer, risk_action: action }),
      deactivateAuthorization: (code) => customers.deactivateAutorization(code),
    }
  },
  readBody: (result) => result,
  listAnswer: 'listed',
  expectRefusal: (call, { status, body }) =>
    expect(call).rejects.toMatchObject({ name: 'PaystackHttpError', status, body }),
  writeMetadata: (metadata) => metadata,
  refusedMetadata: 'a text',
}

const merchant = useMerchant()
testCustomersClient(client, merchant)

test('a list between two dates holds the customers created between them', async () => {
  const customers = connect(merchant.key)
  const email = newEmail()
  await customers.create({ email })
  const from = new Date('2024-01-01T00:00:00.000Z')
  expect(await customers.list({ perPage: 1, from })).toMatchObject({ data: [{ email }] })
  expect(await customers.list({ from, to: '2024-02-01' })).toMatchObject({ data: [], meta: { total: 0 } })
})
