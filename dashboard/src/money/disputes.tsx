import { NativeSelect } from '@mantine/core'
import { Link, useSearchParams } from 'wouter'
import { useSession } from '../base/context.ts'
import { Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'
import { DisputePanel } from './dispute-panel.tsx'
import { DisputeState, disputeChoices, disputeStates } from './dispute-state.tsx'

/** Money that payers take back through their bank. */
export function Disputes() {
  const { mteja } = useSession()
  const [params, setParams] = useSearchParams()
  const state = disputeStates.find((each) => each === params.get('state'))
  const opened = params.get('dispute')
  const list = useSteps(['money', 'disputes', state], (before) =>
    mteja.disputes.list({ limit: 50, ...(state && { state }), ...(before && { before }) }),
  )
  const set = (name: string, value: string | null) =>
    setParams((before) => {
      if (value === null) before.delete(name)
      else before.set(name, value)
      return before
    })
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  return (
    <div className="stack">
      <div>
        <NativeSelect
          aria-label="State"
          value={state ?? ''}
          onChange={(event) => set('state', event.currentTarget.value || null)}
          data={[{ value: '', label: 'Every state' }, ...disputeChoices]}
          w={240}
        />
      </div>
      {list.items?.length === 0 && !list.hasNextPage && (
        <Empty title={state === undefined ? 'Nobody disputes a payment' : 'No dispute is in this state'}>
          <p>A payer who asks their bank for the money back is shown here, with the day until which you can answer.</p>
        </Empty>
      )}
      <div className="table">
        {list.items?.map((dispute) => (
          <button
            key={dispute.id}
            type="button"
            className="tr"
            data-chosen={opened === dispute.id}
            style={columns('190px minmax(0, 1.4fr) minmax(0, 1fr) 130px 110px')}
            onClick={() => set('dispute', dispute.id)}
          >
            <span>
              <DisputeState state={dispute.state} />
            </span>
            <span>
              {dispute.reference ?? dispute.category}{' '}
              {dispute.reason && <span className="quiet">“{dispute.reason}”</span>}
            </span>
            <span className="quiet">
              {dispute.respondBy !== null && dispute.state === 'open' && (
                <>
                  answer <When at={dispute.respondBy} />
                </>
              )}
            </span>
            <span className="end">
              <Money amount={dispute.amount} currency={dispute.currency} />
            </span>
            <span className="end quiet">
              <When at={dispute.createdAt} />
            </span>
          </button>
        ))}
      </div>
      <More list={list} />
      {opened !== null && <DisputePanel id={opened} close={() => set('dispute', null)} />}
      {list.items !== undefined && (
        <p className="quiet">
          Refunds that you make yourself are under <Link href="/money?tab=refunds">Refunds</Link>.
        </p>
      )}
    </div>
  )
}
