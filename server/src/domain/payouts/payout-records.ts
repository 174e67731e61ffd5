import { ServiceError } from '../../base/errors.ts'
import { isUuid } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Customer } from '../customers/customers.ts'
import type { Actor } from '../merchants/actors.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { ProcessorName } from '../payments/processor-accounts.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer, unpackRequestId } from '../trail/trail.ts'
import { openStates, type PayoutState } from './payout-states.ts'
import { type Recipient, type RecipientRow, readRecipient } from './recipients.ts'

/** Who bears the fee of the processor: the owner of the balance that the payout leaves, or the merchant. */
export type FeeBearer = 'owner' | 'merchant'

/** How a payout ends, once that is decided. Its money then moves, and its state follows with the money. */
export type Verdict = 'paid' | 'failed' | 'cancelled' | 'denied'

/** Money that leaves a balance for a bank account or a mobile wallet. */
export interface Payout {
  id: string
  /** Its id where ids are numbers. */
  wireId: bigint
  /** `TRF_…` */
  code: string
  /** The caller's. */
  reference: string
  /** Its name at the processor. */
  sentReference: string
  /** Null for a payout of the merchant's. */
  customerCode: string | null
  customerId: bigint | null
  recipient: Recipient
  /** Minor units, as the fees. */
  amount: bigint
  currency: Currency
  feeBearer: FeeBearer
  /** Reserved besides the amount. */
  estimatedFee: bigint
  /** What the processor has kept; null while it is not known. */
  fee: bigint | null
  /** What was booked as the fee; null before it was paid, and for one that has cost nothing. */
  bookedFee: bigint | null
  /** How often the ledger has refused to book the rest of the fee. */
  feeTries: number
  reason: string | null
  metadata: Record<string, unknown> | null
  state: PayoutState
  /** A word for the reason of a failure or a return, for what a pending payout waits for, or for how a person has found it; else null. */
  stateCode: string | null
  stateReason: string | null
  /** Why a person has to look, as a word and as a sentence; null while nobody has to. */
  attention: string | null
  attentionReason: string | null
  verdict: Verdict | null
  /** The approval that it waits for, or waited for; null for none. */
  approvalId: string | null
  /** The approval that a settlement by hand waits for, or waited for last; null for none. */
  settlementApprovalId: string | null
  processor: ProcessorName | null
  /** The account at a processor that was sent it; null while it has surely not been sent. */
  accountId: bigint | null
  /** How often it was sent. */
  sendCount: number
  /** How many of these, from the first on, have surely not arrived. */
  unsentCount: number
  sentAt: Date | null
  unknownSince: Date | null
  /** When the approval URL of the merchant agreed; null where none was asked, or none has agreed yet. */
  urlApprovedAt: Date | null
  /** The words of the person who settled it by hand, or looked at it after its end. */
  proof: string | null
  /** A person has said how it ended. */
  isSettledByHand: boolean
  /** It was paid after its money was released, or had come back. */
  isLate: boolean
  /** Of the movement that paid it, or gave it back, last. */
  movementId: string | null
  by: Doer
  /** As whom its movement is posted. */
  actor: Actor | undefined
  createdAt: Date
  updatedAt: Date
  endedAt: Date | null
  /** When its next step is due; null for none. */
  dueAt: Date | null
}

interface PayoutRow extends DoerRow {
  id: string
  wire_id: bigint
  code: string
  reference: string
  sent_reference: string
  customer_code: string | null
  customer_id: bigint | null

  amount: bigint
  currency: Currency
  fee_borne_by: FeeBearer
  estimated_fee: bigint
  fee: bigint | null
  booked_fee: bigint | null
  fee_tries: number
  reason: string | null
  metadata: Record<string, unknown> | null
  state: PayoutState
  state_code: string | null
  state_reason: string | null
  attention: string | null
  attention_reason: string | null
  verdict: Verdict | null
  approval_id: string | null
  settlement_approval_id: string | null
  processor: ProcessorName | null
  account_id: bigint | null
  send_count: number
  unsent_count: number
  sent_at: Date | null
  unknown_since: Date | null
  url_approved_at: Date | null
  proof: string | null
  settled_by_hand: boolean
  is_late: boolean
  movement_id: string | null
  actor_id: number | null
  request_id: Buffer | null
  created_at: Date
  updated_at: Date
  ended_at: Date | null
  due_at: Date | null
}

