import { beforeAll, inject } from 'vitest'

/** A new merchant on the started server, as a client is told of it. */
export interface Merchant {
  /** The server's address, without a trailing slash. */
  url: string
  /** A secret key of test mode. */
  key: string
}

/**
 * Makes a merchant for the tests of one file, who see nobody else's customers. The object is filled in before the first test,
 * and PAYSTACK_API_URL is set for the clients redirected by `preload.ts`.
 */
export function useMerchant(): Merchant {
  const merchant: Merchant = { url: inject('serverUrl'), key: '' }
  process.env.PAYSTACK_API_URL = merchant.url
  beforeAll(async () => {
    const { id } = await postAsOperator(merchant.url, 'merchants', { name: 'Conformance' })
    const { secret } = await postAsOperator(merchant.url, `merchants/${id}/api-keys`, {})
    merchant.key = String(secret)
  })
  return merchant
}

async function postAsOperator(url: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${inject('adminKey')}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (response.status !== 201) throw new Error(`The operator was answered ${response.status}: ${await response.text()}`)
  return response.json() as Promise<Record<string, unknown>>
}
