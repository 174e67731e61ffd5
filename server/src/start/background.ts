import { setTimeout as sleep } from 'node:timers/promises'
import { type WorkWatch, watchWork } from '../base/work-watch.ts'
import { type Sql, sql } from '../db/sql.ts'
import { endUnapproved } from '../domain/approvals/decisions.ts'
import { finishAccountRequests } from '../domain/banking/account-requests.ts'
import { foldSearchTexts } from '../domain/customers/search-folding.ts'
import { finishDueChecks } from '../domain/identity/due-checks.ts'
import { createPlaces, oldestDue, type Places } from '../domain/merchants/due.ts'
import { settleDueArrivals } from '../domain/payments/account-arrivals.ts'
import { finishDecisions } from '../domain/payments/assigned-money.ts'
import { askDueQuestions, settleDueDisputes } from '../domain/payments/dispute-lookups.ts'
import { settleDueCharges } from '../domain/payments/due-charges.ts'
import { settleDuePayments } from '../domain/payments/due-payments.ts'
import { activateDueMandates, mandatesAskedAbout } from '../domain/payments/mandate-activations.ts'
import { dropReplacedCredentials } from '../domain/payments/processor-accounts.ts'
import { settleDueRefunds } from '../domain/payments/refunds.ts'
import { advanceDuePayouts } from '../domain/payouts/advancing.ts'
import { continueErasures } from '../domain/personal-data/erasing.ts'
import { takeOverRefusedKeys } from '../domain/reconciliation/key-takeovers.ts'
import { continueReconciliations, startDailyReconciliations } from '../domain/reconciliation/runs.ts'
import { lookAtAccounts } from '../domain/reconciliation/sending-looks.ts'
import { removeOld } from '../domain/retention/retention.ts'
import { removeExpiredOutcomes } from '../domain/sandbox/outcomes.ts'
import { finishAdjustments } from '../domain/wallet/adjustments.ts'
import { expireDueHolds } from '../domain/wallet/due-holds.ts'
import { finishPayIns } from '../domain/wallet/pay-ins.ts'
import { oldestDueDelivery } from '../domain/webhooks/claims.ts'
import { startDispatcher } from '../domain/webhooks/dispatcher.ts'
import { giveUpStrayDeliveries } from '../domain/webhooks/endpoints.ts'
import { oldestFanOut, writeFanOuts } from '../domain/webhooks/fan-outs.ts'
import type { Service } from '../surfaces/http/surface.ts'
import { eventRenderers } from './webhook-bodies.ts'

/** Work that is done later than it was asked for. */
interface Worker {
  /** Its name in logs and metrics. */
  task: string
  /** Does due work until the answered function is called, which waits for the work under way. */
  start(context: Service): () => Promise<void>
  /**
   * Selects since when the piece of its work that has waited the longest has waited, and for work that fails since when the
   * step has failed. By index look-ups: it is asked while the work piles up.
   */
  oldestDue?: (now: Date) => Sql
  /** Whether it begins after the accounts at processors were looked at: what they have may pause all sending. */
  isAfterLooks?: true
}

/** All the work in the background. Any number of servers may do it: each piece is done by one of them. */
export const workers: readonly Worker[] = [
  {
    ...overlapping('identity_checks', 250, finishDueChecks),
    oldestDue: () => oldestDue({ table: sql`identity_checks`, open: sql`d.status = 'pending'` }),
  },
  {
    ...overlapping('account_requests', 250, finishAccountRequests),
    oldestDue: () =>
      oldestDue(
        { table: sql`dedicated_account_requests`, open: sql`d.status = 'pending'` },
        sql`
          select min(greatest(r.due_at, k.finished_at))
          from (select * from dedicated_account_requests where status = 'pending' order by due_at limit 1000) r
          left join identity_checks k on k.merchant_id = r.merchant_id and k.id = r.identity_check_id
          where k.status is distinct from 'pending'
        `,
      ),
  },
  {
    ...overlapping('mandates', 250, activateDueMandates),
    oldestDue: () => oldestDue({ table: sql`mandates`, dueAt: sql`activates_at`, open: mandatesAskedAbout }),
  },
  {
    ...rounds('holds', 250, expireDueHolds),
    oldestDue: () => sql`select min(expires_at) from holds where status = 'placed' and expires_at is not null`,
  },
  {
    ...overlapping('payments', 250, settleDuePayments),
    oldestDue: () => oldestDue({ table: sql`payment_intents`, open: sql`d.due_at is not null` }),
  },
  {
    ...overlapping('charges', 250, settleDueCharges),
    oldestDue: () => oldestDue({ table: sql`sent_charges`, open: sql`d.due_at is not null` }),
  },
  {
    ...overlapping('arrivals', 250, settleDueArrivals),
    oldestDue: () => oldestDue({ table: sql`arrival_notices`, open: sql`true` }),
  },
  rounds('refused_keys', 60_000, takeOverRefusedKeys),
  rounds('replaced_credentials', 10 * 60_000, dropReplacedCredentials),
  {
    ...overlapping('refunds', 250, settleDueRefunds),
    oldestDue: () => oldestDue({ table: sql`refunds`, open: sql`d.due_at is not null` }),
  },
  {
    ...overlapping('payouts', 250, advanceDuePayouts),
    oldestDue: () => oldestDue({ table: sql`payouts`, open: sql`d.due_at is not null` }),
  },
  {
    ...overlapping('account_questions', 250, askDueQuestions),
    oldestDue: () => oldestDue({ table: sql`account_questions`, open: sql`true` }),
  },
  {
    ...overlapping('disputes', 250, settleDueDisputes),
    oldestDue: () => oldestDue({ table: sql`disputes`, open: sql`d.due_at is not null` }),
  },
  { ...rounds('daily_reconciliations', 60_000, startDailyReconciliations), isAfterLooks: true },
  {
    ...rounds('reconciliations', 1000, continueReconciliations),
    oldestDue: () => oldestDue({ table: sql`reconciliations`, open: sql`d.due_at is not null` }),
  },
  {
    ...rounds('pay_ins', 1000, finishPayIns),
    oldestDue: () => oldestDue({ table: sql`pay_ins`, open: sql`d.due_at is not null` }),
  },
  {
    ...rounds('adjustments', 1000, finishAdjustments),
    oldestDue: () => oldestDue({ table: sql`adjustments`, open: sql`d.due_at is not null` }),
  },
  {
    ...rounds('approvals', 1000, endUnapproved),
    oldestDue: () => oldestDue({ table: sql`approvals`, open: sql`d.due_at is not null` }),
  },
  {
    ...rounds('suspense', 1000, finishDecisions),
    oldestDue: () => oldestDue({ table: sql`suspense_decisions`, open: sql`d.due_at is not null` }),
  },
  { ...rounds('fan_outs', 250, writeFanOuts), oldestDue: oldestFanOut },
  {
    task: 'deliveries',
    start: (context) => startDispatcher(context, eventRenderers),
    oldestDue: oldestDueDelivery,
    isAfterLooks: true,
  },
  rounds('stray_deliveries', 10_000, giveUpStrayDeliveries),
  {
    ...rounds('erasures', 250, continueErasures),
    oldestDue: () => oldestDue({ table: sql`erasures`, open: sql`d.erased_at is null` }),
  },
  rounds('sandbox_outcomes', 10 * 60_000, removeExpiredOutcomes),
  rounds('retention', 10 * 60_000, removeOld),
  rounds('search_texts', 1000, foldSearchTexts),
]

