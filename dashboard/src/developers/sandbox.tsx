import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import type { Cashful } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { newKey } from '../base/keys.ts'
import { readAmount } from '../base/money.ts'
import { needSentence } from '../base/problems.ts'
import type { Scope } from '../base/session.ts'
import { useNames } from '../customers/queries.ts'
import { AmountField } from '../parts/amount-field.tsx'
import { Facts, Money, Problem } from '../parts/basics.tsx'
import { CurrencySelect } from '../parts/currency-select.tsx'
import { CustomerField } from '../parts/customer-field.tsx'
import { Outcomes } from './outcomes.tsx'

/** Does on request what happens outside in live mode. Test mode only. */
export function Sandbox() {
  return (
    <div className="stack wide">
      <p className="quiet">These do on request what happens outside in live mode.</p>
      <PayIn />
      <PaymentMethod />
      <ArrivingTransfer />
      <Notice />
      <Mandate />
      <Outcomes />
    </div>
  )
}

interface CallFormProps {
  title: string
  says: string
  button: string
  scope: Scope
  /** Does it, and answers what came of it. Throws Error for a field that is wrong. */
  run: (idempotencyKey: string) => Promise<readonly (readonly [string, ReactNode])[]>
  children: ReactNode
}

function CallForm({ title, says, button, scope, run, children }: CallFormProps) {
  const { can } = useSession()
  const queries = useQueryClient()
  const [error, setError] = useState<unknown>(null)
  const [answer, setAnswer] = useState<readonly (readonly [string, ReactNode])[]>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    setAnswer(undefined)
    try {
      setAnswer(await run(newKey()))
      queries.invalidateQueries()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="card stack" onSubmit={submit} noValidate>
      <div className="stack tight">
        <h2>{title}</h2>
        <p className="quiet">{says}</p>
      </div>
      {can(scope) ? (
        <>
          {children}
          <Problem error={error} />
          {answer !== undefined && (
            <div role="status">
              <Facts of={answer} />
            </div>
          )}
          <div>
            <Button type="submit" variant="default" loading={isBusy}>
              {button}
            </Button>
          </div>
        </>
      ) : (
        <p className="quiet">{needSentence(scope)}</p>
      )}
    </form>
  )
}

const customerLink = (id: string) => <CustomerLink id={id} />

function CustomerLink({ id }: { id: string }) {
  const name = useNames([id])
  return <Link href={`/customers/${id}`}>{name(id)}</Link>
}

/** The customer, or an error that says what to do. */
function chosenOf(customer: Cashful.Customer | undefined): Cashful.Customer {
  if (customer === undefined) throw new Error('Choose a customer.')
  return customer
}

function amountOf(text: string, currency: string): bigint {
  const read = readAmount(text, currency)
  if ('problem' in read) throw new Error(read.problem)
  return read.amount
}

function PayIn() {
  const { mteja, merchant } = useSession()
  const [customer, setCustomer] = useState<Cashful.Customer>()
  const [currency, setCurrency] = useState(merchant.currencies[0] ?? '')
  const [text, setText] = useState('')
  const run = async (idempotencyKey: string) => {
    const { id } = chosenOf(customer)
    const body = { customerId: id, amount: amountOf(text, currency), currency }
    const payIn = await mteja.sandbox.payIn(body, { idempotencyKey })
    return [
      ['Paid in', <Money key="amount" amount={payIn.amount} currency={payIn.currency} />],
      ['Customer', customerLink(id)],
    ] as const
  }
  return (
    <CallForm
      title="Pay in"
      says="Money for a customer, as if a payer had paid."
      button="Pay in"
      scope="payments:write"
      run={run}
    >
      <CustomerField label="Customer" chosen={customer} choose={setCustomer} except="" problem={undefined} />
      <div className="row">
        <CurrencySelect label="Currency" value={currency} choose={setCurrency} />
        <AmountField currency={currency} value={text} set={setText} problem={undefined} />
      </div>
    </CallForm>
  )
}

function PaymentMethod() {
  const { mteja } = useSession()
  const [customer, setCustomer] = useState<Cashful.Customer>()
  const [type, setType] = useState<'card' | 'mobile_money'>('card')
  const [number, setNumber] = useState('')
  const run = async (idempotencyKey: string) => {
    const { id } = chosenOf(customer)
    const what = type === 'card' ? { ...(number.trim() && { number: number.trim() }) } : { phone: number.trim() }
    const method = await mteja.sandbox.createPaymentMethod({ customerId: id, type, ...what }, { idempotencyKey })
    return [
      ['Saved', `${method.brand ?? method.provider} ${method.last4 ? `••${method.last4}` : (method.phone ?? '')}`],
      ['Payment method', method.id],
      ['Authorization code', method.authorizationCode],
      ['Customer', customerLink(id)],
    ] as const
  }
  return (
    <CallForm
      title="Save a payment method"
      says="A card or a mobile money number, as if the customer had paid with it."
      button="Save the payment method"
      scope="customers:write"
      run={run}
    >
      <CustomerField label="Customer" chosen={customer} choose={setCustomer} except="" problem={undefined} />
      <div className="row">
        <NativeSelect
          label="Kind"
          value={type}
          onChange={(event) => setType(event.currentTarget.value as typeof type)}
          data={[
            { value: 'card', label: 'Card' },
            { value: 'mobile_money', label: 'Mobile money' },
          ]}
        />
        <TextInput
          label={type === 'card' ? 'Number of a test card' : 'Phone number'}
          placeholder={type === 'card' ? 'the one that succeeds' : '+233241234567'}
          value={number}
          onChange={(event) => setNumber(event.currentTarget.value)}
        />
      </div>
    </CallForm>
  )
}

