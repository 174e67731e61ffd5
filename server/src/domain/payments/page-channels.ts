import { ServiceError } from '../../base/errors.ts'
import type { TypedCard, TypedPhone } from './instruments.ts'
import type { PageChannel } from './payment-processor.ts'

/** The channels of the processor's pages that are wanted, in the page's order. Throws `invalid_request` for none. */
export function readChannels(
  offered: readonly PageChannel[],
  wanted: readonly string[],
  { field, words = offered }: { field: string; words?: readonly string[] },
): PageChannel[] {
  const channels = offered.filter((channel) => wanted.includes(channel))
  if (channels.length > 0) return channels
  const message = `${field} must have one of ${words.join(', ')}: a page here takes no other`
  throw new ServiceError('invalid_request', message, field)
}

/** Throws `invalid_request` for an instrument that a page does not offer. `channels` is null for a page that offers all. */
export function refuseOtherChannel(channels: readonly string[] | null, instrument: TypedCard | TypedPhone): void {
  if (channels === null || channels.includes(instrument.type)) return
  throw new ServiceError('invalid_request', `This is paid by ${channels.join(' or ')}`)
}
