import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { withdrawApproval } from '../approvals/decisions.ts'
import type { Context, FreeContext } from '../context.ts'
import { firstAccountId, outsideOfHand } from '../ledger/accounts.ts'
import { type AccountName, doTogetherNoting, type LedgerCommand, type Receipt } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { makeEnd } from './payout-ends.ts'
import { tellPayout } from './payout-events.ts'
import { findFeeShares } from './payout-fee-shares.ts'
import { ownerOf } from './payout-making.ts'
import { getPayout, type Payout, readPayout, type SelectedRow, selectPayouts, type Verdict } from './payout-records.ts'
import type { PayoutState } from './payout-states.ts'

/*
 * A payout ends in two commits. The first writes the verdict into its row, if nobody has written one and the row is as the
 * decider has seen it. From then on nothing is sent, and nobody decides otherwise. The second moves the money or releases it, and
 * changes the state with it. Whoever finds a verdict without its end makes the end: the hold can be spent once.
 */

export interface Decision {
  verdict: Verdict
  /** The states from which it may be decided. */
  from: readonly PayoutState[]
  /** It is decided only if nobody has sent the payout since. */
  sendCount?: number
  /** It is decided only if a person has to look for one of these reasons. Default whether or not. */
  attention?: readonly string[]
  /** A word and a sentence; required for `failed`. */
  code?: string
  reason?: string
  /** Minor units; null while it is not known. */
  fee?: bigint | null
  /** The words of a person. */
  proof?: string
  /** The decider ends it within so many milliseconds. Only after them does another look for the end. Default 0. */
  endMs?: number
}

/** Writes the verdict. Answers the payout as it was decided now; null where it was not. */
export async function decidePayout(
  { db, clock }: Context,
  { merchant }: Tenant,
  id: string,
  { verdict, from, sendCount, attention, code, reason, fee, proof, endMs = 0 }: Decision,
): Promise<Payout | null> {
  const now = clock.now()
  const [row] = await db.query<SelectedRow>(sql`
    with noted as (
      update payouts set
        verdict = ${verdict}, state_code = ${code ?? null}::text, state_reason = ${reason ?? null}::text,
        fee = ${fee ?? null}::bigint, proof = ${proof ?? null}::text, settled_by_hand = ${proof !== undefined}::boolean,
        due_at = ${new Date(now.getTime() + endMs)}, attempts = 0, updated_at = ${now}
      where merchant_id = ${merchant.id} and id = ${id} and verdict is null and state = any(${[...from]}::text[])
        and send_count = coalesce(${sendCount ?? null}::integer, send_count)
        ${attention === undefined ? nothing : sql`and attention = any(${[...attention]}::text[])`}
      returning *
    )
    ${selectPayouts(sql`select * from noted`)}
  `)
  return row === undefined ? null : readPayout(row)
}

/**
 * Makes the end of a payout that has a verdict, once, however often it is called. Answers the payout as it then is.
 *
 * @param lookAfterMs it is asked about once more so long after it was paid, or released by hand; null for never
 */
export async function endPayout(
  context: FreeContext,
  tenant: Tenant,
  id: string,
  lookAfterMs: number | null = null,
): Promise<Payout> {
  const payout = await getPayout(context, tenant, id)
  if (payout.verdict === null || payout.endedAt !== null) return payout
  await endAsDecided(context, tenant, payout, lookAfterMs)
  return getPayout(context, tenant, id)
}

/** As `endPayout`, of a payout as it was decided, which is not read again. */
export async function endAsDecided(
  context: FreeContext,
  tenant: Tenant,
  payout: Payout,
  lookAfterMs: number | null = null,
): Promise<void> {
  const { id } = payout
  const verdict = payout.verdict as Verdict
  await withdrawApprovals(context, tenant, payout)
  const isLookedAt = lookAfterMs !== null && (verdict === 'paid' || isReleased(payout))
  const end = {
    poster: posterOf(tenant, verdict === 'paid' ? payout : null),
    id,
    verdict,
    commands: verdict === 'paid' ? payingOut(context, tenant, payout) : releasing(context, tenant, payout),
    dueAt: isLookedAt ? new Date(context.clock.now().getTime() + lookAfterMs) : null,
  }
  judge(context, await makeEnd(context, end))
}

