import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState } from 'react'
import { AuthenticationError, type Mteja } from './client.ts'
import { useSession } from './context.ts'

export interface Live {
  /** Whether events arrive: not before the first connection, nor while the server is away. */
  state: 'connecting' | 'live' | 'lost'
  /** The events since the page was opened, newest first. */
  events: readonly Mteja.StreamedEvent[]
}

const kept = 200
/** Events that come together are one reason to ask again. */
const settleMs = 250

export const LiveContext = createContext<Live>({ state: 'connecting', events: [] })
export const useLive = () => useContext(LiveContext)

/**
 * Follows the events of the merchant and mode, and has the screens ask again about things that changed. A hidden tab lets its
 * connection go, because a browser has six for a server. It asks for everything again when it is looked at.
 */
export function useFollowing(): Live {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const [live, setLive] = useState<Live>({ state: 'connecting', events: [] })
  const isVisible = useVisibility()
  useEffect(() => {
    if (!isVisible) return
    const leaving = new AbortController()
    const dirty = new Dirty(queries)
    const setState = (state: Live['state']) => setLive((before) => ({ ...before, state }))
    let isFirst = true
    const options = {
      signal: leaving.signal,
      onOpen: () => {
        setState('live')
        if (!isFirst) queries.invalidateQueries()
        isFirst = false
      },
      onLost: () => setState('lost'),
    }
    const follow = async () => {
      for await (const event of mteja.events.follow({}, options)) {
        dirty.add(event)
        setLive((before) => ({ ...before, events: [event, ...before.events].slice(0, kept) }))
      }
    }
    follow().catch((error) => {
      if (!leaving.signal.aborted && !(error instanceof AuthenticationError)) setState('lost')
    })
    return () => {
      leaving.abort()
      dirty.stop()
    }
  }, [mteja, queries, isVisible])
  return live
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
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(queries: QueryClient) {
    this.#queries = queries
  }

  add({ customerId, body }: Mteja.StreamedEvent): void {
    const data = (body.data ?? {}) as Record<string, unknown>
    for (const id of [customerId, data.fromCustomerId, data.toCustomerId]) {
      if (typeof id === 'string') this.#customers.add(id)
    }
    this.#timer ??= setTimeout(() => this.#flush(), settleMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = undefined
    for (const id of this.#customers) this.#queries.invalidateQueries({ queryKey: ['customer', id] })
    this.#customers.clear()
    for (const name of ['customers', 'money', 'home', 'developers', 'audit']) {
      this.#queries.invalidateQueries({ queryKey: [name] })
    }
  }
}
