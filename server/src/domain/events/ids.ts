import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../context.ts'

/** What an event is called outside: `evt_…`, the same each time. Its number would tell how many there are of everybody's. */
export function eventName({ vault }: Pick<Context, 'vault'>, id: bigint): string {
  return `evt_${vault.conceal(id, 'event')}`
}

/** Throws `event_not_found` for what is no event's name. */
export function readEventName({ vault }: Pick<Context, 'vault'>, name: string): bigint {
  const id = name.startsWith('evt_') ? vault.reveal(name.slice(4), 'event') : null
  if (id !== null) return id
  throw new ServiceError('event_not_found', `There is no event "${name}"`)
}
