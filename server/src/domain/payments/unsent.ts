/** Why something has surely not been sent to a processor, or was sent in vain. The same is sent again later. */
export type NotSentReason =
  /** The account refuses its key, or calls from this address. */
  | 'unauthorized'
  | 'rate_limited'
  | 'no_connection'
  /** The account has not enough money. */
  | 'short_of_funds'
  /** Nothing is sent for the tenant. */
  | 'paused'
  /** The account may not do it, or refuses it in words that nobody knows. */
  | 'not_enabled'
  /** The bank of the payee is out of order. */
  | 'out_of_order'

/** The same in a sentence for a person. */
export const waitingSentences: Readonly<Record<NotSentReason, string>> = {
  unauthorized: 'The account refuses its key: nothing is sent until a key that is in force is chosen',
  rate_limited: 'The account takes no more requests at this moment',
  no_connection: 'The account cannot be reached at this moment',
  short_of_funds: 'The account at the processor has not enough money: nothing is sent until it has',
  paused: 'Sending is paused: see the pause at GET /v1/processors',
  not_enabled: 'The account may not do this, or refuses it in words that no document has: look there',
  out_of_order: 'The bank of the payee is out of order at this moment',
}
