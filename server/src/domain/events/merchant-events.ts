import { ServiceError } from '../../base/errors.ts'
import { noteChange, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { isMerchantEventType, recordEvent } from './events.ts'

/** A fact that a merchant's program states. Nothing in Mteja is changed by it. */
export interface MerchantEvent {
  type: string
  data: Record<string, unknown>
  relatedEntityId?: string | undefined
  relatedEntityType?: string | undefined
}

/** The data are sent with every delivery, so they are limited as metadata is. */
const maxDataBytes = 16 * 1024

/**
 * Records a merchant's event, which is told to the merchant's endpoints like any other. Throws `invalid_request` for a type
 * that Mteja records by itself, for another name that is not the merchant's to give, and for data over 16 KiB.
 */
export async function recordMerchantEvent(tx: TxContext, tenant: Tenant, event: MerchantEvent): Promise<void> {
  const { type, ...details } = event
  if (!isMerchantEventType(type)) {
    const message = `type must be checkout.loaded or begin with custom., such as custom.order_shipped, not ${JSON.stringify(type)}: only Mteja records the other events`
    throw new ServiceError('invalid_request', message, 'type')
  }
  if (Buffer.byteLength(JSON.stringify(details.data)) > maxDataBytes) {
    throw new ServiceError('invalid_request', 'data must be at most 16 KiB of JSON', 'data')
  }
  noteChange(tx, { object: null, after: { type } })
  await recordEvent(tx, tenant, { type, customer: null, details })
}
