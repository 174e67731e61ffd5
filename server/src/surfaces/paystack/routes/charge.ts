import { type Static, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Currency } from '../../../base/money.ts'
import type { TypedCard, TypedPhone } from '../../../domain/payments/instruments.ts'
import { snapshotPayment } from '../../../domain/payments/payment-records.ts'
import { chargeInstrument, chargePaymentMethod, verifyPayment } from '../../../domain/payments/payments.ts'
import { tenantOf } from '../../http/authentication.ts'
import { parseJson } from '../../http/body.ts'
import type { RouteFile } from '../../http/routes.ts'
import { findingCharge, missingEmail, readPayer, refusePayer, served } from '../payers.ts'
import { renderTransaction } from '../render-transaction.ts'
import { responses, success } from '../schemas.ts'
import {
  chargeRequestSchema,
  checkedChargeSchema,
  otherInstruments,
  transactionSchema,
} from '../transaction-schemas.ts'

const tags = ['Charge']

/** `/charge`: charges an instrument from its typed details. */
export const chargeRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/charge',
    {
      scope: 'payments:write',
      once: 'around work outside',
      schemaErrorFormatter: refusePayer,
      preValidation: (request, _reply, done) => {
        const body = request.body as Record<string, unknown>
        if (isEmpty(body.email) && !isEmpty(body.authorization_code)) {
          throw new ServiceError('invalid_request', missingEmail, 'email')
        }
        request.body = withParsedMembers(body)
        done()
      },
      schema: {
        operationId: 'charge_create',
        summary: 'Charge a test card, a mobile money number or a saved payment method',
        tags,
        body: chargeRequestSchema,
        response: responses(200, success('Charge attempted', transactionSchema), 400, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const asked = readPayer(tenant, request.body)
      const payment = readPayment(request.body, context.clock.now())
      if ('instrument' in payment) checkProvider(payment.instrument, asked.currency)
      const charged =
        'instrument' in payment
          ? await chargeInstrument(context, tenant, { ...asked, ...payment }, attempt)
          : await chargePaymentMethod(context, tenant, { ...asked, ...payment }, attempt)
      const data = renderTransaction(snapshotPayment(charged))
      return { status: true as const, message: 'Charge attempted', data }
    },
  )

  routes.get(
    '/charge/:reference',
    {
      scope: 'read',
      schema: {
        operationId: 'charge_check',
        summary: 'Get the state of a charge that was pending',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['order-17'] }) }),
        response: responses(200, success('Reference check successful', checkedChargeSchema), 400, 404),
      },
    },
    async (request) => {
      const { reference } = request.params
      const transaction = await findingCharge(
        served(verifyPayment(context, tenantOf(request), reference), { reference }),
      )
      const data = { ...renderTransaction(snapshotPayment(transaction)), redirect_url: null }
      return { status: true as const, message: 'Reference check successful', data }
    },
  )
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** A published client sends objects as JSON text. */
function withParsedMembers<Body extends Record<string, unknown>>(body: Body): Body {
  const parsed = (['card', 'mobile_money'] as const)
    .filter((name) => typeof body[name] === 'string')
    .map((name) => [name, parseJson(body[name] as string, name)])
  return { ...body, ...Object.fromEntries(parsed) }
}

type Payment = Pick<Static<typeof chargeRequestSchema>, 'card' | 'mobile_money' | 'authorization_code'>
type Others = Partial<Record<(typeof otherInstruments)[number], unknown>>

/** Throws `invalid_request`, also for no instrument and for more than one. */
function readPayment(
  { card, mobile_money, authorization_code, ...body }: Payment & Others,
  now: Date,
): { paymentMethodCode: string } | { instrument: TypedCard | TypedPhone } {
  const others = otherInstruments.map((name) => body[name]).filter((each) => !isEmpty(each))
  const given = [card, mobile_money, authorization_code, ...others].filter((each) => each !== undefined)
  if (given.length !== 1 || others.length > 0) {
    const message = 'Give one of card, mobile_money or authorization_code: nothing else can be charged here'
    throw new ServiceError('invalid_request', message)
  }
  if (authorization_code !== undefined) return { paymentMethodCode: authorization_code.replace(/^AUTH_/, '') }
  if (card !== undefined) return { instrument: readCard(card, now) }
  const { phone, provider } = mobile_money as Required<Payment>['mobile_money']
  return { instrument: { type: 'mobile_money', phone, provider } }
}

/** The mobile money providers of Paystack's, by the currencies that they are known to take. */
const providers: Readonly<Partial<Record<Currency, readonly string[]>>> = {
  GHS: ['mtn', 'atl', 'vod'],
  KES: ['mpesa', 'mpesa_offline', 'mptill', 'atl'],
  XOF: ['mtn', 'orange', 'wave'],
}

/** Throws `invalid_request` in Paystack's words. In a currency without providers of Paystack's, any of them is taken. */
function checkProvider(instrument: TypedCard | TypedPhone, currency: Currency): void {
  if (instrument.type !== 'mobile_money' || isEmpty(instrument.provider)) return
  const taken = providers[currency] ?? Object.values(providers).flat()
  if (taken.includes(String(instrument.provider).toLowerCase())) return
  throw new ServiceError('invalid_request', 'Invalid provider', 'mobile_money.provider')
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
