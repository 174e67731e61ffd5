import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { kindWord } from '../base/words.ts'
import { Bars } from '../parts/bars.tsx'
import { Badge, Empty, Facts, Money, Problem } from '../parts/basics.tsx'
import { CurrencySelect, useCurrencies } from '../parts/currency-select.tsx'

/** Whether it adds up: what is owed to customers against what is held, and what moves day by day. */
export function Overview() {
  const { mteja } = useSession()
  const positions = useQuery({
    queryKey: ['money', 'positions'],
    queryFn: () => mteja.positions.list(),
  })
  const { data, error, refetch } = positions
  if (error !== null && data === undefined) return <Problem error={error} again={refetch} />
  // The charts stand under it, so they come after it.
  if (data === undefined) return null
  return (
    <div className="stack wide">
      <Positions positions={data.data} />
      <Days />
    </div>
  )
}

type Position = Mteja.Positions['data'][number]

function Positions({ positions }: { positions: readonly Position[] }) {
  return (
    <section className="stack tight">
      <h2>Owed to customers, and held for them</h2>
      {positions.length === 0 && (
        <Empty title="No money has moved yet">
          <p>As soon as a customer is paid in, this says what you owe and where the money is.</p>
        </Empty>
      )}
      <div className="cards positions">
        {positions.map((position) => (
          <Sides key={position.currency} position={position} />
        ))}
      </div>
    </section>
  )
}

/** The accounts without a processor: docs/ledger.md has their numbers. */
function placeOf(accountId: number, mode: 'test' | 'live'): string {
  if (accountId === 0) return mode === 'test' ? 'Held by the sandbox' : 'Held by you, moved by hand'
  if (accountId === 1) return 'Held by you, moved by hand'
  return `Held at the processor, account ${accountId}`
}

function Sides({ position }: { position: Position }) {
  const { mode } = useSession()
  const { currency, customers, merchant, suspense, owed, outside, costs } = position
  const held = outside.reduce((sum, { amount }) => sum + amount, 0)
  const isCovered = held >= customers
  const money = (amount: number) => <Money amount={amount} currency={currency} />
  const optional = (name: string, amount: number) => (amount === 0 ? [] : [[name, money(amount)] as const])
  return (
    <article className="card stack" aria-label={currency}>
      <div className="row apart">
        <h3>{currency}</h3>
        {isCovered ? <Badge tone="good">held in full ✓</Badge> : <Badge tone="bad">less is held than is owed ✕</Badge>}
      </div>
      {!isCovered && (
        <p>
          {money(customers - held)} is missing: pay it into the account at your processor.
          {costs > 0 && ' What fees and adjustments have cost is yours to bear.'}
        </p>
      )}
      <Facts
        of={[
          ['Owed to customers', money(customers)],
          ['Yours', money(merchant)],
          ...optional('Waits for its owner', suspense),
        ]}
      />
      <Facts
        of={[
          ...(outside.length === 0 ? [['Held outside', money(0)] as const] : []),
          ...outside.map(({ accountId, amount }) => [placeOf(accountId, mode), money(amount)] as const),
          ...optional('Owed to you', owed),
          ...optional('Cost of fees and adjustments', costs),
        ]}
      />
    </article>
  )
}

const periods = [7, 30, 90]

/** A chart for each kind of movement, in one currency. */
function Days() {
  const { mteja, merchant } = useSession()
  const { used } = useCurrencies()
  const [chosen, setChosen] = useState<string>()
  const currency = chosen ?? used[0] ?? merchant.currencies[0] ?? ''
  const [days, setDays] = useState(30)
  const { data, error, refetch } = useQuery({
    queryKey: ['money', 'days', days],
    queryFn: () => mteja.positions.days({ days }),
    staleTime: 30_000,
    placeholderData: (before) => before,
  })
  const kinds = Map.groupBy(data?.data.filter((each) => each.currency === currency) ?? [], ({ kind }) => kind)
  return (
    <section className="stack tight">
      <div className="row apart">
        <h2>Day by day</h2>
        <div className="row">
          <CurrencySelect size="xs" name="Currency of the charts" value={currency} choose={setChosen} />
          <NativeSelect
            size="xs"
            aria-label="Period of the charts"
            value={String(days)}
            onChange={(event) => setDays(Number(event.currentTarget.value))}
            data={periods.map((each) => ({ value: String(each), label: `${each} days` }))}
          />
        </div>
      </div>
      {error !== null && <Problem error={error} again={refetch} />}
      {data !== undefined && kinds.size === 0 && (
        <p className="quiet">Nothing has moved in {currency} in these days.</p>
      )}
      <div className="cards positions">
        {[...kinds].map(([kind, volumes]) => {
          const byDay = new Map(volumes.map((each) => [each.day, each]))
          const bars = (data?.days ?? []).map((day) => byDay.get(day) ?? { day, count: 0, amount: 0 })
          const total = volumes.reduce((sum, { amount }) => sum + amount, 0)
          const count = volumes.reduce((sum, each) => sum + each.count, 0)
          return (
            <article key={kind} className="card stack tight" aria-label={kindWord(kind)}>
              <div className="row apart">
                <h3>{kindWord(kind)}</h3>
                <span className="quiet">
                  <Money amount={total} currency={currency} /> in {count.toLocaleString()}
                </span>
              </div>
              <Bars label={kindWord(kind)} bars={bars} currency={currency} />
            </article>
          )
        })}
      </div>
    </section>
  )
}
