import type { Vault } from '../../base/vault.ts'

/**
 * Whether a text names a customer by code, or by e-mail or phone and no other customer. In an address these are written with
 * percent signs.
 *
 * @param contacts every e-mail and phone number that the customer had
 */
export function mentions(code: string, contacts: readonly string[]): (text: string) => boolean {
  const [letter, end] = ['[\\p{L}\\p{N}._%+-]', '[\\p{L}\\p{N}-]']
  const escaped = contacts.map((each) => plain(each).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const named = contacts.length === 0 ? null : new RegExp(`(?<!${letter})(?:${escaped.join('|')})(?!${end})`, 'iu')
  const codeInSmall = code.toLowerCase()
  return (given) => {
    const texts = plainForms(given)
    if (texts.some((text) => text.toLowerCase().includes(codeInSmall))) return true
    return named !== null && !given.includes('CUS_') && texts.some((text) => named.test(text))
  }
}

/** The forms of a text in which names and numbers are looked for: as it is, and with its percent codes read. */
export function plainForms(text: string): string[] {
  return [...new Set([plain(text), plain(withoutPercents(text))])]
}

/**
 * The text in one form of Unicode, in which a full-width @ is an @, without characters that nobody sees, and with a blank for each
 * line break and tab that JSON escapes.
 */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/\\[bfnrt]/g, ' ')
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

/** The purpose for which the e-mails and phone numbers are sealed by which texts about a customer are known while the erasure lasts. */
export const emailsPurpose = 'erasure emails'

/** By this an e-mail of a person who was erased is known again. Only the holder of the service key can make it. */
export function digestEmail({ vault }: { vault: Pick<Vault, 'fingerprint'> }, email: string): Buffer {
  return vault.fingerprint(email.toLowerCase(), 'erased email')
}
