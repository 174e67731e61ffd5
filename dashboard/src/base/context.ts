import { createContext, useContext } from 'react'
import type { Session } from './session.ts'

export const SessionContext = createContext<Session | null>(null)

/** The session of whoever signed in: every screen but the first has one. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('nobody has signed in')
  return session
}

/** Shows a sentence under the sections. With `undo` for ten seconds, in which it can be taken back. */
export interface Notice {
  text: string
  undo?: () => Promise<unknown>
  isBad?: boolean
}

export const NoticeContext = createContext<(notice: Notice) => void>(() => {})
export const useNotice = () => useContext(NoticeContext)
