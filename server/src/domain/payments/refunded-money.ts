import { ServiceError } from '../../base/errors.ts'
import { parseAmount } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { type IdempotentRequest, storedKey } from '../idempotency/request.ts'
import { firstAccountId } from '../ledger/accounts.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type GivingBack, getOriginal, joinAssigned, type Original } from '../wallet/refunds.ts'
import { freeOf } from './dispute-records.ts'
import { type ChosenPart, choosePart, paymentOf } from './payment-parts.ts'
import type { PaymentsContext } from './payment-processor.ts'
import { requireTaker } from './refund-looks.ts'

/** A refund as it is asked for. */
export interface NewRefund {
  transactionId: string
  /** Default the whole rest. */
  amount?: number | string | bigint | undefined
  reason?: string | undefined
  customerNote?: string | undefined
  merchantNote?: string | undefined
}

/** The money that a new refund gives back. */
export interface RefundedMoney {
  original: Original
  /** Null for money that no processor took. */
  charge: TakenCharge | null
  giving: GivingBack
  part: ChosenPart
}

/**
 * Finds the money that a refund is to give back. Throws `transaction_not_found`, `invalid_request`, `refund_exceeded`,
 * `not_available`.
 *
 * @param tried the parts of which the ledger has refused it
 */
export async function findRefundedMoney(
  context: PaymentsContext,
  tenant: Tenant,
  { tried, ...input }: NewRefund & Pick<GivingBack, 'kind'> & { tried: readonly string[] },
  request: IdempotentRequest | null,
): Promise<RefundedMoney> {
  const { kind, reason = null } = input
  const asked =
    input.amount === undefined || typeof input.amount === 'bigint' ? (input.amount ?? null) : parseAmount(input.amount)
  const named = { transactionId: input.transactionId, kind, amount: asked, tried }
  const part = await choosePart(context, tenant, named, request)
  const original = await getOriginal(context, tenant, part.id, kind)
  const transactionId = original.broughtBy
  const charge = await findCharge(context, tenant, transactionId)
  if (charge === null) refuseElsewhere(original)
  else await requireTaker(context, tenant, original)
  const amount = await amountBesideDisputes(context, tenant, { ...part, kind, amount: asked }, request)
  return { original, charge, giving: { transactionId, amount, kind, reason }, part }
}

/**
 * Money that an account took without a charge of ours, and that somebody recorded here. A movement here alone would leave the
 * books wrong.
 */
function refuseElsewhere({ id, broughtBy, from }: Original): void {
  if (from.kind !== 'outside' || (from.at ?? 0n) < firstAccountId) return
  const how = id === broughtBy ? 'without a payment of this service' : 'and nobody had asked for it here'
  const message = `The money came by a payment processor, ${how}: give it back there. It is then booked here by itself`
  throw new ServiceError('not_available', message)
}

/**
 * Money that a payer takes back, or has, by a dispute is not given back as well. Answers the amount to give back: null for the whole
 * rest, where nothing was taken. Throws `refund_exceeded`. A request that was done before is done already, whatever is disputed since.
 */
async function amountBesideDisputes(
  context: Context,
  tenant: Tenant,
  { paymentId, left, kind, amount }: ChosenPart & Pick<GivingBack, 'kind' | 'amount'>,
  request: IdempotentRequest | null,
): Promise<bigint | null> {
  const { merchant, mode } = tenant
  const [row] = await context.db.query<{ free: bigint; is_open: boolean }>(sql`
    select f.free, f.is_open from (${freeOf(tenant, paymentId)}) f
    where f.is_disputed
      and not exists (
        select from idempotency_keys k
        where k.merchant_id = ${merchant.id} and k.mode = ${mode}
          and k.key = ${request === null ? null : storedKey(request)}::text
      )
  `)
  if (row === undefined) return amount
  // Of several parts, others may have the rest.
  const free = left !== null && left < row.free ? left : row.free
  if (amount !== null && amount <= free) return amount
  if (amount === null && free > 0n && !row.is_open) return free
  const rest = free > 0n ? `${free} minor units` : 'nothing'
  const more = free > 0n ? `${kind === 'refund' ? 'name' : 'refund'} an amount up to that, or answer` : 'answer'
  const message = row.is_open
    ? `The payer has disputed the money: ${rest} can be given back; ${more} the dispute`
    : `Money was taken back at the processor: ${rest} can be given back`
  throw new ServiceError('refund_exceeded', message, 'amount')
}

/** How the money of a pay-in came to a processor. */
export interface TakenCharge {
  intentUuid: string
  /** The processor's name of it. */
  reference: string
  /** Who has paid; of money that was assigned from suspense, who got it. */
  payerId: bigint | null
  hasPayment: boolean
}

/** Null for a movement that no processor took. */
async function findCharge(context: Context, tenant: Tenant, id: string): Promise<TakenCharge | null> {
  const { merchant, mode } = tenant
  const [row] = await context.db.query<{
    id: string
    reference: string | null
    payer_id: bigint | null
    has_payment: boolean
  }>(sql`
    select
      i.id,
      coalesce(
        b.details ->> 'processorReference', i.charge_reference, case when p.incoming is not null then p.reference end
      ) as reference,
      coalesce(da.customer_id, p.customer_id, i.customer_id) as payer_id, p.id is not null as has_payment
    from ledger_transactions t
    join ledger_transactions b on b.merchant_id = t.merchant_id and b.id = (${paymentOf(tenant, id)})
    join payment_intents i
      on i.merchant_id = b.merchant_id and i.id = substr(b.details ->> 'paymentIntentId', 4)::uuid
    left join payments p on p.merchant_id = i.merchant_id and p.payment_intent_id = i.id
    ${joinAssigned}
    where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.id = ${id} and t.kind in ('pay_in', 'suspended')
  `)
  if (row === undefined || row.reference === null) return null
  return { intentUuid: row.id, reference: row.reference, payerId: row.payer_id, hasPayment: row.has_payment }
}
