import { Link } from 'wouter'
import { AuditList } from '../audit/audit-list.tsx'
import { useSession } from '../base/context.ts'
import { useSteps } from '../parts/steps.ts'

/** Who did what to a customer. */
export function CustomerTrail({ id }: { id: string }) {
  const { mteja } = useSession()
  const list = useSteps(['customer', id, 'trail'], (before) =>
    mteja.audit.list({ object: id, limit: 50, ...(before && { before }) }),
  )
  return (
    <div className="stack">
      <p className="quiet">
        Changes of the customer. Each movement of their money names who did it:{' '}
        <Link href={`/customers/${id}`}>Money</Link>, and a press on its line.
      </p>
      <AuditList list={list} empty="Nobody has changed this customer yet." />
    </div>
  )
}
