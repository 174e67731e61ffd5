import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useSession } from '../base/context.ts'
import { balancesQuery, leavingQuery, profileQuery } from './reads.ts'

export { type Balance, namesOf, type Profile } from './reads.ts'

export const useProfile = (id: string) => useQuery(profileQuery(useSession(), id))

/** In every currency of the merchant, the first currency first. */
export const useBalances = (id: string) => useQuery(balancesQuery(useSession(), id))

/** What is on its way out of the balance in each currency; nothing until it is known. */
export const useLeaving = (id: string): ReadonlyMap<string, number> | undefined =>
  useQuery(leavingQuery(useSession(), id)).data

/** Asks again for everything about a customer. The events do so as well, a moment later. */
export function useRefresh(id: string): () => void {
  const queries = useQueryClient()
  return () => {
    queries.invalidateQueries({ queryKey: ['customer', id] })
    queries.invalidateQueries({ queryKey: ['money'] })
  }
}
