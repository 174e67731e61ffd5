import { ServiceError } from '../../base/errors.ts'
import { type EventType, readEventType } from '../events/events.ts'

/** Stands for every type of event, also for types that later releases add. */
const everyEvent = '*'

/** Null for every type of event. Throws `invalid_request` naming a text that is no type of event. */
export function readSubscription(names: readonly string[]): EventType[] | null {
  if (names.includes(everyEvent)) {
    if (names.length > 1) {
      throw new ServiceError('invalid_request', `events must name events, or be ["${everyEvent}"] for all`, 'events')
    }
    return null
  }
  return [...new Set(names.map((name) => readEventType('events', name)))]
}

export function renderSubscription(types: readonly EventType[] | null): string[] {
  return types === null ? [everyEvent] : [...types]
}
