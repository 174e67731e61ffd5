/** Whether a text names a customer by code, or by e-mail and no other customer. */
export function mentions(code: string, emails: readonly string[]): (text: string) => boolean {
  const [letter, end] = ['[\\p{L}\\p{N}._%+-]', '[\\p{L}\\p{N}-]']
  const escaped = emails.map((email) => email.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const named = emails.length === 0 ? null : new RegExp(`(?<!${letter})(?:${escaped.join('|')})(?!${end})`, 'iu')
  return (text) => text.includes(code) || (named?.test(text.normalize('NFC')) === true && !text.includes('CUS_'))
}

/** The purpose for which the e-mails are sealed by which texts about a customer are known while the erasure lasts. */
export const emailsPurpose = 'erasure emails'
