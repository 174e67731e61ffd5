import { NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Cashful } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { newKey } from '../base/keys.ts'
import { formatMoney, readAmount } from '../base/money.ts'
import { Action, type Asked } from '../parts/action.tsx'
import { AmountField } from '../parts/amount-field.tsx'
import { CurrencySelect } from '../parts/currency-select.tsx'
import { CustomerField } from '../parts/customer-field.tsx'
import { nameOf } from './names.ts'
import { useOwnCurrencies } from './own-currencies.ts'
import { type Profile, useBalances, useRefresh, usualCurrency } from './queries.ts'

export interface DialogProps {
  id: string
  profile: Profile
  close: () => void
}

/** What every dialog about money has: an amount, its currency, and what the balance will be. */
export function useMoney(id: string) {
  const { format, merchant, mteja } = useSession()
  const { data: balances } = useBalances(id)
  const own = useOwnCurrencies(id)
  const [chosen, setCurrency] = useState<string>()
  const currency = chosen ?? usualCurrency(balances, merchant.currencies)
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  const fields = (
    <>
      <CurrencySelect label="Currency" value={currency} choose={setCurrency} first={own} />
      <AmountField currency={currency} value={text} set={setText} problem={problem} />
    </>
  )
  const { after } = useAfter(id, currency)
  const money = (amount: bigint) => formatMoney(amount, currency, format)
  const { data: settings } = useQuery({
    queryKey: ['money', 'approval-settings'],
    queryFn: () => mteja.approvals.retrieveSettings(),
  })
  return {
    currency,
    fields,
    money,
    /** The amount, or undefined while it is wrong, which the field then says. */
    read(): bigint | undefined {
      const result = readAmount(text, currency)
      setProblem('problem' in result ? result.problem : undefined)
      return 'problem' in result ? undefined : result.amount
    },
    /** Whether the first payout to an account waits for a second person. */
    newDestinations: settings?.newDestinations ?? false,
    /** Whether so much waits for a second person, as far as this page knows. */
    limit(amount: bigint): string {
      const limit = settings?.limits.find((each) => each.currency === currency)
      const { amountOver = null, dailySumOver = null } = limit ?? {}
      if (amountOver !== null && amount > BigInt(amountOver))
        return ` That is over ${money(BigInt(amountOver))}, so it waits for a second person first.`
      if (dailySumOver === null) return ''
      return ` It waits for a second person first if it brings your sum of the day over ${money(BigInt(dailySumOver))}.`
    },
    after,
  }
}

/** What a balance will be. */
export function useAfter(id: string, currency: string) {
  const { format } = useSession()
  const { data: balances } = useBalances(id)
  const money = (amount: bigint) => formatMoney(amount, currency, format)
  return {
    /** ". R 12.00 will be available then.", as far as this page knows. */
    after(change: bigint): string {
      const balance = balances?.find((each) => each.currency === currency)
      if (balance === undefined) return '.'
      const then = BigInt(balance.available ?? balance.posted) + change
      if (change < 0n && then < 0n) return `. Only ${money(then - change)} is available, so the server will refuse.`
      return `. ${money(then)} will be available then.`
    },
  }
}

type Money = ReturnType<typeof useMoney>

interface MoneyActionProps extends DialogProps {
  title: string
  money: Money
  children?: ReactNode
  ask: (amount: bigint) => Asked | undefined
  told: string
  isDangerous?: boolean
  afterwards?: string
}

export function MoneyAction({ id, close, title, money, children, ask, told, ...more }: MoneyActionProps) {
  const refresh = useRefresh(id)
  const notice = useNotice()
  const done = (answer: unknown) => {
    refresh()
    notice({ text: waits(answer) ? 'It waits for a second person: see Money, Approvals.' : told })
  }
  const begin = () => {
    const amount = money.read()
    return amount === undefined ? undefined : ask(amount)
  }
  return (
    <Action title={title} close={close} ask={begin} done={done} {...more}>
      {children}
      {money.fields}
    </Action>
  )
}

/** Whether what was asked for is only done once another person has agreed. */
function waits(answer: unknown): boolean {
  const { state, status } = (answer ?? {}) as { state?: unknown; status?: unknown }
  return state === 'awaiting_approval' || status === 'awaiting_approval'
}

export const optional = (name: string, text: string) => (text.trim() === '' ? {} : { [name]: text.trim() })

