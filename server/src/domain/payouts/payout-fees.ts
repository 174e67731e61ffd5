import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { FreeContext } from '../context.ts'
import { type AccountName, doCommandNoting, type LedgerCommand } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { newId, outsideOf, ownerOfLateFact } from './payout-ending.ts'
import { tellPayout } from './payout-events.ts'
import { keyOfRestOfFee } from './payout-fee-shares.ts'
import type { PayoutProcessor } from './payout-processor.ts'
import { getPayout, type Payout } from './payout-records.ts'

/*
 * A payout is booked with the fee that its processor tells, or with the expected one. What the processor tells later is booked as a
 * movement of its own, once. So is a fee that the ledger has refused beside its payout.
 */

/** Whether the processor has kept another fee than the books have. */
export function hasOtherFee({ state, fee, bookedFee }: Payout): boolean {
  return (
    (state === 'paid' || state === 'returned' || state === 'failed') &&
    fee !== null &&
    bookedFee !== null &&
    fee !== bookedFee
  )
}

/** The fee that a processor tells, in minor units; null for one beyond reason, which is not booked. */
export function believedFee(
  { amount, currency, recipient: { type } }: Payout,
  processor: PayoutProcessor | null,
  told: bigint | null,
): bigint | null {
  const usual = processor?.estimateFee({ amount, currency, type }) ?? 0n
  const most = amount > 10n * usual ? amount : 10n * usual
  return told !== null && told > most ? null : told
}

/** Has a person look at a paid payout whose processor tells a fee beyond reason. The fee that was expected stays booked. */
export async function noteStrangeFee(
  { db, clock }: FreeContext,
  tenant: Tenant,
  { id, currency }: Payout,
  told: bigint,
): Promise<void> {
  const now = clock.now()
  const reason = `Its account says that it has kept ${told} of ${currency} in minor units as its fee: that is not booked. Look there`
  await db.query(sql`
    with noted as (
      update payouts p set attention = 'fee', attention_reason = ${reason}, updated_at = ${now}::timestamptz
      where p.merchant_id = ${tenant.merchant.id} and p.id = ${id} and p.state = 'paid' and p.fee is null and p.attention is null
      returning p.*
    ),
    ${tellPayout(tenant, { changed: sql`noted`, type: 'attention', at: now })}
    select id from noted
  `)
}

/** Takes the fee of a paid payout from its processor, if it was not known, and books it. */
export async function learnFee(
  context: FreeContext,
  tenant: Tenant,
  { id, fee: known }: Payout,
  fee: bigint,
): Promise<void> {
  if (known !== null) return
  await context.db.query(sql`
    update payouts set
      fee = ${fee}, attention = nullif(attention, 'fee'), updated_at = ${context.clock.now()},
      attention_reason = case when attention <> 'fee' then attention_reason end
    where merchant_id = ${tenant.merchant.id} and id = ${id} and state = 'paid' and fee is null and booked_fee is not null
  `)
  await bookRestOfFee(context, tenant, await getPayout(context, tenant, id))
}

/** Books the difference, once. The merchant bears what the owner's account does not take. Throws what the ledger refuses then. */
export async function bookRestOfFee(context: FreeContext, { merchant, mode }: Tenant, payout: Payout): Promise<void> {
  if (!hasOtherFee(payout)) return
  const tenant = { merchant, mode }
  const fees: AccountName = { kind: 'processor_fees' }
  const owner = payout.feeBearer === 'owner' ? await ownerOfLateFact(context, tenant, payout) : fees
  const bearers = [owner, ...(owner.kind === 'processor_fees' ? [] : [fees])]
  let refusal: ServiceError | null = null
  for (const bearer of bearers) {
    refusal = await book(context, tenant, payout, bearer).then(() => null, asRefusal)
    if (refusal === null) return
  }
  await noteTry(context, tenant, payout)
  throw refusal
}

function asRefusal(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  throw error
}

async function book(context: FreeContext, tenant: Tenant, payout: Payout, bearer: AccountName): Promise<void> {
  const { id, currency, fee, bookedFee } = payout
  const rest = (fee ?? 0n) - (bookedFee ?? 0n)
  const outside = outsideOf(tenant, payout)
  const [from, to] = rest > 0n ? [bearer, outside] : [outside, bearer]
  const command: LedgerCommand = {
    action: 'book',
    kind: rest > 0n ? 'processor_fee' : 'processor_fee_returned',
    id: newId(context),
    currency,
    from,
    to,
    amount: rest > 0n ? rest : -rest,
    description: null,
    details: { payoutId: id, reference: payout.reference },
    event: null,
    request: null,
  }
  const noting = sql`
    noted as (
      update payouts p set booked_fee = p.fee
      from done_now n
      where p.merchant_id = ${tenant.merchant.id} and p.id = ${id}
    )
  `
  await doCommandNoting(
    context,
    tenant,
    { ...command, ownKey: keyOfRestOfFee(id, bearer.kind, payout.feeTries) },
    noting,
  )
}

async function noteTry({ db }: FreeContext, { merchant }: Tenant, { id, feeTries }: Payout): Promise<void> {
  await db.query(sql`
    update payouts set fee_tries = fee_tries + 1
    where merchant_id = ${merchant.id} and id = ${id} and fee_tries = ${feeTries}
  `)
}