/** Of a payout whose money a person has released, though nobody knew its end. */
export const released = 'released'

/** Whether a payout has failed because a person has said so: its account may say otherwise. */
export function isReleased({ stateCode }: Pick<Payout, 'stateCode'>): boolean {
  return stateCode === released
}

/** Nobody decides about a payout any more that has a verdict. */
export async function withdrawApprovals(
  context: FreeContext,
  tenant: Tenant,
  { id, approvalId, settlementApprovalId }: Payout,
): Promise<void> {
  if (approvalId !== null) await withdrawApproval(context, tenant, { kind: 'payout', subjectId: id })
  if (settlementApprovalId !== null) {
    await withdrawApproval(context, tenant, { kind: 'payout_settlement', subjectId: id })
  }
}

/** What the commands before the last one have booked: the fees. */
function bookedBefore(commands: readonly LedgerCommand[]): Sql {
  return sql`(
    select coalesce(sum(d.amount), 0)::bigint from done d where d.ordinal < ${commands.length} and d.refusal is null
  )`
}

/** Of an order whose fee its processor does not tell yet, the fee that is expected. */
function feeOf({ fee, estimatedFee }: Payout): bigint {
  return fee ?? estimatedFee
}

/** The movement is posted as the one who asked for the payout. Everything else is nobody's. */
function posterOf({ merchant, mode }: Tenant, payout: Payout | null): Tenant {
  return payout?.actor === undefined ? { merchant, mode } : { merchant, mode, actor: payout.actor }
}

/** The fee first: the last command is the one whose success changes the row. */
function payingOut(context: Context, tenant: Tenant, payout: Payout): LedgerCommand[] {
  const { id, amount, reason } = payout
  const spending = { action: 'capture', kind: 'payout', holdId: id, isFinal: true } as const
  const paying = { ...spending, id, from: ownerOf(payout), amount, description: reason }
  return [...takingFee(context, tenant, payout, feeOf(payout)), { ...commonOf(tenant, payout), ...paying }]
}

function commonOf(tenant: Tenant, payout: Payout) {
  const { id, currency, reference } = payout
  const details = { payoutId: id, reference }
  return { currency, to: outsideOf(tenant, payout), event: null, request: null, description: null, details } as const
}

/** The fee is taken from the hold, and what it does not bear from its bearer. */
function takingFee(context: Context, tenant: Tenant, payout: Payout, fee: bigint): LedgerCommand[] {
  const { id } = payout
  const from = ownerOf(payout)
  const common = commonOf(tenant, payout)
  const ofHold = payout.feeBearer === 'owner' ? min(fee, payout.estimatedFee) : 0n
  const beyond = fee - ofHold
  const fees: LedgerCommand[] = []
  if (ofHold > 0n) {
    const spending = { action: 'capture', kind: 'processor_fee', holdId: id, isFinal: false } as const
    fees.push({ ...common, ...spending, id: newId(context), from, amount: ofHold, ownKey: `payout/${id}/fee` })
  }
  if (beyond > 0n) {
    const payer: AccountName = payout.feeBearer === 'owner' ? from : { kind: 'processor_fees' }
    const booking = { action: 'book', kind: 'processor_fee', ownKey: `payout/${id}/more-fee` } as const
    fees.push({ ...common, ...booking, id: newId(context), from: payer, amount: beyond })
  }
  return fees
}

/** The account may have kept its fee of one that came back before it was seen to be paid. */
function releasing(context: Context, tenant: Tenant, payout: Payout): LedgerCommand[] {
  const { id, currency, fee } = payout
  const from = ownerOf(payout)
  return [
    ...takingFee(context, tenant, payout, fee ?? 0n),
    { action: 'release', kind: 'payout', id, holdId: id, currency, from, event: null, request: null },
  ]
}

