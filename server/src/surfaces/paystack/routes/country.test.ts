import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'

let api: TestApi

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

test('the countries in which Paystack works are listed with their currencies', async () => {
  const { message, data } = (await api.call('GET', '/country')).json()
  expect(message).toBe('Countries retrieved')
  expect(data[0]).toEqual({
    id: 1,
    name: 'Nigeria',
    iso_code: 'NG',
    default_currency_code: 'NGN',
    calling_code: '+234',
    active_for_dashboard_onboarding: true,
    pilot_mode: false,
    integration_defaults: {},
    relationships: {
      currency: { type: 'currency', data: ['NGN', 'USD'], supported_currencies: {} },
      integration_feature: { type: 'integration_feature', data: [] },
      integration_type: { type: 'integration_type', data: ['ITYPE_001', 'ITYPE_002', 'ITYPE_003'] },
      payment_method: { type: 'payment_method', data: ['PAYM_001', 'PAYM_002', 'PAYM_003', 'PAYM_004'] },
    },
  })
  const codes = data.map(({ default_currency_code }: { default_currency_code: string }) => default_currency_code)
  expect(codes).toEqual(['NGN', 'GHS', 'ZAR', 'KES', 'XOF', 'EGP', 'RWF'])
})
