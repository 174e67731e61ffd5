import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'

const positions = {
  at: 'text',
  data: [
    { currency: 'text', customers: 'whole', merchant: 'whole', outside: [{ accountId: 'whole', amount: 'whole' }] },
  ],
} as const
const days = {
  days: ['text'],
  timeZone: 'text',
  data: [{ day: 'text', currency: 'text', kind: 'text', count: 'whole', amount: 'whole' }],
} as const

/** `client.positions`: what is owed against what is held, and what moves day by day. */
export class Positions {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** In each currency, as of now. */
  list(options?: CallOptions): Promise<Mteja.Positions> {
    return this.#send({ method: 'GET', path: path`/v1/positions`, shape: positions }, options)
  }

  /** What moved on each of the last days, by currency and kind. */
  days(query: Mteja.ListDayVolumesQuery = {}, options?: CallOptions): Promise<Mteja.DayVolumes> {
    return this.#send({ method: 'GET', path: path`/v1/positions/days`, query, shape: days }, options)
  }
}
