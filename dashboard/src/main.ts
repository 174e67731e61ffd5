// The first script, a small one: it asks the server for what the screen shows, while the browser reads the page itself.
import { QueryClient } from '@tanstack/react-query'
import { readScript } from './base/scripts.ts'
import { resume } from './base/session.ts'
import { beginReading } from './shell/screens.ts'

// A browser that asked for the root of the server was given the page there.
if (!location.pathname.startsWith('/app')) history.replaceState(null, '', '/app')

const queries = new QueryClient({
  // The client package repeats what is worth repeating. Events say what has changed.
  defaultOptions: { queries: { retry: false, staleTime: 5_000, refetchOnWindowFocus: false } },
})
const session = resume()
const screen = session === null ? undefined : beginReading(queries, session)
// The page imports parts of this file's chunk, so that this file cannot wait for it.
Promise.all([readScript(() => import('./page.tsx')), screen]).then(([{ draw }]) => draw(queries, session))
