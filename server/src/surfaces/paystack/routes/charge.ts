import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, type TObject, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Currency } from '../../../base/money.ts'
import type { Attempt } from '../../../domain/idempotency/attempt.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { type AskedKind, refusedCardData, type StepAnswer } from '../../../domain/payments/charge-steps.ts'
import type { OnceInstrument, TypedCard, TypedPhone } from '../../../domain/payments/instruments.ts'
import { type Payment, snapshotPayment } from '../../../domain/payments/payment-records.ts'
import { chargeInstrument, chargePaymentMethod, getPayment, verifyPayment } from '../../../domain/payments/payments.ts'
import { submitStep } from '../../../domain/payments/submitting.ts'
import { tenantOf } from '../../http/authentication.ts'
import { parseJson } from '../../http/body.ts'
import { readEnd } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { findingCharge, missingEmail, readPayer, refusePayer, served } from '../payers.ts'
import { renderCharge, renderDeadCharge } from '../render-charge.ts'
import { renderTransaction } from '../render-transaction.ts'
import { responses, success } from '../schemas.ts'
import {
  chargeRequestSchema,
  chargeSchema,
  otherInstruments,
  polledChargeSchema,
  submitAddressSchema,
  submitBirthdaySchema,
  submitOtpSchema,
  submitPhoneSchema,
  submitPinSchema,
} from '../transaction-schemas.ts'

const tags = ['Charge']

/** `/charge`: charges an instrument from its typed details, and takes the steps of its payer. */
export const chargeRoutes: RouteFile = (routes, surface) => {
  const { context, publicUrl } = surface
  const pageOf = (accessCode: string) => `${publicUrl()}/pay/${accessCode}`

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
      preSerialization: sendDeadAsRefused,
      schema: {
        operationId: 'charge_create',
        summary: 'Charge a test card, a bank account, a mobile money number or a saved payment method',
        description:
          'The answer is a transaction, or the next step of the payer. A PIN or birthday in the same body is given at once where it is asked for.',
        tags,
        body: chargeRequestSchema,
        response: responses(200, success('Charge attempted', chargeSchema), 400, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const asked = readPayer(tenant, request.body)
      const instrument = readPayment(tenant, request.body, context.clock.now())
      if ('type' in instrument) checkProvider(instrument, asked.currency)
      const charged =
        'type' in instrument
          ? await chargeInstrument(context, tenant, { ...asked, instrument }, attempt)
          : await chargePaymentMethod(context, tenant, { ...asked, ...instrument }, attempt)
      const went = await giveAtOnce(tenant, charged, request.body)
      if (went !== charged && went.status === 'failed') return renderDeadCharge(went) as never
      return { status: true as const, message: 'Charge attempted', data: renderCharge(went, pageOf) }
    },
  )

  /** Gives the answers that came with the charge, each where it is asked for. */
  async function giveAtOnce(tenant: Tenant, payment: Payment, given: { pin?: string; birthday?: string }) {
    const { reference, asks } = payment
    const answers: StepAnswer[] = [
      ...(given.pin === undefined ? [] : [{ kind: 'pin' as const, pin: given.pin }]),
      ...(given.birthday === undefined ? [] : [{ kind: 'birthday' as const, birthday: given.birthday }]),
    ]
    const answer = answers.find(({ kind }) => kind === asks?.kind)
    return answer === undefined ? payment : submitStep(context, tenant, { reference, answer })
  }

  /** Registers the route of a step. */
  function stepRoute<Body extends TObject>(
    path: `/charge/submit_${Exclude<AskedKind, 'confirmation'>}`,
    { summary, body }: { summary: string; body: Body },
    read: (body: Static<Body>) => StepAnswer,
  ): void {
    routes.post(
      path,
      {
        scope: 'payments:write',
        once: 'around work outside',
        preSerialization: sendDeadAsRefused,
        schema: {
          operationId: path.slice(1).replace('/', '_'),
          summary,
          description:
            'A step counts once. After a wrong answer the charge has failed for good: the status is 400, and data has the reason.',
          tags,
          body,
          response: responses(200, success('Charge attempted', chargeSchema), 400),
        },
      },
      async (request, _attempt: Attempt) => {
        const given = request.body as Static<Body> & { reference: string }
        const tenant = tenantOf(request)
        const { reference } = await findingCharge(served(getPayment(context, tenant, given), given))
        const went = await submitStep(context, tenant, { reference, answer: read(given) })
        if (went.status === 'failed') return renderDeadCharge(went) as never
        return { status: true as const, message: 'Charge attempted', data: renderCharge(went, pageOf) } as never
      },
    )
  }

  stepRoute('/charge/submit_pin', { summary: 'Give the PIN of a card', body: submitPinSchema }, ({ pin }) => ({
    kind: 'pin',
    pin,
  }))
  stepRoute(
    '/charge/submit_otp',
    { summary: 'Give the one-time password of a payer', body: submitOtpSchema },
    ({ otp }) => ({
      kind: 'otp',
      otp,
    }),
  )
  stepRoute(
    '/charge/submit_phone',
    { summary: 'Give the phone number of a payer', body: submitPhoneSchema },
    ({ phone }) => ({
      kind: 'phone',
      phone,
    }),
  )
  stepRoute(
    '/charge/submit_birthday',
    { summary: 'Give the birthday of a payer', body: submitBirthdaySchema },
    ({ birthday }) => ({
      kind: 'birthday',
      birthday,
    }),
  )
  stepRoute('/charge/submit_address', { summary: 'Give the address of a card', body: submitAddressSchema }, readAddress)

  routes.get(
    '/charge/:reference',
    {
      scope: 'read',
      schema: {
        operationId: 'charge_check',
        summary: 'Get the state of a charge that was pending',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['order-17'] }) }),
        response: responses(200, success('Reference check successful', polledChargeSchema), 400, 404),
      },
    },
    async (request) => {
      const { reference } = request.params
      const payment = await findingCharge(served(verifyPayment(context, tenantOf(request), reference), { reference }))
      const data =
        payment.asks === null
          ? { ...renderTransaction(snapshotPayment(payment)), redirect_url: null }
          : renderCharge(payment, pageOf)
      return { status: true as const, message: 'Reference check successful', data }
    },
  )
}

