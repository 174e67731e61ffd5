import type { CountryCode } from 'libphonenumber-js'
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'

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
  const number = parsePhoneNumberFromString(text.trim().replace(/^00/, '+'), country as CountryCode)
  if (!number?.isPossible()) return null
  return { e164: number.number, national: number.formatNational().replace(/\D/g, '') }
}

/** The digits of a text that looks like a phone number or a part of one, as search text holds them. Otherwise null. */
export function phoneDigits(text: string): string | null {
  if (!/^\+?[\d\s().-]+$/.test(text)) return null
  const digits = text.replace(/\D/g, '').replace(/^00/, '')
  return digits.length >= 3 ? digits : null
}
