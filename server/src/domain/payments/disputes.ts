import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, lockCount } from '../context.ts'
import { type AccountName, doCommand, doTogether, doTogetherNoting, type LedgerCommand } from '../ledger/commands.ts'
import { accountOfLateFact } from '../ledger/late-facts.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type DisputeEventType, disputeEventOf, tellDispute } from './dispute-events.ts'
import { type Bearer, type Dispute, findDispute } from './dispute-records.ts'
import { getDisputeSettings } from './dispute-settings.ts'
import { type DisputeState, disputeArrows, isDecided } from './dispute-states.ts'
import { type DisputedMoney, findDisputedMoney } from './disputed-money.ts'
import { leaveSuspense, moneyNow } from './disputed-suspense.ts'
import { isSettledAs } from './refund-ending.ts'

/*
 * Money that a payer takes back from outside. It is a fact, so it is booked whatever a state or a balance says, and once for a
 * dispute, however often and by whomever it is told: the key of a movement names the dispute and the number of the movement.
 * The movement, the state and the event are one commit.
 */

/** What is known of a dispute, from whoever knows it. */
export interface DisputeReport {
  outsideId: string
  state: DisputeState
  stateReason: string | null
  resolution: string | null
  category: string
  /** Minor units; null for the whole payment. */
  amount: bigint | null
  complaint: string | null
  respondBy: Date | null
  /** The account's id of the refund by which the money has gone back; null if none is known. */
  refundName: string | null
  /** How the sandbox decides it once it is declined. Default won. */
  afterDecline?: Dispute['afterDecline'] | undefined
}

/** Where the disputed payment is. */
export interface DisputedAt {
  /** 0 for the sandbox. */
  accountId: bigint
  /** The account's name of the payment; null in the sandbox. */
  reference: string | null
}

/** The call that learns of a dispute looks at it itself within this time. Then the background does. */
const ownTimeMs = 60_000
/** An account is asked about an open dispute again after as long again as it has been open, within these bounds. */
const firstLookMs = 60_000
const lastLookMs = 60 * 60 * 1000
/** How long before its end a merchant is reminded of an open dispute. */
const remindMs = 4 * 60 * 60 * 1000

/**
 * Brings a dispute to where somebody says that it is, and makes it if nobody has told of it before. Everybody who learns
 * something does this, in any order. Answers it as it then is; null for a refund at the account that a refund of ours was settled as.
 */
export async function learnDispute(
  context: FreeContext,
  tenant: Tenant,
  money: DisputedMoney,
  at: DisputedAt,
  report: DisputeReport,
): Promise<Dispute | null> {
  const name = { transactionId: money.transactionId, outsideId: report.outsideId }
  const known = await findDispute(context, tenant, name)
  if (known === null) await insertDispute(context, tenant, money, at, report)
  else await refreshDispute(context, tenant, known, { money, at, report })
  const dispute = await findDispute(context, tenant, name)
  if (dispute === null) return null
  await holdAmount(context, tenant, dispute, money)
  return settleDispute(context, tenant, dispute, money, report)
}

