import { UpstreamError } from '../../base/upstream-error.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type FoundPayment, requireProcessor } from '../payments/payment-processor.ts'
import type { ReconciliationContext } from './account-statement.ts'

/*
 * An answer of an account that cannot be read is the same the next time. So it must not keep everything else from being compared.
 */

/**
 * Asks an account about a payment, by its name there. `unreadable`: it has answered something that cannot be read. Throws
 * `UpstreamError` where it cannot be asked.
 */
export async function askAccount(
  context: ReconciliationContext,
  tenant: Tenant,
  accountId: bigint,
  reference: string,
): Promise<FoundPayment | 'unreadable' | null> {
  const processor = await requireProcessor(context, tenant, { sentBy: accountId })
  try {
    return (await processor.findPayment?.(tenant, reference)) ?? null
  } catch (error) {
    ignoreUnreadable(error)
    return 'unreadable'
  }
}

/** Throws every error again but that of an answer that cannot be read. */
export function ignoreUnreadable(error: unknown): void {
  if (!(error instanceof UpstreamError && error.outcome === 'malformed')) throw error
}
