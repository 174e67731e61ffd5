import { Type } from 'typebox'

/** An address to which a payer is sent, read by `readCallbackUrl`. */
export function callbackUrlSchema(description: string, example: string) {
  return Type.Optional(
    Type.String({
      maxLength: 2000,
      description: `${description}. A host without http:// is read as https://. A text that is no address is accepted, and the payer stays on the page`,
      examples: [example],
    }),
  )
}

/**
 * The address to send a payer to, as clients write it: whole, or without its scheme as people type it into a browser
 * ("www.shop.example/done", "localhost:3000"). Undefined for any other text, because Paystack accepts every text:
 * packages for phones send "/", and watch the page instead of following it.
 */
export function readCallbackUrl(given: string | undefined): string | undefined {
  const text = given?.trim() ?? ''
  if (/^https?:\/\//i.test(text)) return URL.canParse(text) ? text : undefined
  const scheme = /^(localhost|127\.0\.0\.1)(:\d+)?([/?#]|$)/i.test(text)
    ? 'http'
    : /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?([/?#]|$)/i.test(text)
      ? 'https'
      : null
  const address = `${scheme}://${text}`
  return scheme !== null && URL.canParse(address) ? address : undefined
}
