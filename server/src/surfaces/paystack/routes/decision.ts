import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { describeBin } from '../../../domain/payments/card-bins.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses, success } from '../schemas.ts'

const binSchema = Type.Object({
  bin: Type.String({ examples: ['539983'] }),
  brand: Type.String({ examples: ['Mastercard'] }),
  sub_brand: Type.String(),
  country_code: Type.String({ examples: ['NG'] }),
  country_name: Type.String({ examples: ['Nigeria'] }),
  card_type: Type.String({ examples: ['DEBIT'] }),
  bank: Type.String({ examples: ['Guaranty Trust Bank'] }),
  linked_bank_id: Type.Union([Type.Integer(), Type.Null()]),
})

/** `/decision/bin`: resolves the first digits of a card. */
export const decisionRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/decision/bin/:bin',
    {
      scope: 'read',
      schema: {
        operationId: 'verification_resolve_card_bin',
        summary: 'Get a card’s brand and bank from the first digits of its number',
        tags: ['Verification'],
        params: Type.Object({ bin: Type.String({ description: 'Six or eight digits', examples: ['539983'] }) }),
        response: responses(200, success('Bin resolved', binSchema), 400, 404),
      },
    },
    async (request) => {
      const { bin } = request.params
      if (!/^(\d{6}|\d{8})$/.test(bin)) throw new ServiceError('invalid_request', 'Bin must be 6 or 8 digits', 'bin')
      const { brand, subBrand, countryCode, countryName, cardType, bank, bankId } = await describeBin(
        context,
        tenantOf(request),
        bin,
      )
      const data = {
        bin,
        brand,
        sub_brand: subBrand,
        country_code: countryCode,
        country_name: countryName,
        card_type: cardType,
        bank,
        linked_bank_id: bankId,
      }
      return { status: true as const, message: 'Bin resolved', data }
    },
  )
}
