import type { FastifyBaseLogger } from 'fastify'
import { expireDueHolds } from './domain/holds.ts'
import { finishDueChecks } from './domain/identity.ts'
import { activateDueMandates } from './domain/mandates.ts'
import type { Service } from './service.ts'

/** Work that is done later than it was asked for. Each answers how much it did. */
const tasks = { finishDueChecks, activateDueMandates, expireDueHolds }

const intervalMs = 250

/**
 * Does due work now and then until stopped; what a stopped or killed server left is done by the next. A task that fails
 * is logged and tried again in the next round. The answered function stops it, after the round under way.
 */
export function startBackground(service: Service, log: Pick<FastifyBaseLogger, 'error'>): () => Promise<void> {
  let stopped = false
  let wake: () => void = () => {}

  async function loop(): Promise<void> {
    while (!stopped) {
      await runDueWork(service, log)
      if (stopped) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, intervalMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  const finished = loop()
  return async () => {
    stopped = true
    wake()
    await finished
  }
}

async function runDueWork(service: Service, log: Pick<FastifyBaseLogger, 'error'>): Promise<void> {
  for (const [name, task] of Object.entries(tasks)) {
    try {
      await task(service)
    } catch (error) {
      log.error({ err: error, task: name }, 'background work failed; it is tried again')
    }
  }
}
