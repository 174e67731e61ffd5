import { MtejaClient } from '../../client/src/index.ts'
import type { Merchant } from './merchant.ts'

/** Makes something happen in test mode that otherwise only a payer or a bank can. */
export function sandboxOf({ url, key }: Merchant): MtejaClient['sandbox'] {
  return new MtejaClient({ baseUrl: url, token: key }).sandbox
}
