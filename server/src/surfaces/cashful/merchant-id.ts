import { ServiceError } from '../../base/errors.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'

/** A merchant named in a request must be the key's own; any other does not exist. Throws `merchant_not_found`. */
export function checkMerchantId({ merchant }: Tenant, merchantId: string | undefined): void {
  if (merchantId && merchantId !== merchant.code) {
    throw new ServiceError('merchant_not_found', `There is no merchant "${merchantId}"`)
  }
}
