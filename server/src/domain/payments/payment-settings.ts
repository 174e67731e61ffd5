import { isDeepStrictEqual } from 'node:util'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import type { FeeBearer } from '../ledger/processor-fees.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { PaymentPurpose } from './payment-records.ts'

/** What a merchant wants of payments in a mode. */
export interface PaymentSettings {
  /** The purpose of a payment that names none, of a payer who was a customer before. */
  knownCustomers: PaymentPurpose
  /** Who bears what an account at a processor keeps of payments. */
  feesBorneBy: FeeBearer
}

export const purposes = ['payment', 'wallet_topup'] as const satisfies readonly PaymentPurpose[]

const usual: PaymentSettings = { knownCustomers: 'payment', feesBorneBy: 'merchant' }

export async function getPaymentSettings(context: Context, { merchant, mode }: Tenant): Promise<PaymentSettings> {
  const [row] = await context.db.query<{ known_customers: PaymentPurpose; fees_borne_by: FeeBearer }>(sql`
    select known_customers, fees_borne_by from payment_settings where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  return row === undefined ? usual : { knownCustomers: row.known_customers, feesBorneBy: row.fees_borne_by }
}

/** Changes the given settings, and answers all. They count for payments that begin from now on. */
export async function changePaymentSettings(
  tx: TxContext,
  tenant: Tenant,
  { knownCustomers, feesBorneBy }: { [Each in keyof PaymentSettings]?: PaymentSettings[Each] | undefined },
): Promise<PaymentSettings> {
  const { merchant, mode } = tenant
  const before = await getPaymentSettings(tx, tenant)
  const after = {
    knownCustomers: knownCustomers ?? before.knownCustomers,
    feesBorneBy: feesBorneBy ?? before.feesBorneBy,
  }
  await tx.db.query(sql`
    insert into payment_settings (merchant_id, mode, known_customers, fees_borne_by, updated_at)
    select ${merchant.id}, ${mode}, ${after.knownCustomers}, ${after.feesBorneBy}, ${tx.clock.now()}
    where ${!isDeepStrictEqual(before, after)}
    on conflict (merchant_id, mode) do update set
      known_customers = excluded.known_customers, fees_borne_by = excluded.fees_borne_by, updated_at = excluded.updated_at
  `)
  noteChange(tx, { object: null, before: { ...before }, after, merchantId: merchant.id, mode })
  return after
}
