import { describe, expect, test } from 'vitest'
import { MtejaClient } from '../../client/src/index.ts'
import { type Merchant, useMerchant } from '../src/merchant.ts'
import { cashfulOf, sandboxOf } from '../src/sandbox.ts'
import { type CallInput, type CustomerBody, call, type Page, type Query } from './calls.ts'
import { type Dialect, dialects } from './dialects.ts'
import { type OperationName, operations } from './operations.ts'

const merchant = useMerchant()
const unknownToken = `sk_test_${'0'.repeat(40)}`
let lastNumber = 0

/** The id of a recipient, whose account number ends in 6789. */
async function newRecipient({ url, key }: Merchant, currency: string): Promise<string> {
  const { recipients } = new MtejaClient({ baseUrl: url, token: key })
  const account = { type: 'bank_account', bankCode: '198765', accountNumber: '0123456789' } as const
  return (await recipients.create({ ...account, accountName: 'Zero Sum', currency })).id
}

describe.each(dialects)('$name', (dialect: Dialect) => {
  const succeed = (operation: OperationName, input?: CallInput) =>
    call(merchant, dialect, operation, operations[operation].success, input)
  const refuse = (operation: OperationName, status: number, input?: CallInput) =>
    call(merchant, dialect, operation, status, input)

  const newCustomer = (changes: Record<string, unknown> = {}) => {
    lastNumber += 1
    const phoneNumber = `+2782${String(lastNumber).padStart(7, '0')}`
    const email = `ada+${lastNumber}@example.com`
    return { merchantId: undefined, phoneNumber, email, name: undefined, metadata: {}, ...changes }
  }
  const createCustomer = async (changes: Record<string, unknown> = {}) =>
    (await succeed('createCustomer', { body: newCustomer(changes) })) as CustomerBody
  const retrieve = async (id: string) => (await succeed('retrieveCustomer', { id })) as CustomerBody

  const describeOperation = (operation: OperationName, tests: () => void) =>
    describe(operation, { meta: { client: dialect.name, operation } }, tests)

  describeOperation('createCustomer', () => {
    test(`${dialect.name}: creating a customer answers 201 with the customer and leaves out the members not given`, async () => {
      const body = newCustomer({ email: undefined, metadata: { source: 'web', note: null } })
      const customer = (await succeed('createCustomer', { body })) as CustomerBody
      const { phoneNumber, metadata } = body
      expect(customer).toMatchObject({ phoneNumber, metadata })
      expect(Object.keys(customer)).not.toContain('email')
      expect(await retrieve(customer.id)).toEqual(customer)
    })

    test(`${dialect.name}: a created customer keeps text outside ASCII, however the client escaped it`, async () => {
      const customer = await createCustomer({ name: 'Jörg Ñandú 🦤', metadata: { straße: 'Ω' } })
      expect(await retrieve(customer.id)).toMatchObject({ name: 'Jörg Ñandú 🦤', metadata: { straße: 'Ω' } })
    })

    test(`${dialect.name}: creating a customer takes the merchant from the key, or the same merchant by its id`, async () => {
      const { merchantId } = await createCustomer()
      expect(await createCustomer({ merchantId })).toMatchObject({ merchantId })
    })

    test(`${dialect.name}: creating a customer is refused without a phone number and an e-mail, with a wrong token and with a known e-mail`, async () => {
      const known = await createCustomer()
      await refuse('createCustomer', 400, { body: { name: 'Ada', metadata: {} } })
      await refuse('createCustomer', 401, { body: newCustomer(), token: unknownToken })
      await refuse('createCustomer', 401, { body: newCustomer(), token: null })
      await refuse('createCustomer', 409, { body: newCustomer({ email: known.email?.toUpperCase() }) })
    })
  })

  describeOperation('listCustomers', () => {
    const list = async (query: Query) => (await succeed('listCustomers', { query })) as Page<CustomerBody>

    test(`${dialect.name}: listing customers answers the newest first, by pages, with the numbers in the client’s spelling`, async () => {
      const { id: older, merchantId } = await createCustomer()
      const { id: newer } = await createCustomer()
      const first = await list({ merchantId, limit: dialect.ten, offset: '0' })
      expect(first.pagination).toMatchObject({ limit: 10, offset: 0 })
      expect(first.data.slice(0, 2).map(({ id }) => id)).toEqual([newer, older])
      const second = await list({ limit: '1', offset: '1' })
      expect(second.data.map(({ id }) => id)).toEqual([older])
      expect(second.pagination).toEqual({ ...first.pagination, limit: 1, offset: 1, hasMore: true })
    })

    test(`${dialect.name}: listing customers without parameters answers the first fifty`, async () => {
      expect((await list({})).pagination).toMatchObject({ limit: 50, offset: 0 })
    })

    test(`${dialect.name}: listing customers treats an empty filter as no filter`, async () => {
      const { pagination } = await list({})
      expect((await list({ email: '' })).pagination).toEqual(pagination)
      expect((await list({ email: '', search: '' })).pagination).toEqual(pagination)
    })

    test(`${dialect.name}: listing customers finds by e-mail and by any part of a name, an e-mail, a phone number or metadata`, async () => {
      const { id, email = '', phoneNumber } = await createCustomer({ name: 'Ada Obi', metadata: { plan: 'a/b c+d' } })
      const local = phoneNumber.replace('+27', '0')
      const localSpaced = `${local.slice(0, 3)} ${local.slice(3, 6)} ${local.slice(6)}`
      for (const query of [
        { email },
        { search: email.slice(1, -4) },
        { search: phoneNumber },
        { search: localSpaced },
      ]) {
        expect(
          (await list(query)).data.map((found) => found.id),
          JSON.stringify(query),
        ).toContain(id)
      }
      for (const search of ['da Ob', 'a/b c+d']) {
        const { data } = await list({ search, limit: '1' })
        expect(
          data.map((found) => found.id),
          search,
        ).toEqual([id])
      }
      expect(await list({ search: 'nobody at all' })).toMatchObject({
        data: [],
        pagination: { total: 0, hasMore: false },
      })
    })

    test(`${dialect.name}: listing customers is refused with a negative limit, a wrong token and an unknown merchant`, async () => {
      await refuse('listCustomers', 400, { query: { limit: '-1' } })
      await refuse('listCustomers', 401, { token: unknownToken })
      await refuse('listCustomers', 404, { query: { merchantId: 'merchant_456' } })
    })
  })

  describeOperation('retrieveCustomer', () => {
    test(`${dialect.name}: retrieving a customer answers the customer as created`, async () => {
      const customer = await createCustomer()
      expect(await retrieve(customer.id)).toEqual(customer)
    })

    test(`${dialect.name}: retrieving a customer is refused with a wrong token and with an unknown id of any characters`, async () => {
      await refuse('retrieveCustomer', 401, { id: 'customer_789', token: unknownToken })
      for (const id of ['customer_789', 'a/b?c#d', '[object Object]']) await refuse('retrieveCustomer', 404, { id })
    })
  })

  describeOperation('updateCustomer', () => {
    const update = (id: string, body: Record<string, unknown>) => succeed('updateCustomer', { id, body })

    test(`${dialect.name}: updating a customer changes the given members and no others`, async () => {
      const customer = await createCustomer({ name: 'Ada', metadata: { source: 'web' } })
      const changed = await update(customer.id, { email: undefined, name: 'Ada Obi', metadata: {} })
      expect(changed).toEqual({ ...customer, name: 'Ada Obi', updatedAt: expect.any(String) })
      expect(await retrieve(customer.id)).toEqual(changed)
    })

    test(`${dialect.name}: updating a customer merges metadata, in which null removes a member`, async () => {
      const { id } = await createCustomer({ metadata: { kept: 1, taken: 2 } })
      const metadata = { taken: null, added: 3 }
      const changed = await update(id, { email: undefined, name: undefined, metadata })
      expect(changed).toMatchObject({ metadata: { kept: 1, added: 3 } })
    })

    test(`${dialect.name}: updating a customer is refused with a malformed or taken e-mail, a wrong token and an unknown id`, async () => {
      const { id } = await createCustomer()
      const { email } = await createCustomer()
      const change = (email?: string) => ({ email, name: undefined, metadata: {} })
      await refuse('updateCustomer', 400, { id, body: change('ada') })
      await refuse('updateCustomer', 401, { id, body: change(), token: unknownToken })
      await refuse('updateCustomer', 404, { id: 'customer_789', body: change() })
      await refuse('updateCustomer', 409, { id, body: change(email) })
    })
  })

  describeOperation('getCustomerBalance', () => {
    test(`${dialect.name}: a customer’s balance is 0 at first and later the amount paid in`, async () => {
      const { id: customerId } = await createCustomer()
      const read = () => succeed('getCustomerBalance', { id: customerId })
      expect(await read()).toMatchObject({ customerId, amount: 0, available: 0, pending: 0 })
      const { currency } = (await read()) as { currency: string }
      await sandboxOf(merchant).payIn({ customerId, amount: 5000, currency })
      expect(await read()).toMatchObject({ customerId, amount: 5000, available: 5000, pending: 0, currency })
    })

    test(`${dialect.name}: reading a customer’s balance is refused with a wrong token and an unknown id`, async () => {
      await refuse('getCustomerBalance', 401, { id: 'customer_789', token: unknownToken })
      await refuse('getCustomerBalance', 404, { id: 'customer_789' })
    })
  })

  describeOperation('listCustomerTransactions', () => {
    const list = (id: string, query: Query = {}) => succeed('listCustomerTransactions', { id, query })

    test(`${dialect.name}: a customer’s transactions show each credit with the balance after it, newest first`, async () => {
      const { id: customerId } = await createCustomer()
      const { currency } = (await succeed('getCustomerBalance', { id: customerId })) as { currency: string }
      expect(await list(customerId)).toEqual({
        data: [],
        pagination: { limit: 50, offset: 0, total: 0, hasMore: false },
      })
      for (const amount of [5000, 250]) await sandboxOf(merchant).payIn({ customerId, amount, currency })
      const credit = { type: 'credit', currency }
      expect(await list(customerId, { limit: dialect.ten, offset: '0' })).toMatchObject({
        data: [
          { ...credit, amount: 250, balanceAfter: 5250 },
          { ...credit, amount: 5000, balanceAfter: 5000 },
        ],
        pagination: { limit: 10, offset: 0, total: 2, hasMore: false },
      })
      expect(await list(customerId, { limit: '1', offset: '1' })).toMatchObject({ data: [{ amount: 5000 }] })
    })

    test(`${dialect.name}: listing a customer’s transactions is refused with a wrong token and an unknown id`, async () => {
      await refuse('listCustomerTransactions', 401, { id: 'customer_789', token: unknownToken })
      await refuse('listCustomerTransactions', 404, { id: 'customer_789' })
    })
  })

  describeOperation('listCustomerPaymentMethods', () => {
    const list = (id: string) => succeed('listCustomerPaymentMethods', { id })

    test(`${dialect.name}: a customer’s payment methods show saved cards and mobile money`, async () => {
      const { id: customerId } = await createCustomer()
      expect(await list(customerId)).toMatchObject({ data: [], pagination: { total: 0 } })
      await sandboxOf(merchant).createPaymentMethod({ customerId, type: 'card' })
      const card = { customerId, type: 'card', last4: expect.any(String), expiryMonth: expect.any(Number) }
      expect(await list(customerId)).toMatchObject({ data: [{ ...card, expiryYear: expect.any(Number) }] })
      await sandboxOf(merchant).createPaymentMethod({ customerId, type: 'mobile_money', phone: '+27821234567' })
      const { data } = (await list(customerId)) as Page<{ type: string }>
      expect(data.map(({ type }) => type).sort()).toEqual(['card', 'mobile_money'])
    })

    test(`${dialect.name}: listing a customer’s payment methods is refused with a wrong token and an unknown id`, async () => {
      await refuse('listCustomerPaymentMethods', 401, { id: 'customer_789', token: unknownToken })
      await refuse('listCustomerPaymentMethods', 404, { id: 'customer_789' })
    })
  })

  if (dialect.isNew) {
    describeOperation('createCustomer', () => {
      test(`${dialect.name}: creating a customer with an e-mail and without a phone number shows an empty one`, async () => {
        const customer = await createCustomer({ phoneNumber: undefined })
        expect(customer.phoneNumber).toBe('')
        expect(await retrieve(customer.id)).toEqual(customer)
      })
    })

    describeOperation('listCustomers', () => {
      const ids = async (query: Query) =>
        ((await succeed('listCustomers', { query })) as Page<CustomerBody>).data.map(({ id }) => id)

      test(`${dialect.name}: listing customers by a filter, a sort and an order answers those customers in that order`, async () => {
        const made = [await createCustomer({ name: 'Zola Ö+&=' }), await createCustomer({ name: 'Ada/b c' })]
        const both = made.map(({ id }) => id)
        const filter = JSON.stringify({ ids: both })
        expect(await ids({ filter })).toEqual(both.toReversed())
        expect(await ids({ filter, sort: 'name', order: 'ASC' })).toEqual(both.toReversed())
        expect(await ids({ filter, sort: 'name', order: 'DESC' })).toEqual(both)
        expect(await ids({ filter, sort: 'createdAt', order: 'ASC' })).toEqual(both)
        const { name, email } = made[0] as CustomerBody
        expect(await ids({ filter: JSON.stringify({ name, email }) })).toEqual([both[0]])
        expect(await ids({ filter: '{}', limit: '1' })).toEqual([both[1]])
      })

      test(`${dialect.name}: listing customers with the arguments of an older release is refused, never answered without them`, async () => {
        await refuse('listCustomers', 400, {
          query: { limit: '50', offset: '0', filter: 'ada@example.com', sort: 'ada' },
        })
        await refuse('listCustomers', 400, { query: { sort: 'ada' } })
        await refuse('listPaymentMethods', 400, { query: { limit: '50', filter: 'mer_x', sort: 'CUS_x' } })
        await refuse('listTransfers', 400, { query: { limit: '50', filter: 'mer_x' } })
      })
    })

    describeOperation('listEventTypes', () => {
      test(`${dialect.name}: the types of events are listed`, async () => {
        const { data } = (await succeed('listEventTypes')) as { data: { name: string }[] }
        expect(data.map(({ name }) => name)).toContain('purchase.succeeded')
        await refuse('listEventTypes', 401, { token: unknownToken })
      })
    })

    describeOperation('createEvent', () => {
      test(`${dialect.name}: an event of the merchant is recorded, and one that Mteja records is refused`, async () => {
        const { merchantId } = await createCustomer()
        const event = (type: string) => ({
          merchantId,
          type,
          data: { a: 1 },
          relatedEntityId: undefined,
          relatedEntityType: undefined,
        })
        await call(merchant, dialect, 'createEvent', 201, { body: event('checkout.loaded') })
        await refuse('createEvent', 400, { body: event('payment_intent.succeeded') })
        await refuse('createEvent', 401, { body: event('checkout.loaded'), token: unknownToken })
        await refuse('createEvent', 404, { body: { ...event('checkout.loaded'), merchantId: 'merchant_456' } })
      })
    })
  }

  if (dialect.hasBulk) {
    describeOperation('updateCustomersBulk', () => {
      test(`${dialect.name}: several customers are changed alike, and unknown ids are left out`, async () => {
        const made = [await createCustomer({ metadata: { a: 1 } }), await createCustomer()]
        const ids = made.map(({ id }) => id)
        const body = { ids: [...ids, 'cust_1'], data: { name: 'Updated', metadata: { tier: 'gold' } } }
        expect(await succeed('updateCustomersBulk', { body })).toEqual({ ids, count: 2 })
        expect(await retrieve(ids[0] as string)).toMatchObject({ name: 'Updated', metadata: { a: 1, tier: 'gold' } })
      })

      test(`${dialect.name}: changing several customers is refused for one e-mail, other members, a wrong token and unknown ids`, async () => {
        const ids = [(await createCustomer()).id, (await createCustomer()).id]
        await refuse('updateCustomersBulk', 409, { body: { ids, data: { email: 'one@example.com' } } })
        await refuse('updateCustomersBulk', 400, { body: { ids, data: { phoneNumber: '+27820000000' } } })
        await refuse('updateCustomersBulk', 401, { body: { ids, data: {} }, token: unknownToken })
        await refuse('updateCustomersBulk', 404, { body: { ids: ['cust_1'], data: {} } })
      })
    })

    describeOperation('deleteCustomersBulk', () => {
      test(`${dialect.name}: several customers are deleted, are found no more, and deleting them again changes nothing`, async () => {
        const gone = await createCustomer()
        const body = { ids: [gone.id, 'cust_1'] }
        expect(await succeed('deleteCustomersBulk', { body })).toEqual({ ids: [gone.id], count: 1 })
        expect(await succeed('deleteCustomersBulk', { body })).toEqual({ ids: [], count: 0 })
        await refuse('retrieveCustomer', 404, { id: gone.id })
        expect(await succeed('listCustomers', { query: { email: gone.email } })).toMatchObject({ data: [] })
        expect((await createCustomer({ email: gone.email })).id).not.toBe(gone.id)
      })

      test(`${dialect.name}: deleting customers is refused while one has money, with a wrong token and with unknown ids`, async () => {
        const { id: customerId } = await createCustomer()
        const { currency } = (await succeed('getCustomerBalance', { id: customerId })) as { currency: string }
        await sandboxOf(merchant).payIn({ customerId, amount: 70, currency })
        await refuse('deleteCustomersBulk', 409, { body: { ids: [customerId] } })
        await refuse('deleteCustomersBulk', 400, { body: { ids: [] } })
        await refuse('deleteCustomersBulk', 401, { body: { ids: [customerId] }, token: unknownToken })
        await refuse('deleteCustomersBulk', 404, { body: { ids: ['cust_1'] } })
      })
    })
  }

  describeOperation('listTransfers', () => {
    test(`${dialect.name}: transfers and the merchant's payment methods are listed, newest first`, async () => {
      const [from, to] = [await createCustomer(), await createCustomer()]
      const { currency } = (await succeed('getCustomerBalance', { id: from.id })) as { currency: string }
      await sandboxOf(merchant).payIn({ customerId: from.id, amount: 70, currency })
      await sandboxOf(merchant).createPaymentMethod({ customerId: from.id, type: 'card' })
      const sent = { fromCustomerId: from.id, toCustomerId: to.id, amount: 20, currency }
      await cashfulOf(merchant).transfers.create(sent)
      const page = (await succeed('listTransfers', { query: { limit: dialect.ten, offset: '0' } })) as Page<object>
      expect(page.data[0]).toMatchObject(sent)
    })
  })

  const statusOf = async (id: string) => {
    const page = (await succeed('listPayouts', { query: { limit: dialect.ten, offset: '0' } })) as Page<{
      id: string
      status: string
    }>
    return page.data.find((each) => each.id === id)?.status
  }

  describeOperation('createPayout', () => {
    test(`${dialect.name}: a payout goes to a recipient that is named, and needs one and money`, async () => {
      const { id: customerId } = await createCustomer()
      const { currency } = (await succeed('getCustomerBalance', { id: customerId })) as { currency: string }
      await sandboxOf(merchant).payIn({ customerId, amount: 70, currency })
      await cashfulOf(merchant).purchases.create({ customerId, productId: 'airtime', amount: 50, currency })
      const bankAccount = await newRecipient(merchant, currency)
      const unset = { merchantId: undefined, description: undefined, metadata: { week: 47 } }
      const body = { ...unset, amount: 20, currency, bankAccount }
      const made = (await succeed('createPayout', { body })) as { id: string }
      expect(made).toMatchObject({
        amount: 20,
        currency,
        status: 'pending',
        bankAccount: '****6789',
        metadata: { week: 47 },
      })
      await expect.poll(() => statusOf(made.id)).toBe('completed')
      await refuse('createPayout', 400, { body: { ...body, bankAccount: undefined } })
      await refuse('createPayout', 401, { body, token: unknownToken })
      await refuse('createPayout', 402, { body: { ...body, amount: 90_000_000 } })
    })
  })

  describeOperation('listPayouts', () => {
    test(`${dialect.name}: payouts are listed by their status, newest first`, async () => {
      const { id: customerId } = await createCustomer()
      const { currency } = (await succeed('getCustomerBalance', { id: customerId })) as { currency: string }
      await sandboxOf(merchant).payIn({ customerId, amount: 70, currency })
      await cashfulOf(merchant).purchases.create({ customerId, productId: 'airtime', amount: 50, currency })
      const bankAccount = await newRecipient(merchant, currency)
      const body = { amount: 30, currency, bankAccount, metadata: {} }
      const { id } = (await succeed('createPayout', { body })) as { id: string }
      const query = { limit: '1', offset: '0' }
      expect(await succeed('listPayouts', { query })).toMatchObject({ data: [{ id, amount: 30 }] })
      await expect.poll(() => statusOf(id)).toBe('completed')
      expect(await succeed('listPayouts', { query: { ...query, status: 'sideways' } })).toMatchObject({ data: [] })
      await refuse('listPayouts', 404, { query: { merchantId: 'merchant_456' } })
    })
  })

  describeOperation('listPaymentMethods', () => {
    test(`${dialect.name}: the merchant's list of payment methods is by customer`, async () => {
      const { id: customerId } = await createCustomer()
      await sandboxOf(merchant).createPaymentMethod({ customerId, type: 'card' })
      const found = await succeed('listPaymentMethods', { query: { limit: dialect.ten, offset: '0', customerId } })
      expect(found).toMatchObject({ data: [{ customerId, type: 'card' }], pagination: { total: 1 } })
    })
  })

  describeOperation('getMerchantBalance', () => {
    test(`${dialect.name}: the merchant's balance and its history show a purchase`, async () => {
      const { id: customerId } = await createCustomer()
      const { currency } = (await succeed('getCustomerBalance', { id: customerId })) as { currency: string }
      const before = (await succeed('getMerchantBalance')) as { amount: number }
      await sandboxOf(merchant).payIn({ customerId, amount: 70, currency })
      await cashfulOf(merchant).purchases.create({ customerId, productId: 'airtime', amount: 50, currency })
      expect(await succeed('getMerchantBalance')).toMatchObject({ amount: before.amount + 50, currency })
      await refuse('getMerchantBalance', 404, { query: { merchantId: 'merchant_456' } })
    })
  })

  describeOperation('getBalanceHistory', () => {
    test(`${dialect.name}: the history of the merchant's balance is listed by type`, async () => {
      const { id: customerId } = await createCustomer()
      const { currency } = (await succeed('getCustomerBalance', { id: customerId })) as { currency: string }
      await sandboxOf(merchant).payIn({ customerId, amount: 70, currency })
      await cashfulOf(merchant).purchases.create({ customerId, productId: 'airtime', amount: 33, currency })
      const query = { limit: '1', offset: '0', transactionType: 'credit' }
      expect(await succeed('getBalanceHistory', { query })).toMatchObject({
        data: [{ type: 'credit', amount: 33, currency }],
      })
    })
  })

  describeOperation('health', () => {
    test(`${dialect.name}: health answers without a token`, () =>
      call(merchant, dialect, 'health', 200, { token: null }))
  })

  describeOperation('token', () => {
    test(`${dialect.name}: a JWT made with the key is accepted in place of the key`, async () => {
      const { id } = await createCustomer()
      const { token } = (await succeed('token')) as { token: string }
      expect(await succeed('retrieveCustomer', { id, token })).toMatchObject({ id })
    })

    test(`${dialect.name}: making a JWT is refused with a wrong key`, () =>
      refuse('token', 401, { token: unknownToken }))
  })

  describeOperation('jwks', () => {
    test(`${dialect.name}: the JWKS has the public keys and nothing private, with a token or without`, async () => {
      expect(await succeed('jwks', { token: null })).toEqual(await succeed('jwks'))
    })
  })
})
