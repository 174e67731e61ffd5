import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** Whether a reference is of a payment that was imported: its money is never booked. */
export async function isImported({ db }: Context, { merchant, mode }: Tenant, reference: string): Promise<boolean> {
  const rows = await db.query(sql`
    select id from imported_payments where merchant_id = ${merchant.id} and mode = ${mode} and reference = ${reference}
  `)
  return rows.length > 0
}

/** Throws `reference_taken` for the reference of a payment that was imported. */
export async function refuseImported(context: Context, tenant: Tenant, reference: string): Promise<void> {
  if (!(await isImported(context, tenant, reference))) return
  const message = `${JSON.stringify(reference)} is a payment of before the account’s cut-over, which was imported as history: its money is not booked here`
  throw new ServiceError('reference_taken', message, 'reference')
}
