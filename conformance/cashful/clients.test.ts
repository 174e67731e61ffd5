import { describe, expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { sandboxOf } from '../src/sandbox.ts'
import { type CallInput, type CustomerBody, call, type Page, type Query } from './calls.ts'
import { type Dialect, dialects } from './dialects.ts'
import type { OperationName } from './operations.ts'

const merchant = useMerchant()
const unknownToken = `sk_test_${'0'.repeat(40)}`
let lastNumber = 0

describe.each(dialects)('$name', (dialect: Dialect) => {
  const succeed = (operation: OperationName, input?: CallInput) =>
    call(merchant, dialect, operation, operation === 'createCustomer' ? 201 : 200, input)
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

    test(`${dialect.name}: creating a customer is refused without a phone number, with a wrong token and with a known e-mail`, async () => {
      const known = await createCustomer()
      await refuse('createCustomer', 400, { body: { email: 'a@example.com', metadata: {} } })
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
