import { Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { SettingsForm } from './settings-form.tsx'

type PaymentSettings = Mteja.RetrievePaymentSettingsResult

const bearers = {
  merchant: 'You bear the fees of payouts.',
  owner: 'Whoever owns the balance bears the fees of its payouts.',
} as const
const purposes = {
  payment: 'A payment of a known customer without a purpose pays you.',
  wallet_topup: 'A payment of a known customer without a purpose fills their balance.',
} as const
const paymentBearers = {
  merchant: 'Fees of payments are costs of yours, and leave every balance alone.',
  merchant_balance: 'Your balance bears the fees of payments.',
  owner: 'Whoever owns the balance that a payment fills bears its fee.',
} as const
const losers = {
  customer: 'Money that a payer takes back is the customer’s loss.',
  merchant: 'Money that a payer takes back is your loss.',
} as const

interface All {
  payouts: Mteja.PayoutSettings
  payments: PaymentSettings
  disputes: Mteja.DisputeSettings
}

/** For somebody who may not change them. */
export function SettingsInWords({ payouts, payments, disputes }: All) {
  return (
    <ul>
      <li>{bearers[payouts.feesBorneBy]}</li>
      <li>{payouts.identifiedOnly ? 'Only identified customers are paid out.' : 'Any customer may be paid out.'}</li>
      {payouts.coolDownHours > 0 && <li>A payout to a new recipient waits for {payouts.coolDownHours} hours.</li>}
      <li>{purposes[payments.knownCustomers]}</li>
      <li>{paymentBearers[payments.feesBorneBy]}</li>
      <li>{losers[disputes.borneBy]}</li>
      <li>{disputes.holdsAmount ? 'An open dispute reserves its amount.' : 'An open dispute reserves nothing.'}</li>
    </ul>
  )
}

interface ChoiceProps<Name extends string> {
  label: string
  of: Readonly<Record<Name, string>>
  value: Name
  choose: (name: Name) => void
}

function Choice<Name extends string>({ label, of, value, choose }: ChoiceProps<Name>) {
  return (
    <NativeSelect
      label={label}
      value={value}
      onChange={(event) => choose(event.currentTarget.value as Name)}
      data={(Object.entries(of) as [Name, string][]).map(([name, words]) => ({ value: name, label: words }))}
      w={480}
      maw="100%"
    />
  )
}

export function PayoutForm({ settings }: { settings: Mteja.PayoutSettings }) {
  const { mteja } = useSession()
  const [hours, setHours] = useState<string>()
  const save = async (changed: Mteja.PayoutSettings) => {
    const coolDownHours = hours === undefined ? changed.coolDownHours : Number(hours)
    if (hours?.trim() === '' || !Number.isInteger(coolDownHours) || coolDownHours < 0) {
      throw new Error('Type the hours as a whole number; 0 for none.')
    }
    // The address that is asked first is not of this form: sent back, it would be signed with the key of this page.
    const { feesBorneBy, identifiedOnly, nameDifferences, updatedAt } = changed
    const members = { feesBorneBy, identifiedOnly, nameDifferences, coolDownHours }
    const saved = await mteja.payouts.updateSettings(members, { ifMatch: updatedAt })
    setHours(undefined)
    return saved
  }
  const told = ({ waitingApprovalId }: Mteja.PayoutSettings) =>
    waitingApprovalId === null
      ? 'Saved, for what begins from now on.'
      : 'This lets more pass than before, so it waits for a second person.'
  return (
    <SettingsForm title="Payouts" now={settings} save={save} told={told}>
      {({ feesBorneBy, coolDownHours, identifiedOnly, nameDifferences }, change) => (
        <>
          {settings.waitingApprovalId !== null && (
            <p className="needed">
              A change of these settings{' '}
              <Link href={`/money?tab=approvals&which=waiting&approval=${settings.waitingApprovalId}`}>
                waits for a second person
              </Link>
              .
            </p>
          )}
          <Choice
            label="Fees of the processor"
            of={bearers}
            value={feesBorneBy}
            choose={(name) => change({ feesBorneBy: name })}
          />
          <Choice
            label="If the bank does not confirm the payee’s name"
            of={{ shown: 'The difference is shown.', approval: 'The payout waits for a second person.' }}
            value={nameDifferences}
            choose={(name) => change({ nameDifferences: name })}
          />
          <TextInput
            label="Hours for which a payout to a new recipient waits"
            inputMode="numeric"
            value={hours ?? String(coolDownHours)}
            onChange={(event) => setHours(event.currentTarget.value)}
            autoComplete="off"
            w={480}
            maw="100%"
          />
          <Checkbox
            label="Refuse payouts of customers who are not identified"
            checked={identifiedOnly}
            onChange={(event) => change({ identifiedOnly: event.currentTarget.checked })}
          />
        </>
      )}
    </SettingsForm>
  )
}

export function PaymentForm({ settings }: { settings: PaymentSettings }) {
  const { mteja } = useSession()
  return (
    <SettingsForm title="Payments" now={settings} save={(changed) => mteja.paymentSettings.update(changed)}>
      {({ knownCustomers, feesBorneBy }, change) => (
        <>
          <Choice
            label="Payments whose metadata names no purpose"
            of={purposes}
            value={knownCustomers}
            choose={(name) => change({ knownCustomers: name })}
          />
          <Choice
            label="Fees of the processor for payments"
            of={paymentBearers}
            value={feesBorneBy}
            choose={(name) => change({ feesBorneBy: name })}
          />
        </>
      )}
    </SettingsForm>
  )
}

export function DisputeForm({ settings }: { settings: Mteja.DisputeSettings }) {
  const { mteja } = useSession()
  return (
    <SettingsForm title="Disputes" now={settings} save={(changed) => mteja.disputes.updateSettings(changed)}>
      {({ borneBy, holdsAmount }, change) => (
        <>
          <Choice
            label="Who bears a lost dispute"
            of={losers}
            value={borneBy}
            choose={(name) => change({ borneBy: name })}
          />
          <Checkbox
            label="An open dispute reserves what is available of its amount"
            checked={holdsAmount}
            onChange={(event) => change({ holdsAmount: event.currentTarget.checked })}
          />
        </>
      )}
    </SettingsForm>
  )
}
