import { CashfulClient, type Mteja, MtejaClient, PaystackClient } from './client.ts'
import type { MoneyFormat } from './money.ts'
import type { TimeFormat } from './times.ts'

export type Scope = NonNullable<Mteja.RetrieveApiKeyResult['scopes']>[number]

/** Somebody who has signed in with a key: who they are, what they may do, and how to ask the server. */
export interface Session {
  mode: 'test' | 'live'
  key: Mteja.RetrieveApiKeyResult
  /** Whose key it is; null for a program's. */
  personName: string | null
  merchant: Mteja.Merchant
  /** For amounts and times: the viewer's locale, the merchant's clocks and currencies. */
  format: MoneyFormat & TimeFormat
  cashful: CashfulClient
  paystack: PaystackClient
  mteja: MtejaClient
  can(scope: Scope): boolean
}

/** Both live as long as the tab, and are in no address, no cookie and nothing that outlives the tab. */
const keyPlace = 'mteja.key'
const knownPlace = 'mteja.known'

export const storedKey = (): string | null => sessionStorage.getItem(keyPlace)

export function forgetKey(): void {
  sessionStorage.removeItem(keyPlace)
  sessionStorage.removeItem(knownPlace)
}

/** What the server said about a key. */
type Known = Pick<Session, 'key' | 'personName' | 'merchant'>

/**
 * Asks the server whose key it is and what it may do. Throws the client's errors; TypeError for a text that is no key.
 */
export async function signIn(secret: string): Promise<Session> {
  if (!/^sk_(test|live)_[\w-]+$/.test(secret)) {
    throw new TypeError('A key begins with sk_test_ or sk_live_. Copy the whole key, without blanks.')
  }
  const clients = clientsOf(secret)
  const [{ token }, merchant] = await Promise.all([
    clients.cashful.authentication.getToken(),
    clients.mteja.merchants.own(),
  ])
  const session = sessionOf(clients, { ...(await readKey(clients, keyIdOf(token))), merchant })
  sessionStorage.setItem(keyPlace, secret)
  remember(session)
  return session
}

/**
 * The session that this tab had before it was loaded again, so that the screen asks for its numbers at once. What the key may do can
 * have changed meanwhile: see `lookAgain`. Nothing where the tab has no key, or knows it from another version of the page.
 */
export function resume(): Session | null {
  const secret = storedKey()
  const text = sessionStorage.getItem(knownPlace)
  if (secret === null || text === null) return null
  const { build, ...known } = JSON.parse(text) as Known & { build: string }
  return build === thisBuild ? sessionOf(clientsOf(secret), known) : null
}

/** Asks the server again about a session that was resumed. The same session if nothing has changed. Throws the client's errors. */
export async function lookAgain(session: Session): Promise<Session> {
  const { mteja } = session
  const [known, merchant] = await Promise.all([readKey(session, session.key.id), mteja.merchants.own()])
  if (wordsOf({ ...known, merchant }) === wordsOf(session)) return session
  const changed = sessionOf(session, { ...known, merchant })
  remember(changed)
  return changed
}

async function readKey({ mteja }: Clients, id: string): Promise<Omit<Known, 'merchant'>> {
  const key = await mteja.apiKeys.retrieve(id)
  return { key, personName: key.personId ? (await mteja.people.retrieve(key.personId)).name : null }
}

/** When a key was used last is no change of it. */
const wordsOf = ({ key, personName, merchant }: Known): string =>
  JSON.stringify([{ ...key, lastUsedAt: null }, personName, merchant])

/** The name of this file has the hash of its content. */
const thisBuild = import.meta.url

function remember({ key, personName, merchant }: Session): void {
  sessionStorage.setItem(knownPlace, JSON.stringify({ build: thisBuild, key, personName, merchant }))
}

let refused = (): void => {}

/** Calls `listener` when the server no longer accepts the key of the session: revoked, expired. A page has one listener. */
export function whenRefused(listener: () => void): void {
  refused = listener
}

type Clients = Pick<Session, 'cashful' | 'paystack' | 'mteja'>

function clientsOf(secret: string): Clients {
  const watched = async (input: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(input, init)
    if (response.status === 401 && storedKey() === secret) refused()
    return response
  }
  const options = { baseUrl: location.origin, fetch: watched, maxRetries: 2, deadlineMs: 20_000 }
  return {
    mteja: new MtejaClient({ token: secret, ...options }),
    cashful: new CashfulClient({ token: secret, ...options }),
    paystack: new PaystackClient({ secretKey: secret, ...options }),
  }
}

function sessionOf({ mteja, cashful, paystack }: Clients, { key, personName, merchant }: Known): Session {
  const scopes = new Set(key.scopes)
  return {
    mode: key.mode,
    key,
    personName,
    merchant,
    format: {
      locale: navigator.language,
      timeZone: merchant.timeZone ?? 'UTC',
      currencies: merchant.currencies,
    },
    cashful,
    paystack,
    mteja,
    can: (scope) => scopes.has(scope),
  }
}

/** A token says which key it was made from. */
function keyIdOf(token: string): string {
  const text = token.split('.')[1] ?? ''
  const claims = JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/'))) as { api_key_id?: string }
  return claims.api_key_id ?? ''
}
