import { hasMoney, useBalances } from './queries.ts'

/** The currencies in which a customer has, owes or has reserved something, in the order of the merchant. */
export function useOwnCurrencies(id: string): string[] {
  const { data: balances = [] } = useBalances(id)
  return balances.filter(hasMoney).map(({ currency }) => currency)
}
