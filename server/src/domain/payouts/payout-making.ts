import { ServiceError } from '../../base/errors.ts'
import { randomCode, uuidV7 } from '../../base/ids.ts'
import { type Currency, maxAmount } from '../../base/money.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import type { AccountName, LedgerCommand, Receipt } from '../ledger/commands.ts'
import { doBatchNoting } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { packRequestId } from '../trail/trail.ts'
import { currenciesWithLimits } from './payout-approvals.ts'
import { storedRecipient, tellPayout } from './payout-events.ts'
import { type AccountPlace, findPlaces, type NewDestination, type Place } from './payout-places.ts'
import type { PayoutProcessor, PayoutProcessorChoice } from './payout-processor.ts'
import { type FeeBearer, type Payout, readPayouts } from './payout-records.ts'
import { senderMs } from './payout-sending.ts'
import { getPayoutSettings } from './payout-settings.ts'
import { newRecipientCode } from './recipients.ts'
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

/** A payout, or why none was made. `replayed`: it was made before, under the same key or reference. */
export type PayoutAnswer = { payout: Payout; replayed: boolean } | ServiceError

/**
 * Makes the payouts of a batch of one tenant, each with a reference of its own: reserves their money and records them in one
 * commit. Answers for each, in order.
 */
export function makePayouts(
  context: Context & PayoutProcessorChoice,
  lane: Queryable,
  calls: PayoutCall[],
): Promise<PayoutAnswer[]> {
  // Two servers can get one reference, one key or one account at once. The server that comes second finds the first's.
  return repeatAfterCollision(
    [
      ...['payouts_reference', 'payouts_sent_reference', 'payouts_code', 'idempotency_keys_pkey'],
      ...['recipients_account', 'recipients_code'],
    ],
    () => tryBatch(context, lane, calls),
  )
}

/** A payout that nothing speaks against but the ledger. */
interface Prepared {
  call: PayoutCall
  place: Place
  estimatedFee: bigint
  id: string
}

async function tryBatch(
  context: Context & PayoutProcessorChoice,
  lane: Queryable,
  calls: PayoutCall[],
): Promise<PayoutAnswer[]> {
  const { tenant } = calls[0] as PayoutCall
  const all = calls.map(({ wanted }) => wanted)
  const currencies = all.map(({ currency }) => currency)
  const [limited, known, settings, places] = await Promise.all([
    currenciesWithLimits(context, tenant, currencies),
    findKnown(lane, tenant, calls),
    getPayoutSettings({ db: lane }, tenant),
    findPlaces(lane, tenant, all),
  ])
  const erased = await findErased(lane, tenant, [...known.values()])
  const unidentified = settings.identifiedOnly ? await findUnidentified(lane, tenant, calls) : noCustomers
  const estimate = await estimatorOf(context, tenant, settings.feesBorneBy)
  const answers = calls.map(({ wanted }, i): PayoutAnswer | Prepared => {
    const before = known.get(wanted.reference)
    if (before !== undefined) return erased.has(before.customerId) ? erasedOwner(before) : recall(before, wanted)
    const place = places[i] as Place | ServiceError
    if (place instanceof ServiceError) return place
    if (unidentified.has(wanted.customerCode)) return notIdentified()
    const estimatedFee = estimate({ amount: wanted.amount, currency: wanted.currency, type: place.type })
    if (wanted.amount + estimatedFee > maxAmount) return tooLarge(estimatedFee)
    const id = uuidV7(context.random, context.clock.now())
    return { call: calls[i] as PayoutCall, place, estimatedFee, id }
  })
  const prepared = answers.filter((each): each is Prepared => 'call' in each)
  const made = await reserve(context, lane, prepared, { bearer: settings.feesBorneBy, limited })
  return answers.map((each) => ('call' in each ? (made.get(each) as PayoutAnswer) : each))
}

const noCustomers: ReadonlySet<string | null> = new Set()

/** The codes of customers who are not identified. */
async function findUnidentified(
  db: Queryable,
  { merchant }: Tenant,
  calls: PayoutCall[],
): Promise<ReadonlySet<string | null>> {
  const codes = calls.flatMap(({ wanted }) => wanted.customerCode ?? [])
  const rows = await db.query<{ code: string }>(sql`
    select c.code from customers c
    where c.merchant_id = ${merchant.id} and c.code = any(${codes}::text[]) and not c.identified
  `)
  return new Set(rows.map(({ code }) => code))
}

