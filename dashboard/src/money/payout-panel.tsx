import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import type { Session } from '../base/session.ts'
import { exactTime, shortTime } from '../base/times.ts'
import { byWord } from '../base/words.ts'
import { BothSides } from '../customers/both-sides.tsx'
import { nameOf } from '../customers/names.ts'
import { namesOf } from '../customers/queries.ts'
import { Copyable, Facts, Money, Problem } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { Panel } from '../parts/dialog.tsx'
import { findingOf } from './approval-grounds.tsx'
import { aboutWords } from './approval-words.ts'
import { useBankNames } from './banks.ts'
import { Decide } from './decide.tsx'
import { NameAtBank } from './name-check.tsx'
import { CancelPayout, EndAttention, SettlePayout } from './payout-dialogs.tsx'
import { destinationWords, numberOf, PayoutState, remedyOf, toldState } from './payout-state.tsx'

type Payout = Mteja.Payout

interface Whole {
  payout: Payout
  told: readonly Mteja.Event[]
  movement: Mteja.Transaction | undefined
  /** What a second person has to decide about it. */
  waiting: Mteja.RetrievedApproval | undefined
  names: ReadonlyMap<string, string>
}

/** One payout: where it stands and stood, where the money goes, what it cost, and what a person can do. */
export function PayoutPanel({ id, close }: { id: string; close: () => void }) {
  const session = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: ['money', 'payout', id],
    queryFn: () => readWhole(session, id),
  })
  return (
    <Panel close={close} title="Payout">
      {error !== null && <Problem error={error} again={refetch} />}
      {data !== undefined && <Shown {...data} />}
    </Panel>
  )
}

async function readWhole(session: Session, id: string): Promise<Whole> {
  const { mteja } = session
  const payout = await mteja.payouts.retrieve(id)
  const { customerId, movementId } = payout
  const [told, movement, waiting, names] = await Promise.all([
    readTold(session, payout),
    movementId === null ? undefined : mteja.transactions.retrieve(movementId),
    readWaiting(session, payout),
    namesOf(session, customerId === null ? [] : [customerId], nameOf),
  ])
  return { payout, told, movement, waiting, names }
}

/** It waits itself, or its settlement by hand does. */
async function readWaiting({ mteja }: Session, payout: Payout): Promise<Mteja.RetrievedApproval | undefined> {
  const { state, approvalId, settlementApprovalId } = payout
  const id = state === 'awaiting_approval' ? approvalId : settlementApprovalId
  if (id === null) return undefined
  const approval = await mteja.approvals.retrieve(id)
  return approval.status === 'waiting' ? approval : undefined
}

/** The events of a payout, the first of them first. The customer has few at a time; a merchant has thousands of events a minute. */
async function readTold({ mteja }: Session, { id, customerId, createdAt, updatedAt }: Payout): Promise<Mteja.Event[]> {
  if (customerId === null) return []
  const period = { from: createdAt, to: new Date(Date.parse(updatedAt) + 1000).toISOString() }
  const told: Mteja.Event[] = []
  let pages = 0
  for await (const { data } of mteja.events.list({ customerId, ...period, limit: 100 }).pages()) {
    told.push(...data.filter(({ type, data }) => type.startsWith('payout.') && data.payoutId === `payout_${id}`))
    pages += 1
    if (pages === mostPages) break
  }
  return told.toReversed()
}

const mostPages = 3

function Shown({ payout, told, movement, waiting, names }: Whole) {
  const { format, can } = useSession()
  const banks = useBankNames()
  const { currency, customerId, destination, needsAttention } = payout
  const number = numberOf(destination)
  const facts: [string, ReactNode][] = [
    ['State', <PayoutState key="state" payout={payout} />],
    ['To', destination.accountName ?? 'Name erased'],
    ['Account', destinationWords(destination, banks)],
    ['Name at the bank', <NameAtBank key="name" check={destination.nameCheck} />],
    [
      'From',
      customerId === null ? (
        'Your balance'
      ) : (
        <Link key="from" href={`/customers/${customerId}?tab=payouts`}>
          {names.get(customerId) ?? customerId}
        </Link>
      ),
    ],
    ['Fee', <Fee key="fee" payout={payout} />],
    ['Reason', payout.reason ?? '–'],
    ['Made', exactTime(payout.createdAt, format)],
    ['Made by', byWord(payout.by)],
    ['Reference', <Copyable key="reference" text={payout.reference} />],
    ['Name at the processor', <Copyable key="sent" text={payout.processorReference} />],
  ]
  if (payout.stateReason !== null && payout.stateReason !== needsAttention?.reason)
    facts.splice(1, 0, ['Why', payout.stateReason])
  if (isPaidByPerson(payout) && can('payouts:write') && number !== null) {
    const at = facts.findIndex(([name]) => name === 'Account')
    facts.splice(at + 1, 0, ['Number to pay to', <Copyable key="number" text={number} />])
  }
  if (payout.proof !== null) facts.push(['Settled by hand', payout.proof])
  if (payout.approvalId !== null) facts.push(['Approval', <ToApproval key="approval" id={payout.approvalId} />])
  if (payout.settlementApprovalId !== null) {
    facts.push(['Approval of its settlement', <ToApproval key="settlement" id={payout.settlementApprovalId} />])
  }
  facts.push(['Payout', <Copyable key="id" text={payout.id} />])
  return (
    <div className="stack wide">
      <p className="big">
        <Money amount={payout.amount} currency={currency} />
      </p>
      {needsAttention !== null && (
        <section className="needed stack tight" aria-label="What to do">
          <p className="strong">{needsAttention.reason}</p>
          <p>{remedyOf(needsAttention.code)}</p>
        </section>
      )}
      <Facts of={facts} />
      <Told events={told} />
      {movement !== undefined && <BothSides movement={movement} names={names} />}
      {waiting !== undefined && <Found approval={waiting} />}
      {waiting !== undefined && <Decide approval={waiting} names={names} />}
      <Acts payout={payout} isSettling={waiting?.kind === 'payout_settlement'} />
    </div>
  )
}