/** A charge that a step has ended is sent with the status of a refusal, also when the answer is repeated for a key. */
async function sendDeadAsRefused(_request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const { status, data } = payload as { status?: unknown; data?: unknown }
  // Other refusals, which have a status of their own, have no data.
  if (status === false && data !== undefined) reply.status(400)
  return payload
}

function readAddress({ address, city, state, zip_code, zipcode }: Static<typeof submitAddressSchema>): StepAnswer {
  const zipCode = zip_code ?? zipcode
  if (zipCode === undefined) throw new ServiceError('invalid_request', '"zip_code" is required', 'zip_code')
  return { kind: 'address', address, city, state, zipCode }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** A published client sends objects as JSON text. */
function withParsedMembers<Body extends Record<string, unknown>>(body: Body): Body {
  const parsed = (['card', 'mobile_money', 'bank', 'bank_transfer', 'ussd', 'eft'] as const)
    .filter((name) => typeof body[name] === 'string')
    .map((name) => [name, parseJson(body[name] as string, name)])
  return { ...body, ...Object.fromEntries(parsed) }
}

type Given = Pick<
  Static<typeof chargeRequestSchema>,
  'card' | 'mobile_money' | 'authorization_code' | 'bank' | 'bank_transfer' | 'ussd' | 'eft' | 'pin'
>
type Others = Partial<Record<(typeof otherInstruments)[number], unknown>>

const instrumentNames = ['card', 'mobile_money', 'authorization_code', 'bank', 'bank_transfer', 'ussd', 'eft'] as const

/** Throws `invalid_request`, also for no instrument and for more than one. */
function readPayment(
  tenant: Tenant,
  given: Given & Others,
  now: Date,
): { paymentMethodCode: string } | TypedCard | TypedPhone | OnceInstrument {
  const names = instrumentNames.filter((name) => given[name] !== undefined)
  const unserved = otherInstruments.filter((name) => !isEmpty(given[name]))
  if (unserved.length > 0) {
    const message = `"${unserved[0]}" is not served here: there is nobody to pay by it; give one of ${instrumentNames.join(', ')}`
    throw new ServiceError('invalid_request', message, unserved[0])
  }
  if (names.length !== 1) {
    const message = `Give one of ${instrumentNames.join(', ')}: a charge is made by one of them`
    throw new ServiceError('invalid_request', message)
  }
  const { card, mobile_money, authorization_code, bank, bank_transfer, ussd, eft, pin } = given
  if (tenant.mode === 'live' && pin !== undefined) throw new ServiceError('invalid_request', refusedCardData, 'pin')
  if (authorization_code !== undefined) {
    if (pin !== undefined) throw unfitPin()
    return { paymentMethodCode: authorization_code.replace(/^AUTH_/, '') }
  }
  if (card !== undefined) return readCard(card, now)
  if (bank !== undefined) return readBank(bank)
  if (ussd !== undefined) return { type: 'ussd', provider: oneOf(ussdTypes, ussd.type, 'ussd.type') }
  if (eft !== undefined)
    return { type: 'eft', provider: oneOf(eftProviders, eft.provider.toLowerCase(), 'eft.provider') }
  if (bank_transfer !== undefined) {
    return { type: 'bank_transfer', expiresAt: readExpiry(tenant, bank_transfer.account_expires_at, now) }
  }
  return readMobileMoney(mobile_money as Required<Given>['mobile_money'])
}

function unfitPin(): ServiceError {
  const message = '"pin" goes with a card: a saved payment method is charged without a PIN; leave it out'
  return new ServiceError('invalid_request', message, 'pin')
}

const ussdTypes = ['737', '919', '822', '966']
const eftProviders = ['ozow']

function oneOf(known: readonly string[], given: string, field: string): string {
  if (known.includes(given)) return given
  throw new ServiceError('invalid_request', `"${field}" must be one of [${known.join(', ')}]`, field)
}

function readBank({ code, account_number, phone, token }: Required<Given>['bank']): OnceInstrument {
  const isByPasscode = phone !== undefined && token !== undefined
  if (account_number === undefined && !isByPasscode) {
    const message = '"bank" must have account_number, or phone and token'
    throw new ServiceError('invalid_request', message, 'bank.account_number')
  }
  return { type: 'bank', provider: code, account: account_number, phone, passcode: token }
}

function readMobileMoney({ phone, account, provider }: Required<Given>['mobile_money']): TypedPhone | OnceInstrument {
  const isTill = provider?.toLowerCase() === 'mptill'
  if (isTill && account !== undefined) return { type: 'mobile_money', provider, account }
  if (phone !== undefined) return { type: 'mobile_money', phone, provider }
  const field = isTill ? 'mobile_money.account' : 'mobile_money.phone'
  throw new ServiceError('invalid_request', `"${field}" is required`, field)
}

const [shortestTransferMs, longestTransferMs] = [15 * 60_000, 8 * 60 * 60_000]

function readExpiry(tenant: Tenant, given: string | undefined, now: Date): Date | undefined {
  const field = 'bank_transfer.account_expires_at'
  const expiresAt = readEnd(tenant, given, field)
  if (expiresAt === undefined) return undefined
  const lifetimeMs = expiresAt.getTime() - now.getTime()
  if (lifetimeMs >= shortestTransferMs && lifetimeMs <= longestTransferMs) return expiresAt
  throw unfit(field, 'must be an instant that is 15 minutes to 8 hours from now', given as string)
}

/** The mobile money providers of Paystack's, by the currencies that they are known to take. */
const providers: Readonly<Partial<Record<Currency, readonly string[]>>> = {
  GHS: ['mtn', 'atl', 'vod'],
  KES: ['mpesa', 'mpesa_offline', 'mptill', 'atl'],
  XOF: ['mtn', 'orange', 'wave'],
}

/** Throws `invalid_request` in Paystack's words. In a currency without providers of Paystack's, any of them is taken. */
function checkProvider(instrument: TypedCard | TypedPhone | OnceInstrument, currency: Currency): void {
  if (instrument.type !== 'mobile_money' || isEmpty(instrument.provider)) return
  const taken = providers[currency] ?? Object.values(providers).flat()
  if (taken.includes(String(instrument.provider).toLowerCase())) return
  throw new ServiceError('invalid_request', 'Invalid provider', 'mobile_money.provider')
}

function readCard({ number, expiry_month, expiry_year }: Required<Given>['card'], now: Date): TypedCard {
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
