import type { QueryClient } from '@tanstack/react-query'
import { readScript } from '../base/scripts.ts'
import type { Session } from '../base/session.ts'
import { pageQuery, readAsking } from '../customers/list-reads.ts'
import { balancesQuery, leavingQuery, profileQuery } from '../customers/reads.ts'
import { needsQuery, numbersQuery, recentQuery } from '../home/reads.ts'

/** The scripts of the screens but the first one. */
const scripts = {
  customers: async () => (await import('../customers/customers.tsx')).Customers,
  customer: async () => (await import('../customers/customer.tsx')).Customer,
  money: async () => (await import('../money/money.tsx')).Money,
  developers: async () => (await import('../developers/developers.tsx')).Developers,
  audit: async () => (await import('../audit/audit.tsx')).Audit,
} as const

export type ScreenName = keyof typeof scripts
type Screen = Awaited<ReturnType<(typeof scripts)[ScreenName]>>

const known = new Map<ScreenName, Screen>()

/** A screen whose script is there already. */
export const knownScreen = (name: ScreenName): Screen | undefined => known.get(name)

/** The script of a screen that is drawn now: it is waited for while the server is away. */
export async function readScreen(name: ScreenName): Promise<Screen> {
  return keep(name, await readScript(scripts[name]))
}

function keep(name: ScreenName, screen: Screen): Screen {
  known.set(name, screen)
  return screen
}

/** Asks for the script of the screen at this address, and for its first numbers, before the page itself is there. */
export function beginReading(queries: QueryClient, session: Session): Promise<unknown> {
  const [, section = 'home', id] = location.pathname.slice('/app'.length).split('/')
  if (section === 'customers' && id !== undefined) {
    queries.prefetchQuery(profileQuery(session, id))
    queries.prefetchQuery(balancesQuery(session, id))
    queries.prefetchQuery(leavingQuery(session, id))
    return readScreen('customer')
  }
  if (section === 'customers') {
    queries.prefetchQuery(pageQuery(session, readAsking(new URLSearchParams(location.search)), 0))
    return readScreen('customers')
  }
  if (section in scripts) return readScreen(section as ScreenName)
  queries.prefetchQuery(numbersQuery(session))
  queries.prefetchQuery(needsQuery(session))
  queries.prefetchQuery(recentQuery(session))
  return Promise.resolve()
}

/** Reads the other screens while nothing else is to be done, so that none is waited for later. */
export function readScreensLater(): void {
  const idle = window.requestIdleCallback ?? ((then: () => void) => setTimeout(then, 500))
  const left = (Object.keys(scripts) as ScreenName[]).filter((name) => !known.has(name))
  const next = () => {
    const name = left.shift()
    if (name === undefined) return
    // Nobody waits for it yet. Where it is missing, somebody may be filling in a form: nothing is loaded again.
    scripts[name]().then(
      (screen) => {
        keep(name, screen)
        idle(next)
      },
      () => {},
    )
  }
  idle(next)
}
