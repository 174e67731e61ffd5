import { withPlainDigits } from '../customers/phone-numbers.ts'

/** Digits as people write phone numbers: in groups, with brackets, and with a plus sign before them. */
const written = /\d(?:[\s().\-–/\u00a0]{0,3}\d){6,19}/g

/** The longest code of a country. A number may be written without it. */
const longestCountryCode = 3

/**
 * Whether a text has a phone number, however it is written: in groups, from abroad or as it is dialled at home, in the digits of
 * any script.
 *
 * @param contacts of which those that begin with a plus sign are phone numbers, in the form of E.164
 */
export function mentionsPhone(contacts: readonly string[]): (text: string) => boolean {
  const numbers = contacts.filter((each) => each.startsWith('+')).map((each) => each.slice(1))
  return (text) =>
    numbers.length > 0 &&
    [...withPlainDigits(text).matchAll(written)].some(([each]) => {
      // +27 (0)82: the zero is dialled only within the country.
      const digits = each.replace(/\(0\)/, '').replace(/\D/g, '').replace(/^0+/, '')
      return numbers.some((number) => number.endsWith(digits) && number.length - digits.length <= longestCountryCode)
    })
}
