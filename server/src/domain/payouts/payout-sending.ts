import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { isPaused } from '../payments/sending-pauses.ts'
import { tellPayout } from './payout-events.ts'
import { type Payout, readPayout, type SelectedRow, selectPayouts } from './payout-records.ts'

/** The row of a payout stays with its sender for so long. Longer than an answer of a processor is waited for. */
export const senderMs = 40_000

/** Why a payout that waited is not sent any more. */
type LastLook = 'customer_denied' | 'recipient_inactive' | 'insufficient_funds'

const sentences: Readonly<Record<LastLook, string>> = {
  customer_denied: 'The customer was denied before the payout was sent',
  recipient_inactive: 'The recipient was deactivated before the payout was sent',
  insufficient_funds: 'Money was taken back from the balance before the payout was sent, and its owner owes',
}

export interface Refused {
  refusal: LastLook
  sentence: string
}

/** Parts of a `with` clause: `judged` has why a payout is not given away any more, if it is still as the condition on `p` has it. */
function lookOnceMore({ merchant }: Tenant, { id, customerId }: Pick<Payout, 'id' | 'customerId'>, isStill: Sql): Sql {
  return sql`
    open as materialized (
      select p.* from payouts p
      where p.merchant_id = ${merchant.id} and p.id = ${id} and ${isStill}
      for update
    ),
    owner as materialized (
      select c.risk_action from customers c
      where c.merchant_id = ${merchant.id} and c.id = ${customerId}::bigint
      for share
    ),
    place as materialized (
      select r.active, r.account_number from recipients r
      where r.merchant_id = ${merchant.id} and r.id = (select o.recipient_id from open o)
      for share
    ),
    judged as materialized (
      select
        case
          when (select w.risk_action from owner w) = 'deny' then 'customer_denied'
          when not exists (select from place l where l.active and l.account_number is not null) then 'recipient_inactive'
          when not exists (
            select from holds h
            join ledger_accounts a on a.merchant_id = h.merchant_id and a.id = h.account_id
            where h.merchant_id = o.merchant_id and h.id = o.id and h.status = 'placed'
              and h.amount = o.amount + o.estimated_fee and a.owed = 0 and a.posted >= a.held
          ) then 'insufficient_funds'
        end as refusal
      from open o
    )
  `
}

/**
 * Looks at the owner, the destination and the money once more, and gives the payout to one sender: `sending` is committed before
 * anything is sent. Under the row's lock, so that a payout that was cancelled is not sent and the other way round. Answers the
 * payout as its sender has it; a reason not to send it; or null where another has it, and while sending is paused.
 */
export async function beginSending(
  { db, clock }: Context,
  tenant: Tenant,
  payout: Pick<Payout, 'id' | 'customerId'>,
  accountId: bigint,
): Promise<{ begun: Payout } | Refused | null> {
  const { merchant, mode } = tenant
  const { id } = payout
  const now = clock.now()
  const [row] = await db.query<SelectedRow & { refusal: LastLook | null }>(sql`
    with ${lookOnceMore(tenant, payout, sql`p.state = 'pending' and p.verdict is null and p.processor is null and not (${isPaused(tenant)})`)},
    noted as (
      update payouts p set
        state = 'sending', processor = ${accountId === 0n ? 'sandbox' : 'paystack'}, account_id = ${accountId}::bigint, send_count = p.send_count + 1,
        sent_at = ${now}::timestamptz, due_at = ${new Date(now.getTime() + senderMs)}::timestamptz, attempts = 0,
        state_code = null, state_reason = null, attention = null, attention_reason = null, updated_at = ${now}::timestamptz
      from judged j
      where p.merchant_id = ${merchant.id} and p.id = ${id} and j.refusal is null and p.state = 'pending' and p.verdict is null
      returning p.*
    ),
    ${tellPayout({ merchant, mode }, { changed: sql`(select * from noted where waited_for is null)`, type: 'sending', at: now })},
    begun as (${selectPayouts(sql`select * from noted`)})
    select j.refusal, b.* from judged j left join begun b on true
  `)
  if (row?.refusal) return { refusal: row.refusal, sentence: sentences[row.refusal] }
  // Without a refusal its columns are those of the payout, unless another was faster.
  return row?.id ? { begun: readPayout(row) } : null
}

