import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { type DueRow, type DueTask, doDue, type Places } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { cutOverOf, isOfBefore } from './account-arrivals.ts'
import { noteQuestion } from './account-questions.ts'
import { type Dispute, findDispute, leftToTake, listDisputesOf } from './dispute-records.ts'
import {
  type DisputeReport,
  failuresOf,
  givenBack,
  refundNameOf,
  reportsOf,
  type SeenRefund,
} from './dispute-reports.ts'
import { isDecided } from './dispute-states.ts'
import { noteTurn, reminderOf, remindOfDispute } from './dispute-turns.ts'
import { findArrived, findBookedPayment, findByHand, findDisputedMoney } from './disputed-money.ts'
import { closeDispute, type DisputedAt, decideHere, learnDispute } from './disputes.ts'
import { settleChargeNow } from './due-charges.ts'
import { lookAlone } from './payment-looks.ts'
import { partIds } from './payment-parts.ts'
import {
  type AccountDispute,
  type AccountDisputes,
  type AccountRefund,
  type PaymentProcessor,
  type PaymentsContext,
  requireProcessor,
} from './payment-processor.ts'
import { bookReturned, isSettledAsAnother, noteContradiction } from './refund-ending.ts'
import { findProcessorRefund } from './refund-records.ts'

/*
 * What an account says of money that was taken back. Its message changes nothing: the account is asked about the whole payment,
 * its disputes and its refunds together. So it is the same whichever of them is told first, or at all.
 */

/**
 * Takes the message of an account about a dispute, by the account's id of it, or about a refund, by the account's name of the
 * payment. The account is asked by the next server that looks. A payment whose money is not here is left alone then.
 */
export function takeTakenBackNotice(
  context: Context,
  tenant: Tenant,
  accountId: bigint,
  notice: { about: 'dispute' | 'payment'; name: string },
): Promise<void> {
  return noteQuestion(context, tenant, accountId, { ...notice, waitMs: 0 })
}

/** Whoever has seen that money was taken asks about it within this time. Then the background does. */
const ownTimeMs = 60_000

/**
 * Notes that an account has shown, while it was asked about something else, that money of a payment was taken back. Whatever fails
 * afterwards, it is asked about. Answers the question: call it when the money may be booked. An account that cannot be asked then is
 * asked by the background.
 */
export async function noteSeenTaken(
  context: PaymentsContext,
  tenant: Tenant,
  accountId: bigint,
  reference: string,
): Promise<() => Promise<void>> {
  await noteQuestion(context, tenant, accountId, { about: 'payment', name: reference, waitMs: ownTimeMs })
  return async () => {
    try {
      await lookAtPayment(context, tenant, accountId, reference)
    } catch (error) {
      const isAway = error instanceof ServiceError && ['not_available', 'busy'].includes(error.code)
      if (error instanceof UpstreamError || isAway) return
      throw error
    }
    // One that is due was told of by the account as well, and may be about something newer.
    await context.db.query(sql`
      delete from account_questions
      where merchant_id = ${tenant.merchant.id} and account_id = ${accountId} and about = 'payment' and name = ${reference}
        and due_at > ${context.clock.now()}
    `)
  }
}

interface QuestionRow {
  account_id: bigint
  about: 'dispute' | 'payment'
  name: string
  told_at: Date
  created_at: Date
}

const dueQuestions: DueTask<PaymentsContext, QuestionRow, string> = {
  name: 'account_questions',
  table: sql`account_questions`,
  idType: sql`uuid`,
  open: sql`true`,
  columns: sql`d.account_id, d.about, d.name, d.told_at, d.created_at`,
  work: askQuestion,
}

/** Asks accounts what they have told of, and answers how many questions were asked. */
export function askDueQuestions(context: PaymentsContext, places?: Places): Promise<number> {
  return doDue(context, dueQuestions, places)
}

/** An account may tell of a dispute before it shows it. For this long it is asked again. */
const unseenMs = 60 * 60 * 1000

