import '../../server/preload.mjs'
import { createPaystack } from '@alexasomba/paystack-node'
import { Paystack as OfficialSdk } from '@paystack/paystack-sdk'
import PaystackKehers from 'paystack'
import PaystackApi from 'paystack-api'
import PayStackNode from 'paystack-node'
import PaystackSdk from 'paystack-sdk'
import { describe, expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { expectAnswer } from './answers.ts'
import { newEmail, unknownKey } from './fixtures.ts'
import type { TransactionOperation } from './operations.ts'
import { type Refusal, refusals } from './refusals.ts'

type Input = Record<string, unknown>
type Call = (input: Input) => Promise<unknown>

/** The transaction calls of one client, each resolving or rejecting exactly as the client does. */
interface TransactionCalls {
  initialize: Call
  verify(reference: string): Promise<unknown>
  list(query: { perPage: number; page: number }): Promise<unknown>
  fetch(id: number): Promise<unknown>
  totals(): Promise<unknown>
  chargeAuthorization: Call
  charge?: Call
  check?(reference: string): Promise<unknown>
  refund?: Call
  listRefunds?(transaction: number): Promise<unknown>
  fetchRefund?(id: number): Promise<unknown>
  retryRefund?(id: number, account: Input): Promise<unknown>
}

interface TransactionsClient {
  /** Its name on npm. */
  name: string
  /** The client's own method for each operation it offers. */
  methods: Partial<Record<TransactionOperation, string>>
  /** Makes a new client for each call, because some clients share the last key among all their instances. */
  connect(key: string): TransactionCalls
  /** The body of a success, from the value that a call resolves to. */
  readBody(result: unknown): unknown
  /** Fails unless the call ends the way a caller of this client sees a refusal. */
  expectRefusal(call: Promise<unknown>, refusal: Refusal): Promise<void>
}

const merchant = useMerchant()

const official: TransactionsClient = {
  name: '@paystack/paystack-sdk',
  methods: {
    initializeTransaction: 'initialize',
    verifyTransaction: 'verify',
    listTransactions: 'list',
    fetchTransaction: 'fetch',
    totalTransactions: 'totals',
    chargeAuthorization: 'chargeAuthorization',
    charge: 'create',
    checkCharge: 'check',
    createRefund: 'create',
    listRefunds: 'list',
    fetchRefund: 'fetch',
  },
  connect: (key) => {
    /** The SDK's own types end at an index signature. */
    const { transaction, charge, refund } = new OfficialSdk(key) as unknown as Record<
      'transaction' | 'charge' | 'refund',
      Record<'initialize' | 'verify' | 'list' | 'fetch' | 'totals' | 'chargeAuthorization' | 'create' | 'check', Call>
    >
    return {
      initialize: (input) => transaction.initialize(input),
      verify: (reference) => transaction.verify({ reference }),
      list: (query) => transaction.list(query),
      fetch: (id) => transaction.fetch({ id }),
      totals: () => transaction.totals({}),
      chargeAuthorization: (input) => transaction.chargeAuthorization(input),
      charge: (input) => charge.create(input),
      check: (reference) => charge.check({ reference }),
      refund: (input) => refund.create(input),
      // The client's list knows no transaction.
      listRefunds: () => refund.list({ perPage: 1 }),
      fetchRefund: (id) => refund.fetch({ id }),
    }
  },
  readBody: (result) => result,
  // The client never reads the HTTP status. Of a body it keeps only status, message and data.
  expectRefusal: async (call, { body: { status, message } }) => expect(await call).toEqual({ status, message }),
}

const sdk: TransactionsClient = {
  name: 'paystack-sdk',
  methods: {
    initializeTransaction: 'initialize',
    verifyTransaction: 'verify',
    listTransactions: 'list',
    fetchTransaction: 'fetch',
    totalTransactions: 'total',
    chargeAuthorization: 'chargeAuthorization',
    // The client's checkPending calls another address.
    charge: 'create',
    createRefund: 'create',
    listRefunds: 'list',
    fetchRefund: 'fetch',
    retryRefund: 'retry',
  },
  connect: (key) => {
    /** The client's types require members that Paystack does not require. */
    const { transaction, charge, refund } = new PaystackSdk(key) as unknown as Record<
      'transaction' | 'charge' | 'refund',
      Record<
        'initialize' | 'verify' | 'list' | 'fetch' | 'total' | 'chargeAuthorization' | 'create' | 'retry',
        (...input: unknown[]) => Promise<unknown>
      >
    >
    return {
      initialize: (input) => transaction.initialize(input),
      verify: (reference) => transaction.verify(reference),
      list: (query) => transaction.list(query),
      fetch: (id) => transaction.fetch(id),
      totals: () => transaction.total(),
      chargeAuthorization: (input) => transaction.chargeAuthorization(input),
      charge: (input) => charge.create(input),
      refund: (input) => refund.create(input),
      listRefunds: (transaction) => refund.list({ transaction }),
      fetchRefund: (id) => refund.fetch(id),
      retryRefund: (id, account) => refund.retry(id, account),
    }
  },
  readBody: (result) => result,
  expectRefusal: (call, { status, body }) =>
    expect(call).rejects.toMatchObject({ name: 'PaystackHttpError', status, body }),
}

const alexasomba: TransactionsClient = {
  name: '@alexasomba/paystack-node',
  methods: {
    initializeTransaction: 'transaction_initialize',
    verifyTransaction: 'transaction_verify',
    listTransactions: 'transaction_list',
    fetchTransaction: 'transaction_fetch',
    totalTransactions: 'transaction_totals',
    chargeAuthorization: 'transaction_chargeAuthorization',
    charge: 'charge_create',
    checkCharge: 'charge_check',
    createRefund: 'refund_create',
    listRefunds: 'refund_list',
    fetchRefund: 'refund_fetch',
    retryRefund: 'refund_retry',
  },
  connect: (key) => {
    const paystack = createPaystack({ secretKey: key, baseUrl: merchant.url })
    return {
      initialize: (body) => paystack.transaction_initialize({ body: body as never }),
      verify: (reference) => paystack.transaction_verify({ params: { path: { reference } } }),
      list: (query) => paystack.transaction_list({ params: { query: query as never } }),
      fetch: (id) => paystack.transaction_fetch({ params: { path: { id: id as never } } }),
      totals: () => paystack.transaction_totals(),
      chargeAuthorization: (body) => paystack.transaction_chargeAuthorization({ body: body as never }),
      charge: (body) => paystack.charge_create({ body: body as never }),
      check: (reference) => paystack.charge_check({ params: { path: { reference } } }),
      refund: (body) => paystack.refund_create({ body: body as never }),
      listRefunds: (transaction) => paystack.refund_list({ params: { query: { transaction } as never } }),
      fetchRefund: (id) => paystack.refund_fetch({ params: { path: { id: id as never } } }),
      retryRefund: (id, account) =>
        paystack.refund_retry({
          params: { path: { id: id as never } },
          body: { refund_account_details: account } as never,
        }),
    }
  },
  readBody: (result) => (result as { data: unknown }).data,
  expectRefusal: async (call, { status, body }) =>
    expect(await call).toMatchObject({ error: body, response: { status } }),
}

const kehers: TransactionsClient = {
  name: 'paystack',
  methods: {
    initializeTransaction: 'initialize',
    verifyTransaction: 'verify',
    listTransactions: 'list',
    fetchTransaction: 'get',
    totalTransactions: 'totals',
    chargeAuthorization: 'charge',
  },
  connect: (key) => {
    const { transaction } = new PaystackKehers(key)
    return {
      initialize: (input) => transaction.initialize(input),
      verify: (reference) => transaction.verify(reference),
      list: (query) => transaction.list(query),
      fetch: (id) => transaction.get(id),
      totals: () => transaction.totals(),
      chargeAuthorization: (input) => transaction.charge(input),
    }
  },
  readBody: (result) => result,
  // Its promise resolves to the body of a refusal.
  expectRefusal: async (call, { body }) => expect(await call).toMatchObject(body),
}

const api: TransactionsClient = {
  name: 'paystack-api',
  methods: {
    initializeTransaction: 'initialize',
    verifyTransaction: 'verify',
    listTransactions: 'list',
    fetchTransaction: 'get',
    totalTransactions: 'totals',
    chargeAuthorization: 'chargeAuth',
    charge: 'charge',
    checkCharge: 'checkCharge',
    createRefund: 'create',
    listRefunds: 'list',
    fetchRefund: 'get',
  },
  connect: (key) => {
    const paystack = new PaystackApi(key)
    paystack.endpoint = merchant.url
    const { transaction, charge, refund } = paystack
    return {
      initialize: (input) => transaction.initialize(input),
      verify: (reference) => transaction.verify({ reference }),
      list: (query) => transaction.list(query),
      fetch: (id) => transaction.get({ id }),
      totals: () => transaction.totals(),
      chargeAuthorization: (input) => transaction.chargeAuth(input),
      charge: (input) => charge.charge(input),
      check: (reference) => charge.checkCharge({ reference }),
      refund: (input) => refund.create(input),
      listRefunds: (transaction) => refund.list({ transaction }),
      fetchRefund: (id) => refund.get({ trans_id: id }),
    }
  },
  readBody: (result) => result,
  expectRefusal: (call, { status, body }) =>
    expect(call).rejects.toMatchObject({ name: 'StatusCodeError', statusCode: status, error: body }),
}

const node: TransactionsClient = {
  name: 'paystack-node',
  methods: {
    initializeTransaction: 'initializeTransaction',
    verifyTransaction: 'verifyTransaction',
    listTransactions: 'listTransaction',
    fetchTransaction: 'getTransaction',
    totalTransactions: 'transactionTotals',
    chargeAuthorization: 'chargeAuthorization',
    charge: 'chargeMobileMoney',
    checkCharge: 'checkPendingCharge',
    createRefund: 'createRefund',
    listRefunds: 'listRefund',
    fetchRefund: 'getRefund',
  },
  connect: (key) => {
    const paystack = new PayStackNode(key)
    paystack.mergeNewOptions({ baseUrl: merchant.url })
    return {
      initialize: (input) => paystack.initializeTransaction(input),
      verify: (reference) => paystack.verifyTransaction({ reference }),
      list: (query) => paystack.listTransaction(query),
      fetch: (id) => paystack.getTransaction({ id: String(id) }),
      // The client refuses a call without any parameter.
      totals: () => paystack.transactionTotals({ from: new Date('2024-01-01') }),
      // The client sends NGN unless told otherwise.
      chargeAuthorization: (input) => paystack.chargeAuthorization({ currency: 'ZAR', ...input }),
      charge: (input) => paystack.chargeMobileMoney(input),
      check: (reference) => paystack.checkPendingCharge({ reference }),
      refund: (input) => paystack.createRefund(input),
      // The client's list knows no transaction, and requires a reference, which has no effect.
      listRefunds: () => paystack.listRefund({ reference: 'any' }),
      fetchRefund: (id) => paystack.getRefund({ reference: String(id) }),
    }
  },
  readBody: (result) => (result as { body: unknown }).body,
  // The client loses the server's message.
  expectRefusal: (call, { status }) =>
    expect(call).rejects.toMatchObject({ name: 'PayStackAPIError', message: expect.stringContaining(`(${status})`) }),
}

/** The members of a transaction that the tests read. `shapes.ts` checks the types of all members. */
interface Transaction {
  id: number
  reference: string
  authorization_url: string
  authorization: { authorization_code: string }
  total_transactions: number
  total_volume: number
}

let lastReference = 0
const newReference = () => {
  lastReference += 1
  return `order-${lastReference}`
}

/** Pays on the page as a person does. Answers the address that the page leads to. */
async function payByCard(address: string): Promise<string | null> {
  const body = new URLSearchParams({ method: 'card', number: '4084084084084081', expiry: '12/30', cvv: '408' })
  const { headers } = await fetch(address, { method: 'POST', body, redirect: 'manual' })
  return headers.get('location')
}

describe.each([official, sdk, alexasomba, kehers, api, node])('$name', (client) => {
  const { expectRefusal } = client
  const calls = (key = merchant.key) => client.connect(key)
  const read = async (call: Promise<unknown> | undefined) => client.readBody(await call)
  const dataOf = async <Data = Transaction>(call: Promise<unknown>) => ((await read(call)) as { data: Data }).data

  const initialize = (more: Input = {}) =>
    calls().initialize({ email: newEmail(), amount: 20000, reference: newReference(), ...more })

  async function payOnce(email: string, more: Input = {}) {
    const { reference, authorization_url } = await dataOf(initialize({ email, ...more }))
    await payByCard(authorization_url)
    return dataOf(calls().verify(reference))
  }

  const describeOperation = (operation: TransactionOperation, tests: () => void) => {
    const method = client.methods[operation]
    if (method) describe(method, { meta: { client: client.name, operation, method } }, tests)
  }

  describeOperation('initializeTransaction', () => {
    test(`${client.name}: initializing a transaction answers a page of this server, which leads back after the payment`, async () => {
      const reference = newReference()
      const callback_url = 'https://shop.example/done'
      const body = await read(initialize({ reference, callback_url, metadata: '{"order":17}' }))
      expectAnswer('opened', body)
      const { authorization_url } = (body as { data: Transaction }).data
      expect(authorization_url.startsWith(`${merchant.url}/`)).toBe(true)
      expect(await payByCard(authorization_url)).toBe(`${callback_url}?trxref=${reference}&reference=${reference}`)
      expect(await dataOf(calls().verify(reference))).toMatchObject({ status: 'success', metadata: { order: 17 } })
    })

    test(`${client.name}: initializing a transaction is refused with a used reference and with a wrong key`, async () => {
      const reference = newReference()
      await initialize({ reference })
      await expectRefusal(initialize({ reference }), refusals.duplicateReference)
      await expectRefusal(calls(unknownKey).initialize({ email: newEmail(), amount: 1 }), refusals.invalidKey)
    })
  })

  describeOperation('verifyTransaction', () => {
    test(`${client.name}: a transaction is verified before and after it is paid`, async () => {
      const { reference, authorization_url } = await dataOf(initialize())
      const before = await read(calls().verify(reference))
      expectAnswer('verifiedTransaction', before)
      expect(before).toMatchObject({ data: { status: 'abandoned', amount: 20000 } })
      await payByCard(authorization_url)
      const after = await read(calls().verify(reference))
      expectAnswer('verifiedTransaction', after)
      expect(after).toMatchObject({ data: { status: 'success', authorization: { last4: '4081', reusable: true } } })
    })

    test(`${client.name}: verifying a transaction is refused for an unknown reference`, async () => {
      await expectRefusal(calls().verify('nothing'), refusals.unknownTransaction)
    })
  })

  describeOperation('listTransactions', () => {
    test(`${client.name}: listing transactions answers the newest first`, async () => {
      const older = await payOnce(newEmail())
      const newer = await dataOf(initialize())
      for (const [index, { reference }] of [newer, older].entries()) {
        const body = await read(calls().list({ perPage: 1, page: index + 1 }))
        expectAnswer('transactions', body)
        expect(body).toMatchObject({ data: [{ reference }] })
      }
    })
  })

  describeOperation('fetchTransaction', () => {
    test(`${client.name}: a transaction is fetched by its id`, async () => {
      const { id, reference } = await payOnce(newEmail())
      const body = await read(calls().fetch(id))
      expectAnswer('fetchedTransaction', body)
      expect(body).toMatchObject({ data: { id, reference, status: 'success' } })
    })
  })

  describeOperation('totalTransactions', () => {
    test(`${client.name}: the totals count paid transactions`, async () => {
      const before = await dataOf(calls().totals())
      await payOnce(newEmail(), { amount: 700 })
      const body = await read(calls().totals())
      expectAnswer('totals', body)
      const { total_transactions, total_volume } = before
      const expected = { total_transactions: total_transactions + 1, total_volume: total_volume + 700 }
      expect(body).toMatchObject({ data: expected })
    })
  })

  describeOperation('chargeAuthorization', () => {
    test(`${client.name}: an authorization left by an earlier payment is charged`, async () => {
      const email = newEmail()
      const { authorization_code } = (await payOnce(email)).authorization
      const reference = newReference()
      const body = await read(calls().chargeAuthorization({ email, amount: 500, authorization_code, reference }))
      expectAnswer('charged', body)
      expect(body).toMatchObject({ data: { status: 'success', reference, authorization: { authorization_code } } })
    })

    test(`${client.name}: charging an unknown authorization is refused`, async () => {
      const unknown = { email: newEmail(), amount: 500, authorization_code: 'AUTH_0000000000' }
      await expectRefusal(calls().chargeAuthorization(unknown), refusals.invalidAuthorization)
    })
  })

  const chargePhone = (more: Input = {}) => {
    const mobile_money = { phone: '0551234987', provider: 'mtn' }
    return calls().charge?.({ email: newEmail(), amount: '5000', mobile_money, reference: newReference(), ...more })
  }

  describeOperation('charge', () => {
    test(`${client.name}: a mobile money number is charged once per reference`, async () => {
      const reference = newReference()
      const body = await read(chargePhone({ reference }))
      expectAnswer('charged', body)
      expect(body).toMatchObject({ data: { status: 'success', reference, authorization: { reusable: false } } })
      await expectRefusal(chargePhone({ reference }) as Promise<unknown>, refusals.duplicateReference)
    })
  })

  /** The clients' own default is NGN. */
  async function payWith(number: string): Promise<Transaction> {
    const card = { number, cvv: '408', expiry_month: '12', expiry_year: '2030' }
    const body = JSON.stringify({ email: newEmail(), amount: 20000, currency: 'NGN', reference: newReference(), card })
    const headers = { authorization: `Bearer ${merchant.key}`, 'content-type': 'application/json' }
    const answer = await fetch(`${merchant.url}/charge`, { method: 'POST', headers, body })
    return ((await answer.json()) as { data: Transaction }).data
  }
  const refund = (input: Input, key = merchant.key) => calls(key).refund?.(input) as Promise<unknown>

  describeOperation('createRefund', () => {
    test(`${client.name}: a transaction is refunded in parts, never more than the whole`, async () => {
      const { reference } = await payWith('4084084084084081')
      const body = await read(refund({ transaction: reference, amount: 5000 }))
      expectAnswer('madeRefund', body)
      expect(body).toMatchObject({ data: { status: 'pending', amount: 5000, transaction: { reference } } })
      await expectRefusal(refund({ transaction: reference, amount: 15100 }), refusals.refundsExceedTransaction)
      await expectRefusal(refund({ transaction: 'nothing', amount: 1 }), refusals.unknownRefundedTransaction)
    })
  })

  describeOperation('listRefunds', () => {
    test(`${client.name}: listing refunds answers the newest first`, async () => {
      const { id, reference } = await payWith('4084084084084081')
      await refund({ transaction: reference, amount: 5000 })
      const body = await read(calls().listRefunds?.(id))
      expectAnswer('refunds', body)
      expect((body as { data: unknown[] }).data[0]).toMatchObject({ transaction: id, amount: 5000 })
    })
  })

  describeOperation('fetchRefund', () => {
    test(`${client.name}: a refund is fetched by its id`, async () => {
      const { id, reference } = await payWith('4084084084084081')
      const made = await dataOf(refund({ transaction: reference, amount: 5000 }))
      const body = await read(calls().fetchRefund?.(made.id))
      expectAnswer('fetchedRefund', body)
      expect(body).toMatchObject({ data: { id: made.id, transaction: id } })
      await expectRefusal(calls().fetchRefund?.(999_999_999) as Promise<unknown>, refusals.unknownRefund)
    })
  })

  describeOperation('retryRefund', () => {
    test(`${client.name}: a refund that needs attention is sent to a bank account`, async () => {
      const { reference } = await payWith('4084080000671902')
      const { id } = await dataOf(refund({ transaction: reference, amount: 5000 }))
      const fetched = () => dataOf<{ status: string }>(calls().fetchRefund?.(id) as Promise<unknown>)
      await expect.poll(async () => (await fetched()).status, { timeout: 50_000 }).toBe('needs-attention')
      const account = { currency: 'NGN', account_number: '0123456789', bank_id: '9' }
      const body = await read(calls().retryRefund?.(id, account))
      expectAnswer('retriedRefund', body)
      expect(body).toMatchObject({ data: { id, status: 'processing' } })
    })
  })

  describeOperation('checkCharge', () => {
    test(`${client.name}: checking a charge answers its outcome`, async () => {
      const reference = newReference()
      await chargePhone({ reference })
      const body = await read(calls().check?.(reference))
      expectAnswer('checked', body)
      expect(body).toMatchObject({ data: { status: 'success', reference } })
    })
  })
})
