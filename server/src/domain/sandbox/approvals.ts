import type { Approval } from '../approvals/approval-records.ts'
import { type ApprovalChoice, approveUnchecked } from '../approvals/decisions.ts'
import type { TxContext } from '../context.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

/** Approves what waits for a second person, as another person would. Throws `approval_not_found`, `approval_decided`. */
export function approveAsAnother(tx: TxContext & ApprovalChoice, tenant: SandboxTenant, id: string): Promise<Approval> {
  return approveUnchecked(tx, tenant, { id })
}