async function askQuestion(context: PaymentsContext, row: QuestionRow & DueRow<string>): Promise<void> {
  const { tenant, account_id: accountId, about, name } = row
  const now = context.clock.now()
  const processor = await requireProcessor(context, tenant, { sentBy: accountId })
  const reference = about === 'payment' ? name : await processor.disputes?.findPayment(tenant, name)
  if (reference) await lookAtTaken(context, tenant, processor, reference)
  const isUnseen = reference == null && now.getTime() - row.created_at.getTime() < unseenMs
  await context.db.query(
    isUnseen
      ? sql`
          update account_questions set due_at = ${new Date(now.getTime() + 60_000)}, attempts = 0
          where merchant_id = ${tenant.merchant.id} and id = ${row.id} and told_at = ${row.told_at}
        `
      : sql`
          delete from account_questions
          where merchant_id = ${tenant.merchant.id} and id = ${row.id} and told_at = ${row.told_at}
        `,
  )
}

/** Asks an account what was taken back of a payment, by the account's name of it, and books it. Throws `UpstreamError`. */
export async function lookAtPayment(
  context: PaymentsContext,
  tenant: Tenant,
  accountId: bigint,
  reference: string,
): Promise<void> {
  await lookAtTaken(context, tenant, await requireProcessor(context, tenant, { sentBy: accountId }), reference)
}

/** Asks an account for everything that was taken back of a payment, and books it. A payment that is not ours is left alone. */
async function lookAtTaken(
  context: PaymentsContext,
  tenant: Tenant,
  processor: PaymentProcessor,
  reference: string,
): Promise<void> {
  const { accountId, disputes: account } = processor
  if (account === undefined) return
  const booked = await findMoney(context, tenant, processor, reference)
  if (booked === null) return
  await lookAlone(context, tenant, booked.transactionId, (hold) =>
    bookTaken(context, tenant, { ...booked, accountId, account, reference }, hold),
  )
}

interface LookedAt extends MoneyOfPayment {
  accountId: bigint
  account: AccountDisputes
  reference: string
}

async function bookTaken(
  context: PaymentsContext,
  tenant: Tenant,
  { transactionId, since, accountId, account, reference }: LookedAt,
  hold: () => Promise<void>,
): Promise<void> {
  const known = await closeGivenBack(context, tenant, await listDisputesOf(context, tenant, transactionId))
  const ids = known.map(({ outsideId }) => outsideId).filter((id) => !id.startsWith('refund/'))
  const taken = await account.listTaken(tenant, reference, ids)
  await hold()
  await freeNamed(context, tenant, transactionId, { refunds: taken.refunds, known })
  const ours = await findReturns(context, tenant, taken.refunds)
  const isLate = ({ createdAt }: AccountRefund | AccountDispute) => since === null || createdAt >= since
  const standIns = await findStandIns(context, tenant, transactionId)
  const twice = taken.refunds.filter(({ id }) => standIns.has(id) && isTakenAlone(id, known))
  const refunds = taken.refunds
    .filter((each) => !ours.has(each.id) && !twice.includes(each) && isLate(each))
    .map((each) => ({ ...each, isStandIn: standIns.has(each.id) }))
  for (const { returnId, state } of refunds) {
    if (returnId !== null && state === 'processed') await noteContradiction(context, tenant, returnId)
  }
  const told = { disputes: taken.disputes.filter(isLate), refunds }
  const reports = reportsOf(told.disputes, refunds, known)
  const others = reports.filter(
    (each) => each.category === 'refund' && !each.ofRefund && !each.isOfDispute && !isKnown(each, known),
  )
  await endSettledAs(context, tenant, transactionId, { refunds: taken.refunds, others })
  const looked = { transactionId, since, at: { accountId, reference } }
  // What stands for one of ours has been taken by that one.
  await bookReports(context, tenant, looked, { reports: [...reports, ...twice.map(givenBack)], told, known }, hold)
}

function isKnown({ outsideId }: DisputeReport, known: readonly Dispute[]): boolean {
  return known.some((each) => each.outsideId === outsideId)
}

/** What an account has said of a payment. */
interface Told {
  disputes: readonly AccountDispute[]
  refunds: readonly SeenRefund[]
}

/**
 * Books what an account has said. A dispute may give back what a refund has taken that it had taken over, and that is still there: that one
 * is booked anew.
 */
