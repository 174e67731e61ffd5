import { TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { editable, formatMoney, readAmount } from '../base/money.ts'
import { kindWord } from '../base/words.ts'
import { Action } from '../parts/action.tsx'
import { AmountField } from '../parts/amount-field.tsx'
import { useAfter } from './money-dialogs.tsx'
import { useRefresh } from './queries.ts'

interface DialogProps {
  customerId: string
  movement: Mteja.Transaction
  names: ReadonlyMap<string, string>
  close: () => void
}

/** A refund in whole or in part. */
export function RefundDialog({ customerId, movement, names, close }: DialogProps) {
  const { mteja, format } = useSession()
  const refresh = useRefresh(customerId)
  const notice = useNotice()
  const { currency } = movement
  const rest = movement.amount - movement.refundedAmount
  const { after } = useAfter(customerId, currency)
  const [text, setText] = useState(editable(rest, currency))
  const [reason, setReason] = useState('')
  const [problem, setProblem] = useState<string>()
  const ask = () => {
    const read = readAmount(text, currency)
    const tooMuch = 'amount' in read && read.amount > BigInt(rest)
    const wrong =
      'problem' in read ? read.problem : tooMuch ? `At most ${formatMoney(rest, currency, format)} is left.` : undefined
    setProblem(wrong)
    if ('problem' in read || wrong !== undefined) return undefined
    const money = formatMoney(read.amount, currency, format)
    return {
      sentence: (
        <>
          {money} of the {kindWord(movement.kind).toLowerCase()} of {formatMoney(movement.amount, currency, format)}{' '}
          goes back
          {movement.kind === 'pay_in' ? ' to its payer, out of the balance of ' : ' to '}
          <strong>{names.get(customerId) ?? customerId}</strong>
          {after(movement.kind === 'pay_in' ? -read.amount : read.amount)} After it{' '}
          {formatMoney(BigInt(rest) - read.amount, currency, format)} can still be given back.
        </>
      ),
      button: `Refund ${money}`,
      run: (idempotencyKey: string) =>
        mteja.refunds.create(
          { transactionId: movement.id, amount: read.amount, ...(reason.trim() && { reason: reason.trim() }) },
          { idempotencyKey },
        ),
    }
  }
  const done = () => {
    refresh()
    notice({ text: 'The refund was made. Its state is in the panel of the movement.' })
  }
  return (
    <Action title="Refund" close={close} ask={ask} done={done} isDangerous>
      <AmountField currency={currency} value={text} set={setText} problem={problem} />
      <TextInput
        label="Reason"
        description="The customer reads it on the statement"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={200}
      />
    </Action>
  )
}

/** Undoes all that is left of a movement. */
export function ReverseDialog({ customerId, movement, names, close }: DialogProps) {
  const { mteja, format } = useSession()
  const refresh = useRefresh(customerId)
  const notice = useNotice()
  const [reason, setReason] = useState('')
  const { currency } = movement
  const rest = BigInt(movement.amount - movement.refundedAmount)
  const money = formatMoney(rest, currency, format)
  const { after } = useAfter(customerId, currency)
  // Both sides: the payer, then the receiver.
  const isTaken = movement.entries[1]?.customerId === customerId
  const [from, to] = movement.entries.map(({ customerId, account }) =>
    customerId === null ? account.replaceAll('_', ' ') : (names.get(customerId) ?? customerId),
  )
  const ask = () => ({
    sentence: (
      <>
        All that is left of this {kindWord(movement.kind).toLowerCase()} is undone: {money} goes back from{' '}
        <strong>{to}</strong> to <strong>{from}</strong>
        {after(isTaken ? -rest : rest)}
      </>
    ),
    button: `Reverse ${money}`,
    run: (idempotencyKey: string) =>
      mteja.refunds.reverse(
        { transactionId: movement.id, ...(reason.trim() && { reason: reason.trim() }) },
        { idempotencyKey },
      ),
  })
  const done = () => {
    refresh()
    notice({ text: 'The movement was reversed.' })
  }
  return (
    <Action title="Reverse" close={close} ask={ask} done={done} isDangerous>
      <p>Reverses the {kindWord(movement.kind).toLowerCase()} as a whole.</p>
      <TextInput
        label="Reason"
        description="The customer reads it on the statement"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={200}
      />
    </Action>
  )
}
