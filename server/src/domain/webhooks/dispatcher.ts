import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Service } from '../context.ts'
import { type ClaimedDelivery, claimDeliveries, createAttempt, type EventRenderers } from './deliveries.ts'

const idleMs = 200
/** Attempts that end within this time are followed up together: taking on many costs the database little more than one. */
const gatherMs = 10
/** How long a stop waits for receivers; what they have not answered by then is sent again by the next server. */
const graceMs = 5_000

/**
 * Sends what is due until stopped. An endpoint that does not answer holds only its own share of the attempts under way.
 * The answered function stops taking on more and waits a few seconds for what is under way.
 */
export function startDispatcher(
  service: Service,
  renderers: EventRenderers,
  log: Pick<FastifyBaseLogger, 'error'>,
): () => Promise<void> {
  const stop = new AbortController()
  const attempt = createAttempt(service, renderers)
  const busy = new Map<string, number>()
  const underWay = new Set<Promise<void>>()
  let wake = () => {}

  async function run(delivery: ClaimedDelivery): Promise<void> {
    try {
      await attempt(delivery)
    } catch (error) {
      // Cut off by our own stop: its lease runs out, and it is attempted again.
      if (!stop.signal.aborted)
        log.error({ err: error, delivery: delivery.id }, 'a delivery could not be recorded; it is attempted again')
    }
    const left = (busy.get(delivery.endpointId) ?? 1) - 1
    if (left === 0) busy.delete(delivery.endpointId)
    else busy.set(delivery.endpointId, left)
    wake()
  }

  function start(delivery: ClaimedDelivery): void {
    busy.set(delivery.endpointId, (busy.get(delivery.endpointId) ?? 0) + 1)
    const running = run(delivery).finally(() => underWay.delete(running))
    underWay.add(running)
  }

  /** Until an attempt ends, whose successor may be due at once, or for a while. */
  async function rest(): Promise<void> {
    const rested = new AbortController()
    wake = () => rested.abort()
    stop.signal.addEventListener('abort', wake, { once: true })
    await sleep(idleMs, undefined, { signal: rested.signal }).catch(() => {})
    stop.signal.removeEventListener('abort', wake)
    if (!stop.signal.aborted) await sleep(gatherMs)
  }

  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        const claimed = await claimDeliveries(service, busy)
        for (const delivery of claimed) start(delivery)
      } catch (error) {
        log.error({ err: error }, 'deliveries could not be claimed; they are looked for again')
      }
      await rest()
    }
  }

  const looping = loop()
  return async () => {
    stop.abort()
    await looping
    const waited = new AbortController()
    await Promise.race([Promise.all(underWay), sleep(graceMs, undefined, { signal: waited.signal }).catch(() => {})])
    waited.abort()
  }
}
