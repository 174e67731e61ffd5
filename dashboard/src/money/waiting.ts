import { useQuery } from '@tanstack/react-query'
import { useSession } from '../base/context.ts'

/** More than these are not counted. */
const most = 20

/** How many things wait for the approval of this key: a number, "20+", or nothing for none. */
export function useWaitingForMe(): string {
  const { mteja, can } = useSession()
  const { data = 0 } = useQuery({
    queryKey: ['money', 'waiting'],
    enabled: can('approve'),
    queryFn: async () => (await mteja.approvals.list({ mine: true, limit: most + 1 }).page()).data.length,
  })
  return data === 0 ? '' : data > most ? `${most}+` : String(data)
}
