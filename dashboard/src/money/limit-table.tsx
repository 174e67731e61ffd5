import type { Mteja } from '../base/client.ts'
import { Money } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'

interface LimitTableProps {
  title: string
  settings: Pick<Mteja.ApprovalSettings, 'limits' | 'newDestinations'>
}

/** What waits for a second person, in each currency. */
export function LimitTable({ title, settings: { limits, newDestinations } }: LimitTableProps) {
  return (
    <section className="stack tight" aria-label={title}>
      <h3>{title}</h3>
      {limits.length === 0 && <p className="quiet">No amount waits for a second person.</p>}
      {limits.length > 0 && (
        <div className="table">
          {limits.map(({ currency, amountOver, dailySumOver }) => (
            <div key={currency} className="tr" style={columns('60px minmax(0, 1fr) minmax(0, 1fr)')}>
              <span>{currency}</span>
              <span>
                {amountOver === null ? (
                  <span className="quiet">no amount waits</span>
                ) : (
                  <>
                    over <Money amount={amountOver} currency={currency} />
                  </>
                )}
              </span>
              <span>
                {dailySumOver === null ? (
                  <span className="quiet">no sum of a day waits</span>
                ) : (
                  <>
                    over <Money amount={dailySumOver} currency={currency} /> a day
                  </>
                )}
              </span>
            </div>
          ))}
        </div>
      )}
      <p className="quiet">
        The first payout to a new account {newDestinations ? 'waits' : 'does not wait'} for a second person.
      </p>
    </section>
  )
}
