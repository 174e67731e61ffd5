import { NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { formatMoney, readAmount } from '../base/money.ts'
import { useRefresh } from '../customers/queries.ts'
import { Action } from '../parts/action.tsx'
import { AmountField } from '../parts/amount-field.tsx'
import { remedyOf } from './payout-state.tsx'

interface PayoutDialogProps {
  payout: Mteja.Payout
  close: () => void
}

function usePayout({ amount, currency, customerId, destination }: Mteja.Payout) {
  const { format } = useSession()
  const refresh = useRefresh(customerId ?? '')
  const notice = useNotice()
  return {
    money: formatMoney(amount, currency, format),
    payee: destination.accountName ?? destination.id,
    done(text: string) {
      refresh()
      notice({ text })
    },
  }
}

/** A payout that is not being sent yet. */
export function CancelPayout({ payout, close }: PayoutDialogProps) {
  const { mteja } = useSession()
  const { money, payee, done } = usePayout(payout)
  const ask = () => ({
    sentence: (
      <>
        {money} is not paid out to <strong>{payee}</strong>. It is no longer reserved, and can be spent at once.
      </>
    ),
    button: `Cancel the payout of ${money}`,
    run: (idempotencyKey: string) => mteja.payouts.cancel(payout.id, { idempotencyKey }),
  })
  return (
    <Action
      title="Cancel the payout"
      close={close}
      ask={ask}
      done={() => done('The payout was cancelled.')}
      isDangerous
    >
      <p>
        {money} to {payee}
      </p>
    </Action>
  )
}

/** Why a payout that has ended needs a person, and what is meant by having looked. */
const looked: Readonly<Record<string, (fee: string) => string>> = {
  late: () => 'It was paid after its money had been released. That is booked already.',
  fee: (fee) => `The fee that is booked, ${fee}, counts as the true one from now on.`,
  contradicted: () => 'It stays as it is booked, whatever its account says now.',
}

/** A payout that was paid late, for a fee beyond reason, or otherwise than its account says: a person has looked, and nobody needs to any more. */
export function EndAttention({ payout, close }: PayoutDialogProps) {
  const { mteja, format } = useSession()
  const { money, payee, done } = usePayout(payout)
  const [proof, setProof] = useState('')
  const [books, setBooks] = useState(false)
  const [wrong, setWrong] = useState<string>()
  const { fee, estimatedFee, currency, needsAttention } = payout
  const isPaid = payout.state === 'paid'
  const booked = formatMoney(fee ?? estimatedFee, currency, format)
  const ask = () => {
    const isBlank = proof.trim() === ''
    setWrong(isBlank ? 'Say what was found.' : undefined)
    if (isBlank) return undefined
    const found = proof.trim()
    if (books) {
      const outcome: Outcome = isPaid ? 'failed' : 'paid'
      return {
        sentence: (
          <>
            You have found that the payout of {money} to <strong>{payee}</strong> is {isPaid ? 'not paid' : 'paid'}: “
            {found}”. {isPaid ? 'The money goes back to the balance.' : 'The money leaves the balance, or is owed.'}{' '}
            Where anything waits for a second person, this does too.
          </>
        ),
        button: isPaid ? `Book ${money} as not paid` : `Book ${money} as paid`,
        run: (idempotencyKey: string) =>
          mteja.payouts.settle(payout.id, { outcome, proof: found, reason: found, book: true }, { idempotencyKey }),
      }
    }
    return {
      sentence: (
        <>
          You have looked at the payout of {money} to <strong>{payee}</strong>, and found “{found}”.{' '}
          {looked[needsAttention?.code ?? '']?.(booked)} No money moves.
        </>
      ),
      button: `Nothing more to do for ${money}`,
      run: (idempotencyKey: string) =>
        mteja.payouts.settle(payout.id, { outcome: 'paid', proof: found }, { idempotencyKey }),
    }
  }
  return (
    <Action
      title="Looked at"
      close={close}
      ask={ask}
      done={() => done(books ? 'Done. The panel says where the payout stands.' : 'It needs nobody any more.')}
      isDangerous
    >
      <p className="quiet">{remedyOf(needsAttention?.code ?? '')}</p>
      {needsAttention?.code === 'contradicted' && (
        <NativeSelect
          label="What is true"
          value={books ? 'account' : 'here'}
          onChange={(event) => setBooks(event.currentTarget.value === 'account')}
          data={[
            { value: 'here', label: isPaid ? 'It is paid, as booked' : 'It came back, as booked' },
            {
              value: 'account',
              label: isPaid ? 'It is not paid, as its account says' : 'It is paid, as its account says',
            },
          ]}
        />
      )}
      <TextInput
        label="What was found"
        value={proof}
        onChange={(event) => setProof(event.currentTarget.value)}
        error={wrong}
        maxLength={500}
        data-autofocus
      />
    </Action>
  )
}

type Outcome = Mteja.SettlePayoutBody['outcome']

/** A person has paid it outside any API, or could not; or has found out what the processor cannot say. */
export function SettlePayout({ payout, close }: PayoutDialogProps) {
  const { mteja, format } = useSession()
  const { money, payee, done } = usePayout(payout)
  const { currency, processor } = payout
  const isManual = processor === null || processor === 'manual'
  const [outcome, setOutcome] = useState<Outcome>('paid')
  const [proof, setProof] = useState('')
  const [reason, setReason] = useState('')
  const [feeText, setFeeText] = useState('')
  const [wrong, setWrong] = useState<{ proof?: string; reason?: string; fee?: string }>({})
  const isPaid = outcome === 'paid'
  const ask = () => {
    const fee = feeText.trim() === '' || !isPaid ? { amount: 0n } : readAmount(feeText, currency)
    const problems = {
      ...(proof.trim() === '' && {
        proof: isPaid ? 'Name the transfer at the bank.' : 'Say what shows that there is none.',
      }),
      ...(reason.trim() === '' && !isManual && { reason: 'Say why it is settled by hand.' }),
      ...('problem' in fee && { fee: fee.problem }),
    }
    setWrong(problems)
    if ('problem' in fee || Object.keys(problems).length > 0) return undefined
    const paid = fee.amount > 0n ? `, and the bank has kept ${formatMoney(fee.amount, currency, format)}` : ''
    return {
      sentence: isPaid ? (
        <>
          You say that {money} was paid to <strong>{payee}</strong>, as “{proof.trim()}”{paid}. The money leaves the
          balance; this page sends none.
        </>
      ) : (
        <>
          You say that {money} was not paid to <strong>{payee}</strong>, by “{proof.trim()}”. It is no longer reserved,
          and can be spent at once.
        </>
      ),
      button: isPaid ? `Book ${money} as paid` : `Book ${money} as not paid`,
      run: (idempotencyKey: string) =>
        mteja.payouts.settle(
          payout.id,
          {
            outcome,
            proof: proof.trim(),
            ...(reason.trim() !== '' && { reason: reason.trim() }),
            ...(fee.amount > 0n && { fee: Number(fee.amount) }),
          },
          { idempotencyKey },
        ),
    }
  }
  return (
    <Action
      title="Settle by hand"
      close={close}
      ask={ask}
      done={() => done('Done. The panel says where the payout stands.')}
      isDangerous
    >
      <p className="quiet">
        {isManual
          ? 'For a payout that a person pays: the processor manual.'
          : 'For a payout of which the processor cannot say how it ended. Look there first.'}{' '}
        Where anything waits for a second person, this does too.
      </p>
      <NativeSelect
        label="How it ended"
        value={outcome}
        onChange={(event) => setOutcome(event.currentTarget.value as Outcome)}
        data={[
          { value: 'paid', label: 'It was paid' },
          { value: 'failed', label: 'It could not be paid' },
        ]}
      />
      <TextInput
        label={isPaid ? 'Name of the transfer at the bank' : 'What shows that it was not paid'}
        value={proof}
        onChange={(event) => setProof(event.currentTarget.value)}
        error={wrong.proof}
        maxLength={500}
        data-autofocus
      />
      {!isManual && (
        <TextInput
          label="Why it is settled by hand"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          error={wrong.reason}
          maxLength={500}
        />
      )}
      {isPaid && (
        <AmountField
          label="What the bank has kept, empty for nothing"
          currency={currency}
          value={feeText}
          set={setFeeText}
          problem={wrong.fee}
        />
      )}
    </Action>
  )
}