/** How a person has found a payout whose settlement waits. */
function Found({ approval }: { approval: Mteja.RetrievedApproval }) {
  const { format } = useSession()
  const finding = findingOf(approval, format)
  if (finding.length === 0) return null
  return (
    <section className="stack tight" aria-label="Waits for a second person">
      <h3>Waits for a second person</h3>
      <Facts of={[['About', aboutWords(approval)], ...finding, ['Asked by', byWord(approval.by)]]} />
    </section>
  )
}

const ToApproval = ({ id }: { id: string }) => <Link href={`/money?tab=approvals&approval=${id}`}>{id}</Link>

const bearers = { owner: 'from the same balance', merchant: 'borne by you' } as const

function Fee({ payout: { fee, estimatedFee, currency, feeBorneBy } }: { payout: Payout }) {
  if (fee === null && estimatedFee === 0) return 'Not known yet'
  return (
    <>
      <Money amount={fee ?? estimatedFee} currency={currency} />{' '}
      <span className="quiet">
        {fee === null ? 'expected, ' : ''}
        {bearers[feeBorneBy]}
      </span>
    </>
  )
}

/** A payout that waits is tried again and again: only the last of the tries is shown. */
function withoutRepeats(events: readonly Mteja.Event[]): Mteja.Event[] {
  const kept: Mteja.Event[] = []
  for (const event of events) {
    if (kept.at(-2)?.type === event.type) kept.splice(-2, 1)
    kept.push(event)
  }
  return kept
}

function Told({ events }: { events: readonly Mteja.Event[] }) {
  const { format } = useSession()
  if (events.length === 0) return null
  return (
    <section className="stack tight">
      <h3>What happened</h3>
      <div className="table">
        {withoutRepeats(events).map(({ id, type, createdAt }) => (
          <Link
            key={id}
            className="tr pair"
            href={`/developers?tab=events&event=${id}`}
            style={columns('minmax(0, 1fr) auto')}
          >
            <span>{toldState(type)}</span>
            <time className="end quiet" dateTime={createdAt} title={exactTime(createdAt, format)}>
              {shortTime(createdAt, format)}
            </time>
          </Link>
        ))}
      </div>
    </section>
  )
}

/** A processor says itself how its orders end, unless it is a person, or cannot say it. */
function isForPerson({ state, processor, needsAttention }: Payout): boolean {
  if (state === 'pending') return processor === null || processor === 'manual'
  return (state === 'sending' || state === 'sent') && unsaid.has(needsAttention?.code ?? '')
}

/** It was given to a person, who needs the number. */
const isPaidByPerson = ({ processor, endedAt }: Payout): boolean => processor === 'manual' && endedAt === null

const unsaid: ReadonlySet<string> = new Set(['unknown', 'lost', 'disagrees', 'undecided'])
/** It has ended, and a person has to look. */
const odd: ReadonlySet<string> = new Set(['late', 'fee', 'contradicted'])

/** While a settlement of it waits, nothing else is done about it: whoever asked withdraws it, or another person denies it. */
function Acts({ payout, isSettling }: { payout: Payout; isSettling: boolean }) {
  const { can } = useSession()
  const [dialog, setDialog] = useState<'cancel' | 'settle' | 'look' | null>(null)
  const canBeCancelled = payout.state === 'awaiting_approval' || payout.state === 'pending'
  const canBeSettled = isForPerson(payout)
  const isToBeLookedAt = payout.endedAt !== null && odd.has(payout.needsAttention?.code ?? '')
  if (isSettling || (!canBeCancelled && !canBeSettled && !isToBeLookedAt)) return null
  if (!can('payouts:write')) return <p className="quiet">{needSentence('payouts:write')}</p>
  const close = () => setDialog(null)
  return (
    <section className="stack tight">
      <h3>Act</h3>
      <div className="row">
        {canBeCancelled && (
          <Button variant="default" onClick={() => setDialog('cancel')}>
            Cancel …
          </Button>
        )}
        {canBeSettled && (
          <Button variant="default" onClick={() => setDialog('settle')}>
            Settle by hand …
          </Button>
        )}
        {isToBeLookedAt && (
          <Button variant="default" onClick={() => setDialog('look')}>
            Looked at …
          </Button>
        )}
      </div>
      {dialog === 'cancel' && <CancelPayout payout={payout} close={close} />}
      {dialog === 'settle' && <SettlePayout payout={payout} close={close} />}
      {dialog === 'look' && <EndAttention payout={payout} close={close} />}
    </section>
  )
}
