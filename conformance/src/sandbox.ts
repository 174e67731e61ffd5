import { CashfulClient, MtejaClient } from '../../client/src/index.ts'
import type { Merchant } from './merchant.ts'

/** Does in test mode what otherwise only a payer or a bank can do. */
export function sandboxOf({ url, key }: Merchant): MtejaClient['sandbox'] {
  return new MtejaClient({ baseUrl: url, token: key }).sandbox
}

/** The merchant's own Cashful client, for the steps around a call that is tested. */
export function cashfulOf({ url, key }: Merchant): CashfulClient {
  return new CashfulClient({ baseUrl: url, token: key })
}
