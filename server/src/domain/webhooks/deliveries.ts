import { createBatcher } from '../../db/batcher.ts'
import type { Tx } from '../../db/database.ts'
import { oneAtATime } from '../../db/lanes.ts'
import { isRolledBack } from '../../db/rolled-back.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import type { RecordedEvent } from '../events/events.ts'
import type { Mode } from '../merchants/tenant.ts'
import { disableEndpoint, reachOf, secretContext } from './endpoints.ts'
import type { WebhookAnswer } from './sender.ts'
import { styleRules, type WebhookStyle } from './styles.ts'

/** The body of a webhook in each style: what becomes JSON. A style is told only of events it has a name for. */
export type EventRenderers = Readonly<Record<WebhookStyle, (event: RecordedEvent) => object>>

/** A delivery that this process has taken on, to be attempted now. */
export interface ClaimedDelivery {
  merchantId: number
  id: bigint
  mode: Mode
  endpointId: string
  style: WebhookStyle
  url: string
  secrets: string[]
  tryCount: number
  /** Kept from the first attempt. */
  body: string | null
  event: RecordedEvent
}

interface ClaimedRow {
  merchant_id: number
  merchant_code: string
  id: bigint
  mode: Mode
  endpoint_id: string
  style: WebhookStyle
  url: string
  secret: Buffer
  previous_secret: Buffer | null
  previous_secret_expires_at: Date | null
  try_count: number
  body: string | null
  event_id: bigint
  type: RecordedEvent['type']
  data: RecordedEvent['data']
  occurred_at: Date
}

/** How many deliveries one process attempts at once, for an endpoint and in all. */
export const maxParallel = { perEndpoint: 20, inAll: 256 } as const

/** An attempt nobody has reported on after its time-out and this was that of a process which is no more. */
const leaseSlackMs = 5_000
/** An endpoint that has acknowledged nothing for this long is disabled. */
export const disabledAfterMs = 5 * 24 * 60 * 60 * 1000

/**
 * Takes on deliveries that are due, no more than there is room for, those of one customer to an endpoint one after
 * another. Any number of processes may claim at once: `claim_deliveries.sql` says how.
 *
 * @param busy how many attempts at each endpoint this process has under way
 */
export async function claimDeliveries(
  service: Service,
  busy: ReadonlyMap<string, number> = new Map(),
): Promise<ClaimedDelivery[]> {
  const now = service.clock.now()
  const inAll = maxParallel.inAll - [...busy.values()].reduce((sum, each) => sum + each, 0)
  if (inAll <= 0) return []
  const rows = await service.db.query<ClaimedRow>(sql`
    select * from claim_deliveries(
      ${now}, ${[...busy.keys()]}::uuid[], ${[...busy.values()]}::integer[], ${maxParallel.perEndpoint}, ${inAll},
      ${leaseOf('paystack')}::interval, ${leaseOf('standard')}::interval
    )
  `)
  return rows.map((row) => readClaimed(service, row, now))
}

function leaseOf(style: WebhookStyle): string {
  return `${styleRules[style].timeoutMs + leaseSlackMs} milliseconds`
}

/** Sends a delivery and records what came of it. */
export type Attempt = (delivery: ClaimedDelivery) => Promise<void>

/** Attempts that end together are recorded together. */
export function createAttempt(service: Service, renderers: EventRenderers): Attempt {
  const record = createBatcher<Outcome, void>(
    // Each batch is a transaction of several statements, for which a lane has no room.
    { lane: () => oneAtATime(service.db) },
    async (_lane, outcomes) => {
      await recordOutcomes(service, outcomes)
      return outcomes.map(() => undefined)
    },
    ({ delivery }) => String(delivery.merchantId),
    { maxBatch: 100, maxWaiting: 10_000, isRolledBack },
  )
  return async (delivery) => {
    const startedAt = service.clock.now()
    const body = delivery.body ?? JSON.stringify(renderers[delivery.style](delivery.event))
    const id = messageId(service, delivery.event.id)
    const rules = styleRules[delivery.style]
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Mteja/1.0',
      ...rules.sign(delivery.secrets, { id, body, now: startedAt }),
    }
    const { url, mode } = delivery
    const answer = await service.webhookSender.send({
      url,
      headers,
      body,
      timeoutMs: rules.timeoutMs,
      reach: reachOf(mode),
    })
    await record({ delivery, startedAt, body, headers, answer, ...judge(service, delivery, answer) })
  }
}

/** What names an event to those who are told of it: `evt_…`, the same each time. */
export function messageId(service: Pick<Service, 'vault'>, eventId: bigint): string {
  return `evt_${service.vault.conceal(eventId, 'event')}`
}

interface Verdict {
  status: 'pending' | 'delivered' | 'failed'
  nextAttemptAt: Date | null
  failureReason: string | null
}

interface Outcome extends Verdict {
  delivery: ClaimedDelivery
  startedAt: Date
  body: string
  headers: Record<string, string>
  answer: WebhookAnswer
}

