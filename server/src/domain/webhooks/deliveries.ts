import { createBatcher } from '../../batcher.ts'
import type { Tx } from '../../db/database.ts'
import { isRolledBack } from '../../db/rolled-back.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../../service.ts'
import type { RecordedEvent } from '../events.ts'
import type { Mode } from '../tenant.ts'
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
export const maxParallel = { perEndpoint: 10, inAll: 256 } as const

/** An attempt nobody has reported on after its time-out and this was that of a process which is no more. */
const leaseSlackMs = 15_000
/** How many of an endpoint are looked at in one go: more than are claimed, since some may have to wait their turn. */
const lookedAt = 64
/** An endpoint that has acknowledged nothing for this long is disabled. */
export const disabledAfterMs = 5 * 24 * 60 * 60 * 1000

/**
 * Takes on deliveries that are due, no more than there is room for. Those of one customer go one after another to an
 * endpoint: one that has an unsettled one before it is put off until that is settled. It is put off under a lock on the
 * one before, so that whoever settles that finds it. Any number of processes may claim at once.
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
    with endpoints as materialized (
      select w.*, ${maxParallel.perEndpoint}::bigint - coalesce(b.count, 0) as room
      from webhook_endpoints w
      left join unnest(${[...busy.keys()]}::uuid[], ${[...busy.values()]}::bigint[]) as b (id, count) on b.id = w.id
      where w.deleted_at is null and w.disabled_at is null
    ),
    due as materialized (
      select d.*
      from endpoints w
      cross join lateral (
        select o.merchant_id, o.id, o.endpoint_id, o.customer_id, o.event_id, o.next_attempt_at, w.room
        from deliveries o
        where o.merchant_id = w.merchant_id and o.endpoint_id = w.id and o.next_attempt_at <= ${now}
        order by o.next_attempt_at, o.event_id
        limit ${lookedAt}
        for update skip locked
      ) d
      where w.room > 0
    ),
    looked as (
      select d.*, before.id as locked_before, exists (
        select from deliveries e
        where e.merchant_id = d.merchant_id and e.endpoint_id = d.endpoint_id and e.customer_id = d.customer_id
          and e.status = 'pending' and e.event_id < d.event_id
      ) as has_before
      from due d
      left join lateral (
        select e.id from deliveries e
        where e.merchant_id = d.merchant_id and e.endpoint_id = d.endpoint_id and e.customer_id = d.customer_id
          and e.status = 'pending' and e.event_id < d.event_id
        order by e.event_id desc
        limit 1
        for update skip locked
      ) before on true
    ),
    -- All are looked at before the first is changed.
    placed as materialized (
      select l.*, row_number() over (partition by endpoint_id, has_before order by next_attempt_at, event_id) as place
      from looked l
    ),
    put_off as (
      update deliveries d set next_attempt_at = null
      from placed p
      where d.merchant_id = p.merchant_id and d.id = p.id and p.locked_before is not null
    ),
    claimed as (
      update deliveries d set
        claimed_at = ${now}::timestamptz,
        next_attempt_at = ${now}::timestamptz + case w.style
          when 'paystack' then ${leaseOf('paystack')}::interval else ${leaseOf('standard')}::interval
        end
      from (
        select * from placed where not has_before and place <= room order by next_attempt_at, event_id limit ${inAll}
      ) p
      join endpoints w on w.id = p.endpoint_id and w.merchant_id = p.merchant_id
      where d.merchant_id = p.merchant_id and d.id = p.id
      returning d.*, w.style, w.url, w.secret, w.previous_secret, w.previous_secret_expires_at
    )
    select
      c.merchant_id, m.code as merchant_code, c.id, c.mode, c.endpoint_id, c.style, c.url, c.secret, c.previous_secret,
      c.previous_secret_expires_at, c.try_count, c.body, c.event_id, e.type, e.data, e.created_at as occurred_at
    from claimed c
    join events e on e.merchant_id = c.merchant_id and e.id = c.event_id
    join merchants m on m.id = c.merchant_id
    order by c.event_id
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
    async (outcomes) => {
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
    await releaseFollowers(tx, merchantId, outcomes, now)
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
  await tx.query(sql`
    with done as materialized (
      select * from json_to_recordset(${JSON.stringify(attempts)}::json) as a (
        id bigint, started_at timestamptz, duration_ms integer, url text, request_headers json, answer_status integer,
        response_headers json, response_body text, error text, body text, status text, next_attempt_at timestamptz,
        failure_reason text
      )
    ),
    updated as (
      update deliveries d set
        -- What was settled meanwhile, by another process or because the endpoint was deleted, stays settled.
        status = case when d.status = 'pending' or a.status = 'delivered' then a.status else d.status end,
        next_attempt_at = case when d.status = 'pending' then a.next_attempt_at end,
        failure_reason = case
          when a.status = 'delivered' then null
          when d.status = 'failed' then d.failure_reason
          when d.status = 'pending' then a.failure_reason
        end,
        attempt_count = d.attempt_count + 1, try_count = d.try_count + 1, body = a.body, claimed_at = null,
        last_attempt_at = a.started_at, updated_at = ${now},
        delivered_at = case when a.status = 'delivered' then coalesce(d.delivered_at, ${now}) else d.delivered_at end
      from done a
      where d.merchant_id = ${merchantId} and d.id = a.id
      returning d.id, d.attempt_count
    )
    insert into delivery_attempts (
      merchant_id, delivery_id, number, started_at, duration_ms, url, request_headers, status, response_headers,
      response_body, error
    )
    select
      ${merchantId}, a.id, u.attempt_count, a.started_at, a.duration_ms, a.url, a.request_headers, a.answer_status,
      a.response_headers, a.response_body, a.error
    from done a join updated u on u.id = a.id
  `)
}

/** The next of the same customer waits no longer. */
async function releaseFollowers(tx: Tx, merchantId: number, outcomes: Outcome[], now: Date): Promise<void> {
  const settled = outcomes.filter(({ status }) => status !== 'pending').map(({ delivery }) => delivery.id)
  if (settled.length === 0) return
  await tx.query(sql`
    update deliveries f set next_attempt_at = least(f.created_at, ${now})
    from (
      select distinct d.endpoint_id, d.customer_id from deliveries d
      where d.merchant_id = ${merchantId} and d.id = any(${settled}::bigint[])
    ) lane
    cross join lateral (
      select n.id, n.next_attempt_at from deliveries n
      where n.merchant_id = ${merchantId} and n.endpoint_id = lane.endpoint_id and n.customer_id = lane.customer_id
        and n.status = 'pending'
      order by n.event_id
      limit 1
    ) next
    where f.merchant_id = ${merchantId} and f.id = next.id and f.status = 'pending' and f.next_attempt_at is null
  `)
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

/** Claims what is due, attempts it and waits for it; answers how many. */
export async function deliverDue(service: Service, renderers: EventRenderers): Promise<number> {
  const claimed = await claimDeliveries(service)
  await Promise.all(claimed.map(createAttempt(service, renderers)))
  return claimed.length
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
      status = 'failed', failure_reason = 'The endpoint is no longer told', next_attempt_at = null, claimed_at = null,
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
