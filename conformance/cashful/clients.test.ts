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
    test('answers 201 with the customer, and leaves out what was not given', async () => {
      const body = newCustomer({ email: undefined, metadata: { source: 'web', note: null } })
      const customer = (await succeed('createCustomer', { body })) as CustomerBody
      const { phoneNumber, metadata } = body
      expect(customer).toMatchObject({ phoneNumber, metadata })
      expect(Object.keys(customer)).not.toContain('email')
      expect(await retrieve(customer.id)).toEqual(customer)
    })

    test('keeps text outside ASCII, in whichever way it was escaped', async () => {
      const customer = await createCustomer({ name: 'Jörg Ñandú 🦤', metadata: { straße: 'Ω' } })
      expect(await retrieve(customer.id)).toMatchObject({ name: 'Jörg Ñandú 🦤', metadata: { straße: 'Ω' } })
    })

    test('takes the merchant from the key, or the same one by its id', async () => {
      const { merchantId } = await createCustomer()
      expect(await createCustomer({ merchantId })).toMatchObject({ merchantId })
    })

    test('refuses a missing phone number, a wrong token and a known e-mail', async () => {
      const known = await createCustomer()
      await refuse('createCustomer', 400, { body: { email: 'a@example.com', metadata: {} } })
      await refuse('createCustomer', 401, { body: newCustomer(), token: unknownToken })
      await refuse('createCustomer', 401, { body: newCustomer(), token: null })
      await refuse('createCustomer', 409, { body: newCustomer({ email: known.email?.toUpperCase() }) })
    })
  })

  describeOperation('listCustomers', () => {
    const list = async (query: Query) => (await succeed('listCustomers', { query })) as Page<CustomerBody>

    test('answers the newest first, page by page, its numbers written in the client’s way', async () => {
      const { id: older, merchantId } = await createCustomer()
      const { id: newer } = await createCustomer()
      const first = await list({ merchantId, limit: dialect.ten, offset: '0' })
      expect(first.pagination).toMatchObject({ limit: 10, offset: 0 })
      expect(first.data.slice(0, 2).map(({ id }) => id)).toEqual([newer, older])
      const second = await list({ limit: '1', offset: '1' })
      expect(second.data.map(({ id }) => id)).toEqual([older])
      expect(second.pagination).toEqual({ ...first.pagination, limit: 1, offset: 1, hasMore: true })
    })

    test('answers the first fifty when nothing is asked for', async () => {
      expect((await list({})).pagination).toMatchObject({ limit: 50, offset: 0 })
    })

    test('takes an empty filter for none', async () => {
      const { pagination } = await list({})
      expect((await list({ email: '' })).pagination).toEqual(pagination)
      expect((await list({ email: '', search: '' })).pagination).toEqual(pagination)
    })

    test('finds by e-mail and by any part of a name, an e-mail, a phone number or metadata', async () => {
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

    test('refuses a negative limit, a wrong token and an unknown merchant', async () => {
      await refuse('listCustomers', 400, { query: { limit: '-1' } })
      await refuse('listCustomers', 401, { token: unknownToken })
      await refuse('listCustomers', 404, { query: { merchantId: 'merchant_456' } })
    })
  })

  describeOperation('retrieveCustomer', () => {
    test('answers the customer as created', async () => {
      const customer = await createCustomer()
      expect(await retrieve(customer.id)).toEqual(customer)
    })

    test('refuses a wrong token and an unknown id, whatever is in it', async () => {
      await refuse('retrieveCustomer', 401, { id: 'customer_789', token: unknownToken })
      for (const id of ['customer_789', 'a/b?c#d', '[object Object]']) await refuse('retrieveCustomer', 404, { id })
    })
  })

  describeOperation('updateCustomer', () => {
    const update = (id: string, body: Record<string, unknown>) => succeed('updateCustomer', { id, body })

    test('changes what is given and wipes nothing else', async () => {
      const customer = await createCustomer({ name: 'Ada', metadata: { source: 'web' } })
      const changed = await update(customer.id, { email: undefined, name: 'Ada Obi', metadata: {} })
      expect(changed).toEqual({ ...customer, name: 'Ada Obi', updatedAt: expect.any(String) })
      expect(await retrieve(customer.id)).toEqual(changed)
    })

    test('merges metadata, in which null takes a member out', async () => {
      const { id } = await createCustomer({ metadata: { kept: 1, taken: 2 } })
      const metadata = { taken: null, added: 3 }
      const changed = await update(id, { email: undefined, name: undefined, metadata })
      expect(changed).toMatchObject({ metadata: { kept: 1, added: 3 } })
    })

    test('refuses a malformed e-mail, a wrong token, an unknown id and the e-mail of another', async () => {
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
    test('is 0 at first and what was paid in afterwards', async () => {
      const { id: customerId } = await createCustomer()
      const read = () => succeed('getCustomerBalance', { id: customerId })
      expect(await read()).toMatchObject({ customerId, amount: 0, available: 0, pending: 0 })
      const { currency } = (await read()) as { currency: string }
      await sandboxOf(merchant).payIn({ customerId, amount: 5000, currency })
      expect(await read()).toMatchObject({ customerId, amount: 5000, available: 5000, pending: 0, currency })
    })

    test('refuses a wrong token and an unknown id', async () => {
      await refuse('getCustomerBalance', 401, { id: 'customer_789', token: unknownToken })
      await refuse('getCustomerBalance', 404, { id: 'customer_789' })
    })
  })

  describeOperation('listCustomerTransactions', () => {
    const list = (id: string, query: Query = {}) => succeed('listCustomerTransactions', { id, query })

    test('answers each credit with the balance after it, newest first', async () => {
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

    test('refuses a wrong token and an unknown id', async () => {
      await refuse('listCustomerTransactions', 401, { id: 'customer_789', token: unknownToken })
      await refuse('listCustomerTransactions', 404, { id: 'customer_789' })
    })
  })

  describeOperation('listCustomerPaymentMethods', () => {
    const list = (id: string) => succeed('listCustomerPaymentMethods', { id })

    test('answers saved cards and mobile money', async () => {
      const { id: customerId } = await createCustomer()
      expect(await list(customerId)).toMatchObject({ data: [], pagination: { total: 0 } })
      await sandboxOf(merchant).createPaymentMethod({ customerId, type: 'card' })
      const card = { customerId, type: 'card', last4: expect.any(String), expiryMonth: expect.any(Number) }
      expect(await list(customerId)).toMatchObject({ data: [{ ...card, expiryYear: expect.any(Number) }] })
      await sandboxOf(merchant).createPaymentMethod({ customerId, type: 'mobile_money', phone: '+27821234567' })
      const { data } = (await list(customerId)) as Page<{ type: string }>
      expect(data.map(({ type }) => type).sort()).toEqual(['card', 'mobile_money'])
    })

    test('refuses a wrong token and an unknown id', async () => {
      await refuse('listCustomerPaymentMethods', 401, { id: 'customer_789', token: unknownToken })
      await refuse('listCustomerPaymentMethods', 404, { id: 'customer_789' })
    })
  })

  describeOperation('health', () => {
    test('answers without a token', () => call(merchant, dialect, 'health', 200, { token: null }))
  })

  describeOperation('token', () => {
    test('answers a token that is taken in place of the key', async () => {
      const { id } = await createCustomer()
      const { token } = (await succeed('token')) as { token: string }
      expect(await succeed('retrieveCustomer', { id, token })).toMatchObject({ id })
    })

    test('refuses a wrong key', () => refuse('token', 401, { token: unknownToken }))
  })

  describeOperation('jwks', () => {
    test('answers the public keys, with a token or without, and no private member of them', async () => {
      expect(await succeed('jwks', { token: null })).toEqual(await succeed('jwks'))
    })
  })
})
