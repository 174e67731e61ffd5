import { Button, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useLocation } from 'wouter'
import { useNotice, useSession } from '../base/context.ts'
import { newKey } from '../base/keys.ts'
import { fieldProblems } from '../base/problems.ts'
import { Problem } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialog.tsx'

/** A new customer: a phone number or an e-mail is enough. */
export function CreateCustomer({ close }: { close: () => void }) {
  const { cashful, merchant } = useSession()
  const queries = useQueryClient()
  const notice = useNotice()
  const [, navigate] = useLocation()
  const [fields, setFields] = useState({ name: '', phoneNumber: '', email: '' })
  const [key, setKey] = useState(newKey)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const wrong = fieldProblems(error)
  const isEmpty = fields.phoneNumber.trim() === '' && fields.email.trim() === ''
  const set = (name: keyof typeof fields) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget
    setFields((before) => ({ ...before, [name]: value }))
    setKey(newKey())
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== ''))
      const customer = await cashful.customers.create({ ...given, metadata: {} }, { idempotencyKey: key })
      queries.invalidateQueries({ queryKey: ['customers'] })
      notice({ text: 'The customer was created.' })
      // Back leads to the list, and to no empty form.
      navigate(`/customers/${customer.id}`, { replace: true })
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog close={close} isInAddress title="New customer">
      <form className="stack" onSubmit={submit} noValidate>
        <TextInput
          label="Name"
          value={fields.name}
          onChange={set('name')}
          error={wrong.name}
          maxLength={200}
          data-autofocus
        />
        <TextInput
          label="Phone"
          description={`International, or as it is dialled in ${merchant.country}`}
          type="tel"
          value={fields.phoneNumber}
          onChange={set('phoneNumber')}
          error={wrong.phoneNumber}
        />
        <TextInput label="E-mail" type="email" value={fields.email} onChange={set('email')} error={wrong.email} />
        <Problem error={error} />
        <div className="row">
          <Button type="submit" loading={isBusy} disabled={isEmpty}>
            Create
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          {isEmpty && <span className="quiet">A phone number or an e-mail is needed.</span>}
        </div>
      </form>
    </Dialog>
  )
}