async function insertDispute(
  context: Context,
  tenant: Tenant,
  money: DisputedMoney,
  { accountId, reference }: DisputedAt,
  report: DisputeReport,
): Promise<void> {
  const { merchant, mode } = tenant
  const now = context.clock.now()
  const { category, complaint, respondBy, refundName } = report
  const amount = report.amount ?? money.amount
  const settings = await getDisputeSettings(context, tenant)
  const holds = settings.holdsAmount && !isDecided(report.state) && isOwners(money)
  const holdId = holds && (settings.borneBy === 'customer' || money.owner?.kind === 'merchant_balance')
  const messages = complaint === null ? [] : [{ sender: 'payer', body: complaint, createdAt: now.toISOString() }]
  const history = [{ state: 'open', by: accountId === 0n ? 'sandbox' : 'account', createdAt: now.toISOString() }]
  await inTransaction(context, async (tx) => {
    // Its number is the next one, so others wait.
    await lockCount(tx, tenant, 'disputes')
    const refund = { name: report.outsideId.replace(/^refund\//, ''), amount }
    if (category === 'refund' && (await isSettledAs(tx, tenant, money.transactionId, refund))) return
    await tx.db.query(sql`
      with noted as (
        insert into disputes (
          merchant_id, id, mode, number, wire_id, account_id, outside_id, category, original_id, payment_intent_id,
          outside_reference, customer_id, asked_amount, amount, currency, complaint, respond_by, refund_name, hold_id, after_decline, messages, history,
          due_at, created_at, updated_at
        )
        select
          ${merchant.id}, ${uuidV7(tx.random, now)}::uuid, ${mode}, n.number,
          case when n.number is not null then allocate_ids(${merchant.id}, 1) end, ${accountId}::bigint,
          ${report.outsideId}, ${category}, ${money.transactionId}::uuid, ${money.intentUuid}::uuid, ${reference}::text,
          ${money.customerId}::bigint, ${amount}::bigint, ${amount}::bigint, ${money.currency}, ${complaint}::text,
          ${respondBy}::timestamptz, ${refundName}::text, ${holdId ? uuidV7(tx.random, now) : null}::uuid,
          ${report.afterDecline ?? null}::text,
          ${JSON.stringify(messages)}::json, ${JSON.stringify(history)}::json,
          ${new Date(now.getTime() + ownTimeMs)}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
        from (
          select case when ${money.hasPayment && report.category !== 'refund'}::boolean then coalesce(max(k.number), 0) + 1 end
            as number
          from disputes k
          where k.merchant_id = ${merchant.id} and k.mode = ${mode}
        ) n
        on conflict on constraint disputes_outside do nothing
        returning *
      ),
      ${tellDispute(tenant, { changed: sql`noted`, type: 'dispute.opened', at: now })}
      select id from noted
    `)
  })
}

/** Money whose owner got it by the transaction itself: only that can be reserved under the transaction. */
function isOwners({ kind, owner }: DisputedMoney): boolean {
  return kind === 'pay_in' && owner !== null
}

/** Notes what has become known of a dispute besides its state. An amount that was booked does not change. */
async function refreshDispute(
  context: Context,
  { merchant }: Tenant,
  dispute: Dispute,
  { money, at, report }: { money: DisputedMoney; at: DisputedAt; report: DisputeReport },
): Promise<void> {
  const amount = report.amount ?? money.amount
  await context.db.query(sql`
    update disputes set
      account_id = ${at.accountId}::bigint, asked_amount = greatest(asked_amount, ${amount}::bigint),
      amount = case when movement_id is null then ${amount}::bigint else amount end,
      respond_by = coalesce(${report.respondBy}::timestamptz, respond_by),
      complaint = coalesce(complaint, ${report.complaint}::text),
      refund_name = coalesce(refund_name, ${report.refundName}::text)
    where merchant_id = ${merchant.id} and id = ${dispute.id}
  `)
}

/**
 * Reserves what is available of the amount of an open dispute, once. A customer who has spent the money meanwhile has nothing
 * reserved, and owes the rest if the dispute is lost.
 */
async function holdAmount(context: FreeContext, tenant: Tenant, dispute: Dispute, money: DisputedMoney): Promise<void> {
  const { id, holdId, currency } = dispute
  if (holdId === null || isDecided(dispute.state) || !isOwners(money)) return
  const from = money.owner as AccountName
  const payer = await payerOf(context, tenant, money, 'customer')
  // The customer is being erased: the merchant bears it.
  if (payer.kind !== from.kind) return
  const common = { action: 'place', id: holdId, currency, from, originalId: money.transactionId } as const
  for (let time = 1; time <= 3; time++) {
    const available = await availableOf(context, tenant, from, currency)
    const wanted = bookedOf(dispute, money)
    const held = available < wanted ? available : wanted
    if (held <= 0n) return
    const command: LedgerCommand = {
      ...common,
      amount: held,
      description: null,
      expiresAt: null,
      event: null,
      request: null,
      ownKey: `dispute/${id}/hold/${time}`,
    }
    const refused = await doCommand(context, tenant, command).catch((error) => {
      if (error instanceof ServiceError) return error
      throw error
    })
    if (!(refused instanceof ServiceError && refused.code === 'insufficient_funds')) return
  }
}

async function availableOf(
  context: Context,
  { merchant, mode }: Tenant,
  { kind, customer }: AccountName,
  currency: Currency,
): Promise<bigint> {
  const owner = sql`(select c.id from customers c where c.merchant_id = ${merchant.id} and c.code = ${customer ?? null}::text)`
  const [row] = await context.db.query<{ available: bigint }>(sql`
    select a.posted - a.held as available from ledger_accounts a
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.kind = ${kind} and a.currency = ${currency}
      and ${kind === 'customer_cash' ? sql`a.customer_id = ${owner}` : sql`a.customer_id is null`}
  `)
  return row?.available ?? 0n
}

/** Moves a dispute to a state that may follow its own, with the movement that goes with it. */
async function settleDispute(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  report: Pick<DisputeReport, 'state' | 'stateReason' | 'resolution'> & { by?: string },
): Promise<Dispute> {
  const { state } = report
  // A refund has taken the money, whatever is said of the dispute afterwards.
  const isStill =
    dispute.state === state || (state === 'won' && dispute.refundName !== null && dispute.borneBy !== null)
  if (isStill || !disputeArrows[dispute.state].includes(state)) {
    await lookLater(context, tenant, dispute)
  } else if (state === 'lost') {
    await bookLoss(context, tenant, dispute, money, report)
  } else if (state === 'won') {
    await releaseHold(context, tenant, dispute, money)
    if (dispute.borneBy === null) await moveTo(context, tenant, dispute, report)
    else await bookReturn(context, tenant, dispute, money, report)
  } else {
    await moveTo(context, tenant, dispute, report)
  }
  return (await findDispute(context, tenant, dispute)) as Dispute
}

type Turn = Pick<DisputeReport, 'state' | 'stateReason' | 'resolution'> & { by?: string }

/** Who pays a loss. */
async function payerOf(
  context: Context,
  tenant: Tenant,
  { owner }: DisputedMoney,
  borneBy: 'customer' | 'merchant',
): Promise<AccountName> {
  if (borneBy === 'merchant' || owner === null || owner.kind !== 'customer_cash') return { kind: 'merchant_balance' }
  return accountOfLateFact(context, tenant, owner.customer)
}

/** Books that the payer has the money back: the hold goes, and the owner pays, in one commit. */
async function bookLoss(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  turn: Turn,
): Promise<void> {
  const adopted = await findRefundMovement(context, tenant, dispute)
  if (adopted !== null) return noteMovement(context, tenant, dispute, turn, adopted)
  const now = await moneyNow(context, tenant, dispute, money)
  const amount = bookedOf(dispute, now)
  const left = now.owner === null ? await leaveSuspense(context, tenant, dispute, { money: now, amount }) : null
  if (left !== null) {
    await bookBesides(context, tenant, dispute, { money: now, rest: amount - left.amount })
    return noteMovement(context, tenant, dispute, turn, { movementId: left.movementId, borneBy: 'suspense' })
  }
  const { borneBy } = await getDisputeSettings(context, tenant)
  const from = await payerOf(context, tenant, now, borneBy)
  await bearOrMerchant(dispute, from, (payer, key) =>
    postLoss(context, tenant, { dispute, money: now, turn, payer, key }),
  )
}

/**
 * Posts a movement of whoever is to bear it, or of the merchant where the ledger refuses that for good. The first key is the same
 * whoever bears it: so a movement is posted once, although the settings change meanwhile.
 */
async function bearOrMerchant(
  { id, movements }: Dispute,
  bearer: AccountName,
  post: (bearer: AccountName, key: string) => Promise<ServiceError | null>,
): Promise<void> {
  const key = `dispute/${id}/${movements}`
  const refused = await post(bearer, key)
  if (refused === null) return
  if (!refused.kept) throw refused
  const left = await post({ kind: 'merchant_balance' }, `${key}/merchant`)
  if (left !== null) throw left
}

/** Books what an account has taken besides the money in suspense: a fee that the payer had paid, and more than was left. */
async function bookBesides(
  context: FreeContext,
  { merchant, mode }: Tenant,
  dispute: Dispute,
  { money, rest }: { money: DisputedMoney; rest: bigint },
): Promise<void> {
  const from = { kind: 'merchant_balance' } as const
  const commands = feeCommands(context, dispute, money, { kind: 'processor_fee', owner: from })
  const key = `dispute/${dispute.id}/${dispute.movements}/rest`
  if (rest > 0n) commands.push(lossCommand(context, dispute, money, { payer: from, key, amount: rest }))
  if (commands.length === 0) return
  const outcomes = await doTogether(context, { merchant, mode }, commands)
  for (const outcome of outcomes) if (outcome instanceof ServiceError) throw outcome
}

/** Answers the refusal of the movement; null for a movement that was posted, now or before. */
async function postLoss(
  context: FreeContext,
  tenant: Tenant,
  {
    dispute,
    money,
    turn,
    payer,
    key,
  }: { dispute: Dispute; money: DisputedMoney; turn: Turn; payer: AccountName; key: string },
): Promise<ServiceError | null> {
  const bearer: Bearer = payer.kind === 'merchant_balance' ? 'merchant' : 'customer'
  const command = lossCommand(context, dispute, money, { payer, key, amount: bookedOf(dispute, money) })
  const fees = feeCommands(context, dispute, money, { kind: 'processor_fee', owner: payer })
  const commands = [...releases(dispute, money), ...fees, command]
  const customerId = payer.kind === 'customer_cash' ? money.customerId : dispute.customerId
  return post(context, tenant, commands, changeOf(context, tenant, { ...dispute, customerId }, turn, bearer))
}

function lossCommand(
  context: Context,
  dispute: Dispute,
  money: DisputedMoney,
  { payer, key, amount }: { payer: AccountName; key: string; amount: bigint },
): LedgerCommand {
  const { id, currency, category } = dispute
  return {
    action: 'book',
    kind: 'chargeback',
    id: uuidV7(context.random, context.clock.now()),
    currency,
    from: payer,
    to: money.outside,
    amount,
    description: category === 'refund' ? 'Refund made at the processor' : 'Chargeback',
    details: { disputeId: id, transactionId: dispute.transactionId, ...detailsOf(dispute) },
    event: null,
    request: null,
    ownKey: key,
  }
}

/** What is booked of a dispute's amount: no more than has come. */
function bookedOf({ amount }: Dispute, money: DisputedMoney): bigint {
  return amount < money.amount ? amount : money.amount
}

/**
 * A payer who bears the processor's fee has paid it besides, and gets it back as well. It never came to the owner of the money,
 * so it is a fee of the processor, and is borne as any fee of the payment.
 *
 * @param owner who bears the loss, or gets the money back
 */
function feeCommands(
  context: Context,
  { id, movements, amount, currency }: Dispute,
  money: DisputedMoney,
  { kind, owner }: { kind: 'processor_fee' | 'processor_fee_returned'; owner: AccountName },
): LedgerCommand[] {
  const fee = amount - money.amount
  if (fee <= 0n) return []
  const bearer = bearerOf(money, owner)
  const ways = kind === 'processor_fee' ? { from: bearer, to: money.outside } : { from: money.outside, to: bearer }
  const key = `dispute/${id}/${movements}/fee`
  return [
    {
      action: 'book',
      id: uuidV7(context.random, context.clock.now()),
      currency,
      kind,
      ...ways,
      amount: fee,
      description: 'Fee that the payer had paid',
      details: { disputeId: id },
      event: null,
      request: null,
      // Where the owner's account refuses its loss, the merchant bears both.
      ownKey: bearer.kind === 'processor_fees' ? key : `${key}/${bearer.kind}`,
    },
  ]
}

function bearerOf({ feeBearer }: DisputedMoney, owner: AccountName): AccountName {
  if (feeBearer === 'owner') return owner
  return { kind: feeBearer === 'merchant' ? 'processor_fees' : 'merchant_balance' }
}

/** Books that the money has come back: the dispute was won after it was lost. */
async function bookReturn(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  turn: Turn,
): Promise<void> {
  const { id, movements, currency, borneBy } = dispute
  const now = await moneyNow(context, tenant, dispute, money)
  const common = {
    action: 'book',
    id: uuidV7(context.random, context.clock.now()),
    currency,
    from: now.outside,
    amount: bookedOf(dispute, money),
    event: null,
    request: null,
  } as const
  const feesFor = (owner: AccountName) => feeCommands(context, dispute, now, { kind: 'processor_fee_returned', owner })
  const details = { disputeId: id, transactionId: dispute.transactionId, ...detailsOf(dispute) }
  const change = changeOf(context, tenant, dispute, turn, null)
  const key = `dispute/${id}/${movements}`
  if (borneBy === 'suspense') {
    const reason = 'The dispute of this money was lost, and won afterwards'
    const command: LedgerCommand = {
      ...common,
      kind: 'suspended',
      to: { kind: 'suspense' },
      description: null,
      details: { ...details, reason },
      ownKey: key,
    }
    const refused = await post(context, tenant, [...feesFor({ kind: 'merchant_balance' }), command], change)
    if (refused !== null) throw refused
    return
  }
  const to =
    borneBy === 'merchant' ? { kind: 'merchant_balance' as const } : await payerOf(context, tenant, now, 'customer')
  const command = (receiver: AccountName, ownKey: string): LedgerCommand => ({
    ...common,
    kind: 'chargeback_returned',
    to: receiver,
    description: 'Chargeback returned',
    details,
    ownKey,
  })
  await bearOrMerchant(dispute, to, (receiver, ownKey) =>
    post(context, tenant, [...feesFor(receiver), command(receiver, ownKey)], change),
  )
}

function detailsOf({ paymentIntentId }: Dispute) {
  return paymentIntentId === null ? {} : { paymentIntentId }
}

/** Posts the commands and notes the change with the last one, in one commit. Answers the refusal of the last one. */
async function post(
  context: FreeContext,
  { merchant, mode }: Tenant,
  commands: LedgerCommand[],
  noting: Sql,
): Promise<ServiceError | null> {
  // A fact is nobody's.
  const outcomes = await doTogetherNoting(context, { merchant, mode }, commands, noting)
  const last = outcomes.at(-1)
  return last instanceof ServiceError ? last : null
}

/** The end of the hold, if there may be one. A hold that was never placed is refused, and that changes nothing. */
function releases({ holdId, currency }: Dispute, money: DisputedMoney): LedgerCommand[] {
  if (holdId === null || !isOwners(money)) return []
  const from = money.owner as AccountName
  return [
    {
      action: 'release',
      id: holdId,
      currency,
      from,
      holdId,
      originalId: money.transactionId,
      event: null,
      request: null,
    },
  ]
}

async function releaseHold(context: FreeContext, { merchant, mode }: Tenant, dispute: Dispute, money: DisputedMoney) {
  const [command] = releases(dispute, money)
  if (command === undefined) return
  await doCommand(context, { merchant, mode }, command).catch((error) => {
    if (!(error instanceof ServiceError && ['hold_not_open', 'customer_not_found'].includes(error.code))) throw error
  })
}

/** What a movement changes of its dispute and of the payment, in the commit of the movement. */
function changeOf(context: Context, tenant: Tenant, dispute: Dispute, turn: Turn, bearer: Bearer | null): Sql {
  const now = context.clock.now()
  const { merchant } = tenant
  const { id, amount, customerId } = dispute
  return sql`
    noted as (
      update disputes r set
        ${stateChange(dispute, turn, now)}, movements = r.movements + 1, movement_id = n.id,
        amount = ${amount}::bigint, customer_id = ${customerId}::bigint,
        movement_ids = r.movement_ids || n.id, borne_by = ${bearer}::text
      from done_now n
      where r.merchant_id = ${merchant.id} and r.id = ${id}
      returning r.*
    ),
    ${paymentChange(turn.state)},
    ${tellDispute(tenant, { changed: sql`noted`, type: disputeEventOf[turn.state], at: now })}
  `
}

/** A payment whose whole amount was taken back, by one dispute or by all together, is reversed, and paid again once an amount has come back. */
function paymentChange(state: DisputeState): Sql {
  return sql`
    paid as (
      update payments p set status = ${state === 'lost' ? 'reversed' : 'succeeded'}, updated_at = r.updated_at
      from noted r
      where p.merchant_id = r.merchant_id and p.payment_intent_id = r.payment_intent_id
        and p.status = ${state === 'lost' ? 'succeeded' : 'reversed'} and r.amount + (
          select coalesce(sum(d.amount), 0) from disputes d
          where d.merchant_id = r.merchant_id and d.original_id = r.original_id and d.id <> r.id and d.state = 'lost'
        ) >= p.amount
    )
  `
}

function stateChange(dispute: Dispute, { state, stateReason, resolution, by }: Turn, now: Date): Sql {
  const step = { state, by: by ?? (dispute.accountId === 0n ? 'sandbox' : 'account'), createdAt: now.toISOString() }
  // A hold that was placed too late is released by one more look.
  const dueAt = dueAfter(dispute, state, now)
  return sql`
    state = ${state}, state_reason = ${stateReason}::text, resolution = ${resolution}::text,
    history = (r.history::jsonb || ${JSON.stringify([step])}::jsonb)::json,
    resolved_at = ${isDecided(state) ? now : null}::timestamptz, due_at = ${dueAt}::timestamptz, attempts = 0,
    updated_at = ${now}::timestamptz
  `
}

function dueAfter({ accountId, holdId, respondBy, remindedAt, createdAt }: Dispute, state: DisputeState, now: Date) {
  const later = (ms: number) => new Date(now.getTime() + ms)
  if (isDecided(state)) return holdId === null ? null : later(ownTimeMs)
  const openMs = now.getTime() - createdAt.getTime()
  const look = accountId === 0n ? null : later(Math.min(Math.max(openMs, firstLookMs), lastLookMs))
  if (state !== 'open' || respondBy === null) return look
  const clock = remindedAt === null ? reminderOf(respondBy, createdAt) : accountId === 0n ? respondBy : null
  if (look === null || clock === null) return clock ?? look
  return clock < look && clock > now ? clock : look
}

/** Half of the time that is left, where that is short. */
export function reminderOf(respondBy: Date, createdAt: Date): Date {
  const half = (respondBy.getTime() - createdAt.getTime()) / 2
  return new Date(respondBy.getTime() - Math.max(0, Math.min(remindMs, half)))
}

/** Moves a dispute on without money. A state that another caller has left changes nothing. */
async function moveTo(context: Context, tenant: Tenant, dispute: Dispute, turn: Turn): Promise<void> {
  await noteState(context, tenant, dispute, turn, null)
}

/** Notes that the money has moved already, by a movement of something else. */
async function noteMovement(
  context: Context,
  tenant: Tenant,
  dispute: Dispute,
  turn: Turn,
  moved: { movementId: string; borneBy: Bearer },
): Promise<void> {
  await noteState(context, tenant, dispute, turn, moved)
}

async function noteState(
  context: Context,
  tenant: Tenant,
  dispute: Dispute,
  turn: Turn,
  moved: { movementId: string; borneBy: Bearer } | null,
): Promise<void> {
  const now = context.clock.now()
  const movement =
    moved === null
      ? sql`movement_id = r.movement_id`
      : sql`
          movement_id = ${moved.movementId}::uuid, movement_ids = r.movement_ids || ${moved.movementId}::uuid,
          movements = r.movements + ${moved.borneBy === 'suspense' ? 1 : 0}::integer, borne_by = ${moved.borneBy}
        `
  await context.db.query(sql`
    with noted as (
      update disputes r set ${stateChange(dispute, turn, now)}, ${movement}
      where r.merchant_id = ${tenant.merchant.id} and r.id = ${dispute.id} and r.state = ${dispute.state}
      returning r.*
    ),
    ${tellDispute(tenant, { changed: sql`noted`, type: disputeEventOf[turn.state], at: now })}
    select id from noted
  `)
}

/** The movement of the refund that has ended the dispute, where that was told before the dispute. */
async function findRefundMovement(context: Context, tenant: Tenant, { transactionId, refundName }: Dispute) {
  if (refundName === null) return null
  const refund = await findDispute(context, tenant, { transactionId, outsideId: `refund/${refundName}` })
  if (refund === null || refund.movementId === null || refund.borneBy === null) return null
  return { movementId: refund.movementId, borneBy: refund.borneBy }
}

/** Says when to look at it again. */
async function lookLater(context: FreeContext, { merchant }: Tenant, dispute: Dispute): Promise<void> {
  if (isDecided(dispute.state)) return
  const now = context.clock.now()
  const dueAt = dueAfter(dispute, dispute.state, now)
  await context.db.query(sql`
    update disputes set due_at = ${dueAt}::timestamptz, attempts = 0
    where merchant_id = ${merchant.id} and id = ${dispute.id} and state = ${dispute.state}
  `)
}

/**
 * Looks once more at a dispute that is decided, for a hold that was placed while it was decided.
 */
export async function closeDispute(context: FreeContext, tenant: Tenant, dispute: Dispute): Promise<void> {
  const money = await findDisputedMoney(context, tenant, dispute.transactionId)
  if (money !== null) await releaseHold(context, tenant, dispute, money)
  await context.db.query(sql`
    update disputes set due_at = null, attempts = 0
    where merchant_id = ${tenant.merchant.id} and id = ${dispute.id} and state = ${dispute.state}
  `)
}

/** Decides a dispute of the sandbox, or of nobody but us. Answers it as it then is. */
export async function decideHere(context: FreeContext, tenant: Tenant, dispute: Dispute, turn: Turn): Promise<Dispute> {
  const money = await findDisputedMoney(context, tenant, dispute.transactionId)
  if (money === null) throw new Error(`dispute ${dispute.id} is of a transaction that brought nothing`)
  await holdAmount(context, tenant, dispute, money)
  return settleDispute(context, tenant, dispute, money, turn)
}

/** Tells the merchant, once, that an open dispute ends soon. */
export async function remindOfDispute(context: Context, tenant: Tenant, dispute: Dispute): Promise<void> {
  const now = context.clock.now()
  const type: DisputeEventType = 'dispute.reminded'
  const dueAt = dueAfter({ ...dispute, remindedAt: now }, dispute.state, now)
  await context.db.query(sql`
    with noted as (
      update disputes r set reminded_at = ${now}, due_at = ${dueAt}::timestamptz, attempts = 0
      where r.merchant_id = ${tenant.merchant.id} and r.id = ${dispute.id} and r.state = 'open' and r.reminded_at is null
      returning r.*
    ),
    ${tellDispute(tenant, { changed: sql`noted`, type, at: now })}
    select id from noted
  `)
}
