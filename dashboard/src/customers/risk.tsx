import { Button, Modal, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useNotice, useSession } from '../base/context.ts'
import { Problem } from '../parts/basics.tsx'
import type { DialogProps } from './money-dialogs.tsx'
import { nameOf } from './names.ts'
import { useRefresh } from './queries.ts'

type Risk = 'allow' | 'deny' | 'default'

const words: Record<Risk, { does: string; done: string }> = {
  allow: { does: 'Allow: never stopped by risk rules', done: 'is allowed' },
  deny: { does: 'Deny: cannot send, spend or be sent money by others', done: 'is denied' },
  default: { does: 'Default: neither', done: 'has the default again' },
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
    <Modal opened onClose={close} title="Allow, deny or default" centered>
      <form className="stack" onSubmit={submit}>
        <NativeSelect
          label="From now on"
          value={action}
          onChange={(event) => setAction(readRisk(event.currentTarget.value))}
          data={(Object.keys(words) as Risk[]).map((value) => ({ value, label: words[value].does }))}
          data-autofocus
        />
        <TextInput
          label="Reason"
          description="For your colleagues: it is shown with the customer, and goes with the person."
          value={reason}
          maxLength={500}
          onChange={(event) => setReason(event.currentTarget.value)}
          autoComplete="off"
        />
        <p className="quiet">
          Now: {words[before].does.toLowerCase()}. Money that has moved stays where it is. Every change is in “Who did
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
    </Modal>
  )
}

function readRisk(text: string): Risk {
  return text === 'allow' || text === 'deny' ? text : 'default'
}