/**
 * Books that a payout was paid though its money was released before: the owner pays what they have, and owes the rest. It is a
 * fact, and somebody has to hear of it.
 */
export async function bookLate(
  context: FreeContext,
  tenant: Tenant,
  payout: Payout,
  fee: bigint | null,
): Promise<void> {
  const { id, currency, amount } = payout
  const now = context.clock.now()
  const movementId = newId(context)
  const from = await ownerOfLateFact(context, tenant, payout)
  const to = outsideOf(tenant, payout)
  const details = { payoutId: id, reference: payout.reference }
  const common = { action: 'book', currency, to, event: null, request: null, description: null, details } as const
  const booked = payout.bookedFee ?? 0n
  const rest = (fee ?? 0n) - booked
  const fees: LedgerCommand[] =
    rest <= 0n
      ? []
      : [
          {
            ...common,
            kind: 'processor_fee',
            id: newId(context),
            from: payout.feeBearer === 'owner' ? from : { kind: 'processor_fees' },
            amount: rest,
            ownKey: `payout/${id}/late-fee`,
          },
        ]
  const command = { ...common, kind: 'payout', id: movementId, from, amount, ownKey: `payout/${id}/late` } as const
  const commands = [...fees, command]
  await bookEnd(context, tenant, payout, {
    commands,
    state: 'paid',
    changes: sql`
      movement_id = ${movementId}::uuid, is_late = true, state_code = null, state_reason = null, fee = ${fee}::bigint,
      booked_fee = ${booked}::bigint + ${bookedBefore(commands)},
      attention = 'late', attention_reason = 'It was paid after its money had been released: look whether it was paid again'
    `,
    from: sql`p.state in ('failed', 'cancelled', 'denied')`,
    at: now,
    dueAt: payout.accountId === null ? none : sql`${new Date(now.getTime() + 1_000)}::timestamptz`,
  })
  context.log.error(
    { payout: id, merchant: tenant.merchant.code, mode: tenant.mode },
    'a payout was paid after its money was released',
  )
}

export interface Return {
  code: string
  reason: string
  /** The payout was never made, whatever was said of it: its fee is given back, too. Default false. */
  isUnmade?: boolean
  /** The words of the person who has found it. */
  proof?: string
}

/** Of a payout that a person has found to be paid after its money had come back. */
export const paidAgain = 'paid_again'

/** Books that the money of a paid payout has come back, to its owner; to the merchant where the owner is nobody any more. */
export async function bookReturn(
  context: FreeContext,
  tenant: Tenant,
  payout: Payout,
  { code, reason, isUnmade = false, proof }: Return,
): Promise<void> {
  await withdrawApprovals(context, tenant, payout)
  const { id, currency, amount } = payout
  // One that was paid again can come back again.
  const again = payout.stateCode === paidAgain ? `/${payout.movementId}` : ''
  const now = context.clock.now()
  const movementId = newId(context)
  const to = await ownerOfLateFact(context, tenant, payout)
  // The words of a bank may name the person.
  const isErased = payout.customerCode !== null && to.kind === 'merchant_balance'
  const command = {
    action: 'book',
    kind: 'payout_returned',
    id: movementId,
    currency,
    from: outsideOf(tenant, payout),
    to,
    amount,
    description: null,
    details: { payoutId: id, reference: payout.reference },
    event: null,
    request: null,
    ownKey: `payout/${id}/returned${again}`,
  } as const
  const shares = isUnmade ? await findFeeShares(context, tenant, payout) : { owner: 0n, merchant: 0n }
  const giving = { ...command, kind: 'processor_fee_returned' } as const
  const payers = [
    { to, share: shares.owner, ownKey: `payout/${id}/returned-fee/owner${again}` },
    {
      ...{ to: { kind: 'processor_fees' } as const, share: shares.merchant },
      ownKey: `payout/${id}/returned-fee/merchant${again}`,
    },
  ]
  const fees: LedgerCommand[] = payers
    .filter(({ share }) => share > 0n)
    .map(({ to, share, ownKey }) => ({ ...giving, id: newId(context), to, amount: share, ownKey }))
  const commands = [...fees, command]
  const left = sql`p.booked_fee - ${bookedBefore(commands)}`
  await bookEnd(context, tenant, payout, {
    commands,
    state: 'returned',
    changes: sql`
      movement_id = ${movementId}::uuid, state_code = ${code}::text,
      state_reason = ${isErased ? 'The money has come back' : reason}::text, ${settleContradiction(proof)}
      ${isUnmade ? sql`, fee = 0, booked_fee = ${left}` : nothing}
    `,
    from: sql`p.state = 'paid'`,
    at: now,
    // A fee that the ledger has not given back is given back by the next look.
    dueAt: isUnmade ? sql`case when ${left} > 0 then ${now}::timestamptz end` : none,
  })
}

