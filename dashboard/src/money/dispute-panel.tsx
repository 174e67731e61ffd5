import { Button, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { newKey } from '../base/keys.ts'
import { formatMoney, readAmount } from '../base/money.ts'
import { fieldProblems, needSentence } from '../base/problems.ts'
import { exactTime } from '../base/times.ts'
import { byWord, plain } from '../base/words.ts'
import { Action } from '../parts/action.tsx'
import { AmountField } from '../parts/amount-field.tsx'
import { Copyable, Facts, Json, Money, Problem } from '../parts/basics.tsx'
import { Panel } from '../parts/dialog.tsx'
import { DisputeState } from './dispute-state.tsx'

type Dispute = Mteja.Dispute

/** One dispute: what the payer says, what can be answered, and how it ended. */
export function DisputePanel({ id, close }: { id: string; close: () => void }) {
  const { mteja } = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: ['money', 'dispute', id],
    queryFn: () => mteja.disputes.retrieve(id),
  })
  return (
    <Panel close={close} title="Dispute">
      {error !== null && <Problem error={error} again={refetch} />}
      {data !== undefined && <Whole dispute={data} />}
    </Panel>
  )
}

const bearers: Record<NonNullable<Dispute['borneBy']>, string> = {
  customer: 'The customer',
  merchant: 'You',
  suspense: 'Nobody yet: the money is in suspense',
}

function Whole({ dispute }: { dispute: Dispute }) {
  const { format } = useSession()
  const facts: [string, ReactNode][] = [
    ['State', <DisputeState key="state" state={dispute.state} />],
    ['The payer says', dispute.reason ?? '–'],
    ['Kind', plain(dispute.category)],
    ['Answer until', dispute.respondBy === null ? '–' : exactTime(dispute.respondBy, format)],
    ['Came', exactTime(dispute.createdAt, format)],
  ]
  if (dispute.askedAmount !== dispute.amount)
    facts.push(['Asked for', <Money key="asked" amount={dispute.askedAmount} currency={dispute.currency} />])
  if (dispute.stateReason !== null) facts.push(['Why a person has to look', dispute.stateReason])
  if (dispute.resolution !== null) facts.push(['Ended', plain(dispute.resolution)])
  if (dispute.borneBy !== null) facts.push(['Borne by', bearers[dispute.borneBy]])
  if (dispute.by !== null) facts.push(['Answered by', byWord(dispute.by)])
  if (dispute.customerId !== null) {
    const to = `/customers/${dispute.customerId}?entry=${dispute.transactionId}`
    facts.push([
      'Payment',
      <Link key="payment" href={to}>
        {dispute.reference ?? dispute.transactionId}
      </Link>,
    ])
  }
  facts.push(['Dispute', <Copyable key="id" text={dispute.id} />])
  return (
    <div className="stack wide">
      <p className="big">
        <Money amount={dispute.amount} currency={dispute.currency} />
      </p>
      <Facts of={facts} />
      {dispute.evidence !== null && (
        <section className="stack tight">
          <h3>What speaks against it</h3>
          <Json value={dispute.evidence} />
        </section>
      )}
      {dispute.state === 'open' && <Answer dispute={dispute} />}
    </div>
  )
}

function Answer({ dispute }: { dispute: Dispute }) {
  const { can } = useSession()
  const [dialog, setDialog] = useState<'accept' | 'decline' | 'evidence' | null>(null)
  if (!can('refunds:write')) return <p className="quiet">{needSentence('refunds:write')}</p>
  const close = () => setDialog(null)
  return (
    <section className="stack tight">
      <h3>Answer</h3>
      <div className="row">
        <Button variant="default" onClick={() => setDialog('accept')}>
          Accept …
        </Button>
        <Button variant="default" onClick={() => setDialog('evidence')}>
          Add evidence …
        </Button>
        <Button variant="default" disabled={dispute.evidence === null} onClick={() => setDialog('decline')}>
          Decline …
        </Button>
      </div>
      {dispute.evidence === null && <p className="quiet">To decline it, say first what speaks against it.</p>}
      {dialog === 'accept' && <Accept dispute={dispute} close={close} />}
      {dialog === 'decline' && <Decline dispute={dispute} close={close} />}
      {dialog === 'evidence' && <Evidence dispute={dispute} close={close} />}
    </section>
  )
}

interface AnswerProps {
  dispute: Dispute
  close: () => void
}

