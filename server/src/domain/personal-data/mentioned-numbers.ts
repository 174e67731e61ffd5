import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { withPlainDigits } from '../customers/phone-numbers.ts'
import { plainForms } from '../idempotency/mentions.ts'

/** What may stand between two digits of one number: blanks, dashes, brackets, the quotes and commas of a list; no letter. */
const between = '[^\\p{L}\\p{N}]{0,5}'

/** Fewer digits than these may be an amount or a count. */
const leastTellingDigits = 7

/**
 * Whether a text has a phone number, however it is written: with anything but letters between its digits, from abroad or as it is
 * dialled at home, in the digits of any script, beside other numbers. No digit stands directly before or after it.
 *
 * @param contacts of which those without an @ are phone numbers, in the form of E.164 or as they were given
 */
export function mentionsPhone(contacts: readonly string[]): (text: string) => boolean {
  const numbers = contacts.filter((each) => !each.includes('@')).flatMap(waysToDial)
  if (numbers.length === 0) return () => false
  const written = new RegExp(`(?<!\\d)0{0,3}(?:${[...new Set(numbers)].join('|')})(?!\\d)`, 'u')
  return (text) => plainForms(text).some((each) => written.test(withPlainDigits(each)))
}

/** Patterns for the digits of a number, each without zeros before it. */
function waysToDial(contact: string): string[] {
  const given = digitsOf(contact)
  const number = parsePhoneNumberFromString(contact)
  const home = number === undefined ? [] : [number.nationalNumber, digitsOf(number.formatNational())]
  const ways = [given, ...home].filter((digits) => digits.length >= leastTellingDigits).map(spread)
  // +27 (0)82: the zero is dialled only within the country.
  if (number !== undefined) ways.push([number.countryCallingCode, '0', number.nationalNumber].map(spread).join(between))
  return ways
}

function digitsOf(text: string): string {
  return withPlainDigits(text).replace(/\D/g, '').replace(/^0+/, '')
}

function spread(digits: string): string {
  return [...digits].join(between)
}

/** A number below this may be an amount or a count, and is a customer's only where a member says so. */
const leastTellingNumber = 100_000n

/**
 * Whether a text, or the data in it, names a customer by number: anywhere and also within a sentence if it is no usual amount, else
 * as the whole of a member whose name speaks of a customer, or as the entity that an event is related to.
 *
 * @param data null where the text is no JSON
 */
export function mentionsNumber(number: bigint): (text: string, data: unknown) => boolean {
  if (number < leastTellingNumber) return (_, data) => hasMember(number, data, false)
  // 604079024.0 is the number, and 604079024.5 and 1.604079024 are others.
  const written = new RegExp(`(?<!\\d|\\d\\.)0*${number}(?!\\d|\\.\\d*[1-9])`, 'u')
  return (text) => plainForms(text).some((each) => written.test(withPlainDigits(each)))
}

function hasMember(number: bigint, data: unknown, isAboutCustomer: boolean): boolean {
  if (typeof data === 'number' || typeof data === 'string')
    return isAboutCustomer && String(data).replace(/^[#\s]+|\.0+$|\s+$/g, '') === String(number)
  if (typeof data !== 'object' || data === null) return false
  return Object.entries(data).some(
    ([name, value]) =>
      hasMember(number, name, isAboutCustomer) ||
      hasMember(number, value, isAboutCustomer || /customer|relatedEntityId/i.test(name)),
  )
}
