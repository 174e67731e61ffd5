import { Button, PasswordInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { Problem } from '../parts/basics.tsx'

interface SignInProps {
  enter: (secret: string) => Promise<void>
  /** Why somebody who was in is here again. */
  message: string | undefined
  /** Why a stored key could not be used yet. */
  failure: unknown
  again: () => void
}

/** The first screen: a key, which lives as long as the tab. */
export function SignIn({ enter, message, failure, again }: SignInProps) {
  const [secret, setSecret] = useState('')
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await enter(secret.trim())
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <main className="door">
      <form onSubmit={submit}>
        <div className="stack tight">
          <h1>Mteja</h1>
          <p className="quiet">{location.host}</p>
        </div>
        {message !== undefined && <p role="status">{message}</p>}
        <PasswordInput
          label="Secret key"
          description="It stays in this tab and is forgotten when the tab is closed."
          placeholder="sk_test_…"
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          autoFocus
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the key', tabIndex: 0 }}
        />
        <Problem error={error ?? failure} again={error === null && failure !== null ? again : undefined} />
        <Button type="submit" loading={isBusy}>
          Sign in
        </Button>
        <p className="quiet">
          The first start of the server printed a key. <code>mteja key create</code> makes another one. An owner gives
          keys to other people, with a role. <a href="/docs">API reference</a>
        </p>
      </form>
    </main>
  )
}