/** Test mode: money as if a payer had paid. */
export function SandboxPayIn(props: DialogProps) {
  const { mteja } = useSession()
  const money = useMoney(props.id)
  const [description, setDescription] = useState('')
  const name = nameOf(props.profile.customer)
  const ask = (amount: bigint): Asked => ({
    sentence: (
      <>
        {money.money(amount)} of test money is paid in to <strong>{name}</strong>
        {money.after(amount)}
      </>
    ),
    button: `Pay in ${money.money(amount)}`,
    run: (idempotencyKey) =>
      mteja.sandbox.payIn(
        { customerId: props.id, amount, currency: money.currency, ...optional('description', description) },
        { idempotencyKey },
      ),
  })
  return (
    <MoneyAction {...props} title="Pay in" money={money} ask={ask} told="The money was paid in.">
      <Description value={description} set={setDescription} />
    </MoneyAction>
  )
}

const sources = [
  { value: 'bank_transfer', label: 'By bank transfer' },
  { value: 'cash', label: 'In cash' },
  { value: 'card', label: 'By card' },
  { value: 'mobile_money', label: 'By mobile money' },
] as const

/** Money that came outside any API, by the word of the person who records it. */
export function RecordPayIn(props: DialogProps) {
  const { mteja } = useSession()
  const money = useMoney(props.id)
  const [source, setSource] = useState<(typeof sources)[number]['value']>('bank_transfer')
  const [reference, setReference] = useState('')
  const [description, setDescription] = useState('')
  const [wrong, setWrong] = useState<string>()
  const name = nameOf(props.profile.customer)
  const ask = (amount: bigint): Asked | undefined => {
    setWrong(reference.trim() === '' ? 'Give it a name, such as the line of the bank statement.' : undefined)
    if (reference.trim() === '') return undefined
    return {
      sentence: (
        <>
          You say that {money.money(amount)} has come {labelOf(source).toLowerCase()} under the reference “
          {reference.trim()}”. It is credited to <strong>{name}</strong>
          {money.after(amount)}
          {money.limit(amount)}
        </>
      ),
      button: `Record ${money.money(amount)}`,
      run: (idempotencyKey) =>
        mteja.payIns.record(
          {
            customerId: props.id,
            amount,
            currency: money.currency,
            source,
            reference: reference.trim(),
            ...optional('description', description),
          },
          { idempotencyKey },
        ),
    }
  }
  return (
    <MoneyAction {...props} title="Record a pay-in by hand" money={money} ask={ask} told="The pay-in was recorded.">
      <NativeSelect
        label="How it was paid"
        value={source}
        onChange={(event) => setSource(event.currentTarget.value as typeof source)}
        data={[...sources]}
      />
      <TextInput
        label="Reference"
        description="Its name for ever: one reference is credited once"
        value={reference}
        onChange={(event) => setReference(event.currentTarget.value)}
        error={wrong}
      />
      <Description value={description} set={setDescription} />
    </MoneyAction>
  )
}

const labelOf = (source: string) => sources.find(({ value }) => value === source)?.label ?? source

/** From one customer to another. */
export function Transfer(props: DialogProps) {
  const { cashful } = useSession()
  const money = useMoney(props.id)
  const [other, setOther] = useState<Cashful.Customer>()
  const [description, setDescription] = useState('')
  const [wrong, setWrong] = useState<string>()
  const name = nameOf(props.profile.customer)
  const ask = (amount: bigint): Asked | undefined => {
    setWrong(other === undefined ? 'Choose who receives the money.' : undefined)
    if (other === undefined) return undefined
    return {
      sentence: (
        <>
          <strong>{name}</strong> sends {money.money(amount)} to <strong>{nameOf(other)}</strong>
          {money.after(-amount)}
        </>
      ),
      button: `Send ${money.money(amount)}`,
      run: (idempotencyKey) =>
        cashful.transfers.create(
          {
            fromCustomerId: props.id,
            toCustomerId: other.id,
            amount,
            currency: money.currency,
            ...optional('description', description),
          },
          { idempotencyKey },
        ),
    }
  }
  return (
    <MoneyAction
      {...props}
      title="Send to another customer"
      money={money}
      ask={ask}
      told="The money was sent."
      isDangerous
    >
      <CustomerField label="To" chosen={other} choose={setOther} except={props.id} problem={wrong} />
      <Description value={description} set={setDescription} />
    </MoneyAction>
  )
}

