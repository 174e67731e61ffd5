import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, type TxContext } from '../context.ts'
import type { ClaimedDelivery } from './claims.ts'
import { disableEndpoint } from './endpoints.ts'
import type { WebhookAnswer } from './sender.ts'

/** One attempt at a delivery, and the state of the delivery after the attempt. */
export interface Outcome {
  delivery: ClaimedDelivery
  startedAt: Date
  /** The body that was sent. Null for a webhook that could not be made. */
  body: string | null
  headers: Record<string, string>
  answer: WebhookAnswer
  /** True for an attempt that sent nothing, for which the endpoint is not to blame. */
  isOurFault: boolean
  status: 'pending' | 'delivered' | 'failed'
  nextAttemptAt: Date | null
  failureReason: string | null
}

/** An endpoint that has acknowledged nothing for this long is disabled. */
export const disabledAfterMs = 5 * 24 * 60 * 60 * 1000

/** In one transaction: stores attempts of one merchant, settles or postpones deliveries, and watches the endpoints. */
export async function recordOutcomes(context: Context, outcomes: Outcome[]): Promise<void> {
  const merchantId = outcomes[0]?.delivery.merchantId ?? 0
  const now = context.clock.now()
  await inTransaction(context, async (tx) => {
    await recordAttempts(tx, merchantId, outcomes, now)
    await watchEndpoints(tx, merchantId, outcomes, now)
  })
}

/** The same outcome without texts from outside, for a database that has refused such a text. */
export function withoutTexts(outcome: Outcome): Outcome {
  const { answer } = outcome
  return {
    ...outcome,
    body: null,
    headers: {},
    answer: 'status' in answer ? { ...answer, headers: {}, body: '' } : answer,
  }
}

async function recordAttempts(tx: TxContext, merchantId: number, outcomes: Outcome[], now: Date): Promise<void> {
  const attempts = outcomes.map(({ delivery, answer, ...outcome }) => ({
    id: String(delivery.id),
    started_at: outcome.startedAt,
    duration_ms: answer.durationMs,
    url: delivery.url,
    request_headers: outcome.headers,
    answer_status: 'status' in answer ? answer.status : null,
    response_headers: 'status' in answer ? answer.headers : null,
    response_body: 'status' in answer ? answer.body : null,
    error: 'error' in answer ? answer.error : null,
    body: outcome.body,
    status: outcome.status,
    next_attempt_at: outcome.nextAttemptAt,
    failure_reason: outcome.failureReason,
  }))
  await tx.db.query(sql`select record_attempts(${merchantId}, ${JSON.stringify(attempts)}::json, ${now})`)
}

/**
 * Stores since when an endpoint has been failing. Disables an endpoint that has failed for long or says it is gone.
 */
async function watchEndpoints(tx: TxContext, merchantId: number, outcomes: Outcome[], now: Date): Promise<void> {
  const working = outcomes.filter(({ status }) => status === 'delivered').map(({ delivery }) => delivery.endpointId)
  const failing = outcomes.filter(({ status, isOurFault }) => status !== 'delivered' && !isOurFault)
  if (working.length > 0) {
    await tx.db.query(sql`
      update webhook_endpoints set failing_since = null
      where merchant_id = ${merchantId} and id = any(${working}::uuid[]) and failing_since is not null
    `)
  }
  const broken = new Set(failing.map(({ delivery }) => delivery.endpointId).filter((id) => !working.includes(id)))
  for (const id of broken) {
    const isGone = failing.some((each) => each.delivery.endpointId === id && isGoneAnswer(each))
    const reason = isGone ? 'It answered 410 Gone' : await reasonToDisable(tx, merchantId, id, now)
    if (reason !== null) await disableEndpoint(tx, merchantId, id, reason)
  }
}

function isGoneAnswer({ answer, delivery }: Outcome): boolean {
  return delivery.style === 'standard' && 'status' in answer && answer.status === 410
}

/**
 * Stores that the endpoint has failed. Answers the reason to disable it, null for one that has not failed for long.
 */
async function reasonToDisable(tx: TxContext, merchantId: number, id: string, now: Date): Promise<string | null> {
  const [row] = await tx.db.query<{ failing_since: Date }>(sql`
    update webhook_endpoints set failing_since = coalesce(failing_since, ${now}::timestamptz)
    where merchant_id = ${merchantId} and id = ${id}
    returning failing_since
  `)
  const since = row?.failing_since ?? now
  if (now.getTime() - since.getTime() < disabledAfterMs) return null
  return `It has acknowledged nothing since ${since.toISOString()}`
}
