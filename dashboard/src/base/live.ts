import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState } from 'react'
import { AuthenticationError, type Mteja, PermissionError, RateLimitError } from './client.ts'
import { useSession } from './context.ts'
import { tell } from './problems.ts'

export interface Live {
  /** Whether events arrive: not before the first connection, nor while the server is away. */
  state: 'connecting' | 'live' | 'lost'
  /** Why they do not, for a person. */
  sentence?: string
}

/** A server says something every three seconds. One that hangs keeps its connections open, and is silent. */
const silenceMs = 8_000
/** Something else than the server may have answered, such as a proxy in front of it. */
const strangeMs = 4_000

/** The screen has its first numbers by then. */
const firstMs = 1500
/** Events that come together are one reason to ask again. */
const settleMs = 250
/** Lists of everything are asked for again at most this often: a busy merchant has hundreds of events a second. */
const listsMs = 3000
const lists = ['money', 'home', 'developers', 'audit']

export const LiveContext = createContext<Live>({ state: 'connecting' })
export const useLive = () => useContext(LiveContext)

/**
 * Follows the events of the merchant and mode, and has the screens ask again about things that changed. A hidden tab lets its
 * connection go, because a browser has six for a server. It asks for everything again when it is looked at.
 */
export function useFollowing(): Live {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const [live, setLive] = useState<Live>({ state: 'connecting' })
  const isVisible = useVisibility()
  useEffect(() => {
    if (!isVisible) return
    const leaving = new AbortController()
    const dirty = new Dirty(queries)
    let later: ReturnType<typeof setTimeout> | undefined
    const lose = (error: unknown) => {
      setLive({ state: 'lost', sentence: sentenceOf(error) })
      // The server is there, and has as many streams as it allows: until one ends, everything is asked for again with each try.
      if (error instanceof RateLimitError) queries.invalidateQueries()
    }
    const options = {
      signal: leaving.signal,
      silenceMs,
      timeoutMs: silenceMs,
      onOpen: () => {
        setLive({ state: 'live' })
        // What has happened between the first answers and this moment was told to nobody.
        clearTimeout(later)
        later = setTimeout(() => queries.invalidateQueries(), firstMs)
      },
      onLost: lose,
    }
    let again: ReturnType<typeof setTimeout> | undefined
    const follow = async () => {
      try {
        for await (const event of mteja.events.follow({}, options)) dirty.add(event)
      } catch (error) {
        // A key that is refused ends the session: see `whenRefused`.
        if (leaving.signal.aborted || error instanceof AuthenticationError) return
        lose(error)
        again = setTimeout(follow, strangeMs)
      }
    }
    follow()
    return () => {
      leaving.abort()
      clearTimeout(again)
      dirty.stop()
      clearTimeout(later)
    }
  }, [mteja, queries, isVisible])
  return live
}

function sentenceOf(error: unknown): string {
  if (error instanceof RateLimitError) return `What happens appears here some seconds late. ${tell(error).sentence}`
  if (error instanceof PermissionError) return `What happens does not appear here by itself. ${tell(error).sentence}`
  return 'The server cannot be reached. This page tries again by itself.'
}

function useVisibility(): boolean {
  const [isVisible, setVisible] = useState(!document.hidden)
  useEffect(() => {
    const look = () => setVisible(!document.hidden)
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return isVisible
}

/** Which things are to be asked for again, told to the queries once the events have settled. */
class Dirty {
  readonly #queries: QueryClient
  readonly #customers = new Set<string>()
  readonly #lists = new Set<string>()
  #customersTimer: ReturnType<typeof setTimeout> | undefined
  #listsTimer: ReturnType<typeof setTimeout> | undefined
  #toldAt = 0

  constructor(queries: QueryClient) {
    this.#queries = queries
  }

  add({ type, customerId, body }: Mteja.StreamedEvent): void {
    const data = (body.data ?? {}) as Record<string, unknown>
    for (const id of [customerId, data.fromCustomerId, data.toCustomerId]) {
      if (typeof id === 'string') this.#customers.add(id)
    }
    for (const name of lists) this.#lists.add(name)
    if (/^(customer|identity)\./.test(type)) this.#lists.add('customers')
    this.#customersTimer ??= setTimeout(() => this.#tellCustomers(), settleMs)
    const pauseMs = Math.max(settleMs, this.#toldAt + listsMs - Date.now())
    this.#listsTimer ??= setTimeout(() => this.#tellLists(), pauseMs)
  }

  stop(): void {
    clearTimeout(this.#customersTimer)
    clearTimeout(this.#listsTimer)
  }

  #tellCustomers(): void {
    this.#customersTimer = undefined
    for (const id of this.#customers) this.#queries.invalidateQueries({ queryKey: ['customer', id] })
    this.#customers.clear()
  }

  #tellLists(): void {
    this.#listsTimer = undefined
    this.#toldAt = Date.now()
    for (const name of this.#lists) this.#queries.invalidateQueries({ queryKey: [name] })
    this.#lists.clear()
  }
}
