import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import {
  type AccountName,
  doCommand,
  doTogether,
  doTogetherNoting,
  type LedgerCommand,
  type Receipt,
} from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { releasesOf } from './dispute-holds.ts'
import { type Bearer, type Dispute, findDispute } from './dispute-records.ts'
import { getDisputeSettings, reserves } from './dispute-settings.ts'
import { isDecided } from './dispute-states.ts'
import { changeOf, noteMovement, noteTurn, type Turn } from './dispute-turns.ts'
import { type DisputedMoney, payerOf } from './disputed-money.ts'
import { leaveSuspense, partNow, type Share, sharesTaken, sharesToTake } from './disputed-suspense.ts'

/*
 * The movements of a dispute: money that the payer has taken back, and money that has come back from the payer. The movement, the
 * state and the event are one commit.
 */

/**
 * Books that the payer has the money back: the hold goes, and the owner pays, in one commit. Where the money is in several parts,
 * the owners of the others pay before.
 */
export async function bookLoss(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  turn: Turn,
): Promise<void> {
  const adopted = await findRefundMovement(context, tenant, dispute)
  if (adopted !== null) return noteTurn(context, tenant, dispute, turn, adopted)
  const shares = await sharesToTake(context, tenant, dispute, { money, ofRefund: turn.ofRefund ?? null })
  if (shares === null) return
  const [first, ...others] = shares
  // A refund of ours is the owner's, also where the merchant bears what is taken back.
  const borneBy = turn.ofRefund ? 'customer' : (await getDisputeSettings(context, tenant)).borneBy
  const besides: string[] = []
  for (const [i, share] of others.entries()) {
    const left = await bookShare(context, tenant, dispute, { ...share, borneBy, place: i + 2, last: null })
    if (left !== null) besides.push(left)
  }
  const last = { turn, besides, came: money.amount }
  await bookShare(context, tenant, dispute, { ...first, borneBy, place: 1, last })
}

/** The money that a dispute takes of one part of a payment. */
interface TakenShare extends Share {
  /** Who bears what was taken of a customer's money. */
  borneBy: 'customer' | 'merchant'
  /** 1, 2, 3 … among the shares. */
  place: number
  /** With the share that is booked last the dispute moves on; null for the others. */
  last: {
    turn: Turn
    /** The movements of other shares out of suspense. */
    besides: readonly string[]
    /** Minor units of the whole payment. */
    came: bigint
  } | null
}

/** Answers the movement by which the money has left suspense; null where somebody had it. */
async function bookShare(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  share: TakenShare,
): Promise<string | null> {
  const { money, amount, borneBy, place, last } = share
  const time = place === 1 ? `${dispute.movements}` : `${dispute.movements}/${place}`
  // What has left suspense before a crash has, whoever has got the rest since.
  const isSuspended = money.kind === 'suspended'
  const left = isSuspended ? await leaveSuspense(context, tenant, dispute, { money, amount, time }) : null
  if (left !== null) {
    await bookBesides(context, tenant, dispute, { ...share, amount: amount - left.amount })
    const moved = { movementIds: [...(last?.besides ?? []), left.movementId], borneBy: 'suspense' } as const
    if (last !== null) await noteTurn(context, tenant, dispute, last.turn, moved)
    return left.movementId
  }
  // Money that nobody had may have got its owner meanwhile.
  const now = money.owner === null ? await partNow(context, tenant, money.transactionId) : money
  const from = await payerOf(context, tenant, now, borneBy)
  await bearOrMerchant(keyOf(dispute, place), from, (payer, key, before) =>
    postLoss(context, tenant, dispute, { ...share, money: now, payer, key, isFeeBooked: before?.isFeeBooked === true }),
  )
  return null
}

/** The key of a movement of a dispute: of the first share the same as of money that is in one part. */
function keyOf({ id, movements }: Dispute, place: number): string {
  return place === 1 ? `dispute/${id}/${movements}` : `dispute/${id}/${movements}/part/${place}`
}

/**
 * Posts a movement of whoever is to bear it, or of the merchant where the ledger refuses that for good. The first key is the same
 * whoever bears it: so a movement is posted once, although the settings change meanwhile.
 */
async function bearOrMerchant(
  key: string,
  bearer: AccountName,
  post: (bearer: AccountName, key: string, before: Posted | null) => Promise<Posted>,
): Promise<Posted> {
  const posted = await post(bearer, key, null)
  if (posted.refused === null) return posted
  // The first one may have had room for the fee alone.
  const second = await post({ kind: 'merchant_balance' }, `${key}/merchant`, posted)
  if (second.refused !== null) throw second.refused
  return second
}

interface Posted {
  /** The refusal of the movement; null for a movement that was posted, now or before. */
  refused: ServiceError | null
  /** The fee that goes with the movement is booked, whether the movement is or not. */
  isFeeBooked: boolean
  /** What came of the movements of the other shares. */
  besides: readonly (Receipt | ServiceError)[]
}

