import { Button } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Problem } from './basics.tsx'
import { Dialog } from './dialog.tsx'

interface FormDialogProps {
  title: string
  button: string
  close: () => void
  children: ReactNode
  /** Does it; the dialog closes when it is done. */
  run: () => Promise<unknown>
  isReady?: boolean
  /** Looks at the fields, which say themselves what is wrong. */
  check?: () => boolean
}

/** A dialog for a thing that can be changed again. */
export function FormDialog({ title, button, close, children, run, isReady = true, check }: FormDialogProps) {
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (check?.() === false) return
    setBusy(true)
    setError(null)
    try {
      await run()
      close()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog close={close} title={title}>
      <form className="stack" onSubmit={submit} noValidate>
        {children}
        <Problem error={error} />
        <div className="row">
          <Button type="submit" loading={isBusy} disabled={!isReady}>
            {button}
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
