import type { Vault } from '../../base/vault.ts'

/**
 * Whether a text names a customer by code, or by e-mail or phone and no other customer. In an address these are written with
 * percent signs.
 *
 * @param contacts every e-mail and phone number that the customer had
 */
export function mentions(code: string, contacts: readonly string[]): (text: string) => boolean {
  const [letter, end] = ['[\\p{L}\\p{N}._%+-]', '[\\p{L}\\p{N}-]']
  const escaped = contacts.map((each) => each.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const named = contacts.length === 0 ? null : new RegExp(`(?<!${letter})(?:${escaped.join('|')})(?!${end})`, 'iu')
  const names = (text: string) => named?.test(text.normalize('NFC')) === true
  return (text) => text.includes(code) || (!text.includes('CUS_') && (names(text) || names(withoutPercents(text))))
}

/** The text with each percent code read, also where it was written twice: `%2540` is `%40` is `@`. */
function withoutPercents(text: string): string {
  const read = (given: string) => given.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => decodeOr(codes))
  return read(read(text))
}

function decodeOr(codes: string): string {
  try {
    return decodeURIComponent(codes)
  } catch {
    return codes
  }
}

/** A number below this may be an amount or a count, and is a customer's only where a member says so. */
const leastTellingNumber = 100_000n

/**
 * Whether the data of an event name a customer by number: anywhere, if it is no usual amount, else under a member whose name
 * speaks of a customer, or as the entity that the event is related to.
 */
export function mentionsNumber(number: bigint, data: unknown, isAboutCustomer = false): boolean {
  if (typeof data === 'number' || typeof data === 'string')
    return (isAboutCustomer || number >= leastTellingNumber) && String(data).trim() === String(number)
  if (typeof data !== 'object' || data === null) return false
  return Object.entries(data).some(
    ([name, value]) =>
      mentionsNumber(number, name, isAboutCustomer) ||
      mentionsNumber(number, value, isAboutCustomer || /customer|relatedEntityId/i.test(name)),
  )
}

/** The purpose for which the e-mails and phone numbers are sealed by which texts about a customer are known while the erasure lasts. */
export const emailsPurpose = 'erasure emails'

/** By this an e-mail of a person who was erased is known again. Only the holder of the service key can make it. */
export function digestEmail({ vault }: { vault: Pick<Vault, 'fingerprint'> }, email: string): Buffer {
  return vault.fingerprint(email.toLowerCase(), 'erased email')
}
