import { Checkbox, NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { useNames } from '../customers/queries.ts'
import { Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { CustomerField } from '../parts/customer-field.tsx'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'
import { useBankNames } from './banks.ts'
import { PayoutPanel } from './payout-panel.tsx'
import { destinationWords, PayoutState, payoutChoices, payoutStates } from './payout-state.tsx'

/** Payouts, newest first: of one customer, or of all and of the merchant's own balance. */
export function PayoutList({ customerId }: { customerId?: string }) {
  const { mteja } = useSession()
  const [params, setParams] = useSearchParams()
  const state = payoutStates.find((each) => each === params.get('state'))
  const needsAttention = params.get('attention') === 'yes'
  const customer = customerId ?? params.get('customer') ?? undefined
  const opened = params.get('payout')
  const query = {
    ...(state && { state }),
    ...(needsAttention && { needsAttention }),
    ...(customer && { customerId: customer }),
  }
  const key = customerId === undefined ? ['money'] : ['customer', customerId]
  const list = useSteps([...key, 'payouts', query], (before) =>
    mteja.payouts.list({ ...query, limit: 50, ...(before && { before }) }),
  )
  const set = (name: string, value: string | null) =>
    setParams((before) => {
      if (value === null) before.delete(name)
      else before.set(name, value)
      return before
    })
  return (
    <div className="stack">
      <fieldset className="row filters" style={{ alignItems: 'center' }}>
        <legend className="hidden">Show only</legend>
        <NativeSelect
          size="xs"
          aria-label="State"
          value={state ?? ''}
          onChange={(event) => set('state', event.currentTarget.value || null)}
          data={[{ value: '', label: 'Every state' }, ...payoutChoices]}
        />
        {customerId === undefined && <CustomerFilter code={customer} choose={(code) => set('customer', code)} />}
        <Checkbox
          label="Needs somebody"
          checked={needsAttention}
          onChange={(event) => set('attention', event.currentTarget.checked ? 'yes' : null)}
        />
      </fieldset>
      {list.error !== null && <Problem error={list.error} again={list.refetch} />}
      {list.items?.length === 0 && (
        <None isNarrowed={Object.keys(query).length > (customerId === undefined ? 0 : 1)} isOfOne={!!customerId} />
      )}
      <Rows payouts={list.items ?? []} opened={opened} open={(id) => set('payout', id)} isOfOne={!!customerId} />
      <More list={list} />
      {opened !== null && <PayoutPanel id={opened} close={() => set('payout', null)} />}
    </div>
  )
}

/** The customer whose payouts are shown. */
function CustomerFilter({ code, choose }: { code: string | undefined; choose: (code: string | null) => void }) {
  const { cashful } = useSession()
  const { data: chosen } = useQuery({
    queryKey: ['money', 'customer', code],
    enabled: code !== undefined,
    queryFn: () => cashful.customers.retrieve(code ?? ''),
  })
  if (code !== undefined && chosen === undefined) {
    return (
      <button type="button" className="link-button" onClick={() => choose(null)}>
        All customers
      </button>
    )
  }
  return (
    <CustomerField
      label="Customer"
      chosen={code === undefined ? undefined : chosen}
      choose={(customer) => choose(customer?.id ?? null)}
      isFilter
    />
  )
}

function None({ isNarrowed, isOfOne }: { isNarrowed: boolean; isOfOne: boolean }) {
  if (isNarrowed) return <Empty title="No payout is like this" />
  return (
    <Empty title="No money was paid out yet">
      <p>
        {isOfOne ? '“Act” above pays out' : '“Act” of a customer pays out'} to a bank account or a mobile wallet. It is
        shown here until it has arrived.
      </p>
    </Empty>
  )
}

interface RowsProps {
  payouts: readonly Mteja.Payout[]
  opened: string | null
  open: (id: string) => void
  isOfOne: boolean
}

function Rows({ payouts, opened, open, isOfOne }: RowsProps) {
  const banks = useBankNames()
  const name = useNames(isOfOne ? [] : payouts.map(({ customerId }) => customerId))
  // A row that gets its names later is taller then.
  if (payouts.length === 0 || banks === undefined || !name.areKnown) return null
  return (
    <div className="table">
      {payouts.map((payout) => (
        <button
          key={payout.id}
          type="button"
          className="tr"
          data-chosen={opened === payout.id}
          style={columns('minmax(144px, 0.9fr) minmax(0, 1.3fr) minmax(0, 0.8fr) 110px 100px')}
          onClick={() => open(payout.id)}
        >
          <span>
            <PayoutState payout={payout} />
          </span>
          <span>
            {payout.destination.accountName ?? 'Name erased'}{' '}
            <span className="quiet">{destinationWords(payout.destination, banks)}</span>
          </span>
          <span className="quiet">
            {isOfOne
              ? payout.reason
              : payout.customerId === null
                ? 'From your balance'
                : `From ${name(payout.customerId)}`}
          </span>
          <span className="end">
            <Money amount={payout.amount} currency={payout.currency} />
          </span>
          <span className="end quiet">
            <When at={payout.createdAt} />
          </span>
        </button>
      ))}
    </div>
  )
}
