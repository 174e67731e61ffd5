import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, type TxContext } from '../context.ts'
import type { ClaimedDelivery } from './claims.ts'
import { disableEndpoint } from './endpoints.ts'
import type { WebhookAnswer } from './sender.ts'

/** One attempt at a delivery, and what becomes of the delivery by it. */
export interface Outcome {
  delivery: ClaimedDelivery
  startedAt: Date
  /** What was sent; null where it could not be made. */
  body: string | null
  headers: Record<string, string>
  answer: WebhookAnswer
  /** The endpoint is not to blame: nothing was sent to it. */
  isOurFault: boolean
  status: 'pending' | 'delivered' | 'failed'
  nextAttemptAt: Date | null
  failureReason: string | null
}

/** An endpoint that has acknowledged nothing for this long is disabled. */
export const disabledAfterMs = 5 * 24 * 60 * 60 * 1000

/** Keeps attempts of one merchant, settles or postpones their deliveries, and watches their endpoints, in one transaction. */
export async function recordOutcomes(context: Context, outcomes: Outcome[]): Promise<void> {
  const merchantId = outcomes[0]?.delivery.merchantId ?? 0
  const now = context.clock.now()
  await inTransaction(context, async (tx) => {
    await recordAttempts(tx, merchantId, outcomes, now)
    await watchEndpoints(tx, merchantId, outcomes, now)
  })
}

/** The same outcome without the texts of others, for a database that refuses one of them. */
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

/** Notes since when an endpoint has been failing, and disables it when that is long enough or it says it is gone. */
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

/** Notes that the endpoint has failed. Answers why it is to be disabled; null while it has not failed for long. */
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
