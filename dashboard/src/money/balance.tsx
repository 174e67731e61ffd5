import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSession } from '../base/context.ts'
import { plain } from '../base/words.ts'
import { Change, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { CurrencySelect, useCurrencies } from '../parts/currency-select.tsx'
import { More } from '../parts/more.tsx'
import { useCashfulPages } from './cashful-pages.ts'

/** The merchant's own balance, and every movement of it. */
export function Balance() {
  const { cashful, merchant } = useSession()
  const { used, areKnown } = useCurrencies()
  const [chosen, setChosen] = useState<string>()
  const currency = chosen ?? used[0] ?? merchant.currencies[0] ?? ''
  const balance = useQuery({
    queryKey: ['money', 'balance', currency],
    enabled: areKnown,
    queryFn: () => cashful.balance.retrieve({ currency }),
    placeholderData: (before) => before,
  })
  const list = useCashfulPages(['money', 'history', currency], (offset) =>
    cashful.balance.history({ currency, limit: 50, offset }),
  )
  const error = (balance.data === undefined ? balance.error : null) ?? list.error
  if (error !== null) return <Problem error={error} again={() => list.refetch()} />
  return (
    <div className="stack">
      <div className="row apart">
        <p className="big">
          {balance.data === undefined ? ' ' : <Money amount={balance.data.amount} currency={balance.data.currency} />}
        </p>
        <CurrencySelect name="Currency" value={currency} choose={setChosen} />
      </div>
      {list.items?.length === 0 && <Empty title="Nothing has moved in this currency yet" />}
      <div className="table">
        {list.items?.map((entry) => (
          <div key={entry.id} className="tr" style={columns('90px minmax(0, 1fr) 140px 140px 110px')}>
            <span>{plain(entry.type)}</span>
            <span className="quiet">{entry.description}</span>
            <span className="end">
              <Change amount={entry.amount} currency={entry.currency} />
            </span>
            <span className="end quiet">
              <Money amount={entry.balanceAfter} currency={entry.currency} />
            </span>
            <span className="end quiet">
              <When at={entry.createdAt} />
            </span>
          </div>
        ))}
      </div>
      <More list={list} />
    </div>
  )
}
