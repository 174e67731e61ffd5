import { claimDeliveries } from '../src/domain/webhooks/claims.ts'
import { createDeliver, type EventRenderers } from '../src/domain/webhooks/deliveries.ts'
import { writeFanOuts } from '../src/domain/webhooks/fan-outs.ts'
import type { Service } from '../src/surfaces/http/surface.ts'

/** Claims the due deliveries, attempts them and waits for them. Answers their number. */
export async function deliverDue(service: Service, renderers: EventRenderers): Promise<number> {
  await writeFanOuts(service)
  const claimed = await claimDeliveries(service)
  await Promise.all(claimed.map(createDeliver(service, renderers)))
  return claimed.length
}
