import { TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSession } from '../base/context.ts'
import { newKey } from '../base/keys.ts'
import type { Asked } from '../parts/action.tsx'
import { Destination, useDestination } from './destination.tsx'
import { type DialogProps, MoneyAction, optional, useMoney } from './money-dialogs.tsx'
import { nameOf } from './names.ts'

/** From the customer's balance to a bank account or a mobile wallet. */
export function PayOut(props: DialogProps) {
  const { mteja } = useSession()
  const money = useMoney(props.id)
  const { currency } = money
  const destination = useDestination(props.id, currency)
  const [reason, setReason] = useState('')
  const [reference, setReference] = useState(() => `payout-${newKey().slice(0, 12)}`)
  const { data: settings } = useQuery({
    queryKey: ['money', 'payout-settings'],
    queryFn: () => mteja.payouts.retrieveSettings(),
  })
  const name = nameOf(props.profile.customer)
  const ask = (amount: bigint): Asked | undefined => {
    const chosen = destination.read()
    if (chosen === undefined || reference.trim() === '') return undefined
    return {
      sentence: (
        <>
          {money.money(amount)} of <strong>{name}</strong> is paid out to <strong>{chosen.words}</strong>
          {money.after(-amount)}
          {settings?.feesBorneBy === 'owner' && ' The fee of the processor is taken from the same balance.'}
          {money.limit(amount)}
          {money.newDestinations && !chosen.isKnown && ' The first payout to an account waits for a second person.'}
          {chosen.isOthers !== undefined && <strong> {chosen.isOthers}</strong>}
          {chosen.warning !== undefined && <strong> {chosen.warning}</strong>}
        </>
      ),
      button: `Pay out ${money.money(amount)}`,
      run: (idempotencyKey) =>
        mteja.payouts.create(
          {
            customerId: props.id,
            amount,
            currency,
            destination: chosen.destination,
            reference: reference.trim(),
            ...optional('reason', reason),
          },
          { idempotencyKey },
        ),
    }
  }
  return (
    <MoneyAction
      {...props}
      title="Pay out"
      money={money}
      ask={ask}
      told="The payout was made. “Payouts” below says where it stands."
      isDangerous
    >
      <Destination of={destination} currency={currency} />
      <TextInput
        label="Reason"
        description="The payee sees it"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={100}
      />
      <TextInput
        label="Reference"
        description="Its name for ever: one reference is paid out once"
        value={reference}
        onChange={(event) => setReference(event.currentTarget.value)}
        maxLength={100}
      />
    </MoneyAction>
  )
}
