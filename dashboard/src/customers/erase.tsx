import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { useNotice, useSession } from '../base/context.ts'
import { Action } from '../parts/action.tsx'
import type { DialogProps } from './money-dialogs.tsx'
import { nameOf } from './names.ts'
import { useRefresh } from './queries.ts'

/** Removes a person for good. The code of the customer is typed, so that no slip of the hand can do it. */
export function Erase({ id, profile, close }: DialogProps) {
  const { mteja } = useSession()
  const refresh = useRefresh(id)
  const notice = useNotice()
  const [, navigate] = useLocation()
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState<string>()
  const name = nameOf(profile.customer)
  const ask = () => {
    const isRight = typed.trim() === id
    setProblem(isRight ? undefined : `Type ${id}.`)
    if (!isRight) return undefined
    return {
      sentence: (
        <>
          Name, e-mail, phone, metadata, saved payment methods and everything else personal of <strong>{name}</strong>{' '}
          are removed for good, from the history as well. The customer is hidden at once. The amounts of the ledger
          stay, without a name.
        </>
      ),
      button: `Erase ${name}`,
      run: (idempotencyKey: string) => mteja.customers.erase(id, { idempotencyKey }),
    }
  }
  const done = () => {
    refresh()
    notice({ text: 'The customer is hidden, and everything personal is being removed.' })
    navigate('/customers')
  }
  return (
    <Action title="Erase the customer" close={close} ask={ask} done={done} isDangerous>
      <p>For a person who asks to be forgotten. Export the file first if they asked for it as well.</p>
      <TextInput
        label={`Type ${id} to go on`}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        error={problem}
        autoComplete="off"
        data-autofocus
      />
    </Action>
  )
}
