import { afterAll, beforeAll, beforeEach } from 'vitest'
import { openTestApi, type TestApi } from './api.ts'
import { createTestTenant, type TestTenant } from './service.ts'

/** For each test of a file, a merchant of its own with two customers, and the calls that tests of money repeat. */
export interface WalletApi {
  readonly api: TestApi
  readonly tenant: TestTenant
  readonly ada: string
  readonly ben: string
  /** Sends a request under an idempotency key, or without one. */
  send(method: string, path: string, body?: object, key?: string): ReturnType<TestApi['call']>
  get(path: string): ReturnType<TestApi['call']>
  payIn(customerId: string, amount: number, currency?: string): Promise<string>
  /** The balance as the Cashful surface answers it. */
  balance(customerId: string): Promise<{ available: number; pending: number; amount: number }>
}

/** Sets up the hooks of the calling test file. The returned object is filled before each test. */
export function useWalletApi(): WalletApi {
  const state = {} as { api: TestApi; tenant: TestTenant; ada: string; ben: string }
  beforeAll(async () => {
    state.api = await openTestApi()
  })
  afterAll(() => state.api.close())
  beforeEach(async () => {
    state.tenant = await createTestTenant(state.api.service, { currencies: ['ZAR', 'XOF'] })
    state.ada = await createCustomer('+27821234501')
    state.ben = await createCustomer('+27821234502')
  })

  const send: WalletApi['send'] = (method, path, body, key) =>
    state.api.app.inject({
      method: method as 'POST',
      url: path,
      headers: {
        authorization: `Bearer ${state.tenant.secret}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { payload: body }),
    })
  const get: WalletApi['get'] = (path) => state.api.call('GET', path, undefined, state.tenant.secret)
  const createCustomer = async (phoneNumber: string) =>
    (await send('POST', '/api/canary/customers', { phoneNumber, metadata: {} })).json().id as string

  return {
    get api() {
      return state.api
    },
    get tenant() {
      return state.tenant
    },
    get ada() {
      return state.ada
    },
    get ben() {
      return state.ben
    },
    send,
    get,
    payIn: async (customerId, amount, currency = 'ZAR') =>
      (await send('POST', '/v1/sandbox/pay-ins', { customerId, amount, currency })).json().transactionId,
    balance: async (customerId) => (await get(`/api/canary/customers/${customerId}/balance`)).json(),
  }
}