/** Notes that a payout waits because sending is paused, where it is. */
export async function notePause(
  { db, clock }: Context,
  tenant: Tenant,
  { id }: Payout,
  sentence: string,
): Promise<void> {
  await db.query(sql`
    update payouts p set state_code = 'paused', state_reason = ${sentence}, updated_at = ${clock.now()}
    where p.merchant_id = ${tenant.merchant.id} and p.id = ${id} and p.state = 'pending' and p.verdict is null
      and p.state_code is distinct from 'paused' and ${isPaused(tenant)}
  `)
}

/** Leaves a payout that was not sent to whoever looks next. */
export async function leaveSending({ db, clock }: Context, { merchant }: Tenant, id: string): Promise<void> {
  await db.query(sql`
    update payouts set due_at = ${clock.now()} where merchant_id = ${merchant.id} and id = ${id} and state = 'pending'
  `)
}

/** Gives an order that was sent before, and that its account does not know, to one sender. Answers the payout as it has it, or null. */
export async function beginAgain({ db, clock }: Context, { merchant }: Tenant, payout: Payout): Promise<Payout | null> {
  const now = clock.now()
  const [row] = await db.query<SelectedRow>(sql`
    with noted as (
      update payouts set
        send_count = send_count + 1, sent_at = ${now}, state_code = null, state_reason = null, due_at = ${new Date(now.getTime() + senderMs)}, attempts = 0,
        updated_at = ${now}
      where merchant_id = ${merchant.id} and id = ${payout.id} and state = 'sending' and verdict is null
        and send_count = ${payout.sendCount}
      returning *
    )
    ${selectPayouts(sql`select * from noted`)}
  `)
  return row === undefined ? null : readPayout(row)
}

/** What a payout waits for that was surely not sent. */
interface Waiting {
  /** A word and a sentence. */
  code: string
  reason: string
  /** What the processor said, for the state; null for nothing. */
  said: string | null
  isForPerson: boolean
  dueAt: Date
}

/**
 * Puts a payout back that was sent once, and surely has not arrived: it may be cancelled again, and goes to any account. An event tells
 * what it waits for, and not again at each try.
 */
export async function putBack(
  { db, clock }: Context,
  tenant: Tenant,
  { id, sendCount }: Payout,
  { code, reason, said, isForPerson, dueAt }: Waiting,
): Promise<void> {
  const { merchant } = tenant
  const now = clock.now()
  const stateReason = said === null ? reason : `${reason}. It said: ${said.slice(0, 300).toWellFormed()}`
  await db.query(sql`
    with before as materialized (
      select waited_for from payouts where merchant_id = ${merchant.id} and id = ${id}
    ),
    noted as (
      update payouts p set
        state = 'pending', processor = null, account_id = null, unsent_count = send_count, sent_at = null, unknown_since = null,
        state_code = ${code}, state_reason = ${stateReason}, waited_for = ${code}, attention = ${isForPerson ? code : null}::text,
        attention_reason = ${isForPerson ? reason : null}::text, due_at = ${dueAt}::timestamptz, attempts = 0,
        updated_at = ${now}::timestamptz
      where p.merchant_id = ${merchant.id} and p.id = ${id} and p.state = 'sending' and p.verdict is null and p.send_count = ${sendCount} and p.send_count = p.unsent_count + 1
      returning p.*
    ),
    ${tellPayout(tenant, {
      changed: sql`(select n.* from noted n join before b on b.waited_for is distinct from n.waited_for)`,
      type: isForPerson ? 'attention' : 'pending',
      at: now,
    })}
    select id from noted
  `)
}

/** What is known of a payout that has not ended. */
interface Knowledge {
  state: 'sending' | 'sent'
  attention: { code: string; reason: string } | null
  isUnknown: boolean
  dueAt: Date
}

/** Notes what is known. An event tells of a new state, and of a new reason to look. */
export async function noteKnowledge(
  { db, clock }: Context,
  tenant: Tenant,
  payout: Payout,
  { state, attention, isUnknown, dueAt }: Knowledge,
): Promise<void> {
  const { merchant } = tenant
  const now = clock.now()
  const isNewState = payout.state !== state
  const isNewReason = attention !== null && payout.attention !== attention.code
  const noting: Sql = isNewState
    ? sql`, ${tellPayout(tenant, { changed: sql`noted`, type: state, at: now })}`
    : isNewReason
      ? sql`, ${tellPayout(tenant, { changed: sql`noted`, type: 'attention', at: now })}`
      : sql``
  await db.query(sql`
    with noted as (
      update payouts p set
        state = ${state}, attention = ${attention?.code ?? null}::text, attention_reason = ${attention?.reason ?? null}::text,
        unknown_since = ${isUnknown ? sql`coalesce(p.unknown_since, ${now}::timestamptz)` : sql`null`},
        due_at = ${dueAt}::timestamptz, attempts = 0,
        updated_at = case when ${isNewState || isNewReason} then ${now}::timestamptz else p.updated_at end
      where p.merchant_id = ${merchant.id} and p.id = ${payout.id} and p.state = ${payout.state} and p.verdict is null
        and p.send_count = ${payout.sendCount}
      returning p.*
    )
    ${noting}
    select id from noted
  `)
}

