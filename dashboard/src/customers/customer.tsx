import { useSearchParams } from 'wouter'
import { NotFoundError } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { longDate } from '../base/times.ts'
import { Badge, Copyable, Empty, Problem, When } from '../parts/basics.tsx'
import { useNarrow } from '../parts/narrow.ts'
import { TabList } from '../parts/tabs.tsx'
import { Accounts } from './accounts.tsx'
import { ActMenu } from './act-menu.tsx'
import { BalanceCards } from './balances.tsx'
import { History } from './history.tsx'
import { Holds } from './holds.tsx'
import { Identity } from './identity.tsx'
import { MetadataEditor } from './metadata.tsx'
import { PaymentMethods } from './methods.tsx'
import { nameOf, visible } from './names.ts'
import { CustomerPayouts } from './payouts.tsx'
import { type Profile, useBalances, useProfile } from './queries.ts'
import { CustomerTrail } from './trail.tsx'
import { CustomerWebhooks } from './webhooks.tsx'

const tabs = [
  ['money', 'Money', History],
  ['payouts', 'Payouts', CustomerPayouts],
  ['methods', 'Payment methods', PaymentMethods],
  ['accounts', 'Accounts and mandates', Accounts],
  ['identity', 'Identity', Identity],
  ['holds', 'Holds', Holds],
  ['webhooks', 'Events and webhooks', CustomerWebhooks],
  ['metadata', 'Metadata', MetadataEditor],
  ['trail', 'Who did what', CustomerTrail],
] as const

/** One customer: who they are, their money, and what happened to it. */
export function Customer({ id }: { id: string }) {
  const { data: profile, error, refetch } = useProfile(id)
  const { data: balances } = useBalances(id)
  const isNarrow = useNarrow()
  if (error instanceof NotFoundError) {
    return (
      <Empty title={`There is no customer ${id}`}>
        <p>The customer was deleted or erased, or belongs to the other mode.</p>
      </Empty>
    )
  }
  if (error !== null && profile === undefined) return <Problem error={error} again={refetch} />
  return (
    <div className="stack wide">
      <Head id={id} profile={profile} />
      {/* Everything stands below the other on a telephone: what is above comes first, so that nothing moves. */}
      {isNarrow && (profile === undefined || balances === undefined) ? null : <Below id={id} profile={profile} />}
    </div>
  )
}

function Below({ id, profile }: { id: string; profile: Profile | undefined }) {
  const [params, setParams] = useSearchParams()
  const [chosen, , Tab] = tabs.find(([name]) => name === params.get('tab')) ?? tabs[0]
  const choose = (name: string) => setParams(name === 'money' ? {} : { tab: name }, { replace: true })
  return (
    <>
      <div className={chosen === 'money' ? '' : 'beside'}>
        <BalanceCards id={id} />
      </div>
      <div className="stack">
        <TabList label="About the customer" tabs={tabs} chosen={chosen} choose={choose} />
        <div role="tabpanel" aria-labelledby={`tab-${chosen}`}>
          {profile !== undefined && <Tab id={id} profile={profile} />}
        </div>
      </div>
    </>
  )
}

function Head({ id, profile }: { id: string; profile: Profile | undefined }) {
  const { format } = useSession()
  if (profile === undefined) {
    return (
      <div key="waits" className="head-space stack tight" aria-busy="true">
        <div className="title-line">
          <h1>{'\u00a0'}</h1>
        </div>
        <p className="quiet">{'\u00a0'}</p>
        <p className="quiet">{'\u00a0'}</p>
      </div>
    )
  }
  const { customer, more, risk } = profile
  return (
    <div className="head-space stack tight">
      <div className="title-line">
        <div className="row grow">
          <h1>{nameOf(customer)}</h1>
          <Copyable text={id} />
          {more.identified ? <Badge tone="good">identified ✓</Badge> : <Badge>not identified</Badge>}
          <Risk action={more.risk_action} />
        </div>
        <ActMenu id={id} profile={profile} />
      </div>
      <p className="quiet">
        {[
          customer.phoneNumber || visible(more.phone),
          visible(customer.email),
          `customer since ${longDate(customer.createdAt, format)}`,
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      <RiskReason risk={risk} />
    </div>
  )
}

/** Why the risk action is what it is, and who says so. */
function RiskReason({ risk }: Pick<Profile, 'risk'>) {
  // The line is there for everybody, so that nothing below moves when it is known.
  if (!risk?.reason) return <p className="quiet">{'\u00a0'}</p>
  const { by, reason, at, riskAction } = risk
  const words = { allow: 'Allowed', deny: 'Denied', default: 'Default risk' }[riskAction]
  return (
    <p className="quiet reason" title={visible(risk.reason)}>
      {words} by {by.personName ?? by.name ?? by.kind}, <When at={at} />: “{visible(reason)}”
    </p>
  )
}

function Risk({ action }: { action: string }) {
  if (action === 'deny') return <Badge tone="bad">denied ✕</Badge>
  if (action === 'allow') return <Badge tone="good">allowed ✓</Badge>
  return <Badge>default risk</Badge>
}
