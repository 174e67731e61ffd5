import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { findTaken, whyTaken } from '../wallet/taken-names.ts'
import { settleChargeNow } from './due-charges.ts'
import type { PaymentsContext } from './payment-processor.ts'

/**
 * Refuses to record money under any name of money of the tenant, in any spelling, also of a payment that is not paid yet: it is
 * credited by itself. Throws `reference_taken`, which says what has the name and how it is seen.
 */
export async function refuseTakenName(context: PaymentsContext, tenant: Tenant, reference: string): Promise<void> {
  const taken = await findTaken(context, tenant, reference)
  if (taken === null) return
  if (taken.charge !== null) await settleChargeNow(context, tenant, taken.charge).catch(ignoreUnasked)
  throw new ServiceError('reference_taken', whyTaken(reference, taken), 'reference')
}

/** The account of the charge cannot be asked now, or is no longer known. The background asks again. */
function ignoreUnasked(error: unknown): void {
  if (error instanceof UpstreamError || (error instanceof ServiceError && error.code === 'not_available')) return
  throw error
}
