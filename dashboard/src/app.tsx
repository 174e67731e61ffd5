import { Loader } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useState } from 'react'
import { SessionContext } from './base/context.ts'
import { forgetKey, type Session, signIn, storedKey } from './base/session.ts'
import { Frame } from './shell/frame.tsx'
import { SignIn } from './shell/sign-in.tsx'

const refused = 'Your key is no longer accepted: it was revoked, or it has expired. Sign in with another key.'

/** The page: a key first, then everything that it may see. */
export function App() {
  const queries = useQueryClient()
  const [session, setSession] = useState<Session | null>(null)
  const [message, setMessage] = useState<string>()
  const [isOpening, setOpening] = useState(() => storedKey() !== null)
  const [failure, setFailure] = useState<unknown>(null)

  const leave = useCallback(
    (why?: string) => {
      forgetKey()
      queries.clear()
      setMessage(why)
      setSession(null)
    },
    [queries],
  )
  const enter = useCallback(
    async (secret: string) => {
      setMessage(undefined)
      setSession(await signIn(secret, () => leave(refused)))
    },
    [leave],
  )
  const open = useCallback(async () => {
    const secret = storedKey()
    setFailure(null)
    try {
      if (secret !== null) await enter(secret)
    } catch (error) {
      // A server that is away may be back in a moment: only a refusal forgets the key.
      if ((error as { status?: number }).status === 401) leave(refused)
      else setFailure(error)
    } finally {
      setOpening(false)
    }
  }, [enter, leave])
  useEffect(() => {
    open()
  }, [open])

  if (isOpening) {
    return (
      <div className="door">
        <Loader aria-label="Signing in" />
      </div>
    )
  }
  if (session === null) return <SignIn enter={enter} message={message} failure={failure} again={open} />
  return (
    <SessionContext value={session}>
      <Frame leave={() => leave()} />
    </SessionContext>
  )
}
