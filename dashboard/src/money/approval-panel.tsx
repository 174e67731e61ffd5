import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { exactTime } from '../base/times.ts'
import { byWord, plain } from '../base/words.ts'
import { nameOf } from '../customers/names.ts'
import { namesOf } from '../customers/queries.ts'
import { Copyable, Facts, Money, Problem } from '../parts/basics.tsx'
import { Panel } from '../parts/dialog.tsx'
import { findingOf } from './approval-grounds.tsx'
import { ApprovalStatus } from './approval-status.tsx'
import { aboutWords, needWords } from './approval-words.ts'
import { useBankNames } from './banks.ts'
import { type Asked, Decide } from './decide.tsx'
import { LimitTable } from './limit-table.tsx'
import { NameAtBank } from './name-check.tsx'
import { PayoutChange } from './payout-change.tsx'
import { destinationWords } from './payout-state.tsx'

type Approval = Mteja.RetrievedApproval

/** One thing that waits: what it is about, who asked, and the decision. */
export function ApprovalPanel({ id, close }: { id: string; close: () => void }) {
  const session = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: ['money', 'approval', id],
    queryFn: async () => {
      const approval = await session.mteja.approvals.retrieve(id)
      const { customerId } = approval
      return { approval, names: await namesOf(session, customerId === null ? [] : [customerId], nameOf) }
    },
  })
  return (
    <Panel close={close} title="Approval">
      {error !== null && <Problem error={error} again={refetch} />}
      {data !== undefined && <Whole {...data} />}
    </Panel>
  )
}

function Whole({ approval, names }: Asked) {
  const { format } = useSession()
  const banks = useBankNames()
  const { amount, currency, customerId, destination, settings, payoutSettings } = approval
  const facts: [string, ReactNode][] = [
    ['State', <ApprovalStatus key="status" status={approval.status} />],
    ['About', <About key="about" approval={approval} />],
  ]
  if (customerId !== null) {
    facts.push([
      'Customer',
      <Link key="customer" href={`/customers/${customerId}`}>
        {names.get(customerId) ?? customerId}
      </Link>,
    ])
  } else if (amount !== null) facts.push(['Balance', 'Yours'])
  if (destination !== null) {
    const account = { ...destination, phoneNumber: null, provider: null }
    facts.push(['To', destination.accountName ?? 'Name erased'], ['Account', destinationWords(account, banks)])
    facts.push(['Name at the bank', <NameAtBank key="name" check={destination.nameCheck} />])
  }
  if (approval.settlement === null) facts.push(['Words', approval.words ?? '–'])
  else facts.push(...findingOf(approval, format))
  if (approval.source !== null) facts.push(['Came', plain(approval.source)])
  facts.push(
    ['Why it waits', needWords(approval.needs)],
    ['Asked by', byWord(approval.by)],
    ['Asked', exactTime(approval.createdAt, format)],
  )
  if (approval.reference !== null) facts.push(['Reference', <Copyable key="reference" text={approval.reference} />])
  if (approval.status === 'waiting') facts.push(['Decide until', exactTime(approval.expiresAt, format)])
  if (approval.decidedAt !== null) facts.push(['Decided', exactTime(approval.decidedAt, format)])
  if (approval.decidedBy !== null)
    facts.push(['Decided by', deciderWord(approval.status, approval.by, approval.decidedBy)])
  if (approval.denial === 'expired') facts.push(['Why denied', 'Nobody decided in time'])
  if (approval.denial === 'withdrawn') facts.push(['Why denied', 'It has ended otherwise'])
  if (approval.reason !== null) facts.push(['Why denied', approval.reason])
  facts.push(['Approval', <Copyable key="id" text={approval.id} />])
  return (
    <div className="stack wide">
      {amount !== null && currency !== null && (
        <p className="big">
          <Money amount={amount} currency={currency} />
        </p>
      )}
      <Facts of={facts} />
      {settings !== null && (
        <>
          <LimitTable title="As they are" settings={settings.before} />
          <LimitTable title="As they would be" settings={settings.after} />
        </>
      )}
      {payoutSettings !== null && <PayoutChange {...payoutSettings} />}
      {approval.status === 'waiting' && <Decide approval={approval} names={names} />}
    </div>
  )
}

/** Nobody approves what they have asked for, but the sandbox for them. */
function deciderWord(status: Approval['status'], asker: Approval['by'], decider: Approval['by']): string {
  const isPlayed = status === 'approved' && decider.apiKeyId !== null && decider.apiKeyId === asker.apiKeyId
  return isPlayed ? 'The sandbox, in place of another person' : byWord(decider)
}

function About({ approval }: { approval: Approval }) {
  const words = aboutWords(approval)
  if (approval.kind === 'payout' || approval.kind === 'payout_settlement')
    return <Link href={`/money?tab=payouts&payout=${approval.subjectId}`}>{words}</Link>
  if (approval.kind === 'refund_settlement') return <Link href="/money?tab=refunds">{words}</Link>
  return words
}
