import type { Mteja } from '../base/client.ts'
import { Badge } from '../parts/basics.tsx'

const tones = { waiting: 'warn', approved: 'good', denied: 'bad' } as const
const words = { waiting: 'Waits', approved: 'Approved ✓', denied: 'Denied ✕' } as const

export function ApprovalStatus({ status }: Pick<Mteja.Approval, 'status'>) {
  return <Badge tone={tones[status]}>{words[status]}</Badge>
}
