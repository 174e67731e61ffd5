import { useSearchParams } from 'wouter'
import { PayoutList } from './payout-list.tsx'
import { Recipients } from './recipients.tsx'

/** Money on its way to banks and mobile wallets, and the places to which it goes. */
export function Payouts() {
  const [params, setParams] = useSearchParams()
  const isAboutPlaces = params.get('of') === 'recipients'
  const show = (of: string | null) => setParams(of === null ? { tab: 'payouts' } : { tab: 'payouts', of })
  return (
    <div className="stack">
      <p className="row small">
        {isAboutPlaces ? (
          <button type="button" className="link-button" onClick={() => show(null)}>
            All payouts
          </button>
        ) : (
          <button type="button" className="link-button" onClick={() => show('recipients')}>
            Recipients
          </button>
        )}
      </p>
      {isAboutPlaces ? <Recipients /> : <PayoutList />}
    </div>
  )
}
