import { Button } from '@mantine/core'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { newKey } from '../base/keys.ts'
import { tell } from '../base/problems.ts'
import { Problem } from './basics.tsx'
import { Dialog } from './dialog.tsx'

/** The words of an action that cannot be undone, once its form is complete. */
export interface Asked {
  /** What will happen, to whom, how much, and what is left. */
  sentence: ReactNode
  /** The words of the button: "Refund R 50.00". */
  button: string
  /** Does it. The key is the same until the server has refused, so that a second press cannot do it twice. */
  run: (idempotencyKey: string) => Promise<unknown>
}

interface ActionProps {
  title: string
  close: () => void
  /** The fields. */
  children: ReactNode
  /** Reads the form: what would be done, or undefined while a field is wrong, which the field says itself. */
  ask: () => Asked | undefined
  /** Called with the server's answer when it was done, before the dialog closes. */
  done: (answer: unknown) => void
  isDangerous?: boolean
  /** What can be done about it afterwards. */
  afterwards?: string
}

/**
 * A dialog that moves money, or does another thing that cannot be taken back. First the form, then one sentence that says what will
 * happen. The button under the sentence is not the default for Enter. Once it may have been done, the form stays as it was sent.
 */
export function Action({
  title,
  close,
  children,
  ask,
  done,
  isDangerous = false,
  afterwards = 'This cannot be undone.',
}: ActionProps) {
  const [asked, setAsked] = useState<{ words: Asked; key: string }>()
  const [error, setError] = useState<unknown>(null)
  const [isUnsure, setUnsure] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const back = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (asked !== undefined) back.current?.focus()
  }, [asked])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const words = ask()
    if (words !== undefined) setAsked({ words, key: newKey() })
  }
  const run = async () => {
    if (asked === undefined || isBusy) return
    setBusy(true)
    setError(null)
    try {
      done(await asked.words.run(asked.key))
      close()
    } catch (failure) {
      setError(failure)
      if (tell(failure).isUnsure) setUnsure(true)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog close={() => isBusy || close()} title={title} closeOnClickOutside={false}>
      {asked === undefined ? (
        <form className="stack" onSubmit={submit} noValidate>
          {children}
          <div className="row">
            <Button type="submit">Continue</Button>
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
          </div>
        </form>
      ) : (
        <div className="stack">
          <p aria-live="polite">{asked.words.sentence}</p>
          <p className="quiet">{afterwards}</p>
          <Problem error={error} />
          {isUnsure && <p>Before you do it in another way, close this and look whether it was done.</p>}
          <div className="row">
            <Button color={isDangerous ? 'bad' : undefined} onClick={run} loading={isBusy}>
              {asked.words.button}
            </Button>
            <Button
              ref={back}
              variant="default"
              disabled={isBusy}
              onClick={() => {
                if (isUnsure) return close()
                setAsked(undefined)
                setError(null)
              }}
            >
              {isUnsure ? 'Close' : 'Back'}
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  )
}
