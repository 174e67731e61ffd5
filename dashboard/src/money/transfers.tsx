import { Link } from 'wouter'
import { useSession } from '../base/context.ts'
import { visible } from '../customers/names.ts'
import { useNames } from '../customers/queries.ts'
import { Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useCashfulPages } from './cashful-pages.ts'

/** Money from one customer to another. */
export function Transfers() {
  const session = useSession()
  const list = useCashfulPages(['money', 'transfers'], (offset) =>
    session.cashful.transfers.list({ limit: 50, offset }),
  )
  const name = useNames(list.items?.flatMap(({ fromCustomerId, toCustomerId }) => [fromCustomerId, toCustomerId]) ?? [])
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  if (list.items?.length === 0) {
    return (
      <Empty title="No customer has sent money to another yet">
        <p>“Act” of a customer sends some.</p>
      </Empty>
    )
  }
  return (
    <div className="stack">
      <div className="table">
        {name.areKnown &&
          list.items?.map((transfer) => (
            <div key={transfer.id} className="tr two" style={columns('minmax(0, 1.6fr) minmax(0, 1fr) 130px 110px')}>
              <span>
                <Link href={`/customers/${transfer.fromCustomerId}?entry=${bare(transfer.id)}`}>
                  {name(transfer.fromCustomerId)}
                </Link>{' '}
                → <Link href={`/customers/${transfer.toCustomerId}`}>{name(transfer.toCustomerId)}</Link>
              </span>
              <span className="quiet">{visible(transfer.description)}</span>
              <span className="end">
                <Money amount={transfer.amount} currency={transfer.currency} />
              </span>
              <span className="end quiet">
                <When at={transfer.createdAt} />
              </span>
            </div>
          ))}
      </div>
      <More list={list} />
    </div>
  )
}

const bare = (id: string) => id.replace(/^transfer_/, '')
