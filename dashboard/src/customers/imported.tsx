import { useSession } from '../base/context.ts'
import { Badge, Copyable, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'

/** What the customer paid at the processor's account before it was Mteja's. Shown only where something was imported. */
export function Imported({ id }: { id: string }) {
  const { mteja } = useSession()
  const list = useSteps(['customer', id, 'imported'], (before) =>
    mteja.importedPayments.list({ customerId: id, limit: 20, ...(before && { before }) }),
  )
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  if (!list.items?.length) return null
  return (
    <section>
      <h3 className="day">Imported, without money</h3>
      <div className="table">
        {list.items.map(({ id, reference, channel, status, amount, currency, paidAt }) => (
          <div key={id} className="tr" style={columns('120px minmax(0, 1fr) auto')}>
            <span className="quiet">
              <When at={paidAt} />
            </span>
            <span>
              Paid {channel !== null && `by ${channel.replaceAll('_', ' ')} `}
              <Copyable text={reference} /> {status === 'reversed' && <Badge>given back</Badge>}
            </span>
            <span className="end">
              <Money amount={amount} currency={currency} />
            </span>
          </div>
        ))}
      </div>
      <div style={{ marginTop: 16 }}>
        <More list={list} />
      </div>
    </section>
  )
}
