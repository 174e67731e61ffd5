import { useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { byWord, plain } from '../base/words.ts'
import { RefundState } from '../customers/entry-panel.tsx'
import { useNames } from '../customers/queries.ts'
import { Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'
import { isForPerson, SettleRefund } from './settle-refund.tsx'

/** Everything that was given back, or is on its way back. */
export function Refunds() {
  const { mteja, can } = useSession()
  const [chosen, setChosen] = useState<Mteja.StoredRefund>()
  const list = useSteps(['money', 'refunds'], (before) => mteja.refunds.list({ limit: 50, ...(before && { before }) }))
  const name = useNames(list.items?.map(({ customerId }) => customerId) ?? [])
  const hasActs = can('refunds:write') && list.items?.some(isForPerson)
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  if (list.items?.length === 0) {
    return (
      <Empty title="Nothing was given back yet">
        <p>Open a customer, then the line of the history that is to be given back.</p>
      </Empty>
    )
  }
  return (
    <div className="stack">
      <div className="table">
        {name.areKnown &&
          list.items?.map((refund) => (
            <div
              key={refund.id}
              className="tr"
              style={columns(`150px minmax(0, 2fr) minmax(0, 1fr) 130px 110px${hasActs ? ' 120px' : ''}`)}
            >
              <span>
                <RefundState state={refund.state} />
              </span>
              <span>
                {refund.customerId === null ? (
                  <span className="code">{refund.transactionId}</span>
                ) : (
                  <Link href={`/customers/${refund.customerId}?entry=${refund.transactionId}`}>
                    {name(refund.customerId)}
                  </Link>
                )}{' '}
                <span className="quiet">
                  {plain(refund.kind)}
                  {refund.reason !== null && `: ${refund.reason}`}
                  {refund.stateReason !== null && ` (${refund.stateReason})`}
                  {refund.proof !== null && `. Settled by hand: ${refund.proof}`}
                  {refund.contradictedAt !== null && '. Its account says otherwise, and that is booked'}
                </span>
              </span>
              <span className="quiet">{byWord(refund.by)}</span>
              <span className="end">
                <Money amount={refund.amount} currency={refund.currency} />
              </span>
              <span className="end quiet">
                <When at={refund.createdAt} />
              </span>
              {can('refunds:write') && isForPerson(refund) && (
                <button type="button" className="link-button end" onClick={() => setChosen(refund)}>
                  Settle by hand
                </button>
              )}
            </div>
          ))}
      </div>
      <More list={list} />
      {chosen !== undefined && <SettleRefund refund={chosen} close={() => setChosen(undefined)} />}
    </div>
  )
}
