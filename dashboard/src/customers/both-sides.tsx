import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { accountWord } from '../base/words.ts'
import { Change, Money } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'

interface BothSidesProps {
  movement: Pick<Mteja.Transaction, 'entries' | 'currency'>
  /** The names of customers, by their codes. */
  names: ReadonlyMap<string, string>
}

/** The entries of a movement of the ledger: whom it leaves, and whom it reaches. */
export function BothSides({ movement: { entries, currency }, names }: BothSidesProps) {
  return (
    <section className="stack tight">
      <h3>Both sides</h3>
      <div className="table">
        {entries.map((entry) => (
          <div
            key={`${entry.account} ${entry.customerId} ${entry.amount}`}
            className="tr pair"
            style={columns('minmax(0, 1fr) auto')}
          >
            <span>
              {accountWord(entry.account)}
              {entry.customerId !== null && (
                <>
                  {' '}
                  <Link href={`/customers/${entry.customerId}`}>{names.get(entry.customerId) ?? entry.customerId}</Link>
                </>
              )}
              <br />
              <span className="quiet">entry {entry.number.toLocaleString()}</span>
            </span>
            <span className="end">
              <Change amount={entry.amount} currency={currency} />
              <br />
              <span className="quiet">
                then <Money amount={entry.balanceAfter} currency={currency} />
              </span>
            </span>
          </div>
        ))}
      </div>
    </section>
  )
}
