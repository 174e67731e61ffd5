import { type Static, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { TypedCard, TypedPhone } from '../../../domain/payments/instruments.ts'
import { snapshotPayment } from '../../../domain/payments/payment-records.ts'
import { chargeInstrument, chargePaymentMethod, verifyPayment } from '../../../domain/payments/payments.ts'
import { tenantOf } from '../../http/authentication.ts'
import { parseJson } from '../../http/body.ts'
import type { RouteFile } from '../../http/routes.ts'
import { readMetadataOrText } from '../metadata.ts'
import { renderCharge } from '../render-transaction.ts'
import { responses, success } from '../schemas.ts'
import { chargeRequestSchema, chargeSchema } from '../transaction-schemas.ts'

const tags = ['Charge']

/** `/charge`: charges an instrument from its typed details. */
export const chargeRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/charge',
    {
      once: 'around work outside',
      preValidation: (request, _reply, done) => {
        request.body = withParsedMembers(request.body as Record<string, unknown>)
        done()
      },
      schema: {
        operationId: 'charge_create',
        summary: 'Charge a test card, a mobile money number or a saved payment method',
        tags,
        body: chargeRequestSchema,
        response: responses(200, success('Charge attempted', chargeSchema), 400, 403),
      },
    },
    async (request, attempt) => {
      const { email, amount, currency, reference } = request.body
      const asked = { email, amount, currency, reference, metadata: readMetadataOrText(request.body.metadata) }
      const payment = readPayment(request.body, context.clock.now())
      const tenant = tenantOf(request)

      const charged =
        'instrument' in payment
          ? await chargeInstrument(context, tenant, { ...asked, ...payment }, attempt)
          : await chargePaymentMethod(context, tenant, { ...asked, ...payment }, attempt)
      const data = renderCharge(snapshotPayment(charged))
      return { status: true as const, message: 'Charge attempted', data }
    },
  )

  routes.get(
    '/charge/:reference',
    {
      schema: {
        operationId: 'charge_check',
        summary: 'Get the state of a charge that was pending',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['order-17'] }) }),
        response: responses(200, success('Reference check successful', chargeSchema), 400, 404),
      },
    },
    async (request) => {
      const transaction = await verifyPayment(context, tenantOf(request), request.params.reference)
      const data = renderCharge(snapshotPayment(transaction))
      return { status: true as const, message: 'Reference check successful', data }
    },
  )
}

/** A published client sends objects as JSON text. */
function withParsedMembers<Body extends Record<string, unknown>>(body: Body): Body {
  const parsed = (['card', 'mobile_money'] as const)
    .filter((name) => typeof body[name] === 'string')
    .map((name) => [name, parseJson(body[name] as string)])
  return { ...body, ...Object.fromEntries(parsed) }
}

type Payment = Pick<Static<typeof chargeRequestSchema>, 'card' | 'mobile_money' | 'authorization_code'>

/** Throws `invalid_request`, also for no instrument and for more than one. */
function readPayment(
  { card, mobile_money, authorization_code }: Payment,
  now: Date,
): { paymentMethodCode: string } | { instrument: TypedCard | TypedPhone } {
  const given = [card, mobile_money, authorization_code].filter((each) => each !== undefined)
  if (given.length !== 1) {
    const message = 'Give one of card, mobile_money or authorization_code: nothing else can be charged here'
    throw new ServiceError('invalid_request', message)
  }
  if (authorization_code !== undefined) return { paymentMethodCode: authorization_code.replace(/^AUTH_/, '') }
  if (card !== undefined) return { instrument: readCard(card, now) }
  const { phone, provider } = mobile_money as Required<Payment>['mobile_money']
  return { instrument: { type: 'mobile_money', phone, provider } }
}

function readCard({ number, expiry_month, expiry_year }: Required<Payment>['card'], now: Date): TypedCard {
  const expiryMonth = /^\d{1,2}$/.test(expiry_month) ? Number(expiry_month) : 0
  const expiryYear = /^(20)?\d\d$/.test(expiry_year) ? 2000 + (Number(expiry_year) % 100) : 0
  if (expiryMonth < 1 || expiryMonth > 12) throw unfit('card.expiry_month', 'must be from 1 to 12', expiry_month)
  if (expiryYear === 0) throw unfit('card.expiry_year', 'must be a year such as 2030', expiry_year)
  if (Date.UTC(expiryYear, expiryMonth) <= now.getTime()) {
    throw unfit('card.expiry_year', 'is in the past with its month: the card has expired', expiry_year)
  }
  return { type: 'card', number, expiryMonth, expiryYear }
}

function unfit(field: string, problem: string, given: string): ServiceError {
  return new ServiceError('invalid_request', `"${field}" ${problem}, not ${JSON.stringify(given)}`, field)
}
