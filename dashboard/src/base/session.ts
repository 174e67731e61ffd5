import { AuthenticationError, CashfulClient, type Mteja, MtejaClient, PaystackClient } from './client.ts'
import type { MoneyFormat } from './money.ts'
import type { TimeFormat } from './times.ts'

export type Scope = NonNullable<Mteja.RetrieveApiKeyResult['scopes']>[number]

/** Somebody who has signed in with a key: who they are, what they may do, and how to ask the server. */
export interface Session {
  mode: 'test' | 'live'
  key: Mteja.RetrieveApiKeyResult
  merchant: Mteja.Merchant
  /** For amounts and times: the viewer's locale, the merchant's clocks and currencies. */
  format: MoneyFormat & TimeFormat
  cashful: CashfulClient
  paystack: PaystackClient
  mteja: MtejaClient
  can(scope: Scope): boolean
}

/** The key lives as long as the tab. It is in no address, no cookie and nothing that outlives the tab. */
const place = 'mteja.key'

export const storedKey = (): string | null => sessionStorage.getItem(place)
export const forgetKey = (): void => sessionStorage.removeItem(place)

/**
 * Asks the server whose key it is and what it may do. Throws the client's errors; TypeError for a text that is no key.
 *
 * @param onRefused is called when the server refuses the key later: revoked, expired
 */
export async function signIn(secret: string, onRefused: (error: AuthenticationError) => void): Promise<Session> {
  if (!/^sk_(test|live)_[\w-]+$/.test(secret)) {
    throw new TypeError('A key begins with sk_test_ or sk_live_. Copy the whole key, without blanks.')
  }
  let isIn = false
  const watched = async (input: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(input, init)
    if (response.status === 401 && isIn) {
      isIn = false
      onRefused(new AuthenticationError('', { operation: '', attempts: 1, status: 401 }))
    }
    return response
  }
  const options = { baseUrl: location.origin, fetch: watched, maxRetries: 2, deadlineMs: 20_000 }
  const mteja = new MtejaClient({ token: secret, ...options })
  const cashful = new CashfulClient({ token: secret, ...options })
  const paystack = new PaystackClient({ secretKey: secret, ...options })
  const [{ token }, merchant] = await Promise.all([cashful.authentication.getToken(), mteja.merchants.own()])
  const key = await mteja.apiKeys.retrieve(keyIdOf(token))
  const scopes = new Set(key.scopes)
  sessionStorage.setItem(place, secret)
  isIn = true
  return {
    mode: key.mode,
    key,
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