/** Books what an account has taken besides the money in suspense: a fee that the payer had paid, and more than was left. */
async function bookBesides(
  context: FreeContext,
  { merchant, mode }: Tenant,
  dispute: Dispute,
  share: TakenShare,
): Promise<void> {
  const payer = { kind: 'merchant_balance' } as const
  const commands = feesOf(context, dispute, share, payer)
  if (share.amount > 0n) {
    const key = `${keyOf(dispute, share.place)}/rest`
    commands.push(lossCommand(context, dispute, { ...share, payer, key }))
  }
  if (commands.length === 0) return
  const outcomes = await doTogether(context, { merchant, mode }, commands)
  for (const outcome of outcomes) if (outcome instanceof ServiceError) throw outcome
}

interface BorneShare extends TakenShare {
  payer: AccountName
  key: string
  isFeeBooked: boolean
}

async function postLoss(context: FreeContext, tenant: Tenant, dispute: Dispute, share: BorneShare): Promise<Posted> {
  const { money, payer, last } = share
  const main = lossCommand(context, dispute, share)
  if (last === null) return post(context, tenant, { main }, noteMovement(tenant, dispute))
  const { turn, besides } = last
  const bearer: Bearer = payer.kind === 'merchant_balance' ? 'merchant' : 'customer'
  const fees = share.isFeeBooked ? [] : feesOf(context, dispute, share, payer)
  const releases = await releasesOf(context, tenant, dispute)
  const customerId = payer.kind === 'customer_cash' ? money.customerId : dispute.customerId
  const change = changeOf(context, tenant, { ...dispute, customerId }, { turn, bearer, besides })
  return post(context, tenant, { releases, fees, main }, change)
}

/** The fee goes with the share that is booked last. */
function feesOf(context: Context, dispute: Dispute, { money, last }: TakenShare, owner: AccountName): LedgerCommand[] {
  if (last === null) return []
  return feeCommands(context, dispute, { ...money, amount: last.came }, { kind: 'processor_fee', owner })
}

