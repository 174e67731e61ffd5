import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { formatMoney } from '../base/money.ts'
import { needSentence } from '../base/problems.ts'
import { byWord } from '../base/words.ts'
import { useRefresh } from '../customers/queries.ts'
import { Action } from '../parts/action.tsx'
import { Copyable, Facts } from '../parts/basics.tsx'
import { groundsOf, groundWords } from './approval-grounds.tsx'
import { aboutWords, isAskedBy, needWords } from './approval-words.ts'

/** What waits for a second person, with the names of customers by their codes. */
export interface Asked {
  approval: Mteja.RetrievedApproval
  names: ReadonlyMap<string, string>
}

/** Approve, or deny: what a key may not do is not offered, and why is said. */
export function Decide({ approval, names }: Asked) {
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
function useTold({ approval, names }: Asked) {
  const { format } = useSession()
  const { amount, currency, customerId } = approval
  const money = amount === null || currency === null ? undefined : formatMoney(amount, currency, format)
  const owner = customerId === null ? undefined : (names.get(customerId) ?? customerId)
  return { money, about: aboutWords(approval), owner, grounds: groundWords(approval, format) }
}

/** The thing, and by what it is decided. */
function Thing({ approval, names }: Asked) {
  const { format } = useSession()
  const { money, about } = useTold({ approval, names })
  return (
    <>
      <p>{[about, money].filter(Boolean).join(', ')}</p>
      <Facts of={groundsOf(approval, format)} />
    </>
  )
}

interface DecideProps extends Asked {
  close: () => void
}

/** Whoever approves may not know the processor: only owners see it. */
const payoutGoesOn = 'The processor sends it, or a person pays it where the processor is manual.'

/** `isPlayed`: the sandbox approves in place of another person. */
function Approve({ approval, names, close, isPlayed = false }: DecideProps & { isPlayed?: boolean }) {
  const { mteja } = useSession()
  const refresh = useRefresh(approval.customerId ?? '')
  const notice = useNotice()
  const { money, about, owner, grounds } = useTold({ approval, names })
  const isSent = approval.kind === 'payout'
  const ask = () => ({
    sentence: (
      <>
        What {byWord(approval.by)} has asked for {isSent ? 'goes on' : 'is done'} at once:{' '}
        <strong>{[about, money].filter(Boolean).join(', ')}</strong>
        {owner !== undefined && `, customer ${owner}`}. {isSent && payoutGoesOn} {grounds}
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
    notice({ text: isSent ? 'It was approved, and goes on.' : 'It was approved, and is done.' })
  }
  return (
    <Action title={isPlayed ? 'Approve as another person' : 'Approve'} close={close} ask={ask} done={done} isDangerous>
      <Thing approval={approval} names={names} />
      <p className="quiet">{needWords(approval.needs)}</p>
    </Action>
  )
}

/** A payout or refund whose settlement is denied is as open as before. */
function nothingMoves({ settlement }: Mteja.Approval): string {
  return settlement === null
    ? 'Nothing moves, and money that was reserved for it can be spent.'
    : 'Nothing moves, and what it is about stays as open as it was.'
}

function Deny({ approval, names, isOwn, close }: DecideProps & { isOwn: boolean }) {
  const { mteja } = useSession()
  const refresh = useRefresh(approval.customerId ?? '')
  const notice = useNotice()
  const { money, about, grounds } = useTold({ approval, names })
  const [reason, setReason] = useState('')
  const ask = () => ({
    sentence: (
      <>
        It is never done: <strong>{[about, money].filter(Boolean).join(', ')}</strong>. {nothingMoves(approval)}{' '}
        {grounds}
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
      <Thing approval={approval} names={names} />
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
