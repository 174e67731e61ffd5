import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../context.ts'

// What deliveries and endpoints are called outside. Numbers of rows would tell how many there are of everybody's.

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** `we_` and the endpoint's id. */
export function endpointName(id: string): string {
  return `we_${id}`
}

/** Throws `webhook_endpoint_not_found` for a text that is no endpoint's name. */
export function readEndpointName(name: string): string {
  const id = name.startsWith('we_') ? name.slice(3) : ''
  if (uuid.test(id)) return id
  throw new ServiceError('webhook_endpoint_not_found', `There is no webhook endpoint "${name}"`)
}

export function deliveryName({ vault }: Pick<Context, 'vault'>, id: bigint): string {
  return `dlv_${vault.conceal(id, 'delivery')}`
}

/** Throws `delivery_not_found` for a text that is no delivery's name. */
export function readDeliveryName({ vault }: Pick<Context, 'vault'>, name: string): bigint {
  const id = name.startsWith('dlv_') ? vault.reveal(name.slice(4), 'delivery') : null
  if (id !== null) return id
  throw new ServiceError('delivery_not_found', `There is no delivery "${name}"`)
}