const prefixed = sql`
  r.id as r_id, r.code as r_code, r.type as r_type, r.account_number as r_account_number, r.bank_code as r_bank_code,
  r.currency as r_currency, r.name as r_name, r.email as r_email, r.description as r_description, r.metadata as r_metadata,
  r.name_at_bank as r_name_at_bank, r.name_answer as r_name_answer, r.name_asked_at as r_name_asked_at, r.active as r_active, r.created_at as r_created_at, r.updated_at as r_updated_at
`

export type SelectedRow = Omit<PayoutRow, 'recipient'> & {
  [Key in keyof RecipientRow as `r_${Key}`]: RecipientRow[Key]
}

/**
 * The query of the rows that `readPayout` reads.
 *
 * @param rows a query of whole rows of `payouts`
 */
export function selectPayouts(rows: Sql): Sql {
  return sql`
    select
      o.id, o.wire_id, o.code, o.reference, o.sent_reference, c.code as customer_code, o.customer_id, o.amount, o.currency,
      o.fee_borne_by, o.estimated_fee, o.fee, o.booked_fee, o.fee_tries, o.reason, o.metadata, o.state, o.state_code, o.state_reason, o.attention,
      o.attention_reason, o.verdict, o.approval_id, o.settlement_approval_id, o.processor, o.account_id, o.send_count, o.unsent_count, o.sent_at, o.unknown_since, o.url_approved_at, o.proof, o.settled_by_hand, o.is_late,
      o.movement_id, o.actor_id, o.request_id, o.created_at, o.updated_at, o.ended_at, o.due_at,
      ${prefixed}, ${doerColumns}
    from (${rows}) o
    cross join lateral (
      select * from recipients l where l.merchant_id = o.merchant_id and l.id = o.recipient_id limit 1
    ) r
    left join lateral (
      select l.code from customers l where l.merchant_id = o.merchant_id and l.id = o.customer_id limit 1
    ) c on true
    ${joinDoer(sql`o`)}
  `
}

export async function readPayouts(
  db: Pick<Context['db'], 'query'>,
  rows: Sql,
  order: Sql = nothing,
): Promise<Payout[]> {
  return (await db.query<SelectedRow>(sql`${selectPayouts(rows)} ${order}`)).map(readPayout)
}

/** A payout by its id, by its code, by its number, or by its reference or our reference, as the name says. */
export type PayoutName =
  | { id: string }
  | { code: string }
  | { wireId: bigint }
  | { reference: string }
  | { sentReference: string }

export async function findPayout(
  context: Context,
  { merchant, mode }: Tenant,
  name: PayoutName,
): Promise<Payout | null> {
  if ('id' in name && !isUuid(name.id)) return null
  const [payout] = await readPayouts(
    context.db,
    sql`select * from payouts where merchant_id = ${merchant.id} and mode = ${mode} and ${isNamed(name)}`,
  )
  return payout ?? null
}

function isNamed(name: PayoutName): Sql {
  if ('id' in name) return sql`id = ${name.id}::uuid`
  if ('code' in name) return sql`code = ${name.code}`
  if ('wireId' in name) return sql`wire_id = ${name.wireId}`
  return 'reference' in name ? sql`reference = ${name.reference}` : sql`sent_reference = ${name.sentReference}`
}

/** Throws `payout_not_found`. */
export async function getPayout(context: Context, tenant: Tenant, id: string): Promise<Payout> {
  const payout = await findPayout(context, tenant, { id })
  if (payout === null) throw new ServiceError('payout_not_found', `There is no payout ${JSON.stringify(id)}`)
  return payout
}