function useAnswered(): (text: string) => void {
  const queries = useQueryClient()
  const notice = useNotice()
  return (text) => {
    queries.invalidateQueries({ queryKey: ['money'] })
    queries.invalidateQueries({ queryKey: ['customer'] })
    notice({ text })
  }
}

function Accept({ dispute, close }: AnswerProps) {
  const { mteja, format } = useSession()
  const answered = useAnswered()
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  const { currency } = dispute
  const ask = () => {
    const read = text.trim() === '' ? { amount: BigInt(dispute.amount) } : readAmount(text, currency)
    if ('problem' in read) {
      setProblem(read.problem)
      return
    }
    if (read.amount > BigInt(dispute.amount)) {
      setProblem(`The dispute is about ${formatMoney(dispute.amount, currency, format)} at most.`)
      return
    }
    const money = formatMoney(read.amount, currency, format)
    return {
      sentence: (
        <>
          The payer keeps <strong>{money}</strong>, and the dispute is lost. The money is taken from the balance that
          received it.
        </>
      ),
      button: `Accept ${money}`,
      run: (idempotencyKey: string) =>
        mteja.disputes.accept(dispute.id, text.trim() === '' ? {} : { amount: Number(read.amount) }, {
          idempotencyKey,
        }),
    }
  }
  return (
    <Action
      title="Accept the dispute"
      close={close}
      ask={ask}
      done={() => answered('The dispute was accepted.')}
      isDangerous
    >
      <AmountField
        currency={currency}
        label="Amount, empty for the whole"
        value={text}
        set={setText}
        problem={problem}
      />
    </Action>
  )
}

function Decline({ dispute, close }: AnswerProps) {
  const { mteja, format } = useSession()
  const answered = useAnswered()
  const ask = () => ({
    sentence: (
      <>
        You say that <strong>{formatMoney(dispute.amount, dispute.currency, format)}</strong> is yours. The payer’s bank
        decides, and the evidence can no longer be changed.
      </>
    ),
    button: 'Decline',
    run: (idempotencyKey: string) => mteja.disputes.decline(dispute.id, {}, { idempotencyKey }),
  })
  return (
    <Action title="Decline the dispute" close={close} ask={ask} done={() => answered('The dispute was declined.')}>
      <p>The evidence is sent with it.</p>
    </Action>
  )
}

const empty = {
  customerName: '',
  customerEmail: '',
  customerPhone: '',
  serviceDetails: '',
  deliveryAddress: '',
  deliveryDate: '',
}
type Field = keyof typeof empty

function Evidence({ dispute, close }: AnswerProps) {
  const { mteja } = useSession()
  const answered = useAnswered()
  const given = dispute.evidence
  const [fields, setFields] = useState(() => ({
    ...empty,
    ...Object.fromEntries(Object.keys(empty).map((name) => [name, given?.[name as Field] ?? ''])),
  }))
  const [key, setKey] = useState(newKey)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const wrong = fieldProblems(error)
  const field = (name: Field) => ({
    value: fields[name],
    error: wrong[name],
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget
      setFields((before) => ({ ...before, [name]: value }))
      setKey(newKey())
    },
  })
  const { customerName, customerEmail, customerPhone, serviceDetails, deliveryAddress, deliveryDate } = fields
  const needed = { customerName, customerEmail, customerPhone, serviceDetails }
  const isReady = Object.values(needed).every((text) => text.trim() !== '')
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      const more = { ...(deliveryAddress.trim() && { deliveryAddress }), ...(deliveryDate.trim() && { deliveryDate }) }
      await mteja.disputes.addEvidence(dispute.id, { ...needed, ...more }, { idempotencyKey: key })
      answered('The evidence was saved. You can decline the dispute now.')
      close()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <form className="card stack" onSubmit={submit} noValidate aria-label="Evidence">
      <TextInput label="Name of the customer" {...field('customerName')} data-autofocus />
      <TextInput label="E-mail of the customer" type="email" {...field('customerEmail')} />
      <TextInput label="Phone of the customer" type="tel" {...field('customerPhone')} />
      <Textarea label="What they bought" autosize minRows={2} {...field('serviceDetails')} />
      <TextInput label="Delivered to (optional)" {...field('deliveryAddress')} />
      <TextInput label="Delivered on (optional)" type="date" {...field('deliveryDate')} />
      <Problem error={error} />
      <div className="row">
        <Button type="submit" loading={isBusy} disabled={!isReady}>
          Save
        </Button>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  )
}
