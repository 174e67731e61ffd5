import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { ServiceError } from '../../base/errors.ts'
import { heldCurrency } from '../../domain/merchants/merchants.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { Payment, PaymentMetadata } from '../../domain/payments/payment-records.ts'
import { type NewPayment, type PaymentName, paymentNotFound } from '../../domain/payments/payments.ts'
import { isServed, readAmount } from './amounts.ts'
import { readMetadataOrText } from './metadata.ts'
import { refuseUnserved, type Unserved } from './unserved.ts'

/** Paystack's words for the e-mail of a payer that is none. */
export const invalidEmail = 'Invalid Email Address Passed'
/** Paystack's words for the e-mail that a charge of a saved instrument needs. */
export const missingEmail = 'Email address is required for association with card'
/** Paystack's words for a charge that does not exist. */
export const unknownCharge = 'Transaction reference is invalid'

interface GivenPayment extends Unserved {
  email: string
  amount: number | string
  currency?: string
  reference?: string
  metadata?: PaymentMetadata
}

/**
 * Reads the members that all requests for a payment have. Throws `invalid_request`, `currency_not_held` and, for a member
 * that would change where the money goes, `not_found`.
 */
export function readPayer({ merchant }: Tenant, given: GivenPayment): NewPayment {
  refuseUnserved(given)
  const { email, reference } = given
  const currency = heldCurrency(merchant, given.currency)
  const amount = readAmount(given.amount, currency)
  return { email, amount, currency, reference, metadata: readMetadataOrText(given.metadata) }
}

/** The refusal of a request for a payment that does not fit its schema. */
export function refusePayer([error]: FastifySchemaValidationError[]): Error {
  const isEmail = error?.instancePath === '/email' && error.keyword === 'format'
  // Any other error becomes the refusal that the server makes of its violations.
  return isEmail ? new ServiceError('invalid_request', invalidEmail, 'email') : new Error('the body does not fit')
}

/**
 * The payment, if its amount can be told. A payment of another surface or of a former release may be in any currency: one
 * whose amount cannot be told does not exist on this wire. Throws `reference_not_found`, `payment_not_found`.
 */
export async function served(found: Promise<Payment>, name: PaymentName): Promise<Payment> {
  const payment = await found
  if (isServed(payment.currency)) return payment
  throw paymentNotFound(name)
}

/** Answers the payment. A reference that does not exist is refused in the words for charges. */
export async function findingCharge(work: Promise<Payment>): Promise<Payment> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'reference_not_found')) throw error
    throw new ServiceError('invalid_request', unknownCharge, 'reference')
  }
}
