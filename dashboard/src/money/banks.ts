import { useQuery } from '@tanstack/react-query'
import type { Paystack } from '../base/client.ts'
import { useSession } from '../base/context.ts'

/** Banks and operators of mobile money to which a currency can be paid out, by name. */
export function useBanks(currency: string): readonly Paystack.Bank[] | undefined {
  const { paystack } = useSession()
  const { data } = useQuery({
    queryKey: ['banks', currency],
    enabled: currency !== '',
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await paystack.banks.list({ currency })).data,
  })
  return data
}

const none: ReadonlyMap<string, string> = new Map()

/** The names of banks and operators by their codes. None where they cannot be read. */
export function useBankNames(): ReadonlyMap<string, string> | undefined {
  const { paystack } = useSession()
  const { data, isError } = useQuery({
    queryKey: ['banks', 'names'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const { data } = await paystack.banks.list()
      return new Map(data.map(({ code, name }) => [code, name] as const))
    },
  })
  return data ?? (isError ? none : undefined)
}
