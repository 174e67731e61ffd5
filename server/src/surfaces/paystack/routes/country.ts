import { getCountryCallingCode } from 'libphonenumber-js/min'
import { Type } from 'typebox'
import type { Currency } from '../../../base/money.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses, success } from '../schemas.ts'

const relation = (type: string, example: string[]) =>
  Type.Object({ type: Type.String({ examples: [type] }), data: Type.Array(Type.String(), { examples: [example] }) })

const empty = Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'Always empty here' })

const countrySchema = Type.Object({
  id: Type.Integer({ examples: [1] }),
  name: Type.String({ examples: ['Nigeria'] }),
  iso_code: Type.String({ examples: ['NG'] }),
  default_currency_code: Type.String({ examples: ['NGN'] }),
  calling_code: Type.String({ examples: ['+234'] }),
  active_for_dashboard_onboarding: Type.Boolean(),
  pilot_mode: Type.Boolean(),
  integration_defaults: empty,
  relationships: Type.Object({
    currency: Type.Object({
      type: Type.String({ examples: ['currency'] }),
      data: Type.Array(Type.String(), { examples: [['NGN', 'USD']] }),
      supported_currencies: empty,
    }),
    integration_feature: relation('integration_feature', []),
    integration_type: relation('integration_type', ['ITYPE_001']),
    payment_method: relation('payment_method', ['PAYM_001']),
  }),
})

/** The countries in which Paystack works. The codes of types and methods are known for two of them. */
export const countries = [
  country(1, 'NG', 'Nigeria', ['NGN', 'USD'], ['001', '002', '003'], ['001', '002', '003', '004']),
  country(2, 'GH', 'Ghana', ['GHS', 'USD'], ['004', '005'], ['001']),
  country(3, 'ZA', 'South Africa', ['ZAR']),
  country(4, 'KE', 'Kenya', ['KES', 'USD']),
  country(5, 'CI', 'Côte d’Ivoire', ['XOF', 'USD']),
  country(6, 'EG', 'Egypt', ['EGP']),
  country(7, 'RW', 'Rwanda', ['RWF']),
]

/** `/country`: the countries in which Paystack works. */
export const countryRoutes: RouteFile = (routes) => {
  routes.get(
    '/country',
    {
      scope: 'read',
      schema: {
        operationId: 'miscellaneous_listCountries',
        summary: 'List the countries in which Paystack works',
        tags: ['Miscellaneous'],
        response: responses(200, success('Countries retrieved', Type.Array(countrySchema))),
      },
    },
    async () => ({ status: true as const, message: 'Countries retrieved', data: countries }),
  )
}

function country(
  id: number,
  isoCode: 'NG' | 'GH' | 'ZA' | 'KE' | 'CI' | 'EG' | 'RW',
  name: string,
  currencies: [Currency, ...Currency[]],
  integrationTypes: string[] = [],
  paymentMethods: string[] = [],
) {
  return {
    id,
    name,
    iso_code: isoCode,
    default_currency_code: currencies[0],
    calling_code: `+${getCountryCallingCode(isoCode)}`,
    active_for_dashboard_onboarding: true,
    pilot_mode: false,
    integration_defaults: {},
    relationships: {
      currency: { type: 'currency', data: currencies, supported_currencies: {} },
      integration_feature: { type: 'integration_feature', data: [] },
      integration_type: { type: 'integration_type', data: integrationTypes.map((code) => `ITYPE_${code}`) },
      payment_method: { type: 'payment_method', data: paymentMethods.map((code) => `PAYM_${code}`) },
    },
  }
}
