import { beforeAll, inject } from 'vitest'
import { MtejaClient } from '../../client/src/index.ts'

/** A new merchant on the started server, with the data that a client needs. */
export interface Merchant {
  /** The server's address, without a trailing slash. */
  url: string
  /** A secret key of test mode. */
  key: string
}

/**
 * Creates a merchant for the tests of one file, who see no other customers. The object is filled in before the first
 * test. PAYSTACK_API_URL is set for the clients that `mteja/preload` redirects.
 */
export function useMerchant(): Merchant {
  const merchant: Merchant = { url: inject('serverUrl'), key: '' }
  process.env.PAYSTACK_API_URL = merchant.url
  beforeAll(async () => {
    const { merchants } = new MtejaClient({ baseUrl: merchant.url, token: inject('adminKey') })
    const { id } = await merchants.create({ name: 'Conformance', currencies: ['ZAR', 'NGN', 'XOF'] })
    merchant.key = (await merchants.createApiKey(id)).secret
  })
  return merchant
}