function ArrivingTransfer() {
  const { mteja, merchant } = useSession()
  const [account, setAccount] = useState('')
  const [amount, setAmount] = useState('')
  const [currency, setCurrency] = useState(merchant.currencies.includes('NGN') ? 'NGN' : (merchant.currencies[0] ?? ''))
  const [senderName, setSenderName] = useState('')
  const run = async (idempotencyKey: string) => {
    const sender = senderName.trim() && { senderName: senderName.trim() }
    const body = { amount: amountOf(amount, currency), ...sender }
    const transfer = await mteja.sandbox.transfer(account.trim(), body, { idempotencyKey })
    return [
      ['Outcome', transfer.reason ?? transfer.status],
      ['Reference', transfer.reference],
      ['Customer', customerLink(transfer.customerId)],
    ] as const
  }
  return (
    <CallForm
      title="Let a transfer arrive"
      says="Money from another bank, sent to a dedicated account. The currency is that of the account."
      button="Send the transfer"
      scope="payments:write"
      run={run}
    >
      <div className="row">
        <TextInput
          label="Account number"
          inputMode="numeric"
          value={account}
          onChange={(event) => setAccount(event.currentTarget.value)}
        />
        <CurrencySelect label="Currency of the account" value={currency} choose={setCurrency} />
        <AmountField currency={currency} value={amount} set={setAmount} problem={undefined} />
        <TextInput label="Sender" value={senderName} onChange={(event) => setSenderName(event.currentTarget.value)} />
      </div>
    </CallForm>
  )
}

function Notice() {
  const { mteja } = useSession()
  const [reference, setReference] = useState('')
  const [outcome, setOutcome] = useState<'' | 'succeeded' | 'declined' | 'insufficient_funds'>('')
  const run = async (idempotencyKey: string) => {
    const body = outcome === '' ? {} : { outcome }
    const notice = await mteja.sandbox.paymentNotice(reference.trim(), body, { idempotencyKey })
    return [
      ['Status', notice.reason ?? notice.status],
      ['Payment intent', notice.paymentIntentId],
      ['Ledger transaction', notice.transactionId ?? '–'],
    ] as const
  }
  return (
    <CallForm
      title="Send a notice about a payment"
      says="The processor tells an outcome again, or decides one that is still open."
      button="Send the notice"
      scope="payments:write"
      run={run}
    >
      <div className="row">
        <TextInput
          label="Reference, or id of a payment intent or checkout session"
          value={reference}
          onChange={(event) => setReference(event.currentTarget.value)}
        />
        <NativeSelect
          label="Outcome"
          value={outcome}
          onChange={(event) => setOutcome(event.currentTarget.value as typeof outcome)}
          data={[
            { value: '', label: 'As it is' },
            { value: 'succeeded', label: 'Succeeded' },
            { value: 'declined', label: 'Declined' },
            { value: 'insufficient_funds', label: 'Not enough money' },
          ]}
        />
      </div>
    </CallForm>
  )
}

function Mandate() {
  const { mteja } = useSession()
  const [reference, setReference] = useState('')
  const [answer, setAnswer] = useState<'approve' | 'decline'>('approve')
  const run = async (idempotencyKey: string) => {
    const name = reference.trim()
    const mandate = await (answer === 'approve'
      ? mteja.sandbox.approveMandate(name, {}, { idempotencyKey })
      : mteja.sandbox.declineMandate(name, { idempotencyKey }))
    return [
      ['Status', mandate.status],
      ['Authorization code', mandate.authorizationCode ?? '–'],
    ] as const
  }
  return (
    <CallForm
      title="Answer a mandate"
      says="As the customer would on the hosted page."
      button="Answer"
      scope="customers:write"
      run={run}
    >
      <div className="row">
        <TextInput
          label="Reference of the mandate"
          value={reference}
          onChange={(event) => setReference(event.currentTarget.value)}
        />
        <NativeSelect
          label="Answer"
          value={answer}
          onChange={(event) => setAnswer(event.currentTarget.value as typeof answer)}
          data={[
            { value: 'approve', label: 'Agree' },
            { value: 'decline', label: 'Decline' },
          ]}
        />
      </div>
    </CallForm>
  )
}
