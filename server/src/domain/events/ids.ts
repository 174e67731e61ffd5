import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../context.ts'

/**
 * An event's name outside: `evt_…`, always the same. Row numbers would tell how many events all tenants have together.
 */
export function eventName({ vault }: Pick<Context, 'vault'>, id: bigint): string {
  return `evt_${vault.conceal(id, 'event')}`
}

/** Throws `event_not_found` for a text that is no event's name. */
export function readEventName({ vault }: Pick<Context, 'vault'>, name: string): bigint {
  const id = name.startsWith('evt_') ? vault.reveal(name.slice(4), 'event') : null
  if (id !== null) return id
  throw new ServiceError('event_not_found', `There is no event "${name}"`)
}