async function bookReports(
  context: PaymentsContext,
  tenant: Tenant,
  { transactionId, since, at }: { transactionId: string; since: Date | null; at: DisputedAt },
  { reports, told, known }: { reports: readonly DisputeReport[]; told: Told; known: readonly Dispute[] },
  hold: () => Promise<void>,
  rounds = 3,
): Promise<void> {
  const all = inBookingOrder([...reports, ...failuresOf(told.refunds, known)])
  for (const report of all) {
    const money = await findDisputedMoney(context, tenant, transactionId)
    if (money === null) continue
    // A person gives money back that was recorded by hand, and may have done so at the account.
    const wanted = report.amount ?? money.amount
    const isNew = since !== null && !isKnown(report, known)
    if (isNew && wanted > (await leftToTake(context, tenant, transactionId))) continue
    await hold()
    await learnDispute(context, tenant, money, at, report)
  }
  if (all.length === 0 || rounds === 1) return
  const before = await listDisputesOf(context, tenant, transactionId)
  const after = await closeGivenBack(context, tenant, before)
  if (after === before) return
  const again = { reports: reportsOf(told.disputes, told.refunds, after), told, known: after }
  await bookReports(context, tenant, { transactionId, since, at }, again, hold, rounds - 1)
}

/**
 * Closes refunds of the account whose money has come back by the dispute that they had ended, and answers all as they then are. Such a refund
 * may be made once more, and is taken by itself then.
 */
async function closeGivenBack(
  context: Context,
  tenant: Tenant,
  known: readonly Dispute[],
): Promise<readonly Dispute[]> {
  const open = known.flatMap((refund) => {
    const { category, state, movementId, outsideId } = refund
    if (category !== 'refund' || state !== 'lost' || movementId === null) return []
    const dispute = known.find(({ refundNames }) => refundNames.includes(refundNameOf(outsideId)))
    const place = dispute?.movementIds.indexOf(movementId) ?? -1
    if (dispute === undefined || place < 0) return []
    const movementIds = dispute.movementIds.slice(place + 1, place + 1 + Math.max(refund.takings.length, 1))
    return movementIds.length === 0 ? [] : [{ refund, movementIds }]
  })
  const turn = { state: 'won', stateReason: null, resolution: null } as const
  for (const { refund, movementIds } of open) {
    await noteTurn(context, tenant, refund, turn, { movementIds, borneBy: null })
  }
  const first = known[0]
  return open.length === 0 || first === undefined ? known : listDisputesOf(context, tenant, first.transactionId)
}

/**
 * What comes back is there again before anything else is taken. A refund whose part is known takes of that before others take of
 * the parts in their order.
 */
function inBookingOrder(reports: readonly DisputeReport[]): DisputeReport[] {
  const placeOf = ({ state, ofRefund }: DisputeReport) => (state !== 'lost' ? 0 : ofRefund ? 1 : 2)
  return reports.toSorted((one, other) => placeOf(one) - placeOf(other))
}

/** Money of a payment at an account. */
interface MoneyOfPayment {
  /** The ledger transaction that brought it. */
  transactionId: string
  /** What was taken back before is no matter of these books; null where everything is. */
  since: Date | null
}

/** Null for a payment that is not ours, or whose money never came. */
async function findMoney(
  context: PaymentsContext,
  tenant: Tenant,
  processor: PaymentProcessor,
  reference: string,
): Promise<MoneyOfPayment | null> {
  const { accountId } = processor
  const booked = await findBookedPayment(context, tenant, accountId, reference)
  if (booked === null) return findUnasked(context, tenant, processor, reference)
  if (booked.transactionId !== null) return { transactionId: booked.transactionId, since: null }
  // The payment may be told of after its dispute.
  await settleChargeNow(context, tenant, booked.charge)
  const now = await findBookedPayment(context, tenant, accountId, reference)
  return now?.transactionId == null ? null : { transactionId: now.transactionId, since: null }
}

