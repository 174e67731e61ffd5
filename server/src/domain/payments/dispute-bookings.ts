import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import type { Sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { type AccountName, doTogether, doTogetherNoting, type LedgerCommand } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { releasesOf } from './dispute-holds.ts'
import { type Bearer, type Dispute, findDispute } from './dispute-records.ts'
import { getDisputeSettings } from './dispute-settings.ts'
import { changeOf, noteTurn, type Turn } from './dispute-turns.ts'
import { bookedOf, type DisputedMoney, payerOf } from './disputed-money.ts'
import { leaveSuspense, moneyNow } from './disputed-suspense.ts'

/*
 * The movements of a dispute: money that the payer has taken back, and money that has come back from the payer. The movement, the
 * state and the event are one commit.
 */

/** Books that the payer has the money back: the hold goes, and the owner pays, in one commit. */
export async function bookLoss(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  turn: Turn,
): Promise<void> {
  const adopted = await findRefundMovement(context, tenant, dispute)
  if (adopted !== null) return noteTurn(context, tenant, dispute, turn, adopted)
  const now = await moneyNow(context, tenant, dispute, money)
  const amount = bookedOf(dispute, now)
  const left = now.owner === null ? await leaveSuspense(context, tenant, dispute, { money: now, amount }) : null
  if (left !== null) {
    await bookBesides(context, tenant, dispute, { money: now, rest: amount - left.amount })
    return noteTurn(context, tenant, dispute, turn, { movementId: left.movementId, borneBy: 'suspense' })
  }
  const { borneBy } = await getDisputeSettings(context, tenant)
  const from = await payerOf(context, tenant, now, borneBy)
  await bearOrMerchant(dispute, from, (payer, key, isFeeBooked) =>
    postLoss(context, tenant, { dispute, money: now, turn, payer, key, isFeeBooked }),
  )
}

/**
 * Posts a movement of whoever is to bear it, or of the merchant where the ledger refuses that for good. The first key is the same
 * whoever bears it: so a movement is posted once, although the settings change meanwhile.
 */
async function bearOrMerchant(
  { id, movements }: Dispute,
  bearer: AccountName,
  post: (bearer: AccountName, key: string, isFeeBooked: boolean) => Promise<Posted>,
): Promise<void> {
  const key = `dispute/${id}/${movements}`
  const { refused, isFeeBooked } = await post(bearer, key, false)
  if (refused === null) return
  // The first one may have had room for the fee alone.
  const left = await post({ kind: 'merchant_balance' }, `${key}/merchant`, isFeeBooked)
  if (left.refused !== null) throw left.refused
}

interface Posted {
  /** The refusal of the movement; null for a movement that was posted, now or before. */
  refused: ServiceError | null
  /** The fee that goes with the movement is booked, whether the movement is or not. */
  isFeeBooked: boolean
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

async function postLoss(
  context: FreeContext,
  tenant: Tenant,
  {
    dispute,
    money,
    turn,
    payer,
    key,
    isFeeBooked,
  }: { dispute: Dispute; money: DisputedMoney; turn: Turn; payer: AccountName; key: string; isFeeBooked: boolean },
): Promise<Posted> {
  const bearer: Bearer = payer.kind === 'merchant_balance' ? 'merchant' : 'customer'
  const command = lossCommand(context, dispute, money, { payer, key, amount: bookedOf(dispute, money) })
  const fees = isFeeBooked ? [] : feeCommands(context, dispute, money, { kind: 'processor_fee', owner: payer })
  const commands = [...(await releasesOf(context, tenant, dispute)), ...fees, command]
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
export async function bookReturn(
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
      details: {
        ...details,
        ...(dispute.outsideReference === null ? {} : { processorReference: dispute.outsideReference }),
        reason,
      },
      ownKey: key,
    }
    const { refused } = await post(context, tenant, [...feesFor({ kind: 'merchant_balance' }), command], change)
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
  await bearOrMerchant(dispute, to, (receiver, ownKey, isFeeBooked) =>
    post(context, tenant, [...(isFeeBooked ? [] : feesFor(receiver)), command(receiver, ownKey)], change),
  )
}

function detailsOf({ paymentIntentId }: Dispute) {
  return paymentIntentId === null ? {} : { paymentIntentId }
}

/** Posts the commands and notes the change with the last one, which is the movement, in one commit. */
async function post(
  context: FreeContext,
  { merchant, mode }: Tenant,
  commands: LedgerCommand[],
  noting: Sql,
): Promise<Posted> {
  // A fact is nobody's.
  const outcomes = await doTogetherNoting(context, { merchant, mode }, commands, noting)
  const last = outcomes.at(-1)
  return {
    refused: last instanceof ServiceError ? last : null,
    isFeeBooked: outcomes
      .slice(0, -1)
      .some((each, i) => commands[i]?.action === 'book' && !(each instanceof ServiceError)),
  }
}

/** The movement of the refund that has ended the dispute, where that was told before the dispute. */
async function findRefundMovement(context: Context, tenant: Tenant, { transactionId, refundName }: Dispute) {
  if (refundName === null) return null
  const refund = await findDispute(context, tenant, { transactionId, outsideId: `refund/${refundName}` })
  if (refund === null || refund.movementId === null || refund.borneBy === null) return null
  return { movementId: refund.movementId, borneBy: refund.borneBy }
}
