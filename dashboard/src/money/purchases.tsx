import { Link } from 'wouter'
import { useSession } from '../base/context.ts'
import { longDate } from '../base/times.ts'
import { Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'

/** What customers have bought, from the events, which are kept for a limited time. The history of a customer has all. */
export function Purchases() {
  const { mteja, format } = useSession()
  const type = 'purchase.succeeded'
  const list = useSteps(['money', 'purchases'], (before) =>
    mteja.events.list({ type, limit: 50, ...(before && { before }) }),
  )
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  const removed = list.data?.pages[0] as { removedUntil?: string | null } | undefined
  return (
    <div className="stack">
      {list.items?.length === 0 && !list.hasNextPage && (
        <Empty title="Nobody has bought anything yet">
          <p>A program makes purchases; “Act” of a customer makes one by hand.</p>
        </Empty>
      )}
      <div className="table">
        {list.items?.map(({ id, customerId, createdAt, data }) => {
          const { amount, currency, productId, quantity, id: purchase } = data
          return (
            <Link
              key={id}
              className="tr"
              href={`/customers/${customerId}?entry=${String(purchase).replace(/^purchase_/, '')}`}
              style={columns('minmax(0, 1.4fr) minmax(0, 1fr) 130px 110px')}
            >
              <span>
                {String(productId ?? 'A purchase')}
                {typeof quantity === 'number' && <span className="quiet"> × {quantity.toLocaleString()}</span>}
              </span>
              <span className="code quiet">{customerId}</span>
              <span className="end">
                {typeof amount === 'number' && typeof currency === 'string' && (
                  <Money amount={amount} currency={currency} />
                )}
              </span>
              <span className="end quiet">
                <When at={createdAt} />
              </span>
            </Link>
          )
        })}
      </div>
      <More list={list} />
      {removed?.removedUntil && !list.hasNextPage && (
        <p className="quiet">
          Purchases up to {longDate(removed.removedUntil, format)} are in the histories of their customers only.
        </p>
      )}
    </div>
  )
}