/** The money of a payment that nobody has asked for here: it went to suspense, or is of before the cut-over and was recorded by hand. */
async function findUnasked(
  context: PaymentsContext,
  tenant: Tenant,
  processor: PaymentProcessor,
  reference: string,
): Promise<MoneyOfPayment | null> {
  const found = (await processor.findPayment?.(tenant, reference)) ?? null
  if (found === null) return null
  const arrived = await findArrived(context, tenant, reference, found.facts)
  if (arrived !== null) return { transactionId: arrived, since: null }
  // The opening balance of the account has money of before, and a person may have credited it.
  if (!(await isOfBefore(context, tenant, { accountId: processor.accountId, found }))) return null
  const transactionId = await findByHand(context, tenant, reference, found.facts)
  if (transactionId === null) return null
  return { transactionId, since: await cutOverOf(context, tenant, processor.accountId) }
}

/**
 * The account's ids of those that are refunds of ours. One that has failed here, and is made after all, is taken back like any other. So
 * is one that a person has settled as another one.
 */
async function findReturns(context: Context, { merchant }: Tenant, refunds: readonly AccountRefund[]) {
  const named = refunds.filter(({ returnId }) => returnId !== null)
  if (named.length === 0) return new Set<string>()
  const list = (some: readonly AccountRefund[]) => sql`
    unnest(${some.map(({ returnId }) => returnId)}::uuid[], ${some.map(({ id }) => id)}::text[]) n (id, name)
  `
  await context.db.query(sql`
    update refunds r set settled_as = n.name
    from ${list(named.filter(({ state }) => state !== 'failed'))}
    where r.merchant_id = ${merchant.id} and r.id = n.id and r.verdict = 'processed' and r.state <> 'failed'
      and r.settled_as is null and r.contradicted_at is null
  `)
  const rows = await context.db.query<{ name: string }>(sql`
    select n.name
    from ${list(named)}
    join refunds r on r.merchant_id = ${merchant.id} and r.id = n.id
    where r.state <> 'failed' and coalesce(r.settled_as, n.name) = n.name
  `)
  return new Set(rows.map(({ name }) => name))
}

/**
 * A refund that the account names for a dispute, also later, is another one than that of ours which was settled as it. Then one that is
 * booked by itself stands for ours: ours itself, or one of the dashboard of its amount.
 */
async function freeNamed(
  context: Context,
  tenant: Tenant,
  transactionId: string,
  { refunds, known }: { refunds: readonly AccountRefund[]; known: readonly Dispute[] },
): Promise<void> {
  const named = refunds.filter(({ returnId, disputeId }) => returnId === null && disputeId !== null)
  if (named.length === 0) return
  const freed = await context.db.query<{ id: string; amount: bigint; settled_as: string }>(sql`
    select r.id, r.amount, r.settled_as from refunds r
    where r.merchant_id = ${tenant.merchant.id} and r.settled_as = any(${named.map(({ id }) => id)}::text[])
      and r.original_id in (${partIds(tenant, sql`${transactionId}::uuid`)})
    order by r.id
  `)
  const booked = refunds.filter(({ id, state }) => state !== 'failed' && isTakenAlone(id, known))
  const found: AccountRefund[] = []
  for (const { id, amount, settled_as: name } of freed) {
    const free = booked.filter((each) => !found.includes(each))
    const own = free.find(({ returnId }) => returnId === id)
    const equal = free.find((each) => each.returnId === null && each.disputeId === null && each.amount === amount)
    const other = own ?? equal
    await context.db.query(sql`
      update refunds set settled_as = ${other?.id ?? null}
      where merchant_id = ${tenant.merchant.id} and id = ${id} and settled_as = ${name}
    `)
    if (other !== undefined) found.push(other)
  }
}

/** Whether a refund of the account is booked by itself, and ends no dispute. */
function isTakenAlone(name: string, known: readonly Dispute[]): boolean {
  const own = known.find(({ category, outsideId }) => category === 'refund' && refundNameOf(outsideId) === name)
  return (
    own?.state === 'lost' && own.movementId !== null && !known.some(({ refundNames }) => refundNames.includes(name))
  )
}

