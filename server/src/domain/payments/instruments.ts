import type { PaymentMethod } from './payment-methods.ts'

/** A card as it is typed in. */
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

/** A mobile money number as it is typed in. */
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
  accountName?: string | undefined
}

/** What a person pays with, as it is given. */
export type Instrument = TypedCard | TypedPhone | EncryptedCard

/** What a payment processor needs to know of an instrument. Never a card number. */
export type ChargedInstrument = Pick<PaymentMethod, 'type'> & Partial<Pick<PaymentMethod, 'bin' | 'last4' | 'phone'>>

/** What somebody must know to tell who keeps an instrument: the first digits of a card, the code of a bank. */
export type IdentifiedInstrument =
  | { type: 'card'; bin: string }
  | { type: 'mobile_money'; phone: string }
  | { type: 'direct_debit'; bankCode: string }

/** What an instrument's number does not tell by itself. */
export interface InstrumentFacts {
  /** Who keeps the instrument. */
  provider: string
  bank: string | null
}

/** Who has issued cards that begin with the same digits. */
export interface CardIssuer {
  /** ISO 3166 alpha-2. */
  countryCode: string
  countryName: string
  /** DEBIT, CREDIT or PREPAID. */
  cardType: string
  bank: string
  /** Of the bank in the list of banks; null for a bank that is not in the list. */
  bankId: number | null
}

/** Somebody who knows instruments. */
export interface InstrumentReader {
  /** Answered at once from what is known: it may be asked while a transaction stands open. */
  identify(instrument: IdentifiedInstrument): InstrumentFacts
  /** The card, or null where nobody here can read it. */
  readEncryptedCard(ciphertext: string): Promise<TypedCard | null>
  /** By the first six digits; null for digits that nothing is known of. */
  findIssuer(bin: string): Promise<CardIssuer | null>
}
