import type { Service } from '../src/domain/context.ts'
import { claimDeliveries, createAttempt, type EventRenderers } from '../src/domain/webhooks/deliveries.ts'

/** Claims the deliveries that are due, attempts them and waits for them; answers how many. */
export async function deliverDue(service: Service, renderers: EventRenderers): Promise<number> {
  const claimed = await claimDeliveries(service)
  await Promise.all(claimed.map(createAttempt(service, renderers)))
  return claimed.length
}