/** The payout is at the same account by another key. */
export async function noteAccount(
  { db }: Context,
  { merchant }: Tenant,
  { id }: Payout,
  accountId: bigint,
): Promise<void> {
  await db.query(sql`
    update payouts set account_id = ${accountId} where merchant_id = ${merchant.id} and id = ${id} and account_id is not null
  `)
}

/**
 * Gives an order that was never sent from here, or surely did not arrive, to the account that tells of it. One that has not ended is
 * `sending` from then on: nobody sends it, and nobody cancels it. One that was paid by hand stays as it is.
 */
export async function adoptOrder(
  { db, clock }: Context,
  tenant: Tenant,
  sentReference: string,
  accountId: bigint,
): Promise<void> {
  const { merchant } = tenant
  const now = clock.now()
  await db.query(sql`
    with noted as (
      update payouts p set
        state = case when p.verdict is null then 'sending' else p.state end,
        sent_at = ${now}::timestamptz, processor = 'paystack', account_id = ${accountId}::bigint,
        state_code = case when p.verdict is null then null else p.state_code end,
        state_reason = case when p.verdict is null then null else p.state_reason end, attention = null, attention_reason = null,
        due_at = ${now}::timestamptz, attempts = 0, updated_at = ${now}::timestamptz
      where p.merchant_id = ${merchant.id} and p.mode = ${tenant.mode} and p.sent_reference = ${sentReference} and p.account_id is null
        and p.verdict is distinct from 'paid'
      returning p.*
    ),
    ${tellPayout(tenant, { changed: sql`(select * from noted where verdict is null)`, type: 'sending', at: now })}
    select id from noted
  `)
}

/** Keeps the refusal of an order that was sent more than once. */
export async function noteRefusal(
  { db }: Context,
  { merchant }: Tenant,
  { id, sendCount }: Payout,
  { code, reason }: { code: string; reason: string },
): Promise<void> {
  await db.query(sql`
    update payouts set state_code = ${code}, state_reason = ${reason}
    where merchant_id = ${merchant.id} and id = ${id} and state = 'sending' and verdict is null and send_count = ${sendCount}
  `)
}

/**
 * Looks at the owner, the destination and the money once more, and gives the payout to a person who pays it out and settles it, for good.
 * Answers a reason not to, if there is one.
 */
export async function giveToPerson({ db, clock }: Context, tenant: Tenant, payout: Payout): Promise<Refused | null> {
  const { merchant } = tenant
  const isPending = sql`p.state = 'pending' and p.verdict is null`
  const [row] = await db.query<{ refusal: LastLook | null }>(sql`
    with ${lookOnceMore(tenant, payout, sql`${isPending} and p.processor is null`)},
    noted as (
      update payouts p set
        processor = 'manual', state_code = null, state_reason = null, attention = null, attention_reason = null, due_at = null,
        attempts = 0, updated_at = ${clock.now()}
      where p.merchant_id = ${merchant.id} and p.id = ${payout.id} and ${isPending}
        and not exists (select from judged j where j.refusal is not null)
    )
    select refusal from judged
  `)
  return row?.refusal ? { refusal: row.refusal, sentence: sentences[row.refusal] } : null
}

/** The payout waits until its destination is no longer new. */
export async function noteCooling(
  { db, clock }: Context,
  { merchant }: Tenant,
  { id }: Payout,
  until: Date,
): Promise<void> {
  const reason = `The destination is new: the payout is sent after ${until.toISOString()}`
  await db.query(sql`
    update payouts set
      state_code = 'cooling_down', state_reason = ${reason}, due_at = ${until}, attempts = 0, updated_at = ${clock.now()}
    where merchant_id = ${merchant.id} and id = ${id} and state = 'pending' and processor is null and verdict is null
  `)
}