function notIdentified(): ServiceError {
  const message =
    'Payouts are made only for customers who are identified: let the customer pass an identity check first'
  return new ServiceError('customer_not_identified', message, 'customerId')
}

/** The payouts that have the references, by these. */
async function findKnown(db: Queryable, { merchant, mode }: Tenant, calls: PayoutCall[]): Promise<Map<string, Payout>> {
  const references = calls.map(({ wanted }) => wanted.reference)
  const rows = await readPayouts(
    db,
    sql`
      select o.* from unnest(${references}::text[]) as n (reference)
      -- The order leaves the planner one index, also where it knows nothing of the table: the unique one.
      cross join lateral (
        select * from payouts o
        where (o.merchant_id, o.mode, o.reference) >= (${merchant.id}, ${mode}, n.reference)
        order by o.merchant_id, o.mode, o.reference
        limit 1
      ) o
      where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.reference = n.reference
    `,
  )
  return new Map(rows.map((payout) => [payout.reference, payout]))
}

/** The customers of the payouts whom somebody has asked to erase. What is stored of a payout then is not what was asked for. */
async function findErased(
  db: Queryable,
  { merchant }: Tenant,
  payouts: readonly Payout[],
): Promise<ReadonlySet<bigint | null>> {
  const ids = payouts.flatMap(({ customerId }) => (customerId === null ? [] : [customerId]))
  if (ids.length === 0) return new Set()
  const rows = await db.query<{ id: bigint }>(sql`
    select x.id from erasures x where x.merchant_id = ${merchant.id} and x.id = any(${ids}::bigint[])
  `)
  return new Set(rows.map(({ id }) => id))
}

function erasedOwner({ customerCode }: Payout): ServiceError {
  return new ServiceError('customer_not_found', `There is no customer "${customerCode}"`, 'customerId')
}

function tooLarge(estimatedFee: bigint): ServiceError {
  const message = `amount must be at most ${maxAmount - estimatedFee}: its expected fee of ${estimatedFee} is reserved besides`
  return new ServiceError('invalid_request', message, 'amount')
}

/** The first payout of a reference for the same content, or the refusal of another content. */
function recall(payout: Payout, wanted: SoundPayout): PayoutAnswer {
  const differing = differencesOf(payout, wanted)
  if (differing.length === 0) return { payout, replayed: true }
  const message = `The reference ${JSON.stringify(wanted.reference)} belongs to a payout of another ${differing.join(', ')}`
  return new ServiceError('reference_taken', message, 'reference')
}

function differencesOf({ recipient, ...payout }: Payout, { destination, ...wanted }: SoundPayout): string[] {
  const same = {
    customerId: payout.customerCode === wanted.customerCode,
    amount: payout.amount === wanted.amount,
    currency: payout.currency === wanted.currency,
    destination:
      'recipientCode' in destination
        ? recipient.code === destination.recipientCode
        : recipient.type === destination.type &&
          recipient.accountNumber === destination.accountNumber &&
          recipient.bankCode === destination.bankCode,
    reason: payout.reason === wanted.reason,
    metadata: JSON.stringify(payout.metadata) === JSON.stringify(wanted.metadata),
  }
  return Object.entries(same).flatMap(([member, isSame]) => (isSame ? [] : [member]))
}

/** What an order is expected to cost beside its amount: nothing where the merchant bears fees, or where a person pays out. */
async function estimatorOf(
  context: Context & PayoutProcessorChoice,
  tenant: Tenant,
  bearer: FeeBearer,
): Promise<PayoutProcessor['estimateFee']> {
  const processor = bearer === 'owner' ? await context.payoutProcessorOf(context, tenant, 'new') : null
  return processor === null || processor === 'manual' ? () => 0n : (order) => processor.estimateFee(order)
}

/** What the merchant wants of new payouts. */
interface Wants {
  bearer: FeeBearer
  /** The currencies of which they may need a second person. */
  limited: ReadonlySet<string>
}

