import type { Dispute } from './dispute-records.ts'
import type { Turn } from './dispute-turns.ts'
import type { AccountDispute, AccountRefund } from './payment-processor.ts'

/*
 * What an account says of the money of one payment, each thing once: a dispute and the refund by which its money goes back are the
 * same. A refund stays what it was found to be, whatever is said of it or of the dispute since.
 */

/** What is known of a dispute, from whoever knows it. */
export interface DisputeReport extends Omit<Turn, 'by'> {
  outsideId: string
  category: string
  /** Minor units; null for the whole payment. */
  amount: bigint | null
  complaint: string | null
  respondBy: Date | null
  /** The account's id of the refund by which the money has gone back; null if none is known. */
  refundName: string | null
  /** The account's ids of refunds that had ended it, and that are money taken by themselves now. */
  noRefunds?: readonly string[] | undefined
  /** Of a refund: the account names a dispute that it ends. */
  isOfDispute?: boolean | undefined
  /** How the sandbox decides it once it is declined. Default won. */
  afterDecline?: Dispute['afterDecline'] | undefined
}

/** A dispute, or a refund of the account, of which money was taken before, as it is stored here. */
type Known = Pick<Dispute, 'outsideId' | 'state' | 'refundName' | 'refundNames' | 'movementId' | 'movementIds'>

/** A refund as the account shows it. `isStandIn`: one of ours was settled as it. */
export type SeenRefund = AccountRefund & { isStandIn?: boolean }

/**
 * The disputes of the account, and the refunds that somebody has made there and that end none, as taken money. A dispute is lost while
 * a refund of it is there, whatever the account has decided.
 *
 * @param refunds those that are not ours
 * @param known what was taken of the payment before
 */
export function reportsOf(
  disputes: readonly AccountDispute[],
  refunds: readonly SeenRefund[],
  known: readonly Known[] = [],
): DisputeReport[] {
  const there = refunds.filter(isThere)
  const failed = new Set(refunds.filter(({ state }) => state === 'failed').map(({ id }) => id))
  const disputeOf = findDisputes(disputes, there, known)
  const reports = disputes.map((dispute) => {
    const theirs = there.filter(({ id }) => disputeOf.get(id) === dispute.id)
    const before = known.find(({ outsideId }) => outsideId === dispute.id)
    const refund = refundOf(theirs, before, known)
    const others = there.filter(({ id }) => id !== refund?.id).map(({ id }) => id)
    const name = before?.refundName ?? ''
    return {
      ...ofDispute(dispute, refund),
      // The account may have named it for another dispute since.
      isRefundFailed: failed.has(name) || (disputeOf.get(name) ?? dispute.id) !== dispute.id,
      noRefunds: before?.refundNames.filter((name) => others.includes(name)) ?? [],
    }
  })
  const ends = new Set(reports.map(({ refundName }) => refundName))
  const taken = there.filter(({ id }) => !ends.has(id)).map(ofRefund)
  return [...reports, ...taken, ...there.filter((each) => isTwice(each, reports, known)).map(givenBack)]
}

/** A refund that is booked by itself, and that the account has named since for a dispute that is booked as well. */
function isTwice({ id }: AccountRefund, reports: readonly DisputeReport[], known: readonly Known[]): boolean {
  const report = reports.find(({ refundName }) => refundName === id)
  const own = known.find(({ outsideId }) => outsideId === outsideIdOf(id))
  const dispute = known.find(({ outsideId }) => outsideId === report?.outsideId)
  const movementId = own?.movementId ?? null
  if (own?.state !== 'lost' || movementId === null || dispute?.state !== 'lost') return false
  // Where another refund has failed, the dispute takes over the movement of this one. A dispute that it had ended before may have done so.
  const isTakenOver = known.some((each) => each !== own && each.movementIds.includes(movementId))
  return report?.isRefundFailed !== true && !isTakenOver
}

/** The money of a refund that somebody has made at the account is gone while it is open. A refund of nothing takes nothing. */
function isThere({ amount, state, returnId }: AccountRefund): boolean {
  return amount > 0n && (state === 'processed' || (state === 'open' && returnId === null))
}