function judge(service: Service, { style, mode, tryCount }: ClaimedDelivery, answer: WebhookAnswer): Verdict {
  if ('status' in answer && styleRules[style].isAcknowledged(answer.status)) {
    return { status: 'delivered', nextAttemptAt: null, failureReason: null }
  }
  const failureReason = 'status' in answer ? `Answered ${answer.status}` : answer.error
  const delayMs = styleRules[style].retryDelaysMs[mode][tryCount]
  if (delayMs === undefined) return { status: 'failed', nextAttemptAt: null, failureReason }
  const nextAttemptAt = new Date(service.clock.now().getTime() + withJitter(service, delayMs))
  return { status: 'pending', nextAttemptAt, failureReason }
}

/** Up to a tenth more, so that what failed together does not come back together. */
function withJitter({ random }: Service, delayMs: number): number {
  return Math.round(delayMs * (1 + random.bytes(2).readUInt16BE() / 0x10000 / 10))
}

/** All of one merchant. */
async function recordOutcomes(service: Service, outcomes: Outcome[]): Promise<void> {
  const merchantId = outcomes[0]?.delivery.merchantId ?? 0
  const now = service.clock.now()
  await service.db.transaction(async (tx) => {
    await recordAttempts(tx, merchantId, outcomes, now)
    await watchEndpoints(tx, merchantId, outcomes, now)
  })
}

async function recordAttempts(tx: Tx, merchantId: number, outcomes: Outcome[], now: Date): Promise<void> {
  const attempts = outcomes.map(({ delivery, answer, startedAt, headers, body, ...verdict }) => ({
    id: String(delivery.id),
    started_at: startedAt,
    duration_ms: answer.durationMs,
    url: delivery.url,
    request_headers: headers,
    answer_status: 'status' in answer ? answer.status : null,
    response_headers: 'status' in answer ? answer.headers : null,
    response_body: 'status' in answer ? answer.body : null,
    error: 'error' in answer ? answer.error : null,
    body,
    status: verdict.status,
    next_attempt_at: verdict.nextAttemptAt,
    failure_reason: verdict.failureReason,
  }))
  await tx.query(sql`select record_attempts(${merchantId}, ${JSON.stringify(attempts)}::json, ${now})`)
}

/** Notes since when an endpoint has been failing, and disables it when that is long enough or it says it is gone. */
async function watchEndpoints(tx: Tx, merchantId: number, outcomes: Outcome[], now: Date): Promise<void> {
  const working = outcomes.filter(({ status }) => status === 'delivered').map(({ delivery }) => delivery.endpointId)
  const failing = outcomes.filter(({ status }) => status !== 'delivered')
  if (working.length > 0) {
    await tx.query(sql`
      update webhook_endpoints set failing_since = null
      where merchant_id = ${merchantId} and id = any(${working}::uuid[]) and failing_since is not null
    `)
  }
  const broken = new Set(failing.map(({ delivery }) => delivery.endpointId).filter((id) => !working.includes(id)))
  for (const id of broken) {
    const isGone = failing.some((each) => each.delivery.endpointId === id && isGoneAnswer(each))
    await noteFailure(tx, merchantId, id, isGone, now)
  }
}

function isGoneAnswer({ answer, delivery }: Outcome): boolean {
  return delivery.style === 'standard' && 'status' in answer && answer.status === 410
}

async function noteFailure(tx: Tx, merchantId: number, id: string, isGone: boolean, now: Date): Promise<void> {
  const [row] = await tx.query<{ failing_since: Date }>(sql`
    update webhook_endpoints set failing_since = coalesce(failing_since, ${now}::timestamptz)
    where merchant_id = ${merchantId} and id = ${id}
    returning failing_since
  `)
  const since = row?.failing_since ?? now
  if (isGone) return disableEndpoint(tx, merchantId, id, 'It answered 410 Gone', now)
  if (now.getTime() - since.getTime() < disabledAfterMs) return
  await disableEndpoint(tx, merchantId, id, `It has acknowledged nothing since ${since.toISOString()}`, now)
}

/**
 * Gives up what was recorded for an endpoint in the moment it was deleted or disabled, by whoever did not see it yet.
 * Answers how many.
 */
export async function giveUpStrayDeliveries(service: Service): Promise<number> {
  const now = service.clock.now()
  const recently = new Date(now.getTime() - 60 * 60 * 1000)
  const rows = await service.db.query(sql`
    update deliveries d set
      status = 'failed', failure_reason = 'The endpoint is no longer told', next_attempt_at = null, claimed_until = null,
      updated_at = ${now}
    from webhook_endpoints w
    where (w.deleted_at > ${recently} or w.disabled_at > ${recently})
      and d.merchant_id = w.merchant_id and d.endpoint_id = w.id and d.status = 'pending'
    returning d.id
  `)
  return rows.length
}

function readClaimed(service: Service, row: ClaimedRow, now: Date): ClaimedDelivery {
  const isPreviousValid = row.previous_secret_expires_at !== null && row.previous_secret_expires_at > now
  const sealed = isPreviousValid ? [row.secret, row.previous_secret as Buffer] : [row.secret]
  return {
    merchantId: row.merchant_id,
    id: row.id,
    mode: row.mode,
    endpointId: row.endpoint_id,
    style: row.style,
    url: row.url,
    secrets: sealed.map((each) => service.vault.open(each, secretContext)),
    tryCount: row.try_count,
    body: row.body,
    event: {
      id: row.event_id,
      publicId: messageId(service, row.event_id),
      merchantCode: row.merchant_code,
      mode: row.mode,
      type: row.type,
      data: row.data,
      createdAt: row.occurred_at,
    },
  }
}
