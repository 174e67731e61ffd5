import { Button, Drawer, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { formatMoney } from '../base/money.ts'
import { needSentence } from '../base/problems.ts'
import { exactTime } from '../base/times.ts'
import { byWord, plain } from '../base/words.ts'
import { nameOf } from '../customers/names.ts'
import { namesOf, useRefresh } from '../customers/queries.ts'
import { Action } from '../parts/action.tsx'
import { Copyable, Facts, Money, Problem } from '../parts/basics.tsx'
import { ApprovalStatus } from './approval-status.tsx'
import { aboutWords, isAskedBy, needWords } from './approval-words.ts'
import { useBankNames } from './banks.ts'
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
    <Drawer opened onClose={close} position="right" size="min(560px, 100vw)" title="Approval">
      {error !== null && <Problem error={error} again={refetch} />}
      {data !== undefined && <Whole {...data} />}
    </Drawer>
  )
}

interface WholeProps {
  approval: Approval
  names: ReadonlyMap<string, string>
}

function Whole({ approval, names }: WholeProps) {
  const { format } = useSession()
  const banks = useBankNames()
  const { amount, currency, customerId, destination, settings, payoutSettings, settlement } = approval
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
  if (settlement !== null) {
    const { fee } = settlement
    facts.push(['Proof', settlement.proof ?? '–'])
    if (fee && currency !== null) facts.push(['Kept by the bank', <Money key="fee" amount={fee} currency={currency} />])
  }
  if (approval.source !== null) facts.push(['Came', plain(approval.source)])
  facts.push(
    ['Words', approval.words ?? '–'],
    ['Why it waits', needWords(approval.needs)],
    ['Asked by', byWord(approval.by)],
    ['Asked', exactTime(approval.createdAt, format)],
  )
  if (approval.reference !== null) facts.push(['Reference', <Copyable key="reference" text={approval.reference} />])
  if (approval.status === 'waiting') facts.push(['Decide until', exactTime(approval.expiresAt, format)])
  if (approval.decidedAt !== null) facts.push(['Decided', exactTime(approval.decidedAt, format)])
  if (approval.decidedBy !== null) facts.push(['Decided by', byWord(approval.decidedBy)])
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

function About({ approval }: { approval: Approval }) {
  const words = aboutWords(approval)
  if (approval.kind === 'payout' || approval.kind === 'payout_settlement')
    return <Link href={`/money?tab=payouts&payout=${approval.subjectId}`}>{words}</Link>
  if (approval.kind === 'refund_settlement') return <Link href="/money?tab=refunds">{words}</Link>
  return words
}

function Decide({ approval, names }: WholeProps) {
  const { can, key, mode } = useSession()
  const [dialog, setDialog] = useState<'approve' | 'another' | 'deny' | null>(null)
  if (!can('approve')) return <p className="quiet">{needSentence('approve')}</p>
  const close = () => setDialog(null)
  const { obstacle } = approval
  const isOwn = isAskedBy(approval, key)
  return (
    <section className="stack tight">
      <h3>Decide</h3>
      {obstacle !== null && <Obstacle text={obstacle} />}
      <div className="row">
        {obstacle === null && <Button onClick={() => setDialog('approve')}>Approve …</Button>}
        {obstacle !== null && mode === 'test' && (
          <Button onClick={() => setDialog('another')}>Approve as another person …</Button>
        )}
        <Button variant="default" onClick={() => setDialog('deny')}>
          {isOwn ? 'Withdraw …' : 'Deny …'}
        </Button>
      </div>
      {dialog === 'approve' && <Approve approval={approval} names={names} close={close} />}
      {dialog === 'another' && <Approve approval={approval} names={names} close={close} isPlayed />}
      {dialog === 'deny' && <Deny approval={approval} names={names} isOwn={isOwn} close={close} />}
    </section>
  )
}

/** Why this key does not approve it, and how somebody gets a key that does. */
function Obstacle({ text }: { text: string }) {
  const { mode, merchant } = useSession()
  const command = `mteja key create --merchant ${merchant.id} --mode ${mode} --role finance --person PERSON`
  return (
    <>
      <p>{text}.</p>
      {mode === 'test' ? (
        <p className="quiet">In test mode the sandbox can stand in for another person.</p>
      ) : (
        <>
          <p className="quiet">
            Whoever runs this server makes a key for another person, so that nobody here knows two secrets. The people
            and their ids are under Developers, Keys.
          </p>
          <Copyable text={command} />
        </>
      )}
    </>
  )
}

/** The thing in a few words with its exact amount: "Payout to Zero Sum ••6789 of R 50.00". */
function useTold({ approval, names }: WholeProps) {
  const { format } = useSession()
  const { amount, currency, customerId } = approval
  const money = amount === null || currency === null ? undefined : formatMoney(amount, currency, format)
  const owner = customerId === null ? undefined : (names.get(customerId) ?? customerId)
  return { money, about: aboutWords(approval), owner }
}

interface DecideProps extends WholeProps {
  close: () => void
}

/** `isPlayed`: the sandbox approves in place of another person. */
function Approve({ approval, names, close, isPlayed = false }: DecideProps & { isPlayed?: boolean }) {
  const { mteja } = useSession()
  const refresh = useRefresh(approval.customerId ?? '')
  const notice = useNotice()
  const { money, about, owner } = useTold({ approval, names })
  const ask = () => ({
    sentence: (
      <>
        What {byWord(approval.by)} has asked for is done at once:{' '}
        <strong>{[about, money].filter(Boolean).join(', ')}</strong>
        {owner !== undefined && `, of the balance of ${owner}`}.
      </>
    ),
    button: money === undefined ? 'Approve' : `Approve ${money}`,
    run: (idempotencyKey: string) =>
      isPlayed
        ? mteja.sandbox.approveAsAnother(approval.id, { idempotencyKey })
        : mteja.approvals.approve(approval.id, { idempotencyKey }),
  })
  const done = () => {
    refresh()
    notice({ text: 'It was approved, and is done.' })
  }
  return (
    <Action title={isPlayed ? 'Approve as another person' : 'Approve'} close={close} ask={ask} done={done} isDangerous>
      <p>{[about, money].filter(Boolean).join(', ')}</p>
      <p className="quiet">{needWords(approval.needs)}</p>
    </Action>
  )
}

function Deny({ approval, names, isOwn, close }: DecideProps & { isOwn: boolean }) {
  const { mteja } = useSession()
  const refresh = useRefresh(approval.customerId ?? '')
  const notice = useNotice()
  const { money, about } = useTold({ approval, names })
  const [reason, setReason] = useState('')
  const ask = () => ({
    sentence: (
      <>
        It is never done: <strong>{[about, money].filter(Boolean).join(', ')}</strong>. Nothing moves, and money that
        was reserved for it can be spent.
      </>
    ),
    button: isOwn ? 'Withdraw' : 'Deny',
    run: (idempotencyKey: string) =>
      mteja.approvals.deny(approval.id, reason.trim() === '' ? {} : { reason: reason.trim() }, { idempotencyKey }),
  })
  const done = () => {
    refresh()
    notice({ text: isOwn ? 'It was withdrawn.' : 'It was denied.' })
  }
  return (
    <Action title={isOwn ? 'Withdraw' : 'Deny'} close={close} ask={ask} done={done} isDangerous>
      <TextInput
        label="Reason (optional)"
        description="Whoever asked sees it"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        data-autofocus
      />
    </Action>
  )
}
