import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { byWord } from '../base/words.ts'
import { Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'
import { ApprovalPanel } from './approval-panel.tsx'
import { ApprovalStatus } from './approval-status.tsx'
import { aboutWords } from './approval-words.ts'

const choices = [
  ['mine', 'Wait for you', { mine: true }],
  ['waiting', 'Wait for anybody', { status: 'waiting' }],
  ['approved', 'Approved', { status: 'approved' }],
  ['denied', 'Denied', { status: 'denied' }],
  ['all', 'All', {}],
] as const satisfies readonly (readonly [string, string, Mteja.ListApprovalsQuery])[]

/** What waits for a second person, and what was decided. */
export function Approvals() {
  const { mteja, can } = useSession()
  const [params, setParams] = useSearchParams()
  const usual = can('approve') ? choices[0] : choices[1]
  const [chosen, , query] = choices.find(([name]) => name === params.get('which')) ?? usual
  const opened = params.get('approval')
  const list = useSteps(['money', 'approvals', chosen], (before) =>
    mteja.approvals.list({ ...query, limit: 50, ...(before && { before }) }),
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
      <div className="row apart">
        <NativeSelect
          aria-label="Which"
          value={chosen}
          onChange={(event) => set('which', event.currentTarget.value)}
          data={choices
            .filter(([name]) => name !== 'mine' || can('approve'))
            .map(([value, label]) => ({ value, label }))}
        />
        {!can('approve') && <span className="quiet">{needSentence('approve')}</span>}
      </div>
      {list.items?.length === 0 && <None which={chosen} showWaiting={() => set('which', 'waiting')} />}
      {list.items !== undefined && list.items.length > 0 && (
        <div className="table">
          {list.items.map((approval) => (
            <Row
              key={approval.id}
              approval={approval}
              isOpen={opened === approval.id}
              open={() => set('approval', approval.id)}
            />
          ))}
        </div>
      )}
      <More list={list} />
      {opened !== null && <ApprovalPanel id={opened} close={() => set('approval', null)} />}
    </div>
  )
}

interface NoneProps {
  which: (typeof choices)[number][0]
  showWaiting: () => void
}

function None({ which, showWaiting }: NoneProps) {
  const { mteja } = useSession()
  const { data: others } = useQuery({
    queryKey: ['money', 'approvals', 'of others'],
    enabled: which === 'mine',
    queryFn: async () => (await mteja.approvals.list({ status: 'waiting', limit: 50 }).page()).data.length,
  })
  if (which === 'approved' || which === 'denied') return <Empty title={`Nothing was ${which} yet`} />
  return (
    <Empty title={which === 'mine' ? 'Nothing waits for you' : 'Nothing waits for a second person'}>
      <p>
        Over a limit, a payout, an adjustment or a pay-in by hand waits until another person has agreed. The limits are
        under Settings.
      </p>
      {others !== undefined && others > 0 && (
        <p>
          {others === 1 ? 'One waits' : `${others} wait`} for another person than you.{' '}
          <button type="button" className="link-button" onClick={showWaiting}>
            Show what waits for anybody
          </button>
        </p>
      )}
    </Empty>
  )
}

function Row({ approval, isOpen, open }: { approval: Mteja.Approval; isOpen: boolean; open: () => void }) {
  const { amount, currency, status, words } = approval
  return (
    <button
      type="button"
      className="tr"
      data-chosen={isOpen}
      style={columns('110px minmax(0, 1.4fr) minmax(0, 1fr) 130px 110px')}
      onClick={open}
    >
      <span>
        <ApprovalStatus status={status} />
      </span>
      <span>
        {aboutWords(approval)} {words !== null && <span className="quiet">“{words}”</span>}
      </span>
      <span className="quiet">asked by {byWord(approval.by)}</span>
      <span className="end">
        {amount !== null && currency !== null && <Money amount={amount} currency={currency} />}
      </span>
      <span className="end quiet">
        <When at={approval.createdAt} />
      </span>
    </button>
  )
}
