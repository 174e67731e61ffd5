import { useSearchParams } from 'wouter'
import { useSession } from '../base/context.ts'
import { TabList } from '../parts/tabs.tsx'
import { Approvals } from './approvals.tsx'
import { Balance } from './balance.tsx'
import { Differences } from './differences.tsx'
import { Disputes } from './disputes.tsx'
import { Overview } from './overview.tsx'
import { PayIns } from './pay-ins.tsx'
import { Payments } from './payments.tsx'
import { Payouts } from './payouts.tsx'
import { Purchases } from './purchases.tsx'
import { Refunds } from './refunds.tsx'
import { MoneySettings } from './settings.tsx'
import { Suspense } from './suspense.tsx'
import { Transfers } from './transfers.tsx'
import { useWaitingForMe } from './waiting.ts'

/** The lists about money. */
const tabs = [
  ['overview', 'Overview', Overview],
  ['payments', 'Payments', Payments],
  ['pay-ins', 'Pay-ins by hand', PayIns],
  ['purchases', 'Purchases', Purchases],
  ['transfers', 'Transfers', Transfers],
  ['payouts', 'Payouts', Payouts],
  ['approvals', 'Approvals', Approvals],
  ['refunds', 'Refunds', Refunds],
  ['disputes', 'Disputes', Disputes],
  ['suspense', 'Suspense', Suspense],
  ['reconciliation', 'Reconciliation', Differences],
  ['balance', 'Your balance', Balance],
  ['settings', 'Settings', MoneySettings],
] as const

export function Money() {
  const [params, setParams] = useSearchParams()
  const { can } = useSession()
  const waiting = useWaitingForMe()
  const [chosen, , Tab] = tabs.find(([name]) => name === params.get('tab')) ?? tabs[0]
  return (
    <div className="stack">
      <div className="title-line">
        <h1>Money</h1>
      </div>
      <TabList
        label="About money"
        tabs={tabs}
        chosen={chosen}
        choose={(name) => setParams({ tab: name }, { replace: true })}
        counts={can('approve') ? { approvals: waiting } : {}}
      />
      <div role="tabpanel" aria-labelledby={`tab-${chosen}`}>
        <Tab />
      </div>
    </div>
  )
}
