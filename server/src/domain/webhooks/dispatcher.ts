import { setTimeout as sleep } from 'node:timers/promises'
import { watchWork } from '../../base/work-watch.ts'
import type { FreeContext } from '../context.ts'
import { type ClaimedDelivery, claimDeliveries } from './claims.ts'
import { createDeliver, type EventRenderers } from './deliveries.ts'
import type { SenderChoice } from './sender.ts'

const idleMs = 200
/**
 * Attempts that end within this time are followed up together. To take on many deliveries costs the database little
 * more than to take on a single delivery.
 */
const gatherMs = 10
/** How long a stop waits for receivers. The next server sends again each delivery that is not answered by then. */
const graceMs = 5_000

/** The name of this work in logs and metrics. */
const task = 'deliveries'

/**
 * Sends deliveries that are due until it is stopped. An endpoint that does not answer holds only its own share of the
 * attempts under way, and a tenant with many such endpoints only the tenant's share. The returned function takes on no more deliveries and waits a few seconds for attempts under
 * way.
 */
export function startDispatcher(context: FreeContext & SenderChoice, renderers: EventRenderers): () => Promise<void> {
  const stop = new AbortController()
  const deliver = createDeliver(context, renderers)
  const claiming = watchWork(context, task)
  const delivering = watchWork(context, task, 'recording')
  const attemptsUnderWay = context.meter.gauge('mteja_webhook_attempts_under_way', {})
  const underWay = new Map<ClaimedDelivery, Promise<void>>()
  let wake = () => {}

  async function run(delivery: ClaimedDelivery): Promise<void> {
    attemptsUnderWay.add(1)
    try {
      await deliver(delivery)
      delivering.done(1)
    } catch (error) {
      // Our own stop has cut the attempt off. Its lease runs out, and the delivery is attempted again.
      if (!stop.signal.aborted) delivering.failed(error)
    }
    attemptsUnderWay.add(-1)
    underWay.delete(delivery)
    wake()
  }

  /** Waits for a while, or until an attempt ends: the delivery behind it may then be due at once. */
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
        const claimed = await claimDeliveries(context, underWay.keys())
        for (const delivery of claimed) underWay.set(delivery, run(delivery))
        claiming.done(0)
      } catch (error) {
        claiming.failed(error)
      }
      await rest()
    }
  }

  const looping = loop()
  return async () => {
    stop.abort()
    await looping
    const waited = new AbortController()
    await Promise.race([
      Promise.all(underWay.values()),
      sleep(graceMs, undefined, { signal: waited.signal }).catch(() => {}),
    ])
    waited.abort()
  }
}
