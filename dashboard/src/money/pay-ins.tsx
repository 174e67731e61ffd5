import { Link } from 'wouter'
import { useSession } from '../base/context.ts'
import { byWord, plain } from '../base/words.ts'
import { useNames } from '../customers/queries.ts'
import { Badge, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'

/** Money that came outside any API, by the word of a person. */
export function PayIns() {
  const { mteja } = useSession()
  const list = useSteps(['money', 'pay-ins'], (before) => mteja.payIns.list({ limit: 50, ...(before && { before }) }))
  const name = useNames(list.items?.map(({ customerId }) => customerId) ?? [])
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  if (list.items?.length === 0) {
    return (
      <Empty title="No pay-in was recorded by hand">
        <p>“Act” of a customer records one: a line of a bank statement, or cash at a counter.</p>
      </Empty>
    )
  }
  return (
    <div className="stack">
      <div className="table">
        {name.areKnown &&
          list.items?.map((payIn) => (
            <div
              key={payIn.id}
              className="tr"
              style={columns('minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1fr) 130px 110px')}
            >
              <span>
                {payIn.reference} <span className="quiet">{plain(payIn.source).toLowerCase()}</span>
                {payIn.status !== 'succeeded' && (
                  <Badge tone={payIn.status === 'refused' ? 'bad' : 'warn'}>
                    {payIn.refusal ?? plain(payIn.status)}
                  </Badge>
                )}
              </span>
              <span>
                {payIn.customerId === null ? (
                  'the merchant'
                ) : (
                  <Link href={`/customers/${payIn.customerId}?entry=${payIn.id}`}>{name(payIn.customerId)}</Link>
                )}
              </span>
              <span className="quiet">{byWord(payIn.by)}</span>
              <span className="end">
                <Money amount={payIn.amount} currency={payIn.currency} />
              </span>
              <span className="end quiet">
                <When at={payIn.createdAt} />
              </span>
            </div>
          ))}
      </div>
      <More list={list} />
    </div>
  )
}
