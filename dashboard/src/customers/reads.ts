import type { Cashful, Mteja, Paystack } from '../base/client.ts'
import type { Session } from '../base/session.ts'

/** One customer, as each API sees them. */
export interface Profile {
  customer: Cashful.Customer
  /** With the risk action, the identification, the number and the dedicated accounts. */
  more: Paystack.FetchedCustomer
  /** Who has set the risk action last, and why. */
  risk: Mteja.Customer['risk']
}

export const profileQuery = ({ cashful, paystack, mteja }: Session, id: string) => ({
  queryKey: ['customer', id, 'profile'],
  queryFn: async (): Promise<Profile> => {
    // First the time that a change compares: what somebody changes between the reads is not overwritten unseen.
    const customer = await cashful.customers.retrieve(id)
    const [more, { risk }] = await Promise.all([paystack.customers.fetch(id), mteja.customers.retrieve(id)])
    return { customer, more, risk }
  },
})

export type Balance = Mteja.Balances['balances'][number]

export const hasMoney = ({ posted, held = 0, owed = 0 }: Balance) => posted !== 0 || held !== 0 || owed !== 0

/** The first currency in which there is money; the merchant's first where there is none, and until it is known. */
export function usualCurrency(balances: readonly Balance[] | undefined, currencies: readonly string[]): string {
  return balances?.find(hasMoney)?.currency ?? currencies[0] ?? ''
}

/** In every currency of the merchant, the first currency first. */
export const balancesQuery = ({ mteja, merchant }: Session, id: string) => ({
  queryKey: ['customer', id, 'balances'],
  queryFn: async (): Promise<Balance[]> => {
    const { balances } = await mteja.customers.balances(id)
    const place = ({ currency }: Balance) => merchant.currencies.indexOf(currency)
    return balances.toSorted((a, b) => place(a) - place(b))
  },
})

/** Minor units of each currency that payouts have reserved, with their fees. */
export const leavingQuery = ({ mteja }: Session, id: string) => ({
  queryKey: ['customer', id, 'leaving'],
  queryFn: async (): Promise<ReadonlyMap<string, number>> => {
    const sums = new Map<string, number>()
    const payouts = mteja.payouts.list({ customerId: id, open: true, limit: 100 })
    for await (const { amount, currency, estimatedFee } of payouts) {
      sums.set(currency, (sums.get(currency) ?? 0) + amount + estimatedFee)
    }
    return sums
  },
})

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
