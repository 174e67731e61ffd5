import { NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { formatMoney } from '../base/money.ts'
import { useRefresh } from '../customers/queries.ts'
import { Action } from '../parts/action.tsx'

/** Whether nobody but a person can say how a refund has ended. */
export const isForPerson = ({ state }: Mteja.StoredRefund): boolean => state === 'unknown' || state === 'needsAttention'

type Outcome = Mteja.SettleRefundBody['outcome']

/** A person has found out what the processor cannot say. */
export function SettleRefund({ refund, close }: { refund: Mteja.StoredRefund; close: () => void }) {
  const { mteja, format } = useSession()
  const refresh = useRefresh(refund.customerId ?? '')
  const notice = useNotice()
  const [outcome, setOutcome] = useState<Outcome>('failed')
  const [proof, setProof] = useState('')
  const [reason, setReason] = useState('')
  const [wrong, setWrong] = useState<{ proof?: string; reason?: string }>({})
  const money = formatMoney(refund.amount, refund.currency, format)
  const isProcessed = outcome === 'processed'
  const ask = () => {
    const problems = {
      ...(proof.trim() === '' && {
        proof: isProcessed ? 'Name the refund at the processor or the bank.' : 'Say what shows that there is none.',
      }),
      ...(reason.trim() === '' && { reason: 'Say why it is settled by hand.' }),
    }
    setWrong(problems)
    if (Object.keys(problems).length > 0) return undefined
    return {
      sentence: isProcessed
        ? `You say that the payer has got ${money} back, as “${proof.trim()}”. The money leaves the balance; this page sends none.`
        : `You say that the payer has not got ${money} back, by “${proof.trim()}”. It is no longer reserved, and can be spent at once.`,
      button: isProcessed ? `Book ${money} as given back` : `Book ${money} as not given back`,
      run: (idempotencyKey: string) =>
        mteja.refunds.settle(refund.id, { outcome, proof: proof.trim(), reason: reason.trim() }, { idempotencyKey }),
    }
  }
  const done = () => {
    refresh()
    notice({ text: 'Done. The list says where the refund stands.' })
  }
  return (
    <Action title="Settle the refund by hand" close={close} ask={ask} done={done} isDangerous>
      <p className="quiet">
        For a refund of {money} of which the processor cannot say how it ended. Look there first: if the same refund was
        made in its dashboard and is among the disputes, this one was not given back. Where anything waits for a second
        person, this does too.
      </p>
      <NativeSelect
        label="How it ended"
        value={outcome}
        onChange={(event) => setOutcome(event.currentTarget.value as Outcome)}
        data={[
          { value: 'failed', label: 'The payer has not got it' },
          { value: 'processed', label: 'The payer has got it' },
        ]}
      />
      <TextInput
        label={isProcessed ? 'Name of the refund at the processor or the bank' : 'What shows that there is none'}
        value={proof}
        onChange={(event) => setProof(event.currentTarget.value)}
        error={wrong.proof}
        maxLength={500}
        data-autofocus
      />
      <TextInput
        label="Why it is settled by hand"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={wrong.reason}
        maxLength={500}
      />
    </Action>
  )
}