/** From the customer to the merchant. */
export function Purchase(props: DialogProps) {
  const { cashful } = useSession()
  const money = useMoney(props.id)
  const [productId, setProductId] = useState('')
  const [wrong, setWrong] = useState<string>()
  const name = nameOf(props.profile.customer)
  const ask = (amount: bigint): Asked | undefined => {
    setWrong(productId.trim() === '' ? 'Name the product, such as airtime.' : undefined)
    if (productId.trim() === '') return undefined
    return {
      sentence: (
        <>
          <strong>{name}</strong> buys “{productId.trim()}” for {money.money(amount)}
          {money.after(-amount)}
        </>
      ),
      button: `Take ${money.money(amount)}`,
      run: (idempotencyKey) =>
        cashful.purchases.create(
          { customerId: props.id, productId: productId.trim(), amount, currency: money.currency },
          { idempotencyKey },
        ),
    }
  }
  return (
    <MoneyAction {...props} title="Purchase" money={money} ask={ask} told="The purchase was made." isDangerous>
      <TextInput
        label="Product"
        value={productId}
        onChange={(event) => setProductId(event.currentTarget.value)}
        error={wrong}
      />
    </MoneyAction>
  )
}

/** Reserves an amount. */
export function PlaceHold(props: DialogProps) {
  const { mteja } = useSession()
  const money = useMoney(props.id)
  const [description, setDescription] = useState('')
  const [expiresAt, setExpiresAt] = useState('')
  const name = nameOf(props.profile.customer)
  const ask = (amount: bigint): Asked => ({
    sentence: (
      <>
        {money.money(amount)} of <strong>{name}</strong> is reserved{expiresAt && `, to the end of ${expiresAt}`}
        {money.after(-amount)}
      </>
    ),
    button: `Hold ${money.money(amount)}`,
    run: (idempotencyKey) =>
      mteja.holds.place(
        {
          customerId: props.id,
          amount,
          currency: money.currency,
          ...optional('description', description),
          ...optional('expiresAt', expiresAt),
        },
        { idempotencyKey },
      ),
  })
  return (
    <MoneyAction
      {...props}
      title="Place a hold"
      money={money}
      ask={ask}
      told="The hold was placed."
      afterwards="It can be released again."
    >
      <TextInput
        label="Lasts to the end of"
        description="Without a day it does not expire"
        type="date"
        value={expiresAt}
        onChange={(event) => setExpiresAt(event.currentTarget.value)}
      />
      <Description value={description} set={setDescription} />
    </MoneyAction>
  )
}

/** A balance changed by hand, with a reason. */
export function Adjustment(props: DialogProps) {
  const { mteja } = useSession()
  const money = useMoney(props.id)
  const [direction, setDirection] = useState<'credit' | 'debit'>('credit')
  const [reason, setReason] = useState('')
  const [reference, setReference] = useState(() => `adjustment-${newKey().slice(0, 12)}`)
  const [wrong, setWrong] = useState<string>()
  const name = nameOf(props.profile.customer)
  const ask = (amount: bigint): Asked | undefined => {
    setWrong(reason.trim() === '' ? 'Say why: the reason is kept with the adjustment.' : undefined)
    if (reason.trim() === '' || reference.trim() === '') return undefined
    const isCredit = direction === 'credit'
    return {
      sentence: (
        <>
          {money.money(amount)} is {isCredit ? 'added to' : 'taken from'} the balance of <strong>{name}</strong> by
          hand, because “{reason.trim()}”{money.after(isCredit ? amount : -amount)}
          {money.limit(amount)}
        </>
      ),
      button: `${isCredit ? 'Add' : 'Take'} ${money.money(amount)}`,
      run: (idempotencyKey) =>
        mteja.adjustments.make(
          {
            customerId: props.id,
            amount,
            direction,
            currency: money.currency,
            reason: reason.trim(),
            reference: reference.trim(),
          },
          { idempotencyKey },
        ),
    }
  }
  return (
    <MoneyAction {...props} title="Adjust by hand" money={money} ask={ask} told="The balance was adjusted." isDangerous>
      <NativeSelect
        label="Direction"
        value={direction}
        onChange={(event) => setDirection(event.currentTarget.value as typeof direction)}
        data={[
          { value: 'credit', label: 'Add to the balance' },
          { value: 'debit', label: 'Take from the balance' },
        ]}
      />
      <TextInput
        label="Reason"
        description="The customer reads it on the statement"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={wrong}
      />
      <TextInput
        label="Reference"
        description="Its name for ever: one reference is done once"
        value={reference}
        onChange={(event) => setReference(event.currentTarget.value)}
      />
    </MoneyAction>
  )
}

function Description({ value, set }: { value: string; set: (text: string) => void }) {
  return (
    <TextInput
      label="Description"
      description="The customer sees it in the history"
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
      maxLength={200}
    />
  )
}
