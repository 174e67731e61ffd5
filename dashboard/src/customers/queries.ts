import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useSession } from '../base/context.ts'
import { nameOf } from './names.ts'
import { balancesQuery, leavingQuery, namesOf, profileQuery } from './reads.ts'

export { type Balance, hasMoney, namesOf, type Profile, usualCurrency } from './reads.ts'

export const useProfile = (id: string) => useQuery(profileQuery(useSession(), id))

/** In every currency of the merchant, the first currency first. */
export const useBalances = (id: string) => useQuery(balancesQuery(useSession(), id))

/** What is on its way out of the balance in each currency; nothing until it is known. */
export const useLeaving = (id: string): ReadonlyMap<string, number> | undefined =>
  useQuery(leavingQuery(useSession(), id)).data

/** What the customers of a list are called: nothing until it is known, and the code of a customer who is gone. */
export function useNames(codes: readonly (string | null)[]): ((code: string) => string) & { areKnown: boolean } {
  const session = useSession()
  const all = [...new Set(codes)].filter((code) => code !== null)
  const { data: names, isError } = useQuery({
    queryKey: ['money', 'names', all.join()],
    enabled: all.length > 0,
    staleTime: 60_000,
    placeholderData: (before) => before,
    queryFn: () => namesOf(session, all, nameOf),
  })
  const nameFor = (code: string) => (names === undefined && !isError ? '\u00a0' : (names?.get(code) ?? code))
  return Object.assign(nameFor, { areKnown: names !== undefined || isError || all.length === 0 })
}

/** Asks again for everything about a customer. The events do so as well, a moment later. */
export function useRefresh(id: string): () => void {
  const queries = useQueryClient()
  return () => {
    queries.invalidateQueries({ queryKey: ['customer', id] })
    queries.invalidateQueries({ queryKey: ['money'] })
  }
}