/**
 * The account's ids of the disputes that refunds end, by the ids of these: as the account says, else as it was found before, else the
 * dispute of the same amount that is older than the refund, and has no other.
 */
function findDisputes(
  disputes: readonly AccountDispute[],
  there: readonly SeenRefund[],
  known: readonly Known[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const hasOne = (id: string) => [...found.values()].includes(id)
  for (const { id, disputeId, returnId } of there) {
    if (returnId === null && disputes.some((each) => each.id === disputeId)) found.set(id, disputeId as string)
  }
  const named = new Set(found.values())
  for (const { id } of there) {
    const before = known.find(({ refundNames }) => refundNames.includes(id))
    if (before === undefined || found.has(id)) continue
    // The one that the account names takes the place of a guess, unless the guess has brought the movement.
    if (!named.has(before.outsideId) || isBooked(id, known)) found.set(id, before.outsideId)
  }
  for (const { id: disputeId, state, amount, createdAt } of disputes) {
    if (state === 'won' || hasOne(disputeId)) continue
    const hadOne = known.some(({ outsideId, refundNames }) => outsideId === disputeId && refundNames.length > 0)
    const guess = there.find(
      (each) =>
        !found.has(each.id) &&
        each.returnId === null &&
        each.disputeId === null &&
        each.isStandIn !== true &&
        !(hadOne && isBooked(each.id, known)) &&
        each.createdAt >= createdAt &&
        (amount === null || each.amount === amount) &&
        (each.state === 'processed' || state === 'lost'),
    )
    if (guess !== undefined) found.set(guess.id, disputeId)
  }
  return found
}

function isBooked(id: string, known: readonly Known[]): boolean {
  return known.some(({ outsideId }) => outsideId === outsideIdOf(id))
}

/** Of the refunds of a dispute, the one by which its money is gone: the same as before, else one that is not booked by itself. */
function refundOf(
  theirs: readonly AccountRefund[],
  before: Known | undefined,
  known: readonly Known[],
): AccountRefund | null {
  const same = theirs.find(({ id }) => id === before?.refundName)
  return same ?? theirs.find(({ id }) => !isBooked(id, known)) ?? theirs[0] ?? null
}

function ofDispute(dispute: AccountDispute, refund: AccountRefund | null): DisputeReport {
  const { id, state, stateReason, resolution, category, amount, complaint, respondBy } = dispute
  const isTaken = refund !== null
  return {
    outsideId: id,
    state: isTaken ? 'lost' : state,
    stateReason: isTaken ? null : stateReason,
    resolution: resolution ?? (isTaken ? 'refunded' : null),
    category,
    // What a refund has taken, whatever the payer wants.
    amount: refund?.amount ?? amount,
    complaint,
    respondBy,
    refundName: refund?.id ?? null,
  }
}

/** A refund that somebody has made at the account, as taken money. */
function ofRefund({ id, amount, returnId, disputeId }: AccountRefund): DisputeReport {
  return {
    outsideId: outsideIdOf(id),
    state: 'lost',
    stateReason: null,
    resolution: 'refunded',
    category: 'refund',
    amount,
    complaint: null,
    respondBy: null,
    refundName: null,
    ofRefund: returnId,
    isOfDispute: disputeId !== null,
  }
}

/** The money of a refund is there again. */
export function givenBack(refund: AccountRefund): DisputeReport {
  return { ...ofRefund(refund), state: 'won', resolution: null }
}

/** Refunds that were seen as taken money, and that have failed. */
export function failuresOf(refunds: readonly AccountRefund[], known: readonly Known[]): DisputeReport[] {
  const isTaken = ({ id }: AccountRefund) =>
    known.some(({ outsideId, state }) => outsideId === outsideIdOf(id) && state !== 'won') &&
    !known.some(({ refundNames }) => refundNames.includes(id))
  return refunds.filter((each) => each.state === 'failed' && isTaken(each)).map(givenBack)
}

const ownRow = 'refund/'

/** Under what a refund of the account is known that ends no dispute. */
const outsideIdOf = (id: string) => `${ownRow}${id}`

/** The account's id of a refund that is known as taken money. */
export const refundNameOf = (outsideId: string) => outsideId.slice(ownRow.length)