function lossCommand(
  context: Context,
  dispute: Dispute,
  { money, amount, isOfNoPart, payer, key }: Share & { payer: AccountName; key: string },
): LedgerCommand {
  const { currency, category } = dispute
  return {
    action: 'book',
    kind: 'chargeback',
    id: uuidV7(context.random, context.clock.now()),
    currency,
    from: payer,
    to: money.outside,
    amount,
    description: category === 'refund' ? 'Refund made at the processor' : 'Chargeback',
    details: detailsOf(dispute, { money, isOfNoPart }),
    event: null,
    request: null,
    ownKey: key,
  }
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
  const bearer = feeBearerOf(money, owner)
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

function feeBearerOf({ feeBearer }: DisputedMoney, owner: AccountName): AccountName {
  if (feeBearer === 'owner') return owner
  return { kind: feeBearer === 'merchant' ? 'processor_fees' : 'merchant_balance' }
}

/**
 * Books that the money has come back: the dispute was won after it was lost. Each share comes back to whoever has borne it, in one
 * commit.
 */
export async function bookReturn(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  turn: Turn,
): Promise<void> {
  const [first, ...others] = await sharesTaken(context, tenant, dispute, money)
  const whole = { ...first.money, amount: money.amount }
  const feesFor = (owner: AccountName) =>
    feeCommands(context, dispute, whole, { kind: 'processor_fee_returned', owner })
  const besides: BookedReturn[] = []
  for (const [i, share] of others.entries()) {
    const borneBy = share.isOfNoPart ? 'merchant' : await bearerOf(context, tenant, dispute, share.money)
    besides.push(await returnCommand(context, tenant, dispute, { ...share, borneBy, place: i + 2 }))
  }
  const main = await returnCommand(context, tenant, dispute, { ...first, borneBy: dispute.borneBy as Bearer, place: 1 })
  const holds = !isDecided(turn.state) && (await reserves(context, tenant, money.owner))
  const holdId = holds ? uuidV7(context.random, context.clock.now()) : null
  const changeWith = (ids: readonly string[]) =>
    changeOf(context, tenant, dispute, { turn, bearer: null, besides: ids, holdId })
  const all = { fees: feesFor(main.to.kind === 'suspense' ? { kind: 'merchant_balance' } : main.to), besides, main }
  const { besides: outcomes } = await bearOrMerchant(main.ownKey, main.to, async (to, ownKey, before) => {
    if (before === null) return post(context, tenant, all, changeWith(besides.map(({ id }) => id)))
    if (main.kind === 'suspended') throw before.refused
    const fees = before.isFeeBooked ? [] : feesFor(to)
    const ids = besides.map(({ id }, i) => idOf(before.besides[i]) ?? id)
    const second = await post(context, tenant, { fees, main: { ...main, to, ownKey } }, changeWith(ids))
    return { ...second, besides: before.besides }
  })
  // The same id: it is noted already.
  const refused = besides.filter((_, i) => idOf(outcomes[i]) === null)
  for (const each of refused) {
    const to = each.kind === 'suspended' ? each.to : ({ kind: 'merchant_balance' } as const)
    await doCommand(
      context,
      { merchant: tenant.merchant, mode: tenant.mode },
      { ...each, to, ownKey: `${each.ownKey}/merchant` },
    )
  }
}

function idOf(outcome: Receipt | ServiceError | undefined): string | null {
  return outcome === undefined || outcome instanceof ServiceError ? null : outcome.id
}

type BookedReturn = Extract<LedgerCommand, { action: 'book' }> & { ownKey: string }

async function returnCommand(
  context: Context,
  tenant: Tenant,
  dispute: Dispute,
  { money, amount, isOfNoPart, borneBy, place }: Share & { borneBy: Bearer; place: number },
): Promise<BookedReturn> {
  const common = {
    action: 'book',
    id: uuidV7(context.random, context.clock.now()),
    currency: dispute.currency,
    from: money.outside,
    amount,
    event: null,
    request: null,
    ownKey: keyOf(dispute, place),
  } as const
  if (borneBy !== 'suspense') {
    const merchant = { kind: 'merchant_balance' } as const
    const to = borneBy === 'merchant' ? merchant : await payerOf(context, tenant, money, 'customer')
    const details = detailsOf(dispute, { money, isOfNoPart })
    return { ...common, kind: 'chargeback_returned', to, description: 'Chargeback returned', details }
  }
  const { suspendedId: _, ...details } = detailsOf(dispute, { money, isOfNoPart })
  const reference = dispute.outsideReference === null ? {} : { processorReference: dispute.outsideReference }
  const reason = 'The dispute of this money was lost, and won afterwards'
  return {
    ...common,
    kind: 'suspended',
    to: { kind: 'suspense' },
    description: null,
    details: { ...details, ...reference, reason },
  }
}

/** Who has borne what a dispute took of a part when it was lost. */
async function bearerOf(
  { db }: Context,
  { merchant }: Tenant,
  { movementIds, takings }: Dispute,
  part: DisputedMoney,
): Promise<Bearer> {
  const [row] = await db.query<{ kind: AccountName['kind'] }>(sql`
    select a.kind
    from ledger_transactions t
    join ledger_accounts a on a.merchant_id = t.merchant_id and a.id = t.from_account_id
    where t.merchant_id = ${merchant.id} and t.id = any(${movementIds.slice(-takings.length)}::uuid[])
      and t.details ->> 'suspendedId' = ${part.transactionId}
  `)
  if (row?.kind === 'suspense') return 'suspense'
  return row?.kind === 'customer_cash' ? 'customer' : 'merchant'
}

/** A movement of money that was in suspense names the part. */
function detailsOf(
  { id, transactionId, paymentIntentId }: Dispute,
  { money, isOfNoPart }: Pick<Share, 'money' | 'isOfNoPart'>,
) {
  return {
    disputeId: id,
    transactionId,
    ...(money.kind === 'suspended' ? { suspendedId: money.transactionId } : {}),
    ...(isOfNoPart ? { isOfNoPart } : {}),
    ...(paymentIntentId === null ? {} : { paymentIntentId }),
  }
}

/** Posts the commands in one commit, and notes the change with the movement `main`. */
async function post(
  context: FreeContext,
  { merchant, mode }: Tenant,
  {
    releases = [],
    fees = [],
    besides = [],
    main,
  }: { releases?: LedgerCommand[]; fees?: LedgerCommand[]; besides?: LedgerCommand[]; main: LedgerCommand },
  noting: Sql,
): Promise<Posted> {
  const commands = [...releases, ...fees, ...besides, main]
  // A fact is nobody's.
  const outcomes = await doTogetherNoting(context, { merchant, mode }, commands, noting)
  const last = outcomes.at(-1) as Receipt | ServiceError
  const afterFees = releases.length + fees.length
  return {
    refused: last instanceof ServiceError ? last : null,
    isFeeBooked: outcomes.slice(releases.length, afterFees).some((each) => !(each instanceof ServiceError)),
    besides: outcomes.slice(afterFees, -1),
  }
}

/** The movements of the refund that has ended the dispute, where that was told before the dispute, and the money is not back since. */
export async function findRefundMovement(context: Context, tenant: Tenant, dispute: Dispute) {
  const { transactionId, refundName, movements, movementIds } = dispute
  if (refundName === null) return null
  const refund = await findDispute(context, tenant, { transactionId, outsideId: `refund/${refundName}` })
  if (refund === null || refund.movementId === null || refund.borneBy === null) return null
  if (movementIds.includes(refund.movementId) || (await hasEndedAnother(context, tenant, dispute, refund))) return null
  const { borneBy } = refund
  const takings = refund.takings.map((each) => ({ ...each, time: movements }))
  return { movementIds: refund.movementIds.slice(-Math.max(takings.length, 1)), borneBy, takings }
}

/** The refund had ended another dispute before: that one has its movement, or has given it back. */
async function hasEndedAnother(
  { db }: Context,
  { merchant }: Tenant,
  { id, transactionId }: Dispute,
  { movementId }: Dispute,
): Promise<boolean> {
  const rows = await db.query(sql`
    select from disputes o
    where o.merchant_id = ${merchant.id} and o.original_id = ${transactionId}::uuid and o.id <> ${id}
      and o.category <> 'refund' and ${movementId}::uuid = any(o.movement_ids)
  `)
  return rows.length > 0
}
