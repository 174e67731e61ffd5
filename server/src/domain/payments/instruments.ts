import type { PaymentMethod } from './payment-methods.ts'

/** A card as a person types it in. */
export interface TypedCard {
  type: 'card'
  /** 12 to 19 digits; blanks and hyphens between them are ignored. */
  number: string
  expiryMonth: number
  expiryYear: number
  /** Default: read from the number. */
  brand?: string | undefined
  /** Default for both: as the payment processor knows them. */
  provider?: string | undefined
  bank?: string | undefined
  accountName?: string | undefined
}

/** A mobile money number as a person types it in. */
export interface TypedPhone {
  type: 'mobile_money'
  phone: string
  /** Default: as the payment processor knows it. */
  provider?: string | undefined
  accountName?: string | undefined
}

/** A card that was encrypted for its payment processor, which alone can read it. */
export interface EncryptedCard {
  type: 'encrypted_card'
  ciphertext: string
  /** The end of its validity, where it was given in plain text. Default: as the payment processor reads it. */
  expiry?: CardExpiry | undefined
  accountName?: string | undefined
}

/** The last month in which a card is valid. */
export type CardExpiry = Pick<TypedCard, 'expiryMonth' | 'expiryYear'>

/** Whether a card is no longer valid. It is valid until the end of its month, in UTC. */
export function isExpired({ expiryMonth, expiryYear }: CardExpiry, now: Date): boolean {
  return Date.UTC(expiryYear, expiryMonth) <= now.getTime()
}

/** The instrument that a person pays with, as it is given. */
export type Instrument = TypedCard | TypedPhone | EncryptedCard

/** The part of an instrument that a payment processor needs. It never holds a card number. */
export type ChargedInstrument = { type: PaymentMethod['type'] | OnceInstrument['type'] } & {
  [Name in 'code' | 'bin' | 'last4' | 'phone' | 'provider']?: PaymentMethod[Name] | undefined
} & Pick<OnceInstrument, 'account' | 'passcode' | 'expiresAt'> & {
    /** The processor's own name of a saved instrument. Secret: whoever has it can charge the instrument. */
    token?: string | undefined
  }

/** An instrument that is charged once, and never saved: nothing of it is stored here. */
export interface OnceInstrument {
  /** `mobile_money`: an account of a shop that the payer pays to, such as a till. */
  type: 'bank' | 'bank_transfer' | 'ussd' | 'eft' | 'mobile_money'
  /** The code of the bank, or the company, that the payer pays by. */
  provider?: string | undefined
  /** The number of the payer's bank account, or of the till. */
  account?: string | undefined
  /** The phone number that the bank knows the payer by. */
  phone?: string | undefined
  /** A password for one payment, which the payer's bank has given out. */
  passcode?: string | undefined
  /** Until then the payer can send the money. Default: as the payment processor has it. */
  expiresAt?: Date | undefined
}

/** The part of an instrument that tells the company that keeps it: the first digits of a card, the code of a bank. */
export type IdentifiedInstrument =
  | { type: 'card'; bin: string }
  | { type: 'mobile_money'; phone: string }
  | { type: 'direct_debit'; bankCode: string }

/** The facts about an instrument that its number does not tell. */
export interface InstrumentFacts {
  /** The company that keeps the instrument. */
  provider: string
  bank: string | null
}

/** The issuer of the cards that begin with the same digits. */
export interface CardIssuer {
  /** ISO 3166 alpha-2. */
  countryCode: string
  countryName: string
  /** DEBIT, CREDIT or PREPAID. */
  cardType: string
  bank: string
  /** The bank's id in the list of banks; null for a bank that is not in the list. */
  bankId: number | null
}

/** A party that knows instruments. */
export interface InstrumentReader {
  /**
   * Answers at once and asks nobody outside, so a transaction may stand open. Throws `invalid_request` for an instrument
   * that must not be given to this service, such as a card whose number belongs on the processor's own page.
   */
  identify(instrument: IdentifiedInstrument): InstrumentFacts
  /** The card; null for a card that nobody here can read. */
  readEncryptedCard(ciphertext: string): Promise<TypedCard | null>
  /** Finds the issuer by the first six digits; null for unknown digits. */
  findIssuer(bin: string): Promise<CardIssuer | null>
}
