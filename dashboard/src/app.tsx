import { Loader } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useState } from 'react'
import { SessionContext } from './base/context.ts'
import { forgetKey, lookAgain, type Session, signIn, storedKey, whenRefused } from './base/session.ts'
import { Frame } from './shell/frame.tsx'
import { SignIn } from './shell/sign-in.tsx'

const refused = 'Your key is no longer accepted: it was revoked, or it has expired. Sign in with another key.'
/** A server that was away when the page was opened is asked again this often. */
const againMs = 4_000

/**
 * The page: a key first, then everything that it may see.
 *
 * @param resumed the session that this tab had before it was loaded again
 */
export function App({ resumed }: { resumed: Session | null }) {
  const queries = useQueryClient()
  const [session, setSession] = useState(resumed)
  const [message, setMessage] = useState<string>()
  const [isOpening, setOpening] = useState(() => resumed === null && storedKey() !== null)
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
  const enter = useCallback(async (secret: string) => {
    setMessage(undefined)
    setSession(await signIn(secret))
  }, [])
  const open = useCallback(async () => {
    const secret = storedKey()
    try {
      if (secret !== null) await enter(secret)
      setFailure(null)
    } catch (error) {
      // A server that is away may be back in a moment: only a refusal forgets the key.
      if ((error as { status?: number }).status !== 401) setFailure(error)
    } finally {
      setOpening(false)
    }
  }, [enter])
  useEffect(() => {
    whenRefused(() => leave(refused))
    if (resumed === null) open()
    // A server that is away says so on the screen, and a refusal is told as any other.
    else
      lookAgain(resumed).then(
        (known) => setSession((now) => (now === resumed ? known : now)),
        () => {},
      )
  }, [open, leave, resumed])

  useEffect(() => {
    if (failure === null) return
    const timer = setTimeout(open, againMs)
    return () => clearTimeout(timer)
  }, [open, failure])

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
