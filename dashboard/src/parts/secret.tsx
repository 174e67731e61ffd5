import { Button } from '@mantine/core'
import { Copyable } from './basics.tsx'
import { Dialog } from './dialog.tsx'

/** A secret that is shown once. A click beside it closes nothing. */
export function SecretOnce({ title, secret, close }: { title: string; secret: string; close: () => void }) {
  return (
    <Dialog close={close} title={title} isHeld closeOnClickOutside={false} closeOnEscape={false}>
      <div className="stack">
        <p>Copy it now: it is shown this once.</p>
        <pre>{secret}</pre>
        <div className="row">
          <Copyable text={secret} label="Copy the secret" />
          <Button onClick={close}>I have it</Button>
        </div>
      </div>
    </Dialog>
  )
}
