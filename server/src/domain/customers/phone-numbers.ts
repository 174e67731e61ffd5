import type { CountryCode } from 'libphonenumber-js'
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

export interface PhoneNumber {
  /** With country code and plus: +27821234567. */
  e164: string
  /** As dialled within the country, digits only: 0821234567. */
  national: string
}

/**
 * Reads a number in international (+27…, 0027…) or local form (082…, read in `country`). Null if it cannot be a phone
 * number.
 */
export function parsePhoneNumber(text: string, country: string): PhoneNumber | null {
  return read(text, country, (number) => number.isPossible())
}

/**
 * Works like `parsePhoneNumber`, but a number in local form must be in the country's numbering plan: 08031234567 is a number
 * of Nigeria, and not +278031234567 because the merchant is in South Africa. For a number in international form the length is
 * enough, because numbering plans grow faster than the library that knows them.
 */
export function parseLocalPhoneNumber(text: string, country: string): PhoneNumber | null {
  return read(text, country, (number) => (startsAbroad.test(bareNumber(text)) ? number.isPossible() : number.isValid()))
}

const startsAbroad = /^(\+|00)/

type ParsedNumber = NonNullable<ReturnType<typeof parsePhoneNumberFromString>>

function read(text: string, country: string, isAccepted: (number: ParsedNumber) => boolean): PhoneNumber | null {
  const number = parsePhoneNumberFromString(bareNumber(text).replace(/^00/, '+'), country as CountryCode)
  if (number === undefined || !isAccepted(number)) return null
  return { e164: number.number, national: number.formatNational().replace(/\D/g, '') }
}

/** The digits of a text that looks like a phone number or a part of one, as search text holds them. Otherwise null. */
export function phoneDigits(text: string): string | null {
  if (!/^\+?[\d\s().-]+$/.test(text)) return null
  // +27 (0)83 is the number +27 83: the zero is dialled only within the country.
  const digits = text
    .replace(/(?<=\d\s*)\(0\)/, '')
    .replace(/\D/g, '')
    .replace(/^00/, '')
  return digits.length >= 3 ? digits : null
}

/** A number as it is dialled: without `tel:` of a link, without characters that nobody sees, in the digits 0 to 9. */
export function bareNumber(text: string): string {
  return withPlainDigits(text.replace(/\p{Cf}/gu, '').trim()).replace(/^(?:tel|sms|whatsapp):\s*/i, '')
}

const foreignDigits = /(?![0-9])\p{Nd}/gu

/** The text with the digits 0 to 9 for those of any script: ٠٨٠ is 080. */
export function withPlainDigits(text: string): string {
  return text.replace(foreignDigits, plainDigit)
}

/** In Unicode the ten digits of a script follow each other, and begin at a code that ends in 0 or 6. */
function plainDigit(digit: string): string {
  const code = digit.codePointAt(0) as number
  return String((code - (isDigit(code - (code % 16)) ? 0 : 6)) % 16)
}

function isDigit(code: number): boolean {
  return /\p{Nd}/u.test(String.fromCodePoint(code))
}
