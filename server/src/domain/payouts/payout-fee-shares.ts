import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { Payout } from './payout-records.ts'

/** The key of the movement by which an account has borne the rest of a fee. It remembers a refusal, so the next try has another one. */
export function keyOfRestOfFee(id: string, bearer: string, tries: number): string {
  return `payout/${id}/rest-of-fee/${bearer}/${tries}`
}

/**
 * Who has paid the fee of a payout as it is booked, in minor units. The merchant has paid the part of the owner's that the owner's
 * account did not take.
 */
export async function findFeeShares(
  { db }: Context,
  { merchant, mode }: Tenant,
  { id, feeBearer, bookedFee, feeTries }: Payout,
): Promise<{ owner: bigint; merchant: bigint }> {
  const whole = bookedFee ?? 0n
  if (feeBearer === 'merchant' || whole === 0n) return { owner: 0n, merchant: whole }
  const tries = Array.from({ length: feeTries + 1 }, (_, i) => `mteja/${keyOfRestOfFee(id, 'processor_fees', i)}`)
  const [row] = await db.query<{ amount: bigint }>(sql`
    select coalesce(sum(t.amount), 0)::bigint as amount
    from idempotency_keys k
    join ledger_transactions t on t.merchant_id = k.merchant_id and t.id = k.result_id and t.kind = 'processor_fee'
    where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.key = any(${tries}::text[]) and k.refusal is null
  `)
  const merchants = row?.amount ?? 0n
  return { owner: whole - merchants, merchant: merchants }
}
