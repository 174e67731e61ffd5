import type { Clock } from '../../base/clock.ts'
import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type Context, lockCount, noteChange, type TxContext } from '../context.ts'
import { lockCustomer } from '../customers/customers.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

/** What an outcome is about. */
export const bentOperations = ['charge', 'refund', 'payout'] as const
export type BentOperation = (typeof bentOperations)[number]

export const bentOutcomes = [
  /** It succeeds, whatever its instrument does. */
  'succeed',
  'decline',
  /** It is under way for ever, unless a notice decides it. */
  'pending',
  /** It is done as its instrument does it, and its answer is lost. */
  'unknown',
  /** The processor fails before anything is done. */
  'error',
  /** Not a charge: a refund needs a bank account of the payer, and a payout a one-time password. */
  'needs_attention',
  /** Only a payout: it is paid, and the money comes back. */
  'return',
] as const
export type BentOutcome = (typeof bentOutcomes)[number]

/** Which charges or payouts an outcome is for, or the charges of which refunds: those that fit all members. Without members, any. */
export interface OutcomeMatch {
  /** Of a payment or payout; or the id of a payment intent or checkout session. */
  reference?: string | undefined
  customerId?: string | undefined
  /** Minor units. */
  amount?: number | undefined
  currency?: Currency | undefined
}

/** What is to happen to the next charges that fit. The oldest outcome that fits is taken first. */
export interface Outcome {
  id: string
  on: BentOperation
  match: OutcomeMatch
  outcome: BentOutcome
  /** A sentence for the payer; only for `decline`. */
  reason: string | null
  /** The time that the answer takes, once nothing is asked any more. */
  afterMs: number
  usesLeft: number
  createdAt: Date
  /** It is not used from then on. */
  expiresAt: Date
}

export interface NewOutcome {
  on: BentOperation
  match?: (Omit<OutcomeMatch, 'currency'> & { currency?: string | undefined }) | undefined
  outcome: BentOutcome
  reason?: string | undefined
  afterMs?: number | undefined
  times?: number | undefined
}

const lifetimeMs = 24 * 60 * 60 * 1000
const mostAtOnce = 100

interface OutcomeRow {
  id: string
  operation: BentOperation
  match: OutcomeMatch
  outcome: BentOutcome
  reason: string | null
  after_ms: bigint
  uses_left: number
  created_at: Date
  expires_at: Date
}

const columns = sql`
  o.id, o.operation, o.match, o.outcome, o.reason, o.after_ms, o.uses_left, o.created_at, o.expires_at
`

