import type { ServiceError } from '../../base/errors.ts'
import { randomCode, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import { type Call, doBatchTelling, type Receipt } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { background, findDoers, packRequestId } from '../trail/trail.ts'
import { storedRecipient, tellPayout } from './payout-events.ts'
import type { AccountPlace, NewDestination, Place } from './payout-places.ts'
import type { FeeBearer, Payout } from './payout-records.ts'
import { senderMs } from './payout-sending.ts'
import { newRecipientCode, type Recipient } from './recipients.ts'
import { sentReferenceOf } from './sent-references.ts'

/** A new payout whose form is right. */
export interface SoundPayout {
  customerCode: string | null
  amount: bigint
  currency: Currency
  destination: NewDestination
  reference: string
  reason: string | null
  metadata: Record<string, unknown> | null
  /** Default a random one. */
  code?: string | undefined
  /** Whether whoever makes it sends it at once. Default: the background work does. */
  isSentByMaker?: boolean | undefined
}

export interface PayoutCall {
  tenant: Tenant
  wanted: SoundPayout
  request: IdempotentRequest | null
}

/** A payout that nothing speaks against but the ledger. */
export interface PreparedPayout {
  call: PayoutCall
  place: Place
  estimatedFee: bigint
  feeBearer: FeeBearer
  id: string
  code: string
  sentReference: string
  /** The code of the recipient that it makes, unless another payout of the batch makes the same one; null where there is one. */
  recipientCode: string | null
  state: 'awaiting_approval' | 'pending'
  at: Date
  dueAt: Date
}

/** @param given `isLimited`: it may need a second person */
export function prepare(
  { random, vault }: Context,
  call: PayoutCall,
  given: Pick<PreparedPayout, 'place' | 'estimatedFee' | 'feeBearer' | 'at'> & { isLimited: boolean },
): PreparedPayout {
  const { tenant, wanted } = call
  const { isLimited, ...others } = given
  const { at } = given
  return {
    ...others,
    call,
    id: uuidV7(random, at),
    code: wanted.code ?? `TRF_${randomCode(random, 16)}`,
    sentReference: sentReferenceOf(vault, tenant, wanted.reference),
    recipientCode: given.place.recipient === null ? newRecipientCode(random) : null,
    state: isLimited ? 'awaiting_approval' : 'pending',
    at,
    dueAt: wanted.isSentByMaker && !isLimited ? new Date(at.getTime() + senderMs) : at,
  }
}

/** What is known of a payout only when it was recorded. Null for one that was not recorded. */
interface Recorded {
  wire_id: bigint | null
  customer_id: bigint | null
  recipient_id: bigint | null
  /** Of a recipient that the batch has made, as the next ones. */
  new_code: string | null
  new_name: string | null
  new_email: string | null
  new_description: string | null
  new_metadata: Record<string, unknown> | null
}

/**
 * Does the commands that reserve the money of payouts, and records those whose money was reserved, in one commit. Answers the outcome
 * of each. `read` answers the i-th payout, of one that was recorded now, as it would be read from the database.
 */
export async function recordPayouts(
  context: Context,
  lane: Queryable,
  prepared: PreparedPayout[],
  commands: Call[],
): Promise<{ outcomes: (Receipt | ServiceError)[]; read(i: number): Payout }> {
  const { merchant } = (prepared[0] as PreparedPayout).call.tenant
  const actors = prepared.map(({ call }) => call.tenant.actor)
  const [doers, { outcomes, told }] = await Promise.all([
    findDoers({ db: lane, clock: context.clock }, merchant.id, actors),
    doBatchTelling<Recorded>(context, lane, commands, {
      noting: recording(prepared),
      columns: sql`, n.wire_id, n.customer_id, n.recipient_id, d.code as new_code, d.name as new_name, d.email as new_email,
        d.description as new_description, d.metadata as new_metadata`,
      joins: sql`left join noted n on n.id = r.id left join made d on d.id = n.recipient_id`,
    }),
  ])
  return {
    outcomes,
    read(i) {
      const each = prepared[i] as PreparedPayout
      const by = doers.get(each.call.tenant.actor?.id) ?? background
      return { ...readRecorded(each, told[i] as Recorded), by }
    },
  }
}

function readRecorded(prepared: PreparedPayout, recorded: Recorded): Omit<Payout, 'by'> {
  const { call, estimatedFee, feeBearer, id, code, sentReference, state, at, dueAt } = prepared
  const { customerCode, amount, currency, reference, reason, metadata } = call.wanted
  return {
    ...{
      id,
      code,
      reference,
      sentReference,
      customerCode,
      amount,
      currency,
      feeBearer,
      estimatedFee,
      reason,
      state,
      dueAt,
    },
    wireId: recorded.wire_id as bigint,
    customerId: recorded.customer_id,
    recipient: recipientOf(prepared, recorded),
    metadata: copyOf(metadata),
    fee: null,
    bookedFee: null,
    feeTries: 0,
    stateCode: null,
    stateReason: null,
    attention: null,
    attentionReason: null,
    verdict: null,
    approvalId: null,
    settlementApprovalId: null,
    processor: null,
    accountId: null,
    sendCount: 0,
    unsentCount: 0,
    sentAt: null,
    unknownSince: null,
    urlApprovedAt: null,
    proof: null,
    isSettledByHand: false,
    isLate: false,
    movementId: null,
    actor: call.tenant.actor,
    createdAt: at,
    updatedAt: at,
    endedAt: null,
  }
}

/** As it is read after it was written. */
function copyOf(metadata: Record<string, unknown> | null): Record<string, unknown> | null {
  return metadata === null ? null : JSON.parse(JSON.stringify(metadata))
}

function recipientOf({ place, call, at }: PreparedPayout, recorded: Recorded): Recipient {
  if (place.account === null) return place.recipient
  if (place.recipient !== null) {
    return place.recipient.isActive ? place.recipient : { ...place.recipient, isActive: true, updatedAt: at }
  }
  return {
    id: recorded.recipient_id as bigint,
    code: recorded.new_code as string,
    type: place.account.type,
    accountNumber: place.account.accountNumber,
    bankCode: place.account.bankCode,
    currency: call.wanted.currency,
    name: recorded.new_name,
    email: recorded.new_email,
    description: recorded.new_description,
    metadata: recorded.new_metadata,
    nameAtBank: null,
    nameAnswer: null,
    nameAskedAt: null,
    isActive: true,
    createdAt: at,
    updatedAt: at,
  }
}

/**
 * Records the payouts whose money was reserved, with the recipients that they make, and tells of them. The numbers are taken
 * last: others wait for them. Each row that is needed is found by one look-up, whatever the planner knows of the tables.
 */
function recording(prepared: PreparedPayout[]) {
  const { call, feeBearer, at: now } = prepared[0] as PreparedPayout
  const { tenant } = call
  const { merchant, mode } = tenant
  const wanted = prepared.map((each) => each.call.wanted)
  const actors = prepared.map((each) => each.call.tenant.actor)
  const json = (value: Record<string, unknown> | null | undefined) => (value == null ? null : JSON.stringify(value))
  const account = (pick: (given: AccountPlace) => string | null | undefined) =>
    prepared.map(({ place }) => (place.account === null ? null : pick(place.account)))
  return sql`
    placed as materialized (
      select
        n.id, w.*,
        -- Payouts to one new account share its number.
        case when w.recipient_id is null then dense_rank() over (
          partition by w.recipient_id order by w.type, w.account_number, w.bank_code, w.currency
        ) end as new_place
      from done_now n
      join unnest(
        ${prepared.map(({ place }) => place.recipient?.id ?? null)}::bigint[], ${prepared.map((each) => each.recipientCode)}::text[],
        ${account(({ type }) => type)}::text[], ${account(({ accountNumber }) => accountNumber)}::text[],
        ${account(({ bankCode }) => bankCode)}::text[], ${account(({ name }) => name)}::text[],
        ${account(({ email }) => email)}::text[], ${account(({ description }) => description)}::text[],
        ${account(({ metadata }) => json(metadata))}::text[],
        ${prepared.map((each) => each.code)}::text[], ${wanted.map((each) => each.reference)}::text[],
        ${prepared.map((each) => each.sentReference)}::text[], ${wanted.map((each) => each.customerCode)}::text[],
        ${wanted.map((each) => each.amount)}::bigint[], ${wanted.map((each) => each.currency)}::text[],
        ${prepared.map((each) => each.estimatedFee)}::bigint[], ${wanted.map((each) => each.reason)}::text[],
        ${wanted.map((each) => json(each.metadata))}::text[],
        ${prepared.map((each) => each.state)}::text[],
        ${actors.map((each) => each?.id ?? null)}::integer[],
        ${actors.map((each) => (each === undefined ? null : packRequestId(each.requestId)))}::bytea[],
        ${prepared.map((each) => each.dueAt)}::timestamptz[]
      ) with ordinality as w (
        recipient_id, recipient_code, type, account_number, bank_code, name, email, description, recipient_metadata, code,
        reference, sent_reference, customer, amount, currency, estimated_fee, reason, metadata, state, actor_id, request_id, due_at, place
      ) on w.place = n.ordinal
    ),
    ids as materialized (
      select allocate_ids(${merchant.id}, (c.payouts + c.recipients)::integer) as first, c.recipients
      from (select count(*) as payouts, coalesce(max(p.new_place), 0) as recipients from placed p) c
    ),
    made as (
      insert into recipients as r (
        merchant_id, id, mode, code, type, account_number, bank_code, currency, name, email, description, metadata,
        created_at, updated_at
      )
      select distinct on (p.new_place)
        ${merchant.id}, i.first + p.new_place - 1, ${mode}, p.recipient_code, p.type, p.account_number, p.bank_code, p.currency,
        p.name, p.email, p.description, p.recipient_metadata::json, ${now}::timestamptz, ${now}::timestamptz
      from placed p
      cross join ids i
      where p.new_place is not null
      order by p.new_place, p.place
      returning r.*
    ),
    revived as (
      update recipients r set active = true, updated_at = ${now}::timestamptz
      where r.merchant_id = ${merchant.id} and r.id = any(${inactiveOf(prepared)}::bigint[]) and not r.active
        and r.id in (select p.recipient_id from placed p where p.account_number is not null)
      returning r.*
    ),
    changed as (
      select * from made
      union all
      select * from revived
    ),
    noted as (
      insert into payouts (
        merchant_id, id, mode, wire_id, code, reference, sent_reference, customer_id, recipient_id, amount, currency,
        fee_borne_by, estimated_fee, reason, metadata, state, actor_id, request_id, due_at, created_at, updated_at
      )
      select
        ${merchant.id}, p.id, ${mode}, i.first + i.recipients + row_number() over (order by p.place) - 1, p.code, p.reference,
        p.sent_reference, c.id, coalesce(p.recipient_id, i.first + p.new_place - 1), p.amount, p.currency, ${feeBearer},
        p.estimated_fee, p.reason, p.metadata::json, p.state, p.actor_id, p.request_id, p.due_at,
        ${now}::timestamptz, ${now}::timestamptz
      from placed p
      cross join ids i
      left join lateral (
        select o.id from customers o where o.merchant_id = ${merchant.id} and o.code = p.customer limit 1
      ) c on true
      returning *
    ),
    ${tellPayout(tenant, {
      changed: sql`(select * from noted where state = 'pending')`,
      type: 'pending',
      at: now,
      recipient: sql`(select * from changed d where d.id = p.recipient_id) union all (${storedRecipient}) limit 1`,
    })}
  `
}

/** The recipients that were not active, and that the payouts to their accounts make active again. */
function inactiveOf(prepared: PreparedPayout[]): bigint[] {
  return prepared.flatMap(({ place: { account, recipient } }) =>
    account !== null && recipient !== null && !recipient.isActive ? [recipient.id] : [],
  )
}
