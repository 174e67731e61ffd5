import type { Context } from '../context.ts'
import { approveMandate, declineMandate, type Mandate } from '../payments/mandates.ts'
import type { ProcessorChoice } from '../payments/payment-processor.ts'
import { sandboxAccount } from './instruments.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

/** Agrees to a mandate as its customer would on the hosted page. Throws `mandate_not_found`. */
export function approveAsCustomer(
  context: Context & ProcessorChoice,
  tenant: SandboxTenant,
  reference: string,
  { accountNumber = sandboxAccount.number, bankCode = sandboxAccount.bankCode }: Partial<GivenAccount>,
): Promise<Mandate> {
  return approveMandate(context, tenant, reference, { number: accountNumber, bankCode })
}

/** Declines a mandate as its customer would on the hosted page. Throws `mandate_not_found`. */
export function declineAsCustomer(context: Context, tenant: SandboxTenant, reference: string): Promise<Mandate> {
  return declineMandate(context, tenant, reference)
}

interface GivenAccount {
  accountNumber: string | undefined
  bankCode: string | undefined
}
