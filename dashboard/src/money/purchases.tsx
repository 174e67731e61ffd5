import { Link } from 'wouter'
import { useSession } from '../base/context.ts'
import { useNames } from '../customers/queries.ts'
import { Badge, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'

/** What customers have bought from their cash. */
export function Purchases() {
  const { mteja } = useSession()
  const list = useSteps(['money', 'purchases'], (before) =>
    mteja.purchases.list({ limit: 50, ...(before && { before }) }),
  )
  const name = useNames(list.items?.map(({ customerId }) => customerId) ?? [])
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  return (
    <div className="stack">
      {list.items?.length === 0 && !list.hasNextPage && (
        <Empty title="Nobody has bought anything yet">
          <p>A program makes purchases; “Act” of a customer makes one by hand.</p>
        </Empty>
      )}
      <div className="table">
        {name.areKnown &&
          list.items?.map(({ id, customerId, productId, quantity, amount, refundedAmount, currency, createdAt }) => (
            <Link
              key={id}
              className="tr"
              href={`/customers/${customerId}?entry=${id}`}
              style={columns('minmax(0, 1.4fr) minmax(0, 1fr) 130px 110px')}
            >
              <span>
                {productId ?? 'A purchase'}
                {quantity !== null && <span className="quiet"> × {quantity.toLocaleString()}</span>}
                {refundedAmount > 0 && (
                  <>
                    {' '}
                    <Badge>{refundedAmount < amount ? 'given back in part' : 'given back'}</Badge>
                  </>
                )}
              </span>
              <span className="quiet">{customerId && name(customerId)}</span>
              <span className="end">
                <Money amount={amount} currency={currency} />
              </span>
              <span className="end quiet">
                <When at={createdAt} />
              </span>
            </Link>
          ))}
      </div>
      <More list={list} />
    </div>
  )
}
