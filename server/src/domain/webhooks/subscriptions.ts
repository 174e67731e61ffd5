import { ServiceError } from '../../base/errors.ts'
import { type EventType, readEventType } from '../events/events.ts'

/** Stands for every event, those too that do not exist yet. */
const everyEvent = '*'

/** Null for every event. Throws `invalid_request` naming what is no event. */
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