/** The account's ids of refunds for which refunds of ours of a payment were settled as processed. */
async function findStandIns(context: Context, tenant: Tenant, transactionId: string): Promise<ReadonlySet<string>> {
  const rows = await context.db.query<{ name: string }>(sql`
    select r.settled_as as name from refunds r
    where r.merchant_id = ${tenant.merchant.id} and r.settled_as is not null
      and r.original_id in (${partIds(tenant, sql`${transactionId}::uuid`)})
  `)
  return new Set(rows.map(({ name }) => name))
}

/**
 * A refund that somebody has made at the account, and for which one of ours was settled as processed, may fail. Another one of the same
 * amount then stands for it. Where there is none, the money comes back to its owner.
 *
 * @param others new refunds of the dashboard that end no dispute
 */
async function endSettledAs(
  context: FreeContext,
  tenant: Tenant,
  transactionId: string,
  { refunds, others }: { refunds: readonly AccountRefund[]; others: readonly DisputeReport[] },
): Promise<void> {
  const failed = refunds.filter(({ state }) => state === 'failed')
  if (failed.length === 0) return
  const settled = await context.db.query<{ id: string; name: string }>(sql`
    select r.id, r.settled_as as name
    from unnest(${failed.map(({ id }) => id)}::text[]) n (name)
    join refunds r on r.settled_as = n.name
    where r.merchant_id = ${tenant.merchant.id} and r.original_id in (${partIds(tenant, sql`${transactionId}::uuid`)})
    order by r.id
  `)
  for (const { id, name } of settled) {
    const refund = await findProcessorRefund(context, tenant, { id })
    if (refund === null) continue
    const equal = others
      .filter(({ amount }) => amount === refund.amount)
      .map(({ outsideId }) => refundNameOf(outsideId))
    const isShown = failed.some((each) => each.id === name && each.returnId === id)
    if (!isShown && (await isSettledAsAnother(context, tenant, { refund, transactionId }, equal))) continue
    await bookReturned(context, tenant, refund, `The refund ${name} that it was settled as has failed at the account`)
  }
}

const dueDisputes: DueTask<PaymentsContext, object, string> = {
  name: 'disputes',
  table: sql`disputes`,
  idType: sql`uuid`,
  open: sql`d.due_at is not null`,
  columns: sql`d.state`,
  async work(context, { tenant, id }) {
    const dispute = await findDispute(context, tenant, { id })
    if (dispute !== null) await lookAtDispute(context, tenant, dispute)
  },
}

/** Looks at every dispute that is due, and answers how many. */
export function settleDueDisputes(context: PaymentsContext, places?: Places): Promise<number> {
  return doDue(context, dueDisputes, places)
}

/**
 * Asks the account of a dispute where it is; decides a dispute of the sandbox whose time is over. Answers it as it then is.
 * Throws `not_available`, `UpstreamError`.
 */
export async function lookAtDispute(context: PaymentsContext, tenant: Tenant, dispute: Dispute): Promise<Dispute> {
  const { accountId, outsideReference, state, respondBy, remindedAt, createdAt } = dispute
  const now = context.clock.now()
  if (isDecided(state) && dispute.borneBy === null && state === 'lost') {
    throw new Error(`dispute ${dispute.id} is lost, and nobody bears it`)
  }
  if (isDecided(state)) await closeDispute(context, tenant, dispute)
  else if (accountId !== 0n && outsideReference !== null) {
    const processor = await requireProcessor(context, tenant, { sentBy: accountId })
    await lookAtTaken(context, tenant, processor, outsideReference)
  } else {
    const isOver = state === 'open' && respondBy !== null && respondBy <= now
    const turn = isOver
      ? { state: 'lost' as const, resolution: 'auto-accepted' }
      : { state, resolution: dispute.resolution }
    await decideHere(context, tenant, dispute, { ...turn, stateReason: dispute.stateReason })
  }
  const isSoonOver = respondBy !== null && reminderOf(respondBy, createdAt) <= now && now < respondBy
  const seen = (await findDispute(context, tenant, dispute)) as Dispute
  if (isSoonOver && remindedAt === null && seen.state === 'open') await remindOfDispute(context, tenant, seen)
  return (await findDispute(context, tenant, dispute)) as Dispute
}
