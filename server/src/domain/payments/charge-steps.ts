import { ServiceError } from '../../base/errors.ts'

/** The next step of a payer in a charge under way. A `text` is a sentence for the payer. */
export type ChargeStep =
  /** A question, which `submitStep` answers. */
  | { kind: 'pin' }
  | { kind: 'otp' | 'phone' | 'birthday'; text: string }
  /** The address that the card's bank knows the payer by; the country is ISO 3166 alpha-2. */
  | { kind: 'address'; text: string; countryCode: string }
  /** The payer agrees, or does not, on a page of this service. */
  | { kind: 'confirmation' }
  /** The payer goes to the processor's page. */
  | { kind: 'page'; url: string }
  /** The payer does it on their phone, for instance by dialing a code or by paying to a till. */
  | { kind: 'offline'; text: string; ussdCode?: string; till?: { account: string; reference: string } }
  /** The payer sends the amount to a bank account. */
  | { kind: 'transfer'; text: string; account: TransferAccount }

/** An account that waits for one transfer. `expiresAt` is an ISO instant; null where nobody says. */
export interface TransferAccount {
  number: string
  name: string
  bank: { slug: string | null; name: string; id: number | null }
  expiresAt: string | null
}

/** What a payer gives for a step. It is never stored, and never logged. */
export type StepAnswer =
  | { kind: 'pin'; pin: string }
  | { kind: 'otp'; otp: string }
  | { kind: 'phone'; phone: string }
  /** `YYYY-MM-DD` */
  | { kind: 'birthday'; birthday: string }
  | { kind: 'address'; address: string; city: string; state: string; zipCode: string }
  | { kind: 'confirmation'; agrees: boolean }

export type AskedKind = StepAnswer['kind']

/** The things that payers are asked for, in words. */
const stepWords: Readonly<Record<ChargeStep['kind'], string>> = {
  pin: 'the PIN',
  otp: 'the one-time password',
  phone: 'the phone number',
  birthday: 'the birthday',
  address: 'the address',
  confirmation: 'the payer’s agreement on its page',
  page: 'the payer on the processor’s page',
  offline: 'the payer’s phone',
  transfer: 'the payer’s transfer',
}

/** Card data that somebody wants to send through here in live mode. */
export const refusedCardData =
  'In live mode card numbers and PINs are not taken here, because they would then have to be protected here: send the payer to the payment’s page'

/** The refusal of an answer to a charge that never asks for it. */
export function notAsked({ kind }: StepAnswer): ServiceError {
  return new ServiceError('invalid_request', `The charge does not ask for ${stepWords[kind]}`)
}

/** The refusal of an answer to a charge that waits for another one first. */
export function notAskedYet({ kind }: StepAnswer, asked: ChargeStep['kind']): ServiceError {
  return new ServiceError(
    'invalid_request',
    `The charge waits for ${stepWords[asked]} first, not for ${stepWords[kind]}`,
  )
}