/**
 * Does due work until stopped; what a stopped or killed server left is done by the next. The answered function stops all
 * workers, after what is under way.
 */
export function startBackground(context: Service): () => Promise<void> {
  const stopping = new AbortController()
  const looked = lookFirst(context, stopping.signal)
  const stops = workers.map((worker) => {
    if (!worker.isAfterLooks) return worker.start(context)
    // Its metrics are there from the start.
    watchWork(context, worker.task)
    const started = looked.then(() => (stopping.signal.aborted ? null : worker.start(context)))
    return async () => (await started)?.()
  })
  return async () => {
    stopping.abort()
    await Promise.all(stops.map((stop) => stop()))
  }
}

/** Longer than this no webhook waits for accounts that do not answer. What goes by an account waits for its own. */
const patienceMs = 10_000

async function lookFirst(context: Service, stop: AbortSignal): Promise<void> {
  const over = new AbortController()
  lookAtAccounts(context)
    .catch((error) => context.failures.failed('look at accounts', { err: error }))
    .finally(() => over.abort())
  await sleep(patienceMs, undefined, { signal: AbortSignal.any([stop, over.signal]) }).catch(() => {})
}

/** Does what is due, and answers how much that was. A round that takes long looks at the signal of a stop. */
type Round = (context: Service, stop: AbortSignal) => Promise<number>

/** Does what is due, again and again. A round that fails is logged and counted, and the next one tries again. */
export function rounds(task: string, everyMs: number, run: Round): Worker {
  return {
    task,
    start(context) {
      const stopping = new AbortController()
      const running = repeat(context, { task, everyMs, run }, stopping.signal)
      return () => {
        stopping.abort()
        return running
      }
    },
  }
}

/** After this time the next round of work that asks parties outside begins, although one of them has not answered yet. */
const roundMs = 1000

/** As `rounds`, but a round that waits for a slow party keeps the next one from nothing: each tenant has places of its own. */
export function overlapping(
  task: string,
  everyMs: number,
  run: (context: Service, places: Places) => Promise<number>,
): Worker {
  return {
    task,
    start(context) {
      const places = createPlaces()
      const stopping = new AbortController()
      const pace = { task, everyMs, roundMs, run: (given: Service) => run(given, places) }
      const running = repeat(context, pace, stopping.signal)
      return () => {
        stopping.abort()
        return running
      }
    },
  }
}

/** How a task is repeated. Without `roundMs` the next round waits for the end of the one before. */
interface Pace {
  task: string
  everyMs: number
  roundMs?: number
  run: Round
}

async function repeat(context: Service, { task, everyMs, roundMs, run }: Pace, stop: AbortSignal): Promise<void> {
  const watch = watchWork(context, task)
  const underWay = new Set<Promise<void>>()
  while (!stop.aborted) {
    const round = doRound(() => run(context, stop), watch)
    underWay.add(round)
    const ending = round.then(() => underWay.delete(round))
    await (roundMs === undefined ? ending : firstOf(ending, roundMs))
    await sleep(everyMs, undefined, { signal: stop }).catch(() => {})
  }
  await Promise.all(underWay)
}

async function doRound(run: () => Promise<number>, watch: WorkWatch): Promise<void> {
  try {
    watch.done(await run())
  } catch (error) {
    watch.failed(error)
  }
}

/** Waits until work has ended, or for the given time. */
async function firstOf(work: Promise<unknown>, ms: number): Promise<void> {
  const over = new AbortController()
  await Promise.race([work, sleep(ms, undefined, { signal: over.signal }).catch(() => {})])
  over.abort()
}
