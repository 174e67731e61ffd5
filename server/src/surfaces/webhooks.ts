import type { EventRenderers } from '../domain/webhooks/deliveries.ts'
import { renderCashfulEvent } from './cashful/webhooks.ts'
import { renderPaystackEvent } from './paystack/webhooks.ts'

/** The body of a webhook in each style. */
export const eventRenderers: EventRenderers = { paystack: renderPaystackEvent, standard: renderCashfulEvent }
