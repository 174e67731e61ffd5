import { setTimeout as sleep } from 'node:timers/promises'
import { watchWork } from '../../base/work-watch.ts'
import type { FreeContext } from '../context.ts'
import { type ClaimedDelivery, claimDeliveries } from './claims.ts'
import { createDeliver, type EventRenderers } from './deliveries.ts'
import type { SenderChoice } from './sender.ts'

const idleMs = 200
/** Attempts that end within this time are followed up together: taking on many costs the database little more than one. */
const gatherMs = 10
/** How long a stop waits for receivers; what they have not answered by then is sent again by the next server. */
const graceMs = 5_000

/** The name of this work in logs and metrics. */
const task = 'deliveries'

/**
 * Sends what is due until stopped. An endpoint that does not answer holds only its own share of the attempts under way.
 * The answered function stops taking on more and waits a few seconds for what is under way.
 */
export function startDispatcher(context: FreeContext & SenderChoice, renderers: EventRenderers): () => Promise<void> {
  const stop = new AbortController()
  const deliver = createDeliver(context, renderers)
  const claiming = watchWork(context, task)
  const delivering = watchWork(context, task, 'recording')
  const attemptsUnderWay = context.meter.gauge('mteja_webhook_attempts_under_way', {})
  const busy = new Map<string, number>()
  const underWay = new Set<Promise<void>>()
  let wake = () => {}

  async function run(delivery: ClaimedDelivery): Promise<void> {
    attemptsUnderWay.add(1)
    try {
      await deliver(delivery)
      delivering.done(1)
    } catch (error) {
      // Cut off by our own stop: its lease runs out, and it is attempted again.
      if (!stop.signal.aborted) delivering.failed(error)
    }
    attemptsUnderWay.add(-1)
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
        const claimed = await claimDeliveries(context, busy)
        for (const delivery of claimed) start(delivery)
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
    await Promise.race([Promise.all(underWay), sleep(graceMs, undefined, { signal: waited.signal }).catch(() => {})])
    waited.abort()
  }
}