/** Stores an outcome for a day. Throws `invalid_request`, `currency_not_held`, `customer_not_found`. */
export async function addOutcome(tx: TxContext, tenant: SandboxTenant, wanted: NewOutcome): Promise<Outcome> {
  const { on, outcome, reason, afterMs = 0, times = 1 } = wanted
  const { currency, customerId, ...rest } = wanted.match ?? {}
  const match = {
    ...rest,
    // Locked, so that an erasure of the customer finds the outcome.
    ...(customerId === undefined ? {} : { customerId: (await lockCustomer(tx, tenant, { code: customerId })).code }),
    ...(currency === undefined ? {} : { currency: heldCurrency(tenant.merchant, currency) }),
  }
  if (on === 'charge' && outcome === 'needs_attention') {
    throw new ServiceError(
      'invalid_request',
      'needs_attention is for a refund or a payout, not for a charge',
      'outcome',
    )
  }
  if (on !== 'payout' && outcome === 'return') {
    throw new ServiceError('invalid_request', `return is for a payout, not for a ${on}`, 'outcome')
  }
  if (reason !== undefined && (on !== 'charge' || outcome !== 'decline')) {
    throw new ServiceError('invalid_request', `reason is for a charge that is declined; leave it out`, 'reason')
  }
  const canWait =
    outcome === 'succeed' || outcome === 'return' || (on === 'charge' && outcome !== 'pending' && outcome !== 'error')
  if (afterMs > 0 && !canWait) {
    const message = `after has no meaning for a ${on} with the outcome ${outcome}; leave it out`
    throw new ServiceError('invalid_request', message, 'after')
  }
  const { merchant, mode } = tenant
  const now = tx.clock.now()
  await lockCount(tx, tenant, 'sandbox_outcomes')
  await tx.db.query(sql`
    delete from sandbox_outcomes where merchant_id = ${merchant.id} and mode = ${mode} and expires_at <= ${now}
  `)
  const [counted] = await tx.db.query<{ count: bigint }>(sql`
    select count(*) as count from sandbox_outcomes where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  if (Number(counted?.count) >= mostAtOnce) {
    throw new ServiceError('invalid_request', `There are ${mostAtOnce} outcomes already; delete some first`)
  }
  const [row] = await tx.db.query<OutcomeRow>(sql`
    insert into sandbox_outcomes as o (
      merchant_id, id, mode, operation, match, outcome, reason, after_ms, uses_left, created_at, expires_at
    )
    values (
      ${merchant.id}, ${uuidV7(tx.random, now)}, ${mode}, ${on}, ${JSON.stringify(match)}::json, ${outcome},
      ${reason ?? null}, ${afterMs}, ${times}, ${now}, ${new Date(now.getTime() + lifetimeMs)}
    )
    returning ${columns}
  `)
  const made = readOutcome(row as OutcomeRow)
  noteChange(tx, { object: made.id, after: shown(made) })
  return made
}

/** An outcome in the trail. Not its reason: it may say anything, and the trail is kept for good. */
function shown({ on, outcome, match, usesLeft }: Outcome): Record<string, unknown> {
  return { on, outcome, match, times: usesLeft }
}

/** Removes the outcomes of a day before. Answers their number. */
export async function removeExpiredOutcomes({ db, clock }: Context): Promise<number> {
  const rows = await db.query(sql`delete from sandbox_outcomes where expires_at <= ${clock.now()} returning id`)
  return rows.length
}

/** The outcomes that are still to be used, newest first. */
export async function listOutcomes(
  context: Context,
  { merchant, mode }: SandboxTenant,
  { limit, offset }: PageRequest,
): Promise<Page<Outcome>> {
  const rows = await context.db.query<OutcomeRow & { total: bigint }>(sql`
    with waiting as (
      select * from sandbox_outcomes
      where merchant_id = ${merchant.id} and mode = ${mode} and expires_at > ${context.clock.now()}
    )
    select t.total, ${columns}
    from (select count(*) as total from waiting) t
    left join (select * from waiting order by id desc limit ${limit} offset ${offset}) o on true
    order by o.id desc
  `)
  return readPage(rows, readOutcome)
}

/** Takes an outcome back. Throws `not_found`. */
export async function deleteOutcome(tx: TxContext, { merchant, mode }: SandboxTenant, id: string): Promise<void> {
  const rows = isUuid(id)
    ? await tx.db.query<OutcomeRow>(sql`
        delete from sandbox_outcomes as o
        where merchant_id = ${merchant.id} and mode = ${mode} and id = ${id} and expires_at > ${tx.clock.now()}
        returning ${columns}
      `)
    : []
  if (rows[0] === undefined) throw new ServiceError('not_found', `There is no outcome "${id}"; it may be used up`)
  noteChange(tx, { object: id, before: shown(readOutcome(rows[0])), after: { deleted: true } })
}

/** Whether the tenant has outcomes: a look that most charges end with. */
export async function hasOutcomes(db: Queryable, clock: Clock, { merchant, mode }: Tenant): Promise<boolean> {
  const rows = await db.query(sql`
    select 1 as found from sandbox_outcomes
    where merchant_id = ${merchant.id} and mode = ${mode} and expires_at > ${clock.now()}
    limit 1
  `)
  return rows.length > 0
}

/**
 * Uses the outcome for a charge, a refund of a charge or a payout, in the transaction that makes it; null for none.
 *
 * @param reference of the charge; of a payout the name that the processor is told
 */
export async function takeOutcome(
  tx: Queryable,
  clock: Clock,
  { merchant, mode }: Tenant,
  { on, reference }: { on: BentOperation; reference: string },
): Promise<Outcome | null> {
  // A charge is named by its intent: `pi_…_1`.
  const uuid = /^pi_(.*)_\d+$/.exec(reference)?.[1] ?? ''
  const intentId = isUuid(uuid) ? uuid : null
  // Of charges at once, each waits for the one before to have used up what fits it.
  await tx.query(sql`
    select id from sandbox_outcomes where merchant_id = ${merchant.id} and mode = ${mode} order by id for update
  `)
  const [row] = await tx.query<OutcomeRow>(sql`
    select ${columns}
    from sandbox_outcomes o
    left join payment_intents i on i.merchant_id = o.merchant_id and i.id = ${intentId}::uuid
    left join payments pay on pay.merchant_id = o.merchant_id and pay.payment_intent_id = ${intentId}::uuid
    left join payouts out
      on out.merchant_id = o.merchant_id and o.operation = 'payout' and out.sent_reference = ${reference}
    left join customers c
      on c.merchant_id = o.merchant_id and c.id = coalesce(i.customer_id, pay.customer_id, out.customer_id)
    where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.operation = ${on} and o.expires_at > ${clock.now()}
      and (
        o.match ->> 'reference' is null
        or o.match ->> 'reference' in (pay.reference, out.reference, 'pi_' || i.id, 'checkout_sess_' || i.checkout_session_id)
      )
      and (o.match ->> 'customerId' is null or o.match ->> 'customerId' = c.code)
      and (o.match ->> 'amount' is null or (o.match ->> 'amount')::bigint = coalesce(i.amount, out.amount))
      and (o.match ->> 'currency' is null or o.match ->> 'currency' = coalesce(i.currency, out.currency))
    order by o.created_at, o.id
    limit 1
  `)
  if (row === undefined) return null
  const key = sql`merchant_id = ${merchant.id} and id = ${row.id}`
  await tx.query(
    row.uses_left > 1
      ? sql`update sandbox_outcomes set uses_left = uses_left - 1 where ${key}`
      : sql`delete from sandbox_outcomes where ${key}`,
  )
  return readOutcome(row)
}

function readOutcome(row: OutcomeRow): Outcome {
  return {
    id: row.id,
    on: row.operation,
    match: row.match,
    outcome: row.outcome,
    reason: row.reason,
    afterMs: Number(row.after_ms),
    usesLeft: row.uses_left,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
