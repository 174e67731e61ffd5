import { NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { dayName, dayOf } from '../base/times.ts'
import { entrySentence, kindChoices } from '../base/words.ts'
import { useBankNames } from '../money/banks.ts'
import { destinationWords } from '../money/payout-state.tsx'
import { Badge, Change, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { CurrencySelect } from '../parts/currency-select.tsx'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'
import { EntryPanel } from './entry-panel.tsx'
import { Imported } from './imported.tsx'
import { nameOf, visible } from './names.ts'
import { useOwnCurrencies } from './own-currencies.ts'
import { namesOf } from './queries.ts'

const pageSize = 50
const filters = ['kind', 'direction', 'currency', 'from', 'to'] as const

/** What happened to a customer's money, newest first, in words. */
export function History({ id }: { id: string }) {
  const session = useSession()
  const [params, setParams] = useSearchParams()
  const set = (name: string, value: string | null) =>
    setParams(
      (before) => {
        if (value === null) before.delete(name)
        else before.set(name, value)
        return before
      },
      { replace: name !== 'entry' },
    )
  const query = readQuery(params, session.merchant.currencies)
  const list = useSteps(['customer', id, 'history', query], (before) =>
    session.mteja.customers.entries(id, { ...query, limit: pageSize, ...(before && { before }) }),
  )
  const entries = list.items ?? []
  const others = useOthers(id, entries)
  const payees = usePayees(id, entries)
  const own = useOwnCurrencies(id)
  const opened = params.get('entry')
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  // A line that gets its payee later is taller then.
  const told = payees === undefined ? [] : entries
  const days = Map.groupBy(told, ({ createdAt }) => dayOf(createdAt, session.format))
  const isNarrowed = Object.keys(query).length > 0
  return (
    <div>
      <Filters params={params} set={set} own={own} />
      {list.items?.length === 0 && !list.hasNextPage && <NoEntries isNarrowed={isNarrowed} />}
      {[...days].map(([day, those]) => (
        <section key={day}>
          <h3 className="day">{dayName(day, new Date(), session.format)}</h3>
          <div className="table">
            {those.map((entry) => (
              <Line
                key={`${entry.transactionId} ${entry.amount}`}
                entry={entry}
                other={
                  entry.otherCustomerId === null
                    ? payees?.get(entry.transactionId)
                    : (others.get(entry.otherCustomerId) ?? entry.otherCustomerId)
                }
                isOpen={opened === entry.transactionId}
                open={() => set('entry', entry.transactionId)}
              />
            ))}
          </div>
        </section>
      ))}
      <div style={{ marginTop: 16 }}>
        <More list={list} />
      </div>
      {!isNarrowed && <Imported id={id} />}
      {opened !== null && <EntryPanel customerId={id} transactionId={opened} close={() => set('entry', null)} />}
    </div>
  )
}

/** What the address asks for, as far as it is known. */
function readQuery(params: URLSearchParams, currencies: readonly string[]): Mteja.ListEntriesQuery {
  const [kind, direction, currency, from, to] = filters.map((name) => params.get(name) ?? '')
  const isDay = (text = '') => /^\d{4}-\d\d-\d\d$/.test(text)
  return {
    ...(kindChoices.some(([name]) => name === kind) && { kind: kind as NonNullable<Mteja.ListEntriesQuery['kind']> }),
    ...((direction === 'in' || direction === 'out') && { direction }),
    ...(currency && currencies.includes(currency) && { currency }),
    ...(isDay(from) && from && { from }),
    ...(isDay(to) && to && { to }),
  }
}

interface FiltersProps {
  params: URLSearchParams
  set: (name: string, value: string | null) => void
  /** The customer's own currencies. */
  own: readonly string[]
}

function Filters({ params, set, own }: FiltersProps) {
  const field = (name: (typeof filters)[number]) => ({
    size: 'xs',
    value: params.get(name) ?? '',
    onChange: (event: { currentTarget: { value: string } }) => set(name, event.currentTarget.value || null),
  })
  return (
    <fieldset className="row filters">
      <legend className="hidden">Show only</legend>
      <NativeSelect
        {...field('kind')}
        aria-label="Kind of movement"
        data={[{ value: '', label: 'Every kind' }, ...kindChoices.map(([value, label]) => ({ value, label }))]}
      />
      <NativeSelect
        {...field('direction')}
        aria-label="Direction"
        data={[
          { value: '', label: 'In and out' },
          { value: 'in', label: 'Came in' },
          { value: 'out', label: 'Went out' },
        ]}
      />
      <CurrencySelect
        size="xs"
        name="Currency of the history"
        value={params.get('currency') ?? ''}
        choose={(currency) => set('currency', currency || null)}
        none="Every currency"
        first={own}
      />
      <div className="days">
        <TextInput {...field('from')} type="date" aria-label="First day" />
        <TextInput {...field('to')} type="date" aria-label="Last day" />
      </div>
    </fieldset>
  )
}

function NoEntries({ isNarrowed }: { isNarrowed: boolean }) {
  if (isNarrowed) return <Empty title="Nothing like this has moved" />
  return (
    <Empty title="No money has moved yet">
      <p>Use “Act” above to pay in, or send the customer to a checkout page.</p>
    </Empty>
  )
}

interface LineProps {
  entry: Mteja.CustomerEntry
  other: string | undefined
  isOpen: boolean
  open: () => void
}

function Line({ entry, other, isOpen, open }: LineProps) {
  const { amount, currency, refundedAmount } = entry
  const description = visible(entry.description)
  return (
    <button type="button" className="tr entries" data-chosen={isOpen} onClick={open}>
      <span className="quiet">
        <When at={entry.createdAt} as="time" />
      </span>
      <span>
        {entrySentence(entry, other)}
        {description !== '' && <span className="quiet"> “{description}”</span>}
        {refundedAmount > 0 && (
          <>
            {' '}
            <Badge>{refundedAmount < Math.abs(amount) ? 'given back in part' : 'given back'}</Badge>
          </>
        )}
      </span>
      <span className="end">
        <Change amount={amount} currency={currency} />
      </span>
      <span className="end quiet">
        <Money amount={entry.balanceAfter} currency={currency} />
      </span>
    </button>
  )
}

/** The newest payouts that a history names by their payees. */
const mostPayouts = 100

/** Who was paid, and where, by the ledger transactions of the payouts. */
function usePayees(id: string, entries: readonly Mteja.CustomerEntry[]): ReadonlyMap<string, string> | undefined {
  const { mteja } = useSession()
  const banks = useBankNames()
  const areNeeded = entries.some(({ kind }) => kind === 'payout' || kind === 'payout_returned')
  const { data, isError } = useQuery({
    queryKey: ['customer', id, 'payees'],
    enabled: areNeeded,
    placeholderData: (before) => before,
    queryFn: async () => (await mteja.payouts.list({ customerId: id, limit: mostPayouts }).page()).data,
  })
  if (areNeeded && !isError && (data === undefined || banks === undefined)) return undefined
  return new Map(
    (data ?? []).flatMap(({ id: payout, movementId, destination }) => {
      const words = [destination.accountName, destinationWords(destination, banks)].filter(Boolean).join(', ')
      return [payout, movementId].filter((each) => each !== null).map((each) => [each, words] as const)
    }),
  )
}

/** The names of the customers on the other side. */
function useOthers(id: string, entries: readonly Mteja.CustomerEntry[]): ReadonlyMap<string, string> {
  const session = useSession()
  const codes = [...new Set(entries.flatMap(({ otherCustomerId }) => otherCustomerId ?? []))]
  const { data } = useQuery({
    queryKey: ['customer', id, 'others', codes.join()],
    enabled: codes.length > 0,
    staleTime: 60_000,
    placeholderData: (before) => before,
    queryFn: () => namesOf(session, codes, nameOf),
  })
  return data ?? new Map()
}
