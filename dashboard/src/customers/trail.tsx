import { AuditList } from '../audit/audit-list.tsx'
import { useSession } from '../base/context.ts'
import { useSteps } from '../parts/steps.ts'

/** Who did what to a customer. */
export function CustomerTrail({ id }: { id: string }) {
  const { mteja } = useSession()
  const list = useSteps(['customer', id, 'trail'], (before) =>
    mteja.audit.list({ object: id, limit: 50, ...(before && { before }) }),
  )
  return <AuditList list={list} empty="Nobody has changed this customer yet." />
}
