import type { EventRenderers } from '../domain/webhooks/deliveries.ts'
import { renderCashfulEvent } from '../surfaces/cashful/webhooks.ts'
import { renderPaystackEvent } from '../surfaces/paystack/webhooks.ts'

/** The body of a webhook in each style. */
export const eventRenderers: EventRenderers = { paystack: renderPaystackEvent, standard: renderCashfulEvent }
