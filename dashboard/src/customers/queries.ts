import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Cashful } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import type { Session } from '../base/session.ts'
import { balancesQuery, leavingQuery, profileQuery } from './reads.ts'

export type { Balance, Profile } from './reads.ts'

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

/** The names of customers by their codes, in one call for each hundred. */
export async function namesOf(
  { cashful }: Session,
  codes: readonly string[],
  nameOf: (customer: Cashful.Customer) => string,
): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const all = [...new Set(codes)]
  for (let at = 0; at < all.length; at += 100) {
    const ids = all.slice(at, at + 100)
    const page = await cashful.customers.list({ filter: JSON.stringify({ ids }), limit: 100 }).page()
    for (const customer of page.data) names.set(customer.id, nameOf(customer))
  }
  return names
}
