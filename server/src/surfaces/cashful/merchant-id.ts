import { ServiceError } from '../../base/errors.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'

/** A merchant named in a request must be the key's own. Throws `merchant_not_found` for any other. */
export function checkMerchantId({ merchant }: Tenant, merchantId: string | undefined): void {
  if (merchantId && merchantId !== merchant.code) {
    throw new ServiceError('merchant_not_found', `There is no merchant "${merchantId}"`)
  }
}
