import { createPaystack } from '@alexasomba/paystack-node'
import { describe, expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { sandboxOf } from '../src/sandbox.ts'
import { type CustomerData, expectAnswer } from './answers.ts'
import { type CustomersClient, testCustomersClient } from './client-suite.ts'
import { newEmail, unknownKey } from './fixtures.ts'
import type { PaystackOperation } from './operations.ts'
import { refusals } from './refusals.ts'

const name = '@alexasomba/paystack-node'
const merchant = useMerchant()
const connect = (key = merchant.key) => createPaystack({ secretKey: key, baseUrl: merchant.url })

const methods: Record<PaystackOperation, string> = {
  create: 'customer_create',
  list: 'customer_list',
  fetch: 'customer_fetch',
  update: 'customer_update',
  validate: 'customer_validate',
  setRiskAction: 'customer_riskAction',
  deactivateAuthorization: 'customer_deactivateAuthorization',
  initializeAuthorization: 'customer_initializeAuthorization',
  verifyAuthorization: 'customer_verifyAuthorization',
  initializeDirectDebit: 'customer_initializeDirectDebit',
  chargeForActivation: 'customer_directDebitActivationCharge',
  listMandates: 'customer_fetchMandateAuthorizations',
}

const client: CustomersClient = {
  name,
  methods,
  findMethods: () => Object.keys(connect()).filter((method) => method.startsWith('customer_')),
  connect: (key) => {
    const paystack = connect(key)
    return {
      create: (input) => paystack.customer_create({ body: input as { email: string } }),
      list: ({ perPage, page }) =>
        paystack.customer_list({ params: { query: { perPage: String(perPage), page: String(page) } } }),
      fetch: (code) => paystack.customer_fetch({ params: { path: { code } } }),
      update: (code, changes) => paystack.customer_update({ params: { path: { code } }, body: changes }),
      validate: (code, identity) => paystack.customer_validate({ params: { path: { code } }, body: identity }),
      setRiskAction: (customer, action) =>
        paystack.customer_riskAction({ body: { customer, risk_action: action as 'allow' } }),
      deactivateAuthorization: (code) =>
        paystack.customer_deactivateAuthorization({ body: { authorization_code: code } }),
    }
  },
  readBody: (result) => (result as { data: unknown }).data,
  listAnswer: 'listed',
  expectRefusal: async (call, { status, body }) =>
    expect(await call).toMatchObject({ error: body, response: { status } }),
  writeMetadata: JSON.stringify,
  refusedMetadata: 'a text',
}

testCustomersClient(client, merchant)

const account = { number: '0123456789', bank_code: '058' }
const address = { street: 'Some Where', city: 'Ikeja', state: 'Lagos' }
const callback_url = 'http://test.url.com'

async function createCustomer(): Promise<CustomerData> {
  const { data } = await connect().customer_create({ body: { email: newEmail() } })
  return (data as unknown as { data: CustomerData }).data
}

/** Begins a direct debit and approves it in the customer's place. Answers its reference. */
async function makeMandate(id: number): Promise<string> {
  const { data } = await connect().customer_initializeDirectDebit({
    params: { path: { id } },
    body: { account, address },
  })
  const { reference } = (data as { data: { reference: string } }).data
  await sandboxOf(merchant).approveMandate(reference)
  return reference
}

const describeOperation = (operation: PaystackOperation, tests: () => void) =>
  describe(methods[operation], { meta: { client: name, operation, method: methods[operation] } }, tests)

describeOperation('initializeAuthorization', () => {
  test('initializing an authorization answers where to send the customer, and creates an unknown customer', async () => {
    const email = newEmail()
    const { data } = await connect().customer_initializeAuthorization({
      body: { email, channel: 'direct_debit', callback_url },
    })
    expectAnswer('directed', data)
    const { data: fetched } = await connect().customer_fetch({ params: { path: { code: email } } })
    expect(fetched).toMatchObject({ data: { email, first_name: null, metadata: null } })
  })

  test('initializing an authorization is refused without an e-mail, with another channel and with a wrong key', async () => {
    const initialize = (body: object, key = merchant.key) =>
      connect(key).customer_initializeAuthorization({ body: body as { email: string; channel: 'direct_debit' } })
    await client.expectRefusal(initialize({ channel: 'direct_debit' }), refusals.missingEmail)
    expect((await initialize({ email: newEmail(), channel: 'card' })).response.status).toBe(400)
    await client.expectRefusal(
      initialize({ email: newEmail(), channel: 'direct_debit' }, unknownKey),
      refusals.invalidKey,
    )
  })
})

describeOperation('verifyAuthorization', () => {
  const verify = (reference: string) => connect().customer_verifyAuthorization({ params: { path: { reference } } })

  test('verifying an authorization answers the authorization given under the reference, which the bank activates', async () => {
    const { id, customer_code: code, email } = await createCustomer()
    const reference = await makeMandate(id)
    const { data } = await verify(reference)
    expectAnswer('verified', data)
    expect(data).toMatchObject({ data: { channel: 'direct_debit', customer: { code, email } } })
    await expect
      .poll(async () => (await verify(reference)).data, { timeout: 60_000 })
      .toMatchObject({
        data: { active: true },
      })
    const { data: fetched } = await connect().customer_fetch({ params: { path: { code } } })
    expectAnswer('fetched', fetched)
    expect(fetched).toMatchObject({ data: { authorizations: [{ channel: 'direct_debit', reusable: true }] } })
  })

  test('verifying an authorization is refused for an unknown reference', async () => {
    await client.expectRefusal(verify('ref1'), refusals.unknownReference)
  })
})

describeOperation('initializeDirectDebit', () => {
  const initialize = (id: number, body: object) =>
    connect().customer_initializeDirectDebit({
      params: { path: { id } },
      body: body as { account: typeof account; address: typeof address },
    })

  test('initializing a direct debit answers where to send the customer', async () => {
    const { id } = await createCustomer()
    const { data } = await initialize(id, { account, address })
    expectAnswer('directed', data)
  })

  test('initializing a direct debit is refused for an unknown customer and without an account', async () => {
    const { id } = await createCustomer()
    await client.expectRefusal(initialize(999_999_999, { account, address }), refusals.unknownCustomer)
    expect((await initialize(id, { address })).response.status).toBe(400)
  })
})

describeOperation('listMandates', () => {
  const list = (id: number) => connect().customer_fetchMandateAuthorizations({ params: { path: { id } } })

  test('the mandates of a customer are those the customer has agreed to', async () => {
    const { id, customer_code } = await createCustomer()
    const { data: before } = await list(id)
    expectAnswer('mandates', before)
    expect(before).toMatchObject({ data: [], meta: { per_page: 50, next: null, count: 0 } })
    await makeMandate(id)
    const { data } = await list(id)
    expectAnswer('mandates', data)
    expect(data).toMatchObject({
      data: [{ bank_code: account.bank_code, customer: { id, customer_code } }],
      meta: { count: 1 },
    })
  })

  test('listing mandates is refused for an unknown customer', async () => {
    await client.expectRefusal(list(999_999_999), refusals.unknownCustomer)
  })
})

describeOperation('chargeForActivation', () => {
  const charge = (id: number, authorization_id: number) =>
    connect().customer_directDebitActivationCharge({ params: { path: { id } }, body: { authorization_id } })

  test('an activation charge queues the mandate again', async () => {
    const { id } = await createCustomer()
    await makeMandate(id)
    const { data: mandates } = await connect().customer_fetchMandateAuthorizations({ params: { path: { id } } })
    const [mandate] = (mandates as unknown as { data: { authorization_id: number }[] }).data
    const { data } = await charge(id, mandate?.authorization_id ?? 0)
    expect(data).toEqual({ status: true, message: 'Mandate is queued for retry' })
  })

  test('an activation charge is refused for an unknown customer', async () => {
    await client.expectRefusal(charge(999_999_999, 1), refusals.unknownCustomer)
  })
})
