import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { exactTime } from '../base/times.ts'
import { byWord, kindWord, plain, surfaceWord } from '../base/words.ts'
import { Badge, Copyable, Facts, Json, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { Panel } from '../parts/dialog.tsx'
import { BothSides } from './both-sides.tsx'
import { nameOf } from './names.ts'
import { namesOf } from './queries.ts'
import { RefundDialog, ReverseDialog } from './refund-dialogs.tsx'

interface EntryPanelProps {
  customerId: string
  transactionId: string
  close: () => void
}

/** A movement of the ledger: both sides, and everything that hangs on it. */
export function EntryPanel({ customerId, transactionId, close }: EntryPanelProps) {
  const session = useSession()
  const { mteja } = session
  const { data, error, refetch } = useQuery({
    queryKey: ['customer', customerId, 'movement', transactionId],
    queryFn: async () => {
      const movement = await mteja.transactions.retrieve(transactionId)
      const codes = movement.entries.flatMap(({ customerId }) => customerId ?? [])
      const [refunds, disputes, names] = await Promise.all([
        mteja.refunds.list({ transactionId: movement.id }).page(),
        mteja.disputes.list({ transactionId: movement.id }).page(),
        namesOf(session, codes, nameOf),
      ])
      return { movement, refunds: refunds.data, disputes: disputes.data, names }
    },
  })
  return (
    <Panel close={close} title={data ? kindWord(data.movement.kind) : 'Movement'}>
      {error !== null && <Problem error={error} again={refetch} />}
      {data !== undefined && <Movement customerId={customerId} {...data} />}
    </Panel>
  )
}

interface MovementProps {
  customerId: string
  movement: Mteja.Transaction
  refunds: readonly Mteja.StoredRefund[]
  disputes: readonly Mteja.Dispute[]
  names: ReadonlyMap<string, string>
}

/** What a refund gives back; a transfer is only reversed as a whole. */
const refundable = ['pay_in', 'purchase', 'hold_capture']

function Movement({ customerId, movement, refunds, disputes, names }: MovementProps) {
  const { format, can } = useSession()
  const [dialog, setDialog] = useState<'refund' | 'reverse' | null>(null)
  const { kind, amount, currency, refundedAmount, payment } = movement
  const rest = amount - refundedAmount
  const canBeGivenBack = (refundable.includes(kind) || kind === 'transfer') && rest > 0
  const facts: [string, ReactNode][] = [
    ['When', exactTime(movement.createdAt, format)],
    ['Description', movement.description ?? '–'],
    ['Ledger transaction', <Copyable key="id" text={movement.id} />],
    ['Done by', byWord(movement.by)],
    ['Through', surfaceWord(movement.by.surface)],
    [
      'Request',
      movement.requestId === null ? (
        '–'
      ) : (
        <Link key="request" href={`/developers?tab=requests&request=${encodeURIComponent(movement.requestId)}`}>
          {movement.requestId}
        </Link>
      ),
    ],
  ]
  if (movement.reference !== null) facts.push(['Reference', <Copyable key="reference" text={movement.reference} />])
  if (movement.holdId !== null) facts.push(['Hold', <Copyable key="hold" text={movement.holdId} />])
  if (movement.refundedTransactionId !== null) {
    const to = `/customers/${customerId}?entry=${movement.refundedTransactionId}`
    facts.push([
      'Gives back',
      <Link key="back" href={to}>
        {movement.refundedTransactionId}
      </Link>,
    ])
  }
  return (
    <div className="stack wide">
      <p className="big">
        <Money amount={amount} currency={currency} />
      </p>
      <BothSides movement={movement} names={names} />
      <Facts of={facts} />
      {payment !== null && (
        <section className="stack tight">
          <h3>Payment</h3>
          <Facts
            of={[
              ['Status', payment.status === null ? '–' : plain(payment.status)],
              ['Payment intent', <Copyable key="intent" text={payment.paymentIntentId} />],
              ['Number', payment.number === null ? '–' : String(payment.number)],
            ]}
          />
          {payment.metadata !== null && payment.metadata !== '' && <Json value={payment.metadata} />}
        </section>
      )}
      {Object.keys(movement.details).length > 0 && (
        <section className="stack tight">
          <h3>Stored with it</h3>
          <Json value={movement.details} />
        </section>
      )}
      {refunds.length > 0 && <GivenBack refunds={refunds} />}
      {disputes.length > 0 && <Disputed disputes={disputes} />}
      {canBeGivenBack && (
        <section className="stack tight">
          <h3>Give back</h3>
          {can('refunds:write') ? (
            <div className="row">
              {kind !== 'transfer' && (
                <Button variant="default" onClick={() => setDialog('refund')}>
                  Refund
                </Button>
              )}
              <Button variant="default" onClick={() => setDialog('reverse')}>
                Reverse
              </Button>
            </div>
          ) : (
            <p className="quiet">{needSentence('refunds:write')}</p>
          )}
        </section>
      )}
      {dialog === 'refund' && (
        <RefundDialog customerId={customerId} movement={movement} names={names} close={() => setDialog(null)} />
      )}
      {dialog === 'reverse' && (
        <ReverseDialog customerId={customerId} movement={movement} names={names} close={() => setDialog(null)} />
      )}
    </div>
  )
}

function Disputed({ disputes }: { disputes: readonly Mteja.Dispute[] }) {
  return (
    <section className="stack tight">
      <h3>Disputed</h3>
      <div className="table">
        {disputes.map(({ id, state, amount, currency, reason, createdAt }) => (
          <Link
            key={id}
            className="tr pair"
            href={`/money?tab=disputes&dispute=${id}`}
            style={columns('minmax(0, 1fr) auto')}
          >
            <span>
              {plain(state)}, <When at={createdAt} />
              {reason !== null && <span className="quiet"> “{reason}”</span>}
            </span>
            <span className="end">
              <Money amount={amount} currency={currency} />
            </span>
          </Link>
        ))}
      </div>
    </section>
  )
}

function GivenBack({ refunds }: { refunds: readonly Mteja.StoredRefund[] }) {
  return (
    <section className="stack tight">
      <h3>Given back</h3>
      <div className="table">
        {refunds.map((refund) => (
          <div key={refund.id} className="tr pair" style={columns('minmax(0, 1fr) auto')}>
            <span>
              <RefundState state={refund.state} /> <When at={refund.createdAt} />
              <br />
              <span className="quiet">
                {byWord(refund.by)}
                {refund.reason !== null && `: ${refund.reason}`}
                {refund.stateReason !== null && `. ${refund.stateReason}`}
              </span>
            </span>
            <span className="end">
              <Money amount={refund.amount} currency={refund.currency} />
            </span>
          </div>
        ))}
      </div>
    </section>
  )
}

const states: Record<Mteja.StoredRefund['state'], { words: string; tone: 'good' | 'bad' | 'warn' | '' }> = {
  pending: { words: 'Waiting', tone: '' },
  unknown: { words: 'Nobody can say yet', tone: 'warn' },
  processing: { words: 'Under way', tone: '' },
  needsAttention: { words: 'Needs a person', tone: 'warn' },
  processed: { words: 'Given back', tone: 'good' },
  failed: { words: 'Failed', tone: 'bad' },
}

export function RefundState({ state }: { state: Mteja.StoredRefund['state'] }) {
  const { words, tone } = states[state]
  return <Badge tone={tone}>{words}</Badge>
}