/**
 * Of a row of payouts that is booked as its account says: a contradiction is over, other reasons to look stay.
 *
 * @param proof the words of the person who has found it; default those that are there
 */
export function settleContradiction(proof: string | undefined): Sql {
  return sql`
    attention = nullif(attention, 'contradicted'),
    attention_reason = case when attention <> 'contradicted' then attention_reason end,
    proof = coalesce(${proof ?? null}::text, proof)
  `
}

interface Ending {
  /** The last one is the one whose success changes the row. */
  commands: LedgerCommand[]
  state: PayoutState
  /** Further columns, of the row `p`. */
  changes: Sql
  /** The rows that it is for. */
  from: Sql
  at: Date
  /** When it is looked at once more. Default never. */
  dueAt?: Sql
}

const none = sql`null`

/** Books a fact about a payout once. Commands that were done before have changed the row then. */
export async function bookEnd(
  context: FreeContext,
  tenant: Tenant,
  { id }: Payout,
  { commands, state, changes, from, at, dueAt = none }: Ending,
): Promise<void> {
  const noting = sql`
    noted as (
      update payouts p set
        state = ${state}, ${changes}, ended_at = ${at}::timestamptz, due_at = ${dueAt}, attempts = 0, unknown_since = null, updated_at = ${at}::timestamptz
      from done_now n
      where p.merchant_id = ${tenant.merchant.id} and p.id = ${id} and ${from}
      returning p.*
    ),
    ${tellPayout(tenant, { changed: sql`noted`, type: state, at })}
  `
  judge(context, await doTogetherNoting(context, posterOf(tenant, null), commands, noting))
}

/** Throws where the money has not moved, unless it had before. */
function judge(context: Context, outcomes: (Receipt | ServiceError)[]): void {
  const last = outcomes.at(-1)
  if (last instanceof ServiceError && last.code !== 'hold_not_open') throw last
  const refused = outcomes.find((each) => each instanceof ServiceError && each.code !== 'hold_not_open')
  // The money of the payout has moved: its fee is booked by itself.
  if (refused !== undefined) context.failures.failed('fee of a payout', { error: (refused as ServiceError).message })
}

/** The outside of the account that was sent the payout, or of money that is moved by hand. */
export function outsideOf({ mode }: Tenant, { accountId }: Payout): AccountName {
  if (accountId === null) return { kind: 'outside', at: outsideOfHand(mode) }
  return { kind: 'outside', at: accountId >= firstAccountId ? accountId : undefined }
}

/** The account that a late fact about a payout is booked to: the owner's, or the merchant's for a customer who is gone. */
export async function ownerOfLateFact(context: Context, { merchant }: Tenant, payout: Payout): Promise<AccountName> {
  const gone = await context.db.query(sql`
    select from customers c
    where c.merchant_id = ${merchant.id} and c.id = ${payout.customerId} and c.deleted_at is not null
  `)
  return gone.length > 0 ? { kind: 'merchant_balance' } : ownerOf(payout)
}

export function newId({ random, clock }: Context): string {
  return uuidV7(random, clock.now())
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