async function reserve(
  context: Context,
  lane: Queryable,
  prepared: Prepared[],
  wants: Wants,
): Promise<Map<Prepared, PayoutAnswer>> {
  if (prepared.length === 0) return new Map()
  const { tenant } = (prepared[0] as Prepared).call
  const commands = prepared.map((each) => ({ tenant: each.call.tenant, command: placing(each) }))
  const receipts = await doBatchNoting(context, lane, commands, recording(context, prepared, wants))
  const done = receipts.flatMap((each) => (each instanceof ServiceError ? [] : [each.id]))
  const rows = await readPayouts(
    lane,
    sql`
      select o.* from unnest(${done}::uuid[]) as n (id)
      cross join lateral (
        select * from payouts o where o.merchant_id = ${tenant.merchant.id} and o.id = n.id limit 1
      ) o
    `,
  )
  const byId = new Map(rows.map((payout) => [payout.id, payout]))
  return new Map(
    prepared.map((each, i): [Prepared, PayoutAnswer] => {
      const receipt = receipts[i] as Receipt | ServiceError
      if (receipt instanceof ServiceError) return [each, receipt]
      return [each, { payout: byId.get(receipt.id) as Payout, replayed: receipt.replayed }]
    }),
  )
}

function placing({ call: { wanted, request }, estimatedFee, id }: Prepared): LedgerCommand {
  return {
    action: 'place',
    kind: 'payout',
    id,
    currency: wanted.currency,
    from: ownerOf(wanted),
    amount: wanted.amount + estimatedFee,
    description: null,
    expiresAt: null,
    event: null,
    request,
  }
}

/** The account that a payout leaves. */
export function ownerOf({ customerCode }: Pick<Payout, 'customerCode'>): AccountName {
  return customerCode === null ? { kind: 'merchant_balance' } : { kind: 'customer_cash', customer: customerCode }
}

/**
 * Records the payouts whose money was reserved, with the recipients that they make, and tells of them. The numbers are taken
 * last: others wait for them. Each row that is needed is found by one look-up, whatever the planner knows of the tables.
 */
function recording({ clock, random, vault }: Context, prepared: Prepared[], { bearer, limited }: Wants) {
  const { tenant } = (prepared[0] as Prepared).call
  const { merchant, mode } = tenant
  const now = clock.now()
  const later = new Date(now.getTime() + senderMs)
  const wanted = prepared.map(({ call }) => call.wanted)
  const actors = prepared.map(({ call }) => call.tenant.actor)
  const json = (value: Record<string, unknown> | null | undefined) => (value == null ? null : JSON.stringify(value))
  const account = (pick: (given: AccountPlace) => string | null | undefined) =>
    prepared.map(({ place }) => ('accountNumber' in place ? (pick(place) ?? null) : null))
  return sql`
    placed as materialized (
      select
        n.id, w.*,
        -- Payouts to one new account share its number.
        case when w.recipient_id is null then dense_rank() over (
          partition by w.recipient_id is null order by w.type, w.account_number, w.bank_code, w.currency
        ) end as new_place
      from done_now n
      join unnest(
        ${prepared.map(({ place }) => place.id)}::bigint[], ${prepared.map(({ place }) => (place.id === null ? newRecipientCode(random) : null))}::text[],
        ${account(({ type }) => type)}::text[], ${account(({ accountNumber }) => accountNumber)}::text[],
        ${account(({ bankCode }) => bankCode)}::text[], ${account(({ name }) => name)}::text[],
        ${account(({ email }) => email)}::text[], ${account(({ description }) => description)}::text[],
        ${account(({ metadata }) => json(metadata))}::text[],
        ${wanted.map((each) => each.code ?? `TRF_${randomCode(random, 16)}`)}::text[], ${wanted.map((each) => each.reference)}::text[],
        ${wanted.map((each) => sentReferenceOf(vault, tenant, each.reference))}::text[], ${wanted.map((each) => each.customerCode)}::text[],
        ${wanted.map((each) => each.amount)}::bigint[], ${wanted.map((each) => each.currency)}::text[],
        ${prepared.map((each) => each.estimatedFee)}::bigint[], ${wanted.map((each) => each.reason)}::text[],
        ${wanted.map((each) => json(each.metadata))}::text[],
        ${wanted.map((each) => (limited.has(each.currency) ? 'awaiting_approval' : 'pending'))}::text[],
        ${actors.map((each) => each?.id ?? null)}::integer[],
        ${actors.map((each) => (each === undefined ? null : packRequestId(each.requestId)))}::bytea[],
        ${wanted.map((each) => (each.isSentByMaker && !limited.has(each.currency) ? later : now))}::timestamptz[]
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
        p.sent_reference, c.id, coalesce(p.recipient_id, i.first + p.new_place - 1), p.amount, p.currency, ${bearer},
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
function inactiveOf(prepared: Prepared[]): bigint[] {
  return prepared.flatMap(({ place }) =>
    'accountNumber' in place && place.id !== null && !place.isActive ? [place.id] : [],
  )
}