export interface PayoutFilter {
  state?: PayoutState | undefined
  /** Only those whose money is reserved. */
  isOpen?: boolean | undefined
  /** Only those that a person has to look at. */
  needsAttention?: boolean | undefined
  /** The caller's own name of it, or its name at the processor. */
  reference?: string | undefined
  customer?: Pick<Customer, 'id'> | undefined
  recipientId?: bigint | undefined
  currency?: Currency | undefined
  from?: Date | undefined
  until?: Date | undefined
}

/** Newest first, from those older than `before`. */
export async function listPayouts(
  context: Context,
  { merchant, mode }: Tenant,
  { state, isOpen, needsAttention, reference, customer, recipientId, currency, from, until }: PayoutFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<Payout[]> {
  return readPayouts(
    context.db,
    sql`
      select * from payouts l
      where l.merchant_id = ${merchant.id} and l.mode = ${mode}
        and l.id < ${before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}::uuid
        ${state === undefined ? nothing : sql`and l.state = ${state}`}
        ${isOpen ? sql`and l.state = any(${[...openStates]}::text[])` : nothing}
        ${needsAttention ? sql`and l.attention is not null` : nothing}
        ${reference === undefined ? nothing : sql`and (l.reference = ${reference} or l.sent_reference = ${reference})`}
        ${customer === undefined ? nothing : sql`and l.customer_id = ${customer.id}`}
        ${recipientId === undefined ? nothing : sql`and l.recipient_id = ${recipientId}`}
        ${currency === undefined ? nothing : sql`and l.currency = ${currency}`}
        ${from === undefined ? nothing : sql`and l.created_at >= ${from}::timestamptz`}
        ${until === undefined ? nothing : sql`and l.created_at < ${until}::timestamptz`}
      order by l.id desc
      limit ${limit}
    `,
    sql`order by o.id desc`,
  )
}

export function readPayout(row: SelectedRow): Payout {
  const { actor_id, request_id } = row
  return {
    id: row.id,
    wireId: row.wire_id,
    code: row.code,
    reference: row.reference,
    sentReference: row.sent_reference,
    customerCode: row.customer_code,
    customerId: row.customer_id,
    recipient: readRecipient({
      id: row.r_id,
      code: row.r_code,
      type: row.r_type,
      account_number: row.r_account_number,
      bank_code: row.r_bank_code,
      currency: row.r_currency,
      name: row.r_name,
      email: row.r_email,
      description: row.r_description,
      metadata: row.r_metadata,
      name_at_bank: row.r_name_at_bank,
      name_answer: row.r_name_answer,
      name_asked_at: row.r_name_asked_at,
      active: row.r_active,
      created_at: row.r_created_at,
      updated_at: row.r_updated_at,
    }),
    amount: row.amount,
    currency: row.currency,
    feeBearer: row.fee_borne_by,
    estimatedFee: row.estimated_fee,
    fee: row.fee,
    bookedFee: row.booked_fee,
    feeTries: row.fee_tries,
    reason: row.reason,
    metadata: row.metadata,
    state: row.state,
    stateCode: row.state_code,
    stateReason: row.state_reason,
    attention: row.attention,
    attentionReason: row.attention_reason,
    verdict: row.verdict,
    approvalId: row.approval_id,
    settlementApprovalId: row.settlement_approval_id,
    processor: row.processor,
    accountId: row.account_id,
    sendCount: row.send_count,
    unsentCount: row.unsent_count,
    sentAt: row.sent_at,
    unknownSince: row.unknown_since,
    urlApprovedAt: row.url_approved_at,
    proof: row.proof,
    isSettledByHand: row.settled_by_hand,
    isLate: row.is_late,
    movementId: row.movement_id,
    by: readDoer(row),
    actor:
      actor_id === null || request_id === null ? undefined : { id: actor_id, requestId: unpackRequestId(request_id) },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at,
    dueAt: row.due_at,
  }
}
