import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useNotice, useSession } from '../base/context.ts'
import { fieldProblems } from '../base/problems.ts'
import { Problem } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialog.tsx'
import type { DialogProps } from './money-dialogs.tsx'
import { type Profile, useRefresh } from './queries.ts'

const labels = { first_name: 'the first name', last_name: 'the last name', email: 'the e-mail', phone: 'the phone' }
const names = Object.keys(labels) as (keyof typeof labels)[]

const fieldsOf = ({ customer, more }: Profile): Record<keyof typeof labels, string> => ({
  first_name: more.first_name ?? '',
  last_name: more.last_name ?? '',
  email: customer.email ?? '',
  phone: more.phone ?? '',
})

/** Names, e-mail and phone. Only what was changed is sent. */
export function EditCustomer({ id, profile, close }: DialogProps) {
  const session = useSession()
  const refresh = useRefresh(id)
  const notice = useNotice()
  // The customer as they were when the dialog was opened: what comes meanwhile does not make an old edit a new one.
  const [seen, setSeen] = useState(profile)
  const { customer, more } = seen
  const start = fieldsOf(seen)
  const now = fieldsOf(profile)
  const [fields, setFields] = useState(start)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const wrong = fieldProblems(error)
  const changed = names.filter((name) => fields[name].trim() !== start[name])
  const othersChange = names.filter((name) => now[name] !== start[name])
  const set = (name: keyof typeof start) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget
    setFields((before) => ({ ...before, [name]: value }))
  }
  /** Begins again from what somebody else has saved; what was typed here stays. */
  const goOn = () => {
    setFields((before) => {
      const mine = Object.fromEntries(changed.map((name) => [name, before[name]]))
      return { ...now, ...mine }
    })
    setSeen(profile)
    setError(null)
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      // Each change says what this page has seen: what somebody else has changed meanwhile is not overwritten.
      let ifMatch = customer.updatedAt
      const { email, ...others } = Object.fromEntries(changed.map((name) => [name, fields[name].trim()]))
      // Each API changes what the other cannot: the e-mail, and the phone.
      if (email !== undefined) {
        const { updatedAt } = await session.cashful.customers.update(id, { email }, { ifMatch })
        ifMatch = updatedAt
      }
      if (Object.keys(others).length > 0) await session.paystack.customers.update(id, others, { ifMatch })
      refresh()
      notice({ text: 'Saved.' })
      close()
    } catch (failure) {
      setError(failure)
      refresh()
      setBusy(false)
    }
  }
  return (
    <Dialog close={close} title="Edit the customer">
      <form className="stack" onSubmit={submit} noValidate>
        <TextInput
          label="First name"
          value={fields.first_name}
          onChange={set('first_name')}
          error={wrong.first_name}
          disabled={more.identified}
          data-autofocus={!more.identified || undefined}
        />
        <TextInput
          label="Last name"
          value={fields.last_name}
          onChange={set('last_name')}
          error={wrong.last_name}
          disabled={more.identified}
        />
        {more.identified && <p className="quiet">The customer is identified: the names are those that the bank has.</p>}
        <TextInput
          label="E-mail"
          type="email"
          value={fields.email}
          onChange={set('email')}
          error={wrong.email}
          data-autofocus={more.identified || undefined}
        />
        <TextInput label="Phone" type="tel" value={fields.phone} onChange={set('phone')} error={wrong.phone} />
        <p className="quiet">A field cannot be emptied, only changed.</p>
        <Problem error={error} />
        {error !== null && othersChange.length > 0 && (
          <div className="stack tight">
            <p>
              Meanwhile somebody else has set{' '}
              {othersChange.map((name) => `${labels[name]} to “${now[name]}”`).join(', and ')}.
            </p>
            <div>
              <Button variant="default" onClick={goOn}>
                Go on from there
              </Button>
            </div>
          </div>
        )}
        <div className="row">
          <Button
            type="submit"
            loading={isBusy}
            disabled={changed.length === 0 || changed.some((name) => fields[name].trim() === '')}
          >
            Save
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
