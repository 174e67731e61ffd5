import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo, useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { readScript } from '../base/scripts.ts'
import { dayOf, daysBefore } from '../base/times.ts'
import { kindWord } from '../base/words.ts'
import { Money, Problem } from '../parts/basics.tsx'
import { CurrencySelect } from '../parts/currency-select.tsx'
import { useOwnCurrencies } from './own-currencies.ts'
import { type Balance, hasMoney, useBalances, useLeaving, usualCurrency } from './queries.ts'

/** The chart comes after what is read first. */
const StepChart = lazy(() => readScript(() => import('../parts/step-chart.tsx')))

/** The cash of a customer in each currency, and how it came about. */
export function BalanceCards({ id }: { id: string }) {
  const { data: balances, error, refetch } = useBalances(id)
  const leaving = useLeaving(id)
  const { merchant } = useSession()
  const [picked, setPicked] = useState<string>()
  if (error !== null && balances === undefined) return <Problem error={error} again={refetch} />
  const usual = usualCurrency(balances, merchant.currencies)
  const all = balances ?? [blank(usual)]
  const shown = all.filter((balance) => balance.currency === usual || hasMoney(balance))
  const others = merchant.currencies.filter((each) => shown.every(({ currency }) => currency !== each))
  return (
    <div className="cards">
      <section className="card stack balances" aria-label="Cash">
        {shown.map((balance) => (
          <Cash
            key={balance.currency}
            balance={balance}
            leaving={leaving?.get(balance.currency) ?? 0}
            isKnown={balances !== undefined && leaving !== undefined}
          />
        ))}
        {others.length > 0 && (
          <p className="quiet" style={{ visibility: balances === undefined ? 'hidden' : 'visible' }}>
            {others.length > mostNamed
              ? `Nothing in the ${others.length} other currencies`
              : `Nothing in ${others.join(', ')}`}
          </p>
        )}
      </section>
      <section className="card stack tight over-time" aria-label="Balance over time">
        <History id={id} currency={picked ?? usual} choose={setPicked} />
      </section>
    </div>
  )
}

/** More currencies without money than these are a number. */
const mostNamed = 6

const blank = (currency: string): Balance => ({ currency, posted: 0 })

interface CashProps {
  balance: Balance
  /** Minor units that payouts have reserved. */
  leaving: number
  isKnown: boolean
}

function Cash({ balance, leaving, isKnown }: CashProps) {
  const { currency, posted, available = posted, held = 0, owed = 0 } = balance
  return (
    <div className="stack tight" style={{ visibility: isKnown ? 'visible' : 'hidden' }}>
      <p>
        <span className="big">
          <Money amount={available} currency={currency} />
        </span>{' '}
        <span className="quiet">available</span>
      </p>
      <p className="row small">
        <span>
          <Money amount={Math.max(0, held - leaving)} currency={currency} /> <span className="quiet">held</span>
        </span>
        <span>
          <Money amount={leaving} currency={currency} /> <span className="quiet">on its way out</span>
        </span>
        <span>
          <Money amount={posted} currency={currency} /> <span className="quiet">in the books</span>
        </span>
        {owed > 0 && (
          <span className="bad">
            <Money amount={owed} currency={currency} /> owed
          </span>
        )}
      </p>
    </div>
  )
}

const periods = [7, 30, 90, 365]
/** A chart of more entries than this is a wall. */
const mostEntries = 5000

function History({ id, currency, choose }: { id: string; currency: string; choose: (currency: string) => void }) {
  const { mteja, format } = useSession()
  const own = useOwnCurrencies(id)
  const [days, setDays] = useState(90)
  const { data, error } = useQuery({
    queryKey: ['customer', id, 'chart', currency, days],
    queryFn: async () => {
      const to = dayOf(new Date(), format)
      const period = { from: daysBefore(to, days - 1), to, currency }
      const entries: Mteja.StatementEntry[] = []
      let whole: Mteja.Statement | undefined
      for await (const page of mteja.customers.statement(id, period).pages()) {
        whole ??= page
        entries.push(...page.entries)
        if (entries.length >= mostEntries) break
      }
      return whole === undefined ? undefined : { whole, entries }
    },
    placeholderData: (before) => before,
  })
  const steps = useMemo(
    () =>
      (data?.entries ?? []).map(({ createdAt, amount, balanceAfter, kind, description }) => ({
        at: createdAt,
        amount,
        balance: balanceAfter,
        words: [kindWord(kind), description].filter(Boolean).join(': '),
      })),
    [data],
  )
  return (
    <>
      <div className="row apart">
        <h2 className="small">Balance over time</h2>
        <div className="row">
          <CurrencySelect size="xs" name="Currency of the chart" value={currency} choose={choose} first={own} />
          <NativeSelect
            size="xs"
            aria-label="Period of the chart"
            value={String(days)}
            onChange={(event) => setDays(Number(event.currentTarget.value))}
            data={periods.map((each) => ({ value: String(each), label: `${each} days` }))}
          />
        </div>
      </div>
      {error !== null && <Problem error={error} />}
      <Suspense
        fallback={
          <>
            <div className="chart" />
            <p className="chart-says" />
          </>
        }
      >
        <StepChart
          currency={currency}
          from={data?.whole.from}
          to={data?.whole.to}
          opening={data?.whole.openingBalance ?? 0}
          steps={steps}
        />
      </Suspense>
    </>
  )
}
