import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSession } from '../base/context.ts'

export interface Currencies {
  /** Those that hold money, in the order of the merchant. */
  used: readonly string[]
  /** Whether it is known which hold money, or cannot be known. */
  areKnown: boolean
}

/** Which of the merchant's currencies are in use. */
export function useCurrencies(): Currencies {
  const { mteja, merchant } = useSession()
  const { data, isError } = useQuery({
    queryKey: ['money', 'positions'],
    queryFn: () => mteja.positions.list(),
    staleTime: 30_000,
  })
  const held = new Set(data?.data.map(({ currency }) => currency))
  return {
    used: merchant.currencies.filter((each) => held.has(each)),
    areKnown: data !== undefined || isError,
  }
}

interface CurrencySelectProps {
  /** Shown above the field. A field without it is named by `name` alone. */
  label?: string
  name?: string
  size?: 'xs'
  value: string
  choose: (currency: string) => void
  /** The words of a first choice that is no currency. */
  none?: string
  /** Offered first, in place of those that hold money of anybody. */
  first?: readonly string[]
  /** Not offered. */
  except?: readonly string[]
}

/** One of the merchant's currencies: those in use first. Nothing where the merchant has one. */
export function CurrencySelect({ label, name, size, value, choose, none, first, except = [] }: CurrencySelectProps) {
  const { merchant } = useSession()
  const { used } = useCurrencies()
  if (merchant.currencies.length < 2) return null
  const begin = (first ?? used).filter((each) => !except.includes(each))
  const rest = merchant.currencies.filter((each) => !begin.includes(each) && !except.includes(each))
  const groups = [
    { group: 'In use', items: [...begin] },
    { group: 'Others', items: rest },
  ]
  return (
    <NativeSelect
      {...(label !== undefined && { label })}
      {...(name !== undefined && { 'aria-label': name })}
      // Of one width: a list is wider once it has groups.
      {...(size !== undefined && { size, w: none === undefined ? 96 : 152 })}
      value={value}
      onChange={(event) => choose(event.currentTarget.value)}
      data={[
        ...(none === undefined ? [] : [{ value: '', label: none }]),
        ...(begin.length === 0 || rest.length === 0 ? [...begin, ...rest] : groups),
      ]}
    />
  )
}
