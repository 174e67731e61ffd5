import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { finishAccountRequests } from '../domain/banking/account-requests.ts'
import type { Context } from '../domain/context.ts'
import { forgetOldKeys } from '../domain/idempotency/once.ts'
import { finishDueChecks } from '../domain/identity/identity.ts'
import { settleDuePayments } from '../domain/payments/due-payments.ts'
import { activateDueMandates } from '../domain/payments/mandate-activations.ts'
import { expireDueHolds } from '../domain/wallet/holds.ts'
import { giveUpStrayDeliveries } from '../domain/webhooks/deliveries.ts'

/** Work that is done later than it was asked for. Each answers how much it did. */
interface Task {
  run(context: Context): Promise<number>
  everyMs: number
}

const tasks: readonly Task[] = [
  { run: finishDueChecks, everyMs: 250 },
  { run: finishAccountRequests, everyMs: 250 },
  { run: activateDueMandates, everyMs: 250 },
  { run: expireDueHolds, everyMs: 250 },
  { run: settleDuePayments, everyMs: 250 },
  { run: giveUpStrayDeliveries, everyMs: 10_000 },
  { run: forgetOldKeys, everyMs: 60_000 },
]

/**
 * Does due work until stopped; what a stopped or killed server left is done by the next. A task that fails is logged and
 * tried again in its next round. The answered function stops all, after what is under way.
 */
export function startBackground(context: Context, log: Pick<FastifyBaseLogger, 'error'>): () => Promise<void> {
  const stop = new AbortController()
  const loops = tasks.map((task) => repeat(task, context, log, stop.signal))
  return async () => {
    stop.abort()
    await Promise.all(loops)
  }
}

async function repeat(task: Task, context: Context, log: Pick<FastifyBaseLogger, 'error'>, stop: AbortSignal) {
  while (!stop.aborted) {
    try {
      await task.run(context)
    } catch (error) {
      log.error({ err: error, task: task.run.name }, 'background work failed; it is tried again')
    }
    await sleep(task.everyMs, undefined, { signal: stop }).catch(() => {})
  }
}
