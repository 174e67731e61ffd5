import { useSearchParams } from 'wouter'
import { useSession } from '../base/context.ts'
import { TabList } from '../parts/tabs.tsx'
import { Deliveries } from './deliveries.tsx'
import { Endpoints } from './endpoints.tsx'
import { Events } from './events.tsx'
import { Keys } from './keys.tsx'
import { People } from './people.tsx'
import { Requests } from './requests.tsx'
import { Sandbox } from './sandbox.tsx'
import { Snippets } from './snippets.tsx'

const tabs = [
  ['keys', 'Keys', Keys],
  ['people', 'People', People],
  ['endpoints', 'Webhook endpoints', Endpoints],
  ['deliveries', 'Deliveries', Deliveries],
  ['events', 'Events', Events],
  ['requests', 'Requests', Requests],
  ['sandbox', 'Sandbox', Sandbox],
  ['snippets', 'First calls', Snippets],
] as const

/** For whoever builds on the API. */
export function Developers() {
  const { mode } = useSession()
  const [params, setParams] = useSearchParams()
  const offered = tabs.filter(([name]) => name !== 'sandbox' || mode === 'test')
  const [chosen, , Tab] = offered.find(([name]) => name === params.get('tab')) ?? tabs[0]
  return (
    <div className="stack">
      <div className="title-line">
        <h1>Developers</h1>
        <a href="/docs">API reference</a>
      </div>
      <TabList
        label="For developers"
        tabs={offered}
        chosen={chosen}
        choose={(name) => setParams({ tab: name }, { replace: true })}
      />
      <div role="tabpanel" aria-labelledby={`tab-${chosen}`}>
        <Tab />
      </div>
    </div>
  )
}
