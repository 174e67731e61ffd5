import { Button, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useNotice, useSession } from '../base/context.ts'
import { Problem } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialog.tsx'
import type { DialogProps } from './money-dialogs.tsx'
import { nameOf } from './names.ts'
import { useRefresh } from './queries.ts'

type Risk = 'allow' | 'deny' | 'default'

const words: Record<Risk, { name: string; does: string; done: string }> = {
  allow: { name: 'Allow', does: 'Never stopped by risk rules.', done: 'is allowed' },
  deny: { name: 'Deny', does: 'Cannot send or spend money, nor be sent money by others.', done: 'is denied' },
  default: { name: 'Default', does: 'Neither allowed nor denied.', done: 'is neither allowed nor denied now' },
}

/** Who may send and spend. It can be taken back for ten seconds. */
export function RiskDialog({ id, profile, close }: DialogProps) {
  const { mteja } = useSession()
  const refresh = useRefresh(id)
  const notice = useNotice()
  const before = readRisk(profile.more.risk_action)
  const [action, setAction] = useState<Risk>(before === 'deny' ? 'default' : 'deny')
  const [reason, setReason] = useState('')
  // As it was when the dialog was opened, and after a refusal as it is now.
  const [opened, setOpened] = useState<string | undefined>(profile.customer.updatedAt)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  // What somebody else has done meanwhile is not overwritten, nor by the undoing.
  const set = (riskAction: Risk, why: string, ifMatch: string) =>
    mteja.customers.setRiskAction(id, { riskAction, ...(why && { reason: why }) }, { ifMatch })
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      const { updatedAt } = await set(action, reason.trim(), opened ?? profile.customer.updatedAt)
      refresh()
      close()
      const undo = async () => {
        await set(before, profile.risk?.reason ?? '', updatedAt)
        refresh()
      }
      notice({ text: `${nameOf(profile.customer)} ${words[action].done}.`, undo })
    } catch (failure) {
      setError(failure)
      setOpened(undefined)
      refresh()
      setBusy(false)
    }
  }
  return (
    <Dialog close={close} title="Allow, deny or default">
      <form className="stack" onSubmit={submit}>
        <NativeSelect
          label="From now on"
          value={action}
          onChange={(event) => setAction(readRisk(event.currentTarget.value))}
          description={words[action].does}
          data={(Object.keys(words) as Risk[]).map((value) => ({ value, label: words[value].name }))}
          data-autofocus
        />
        <TextInput
          label="Reason"
          description="For your colleagues: it is shown with the customer, and removed when the customer is erased."
          value={reason}
          maxLength={500}
          onChange={(event) => setReason(event.currentTarget.value)}
          autoComplete="off"
        />
        <p className="quiet">
          Now: {words[before].name.toLowerCase()}. Money that has moved stays where it is. Every change is in “Who did
          what”.
        </p>
        <Problem error={error} />
        <div className="row">
          <Button
            type="submit"
            color={action === 'deny' ? 'bad' : undefined}
            loading={isBusy}
            disabled={action === before}
          >
            {action === 'deny' ? 'Deny' : action === 'allow' ? 'Allow' : 'Set to default'}
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function readRisk(text: string): Risk {
  return text === 'allow' || text === 'deny' ? text : 'default'
}
