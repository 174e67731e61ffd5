import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { envelope } from './api.ts'

const country = { id: 'whole', name: 'text', iso_code: 'text' } as const
const state = { name: 'text', slug: 'text', abbreviation: 'text' } as const

/** `client.miscellaneous`: countries and their states. */
export class Miscellaneous {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** The countries in which Paystack works. */
  countries(options?: CallOptions): Promise<Paystack.Country[]> {
    return this.#data({ method: 'GET', path: path`/country`, shape: envelope([country]) }, options)
  }

  /** The states of a country whose cards are verified by address. */
  states(query: { country: string }, options?: CallOptions): Promise<Paystack.State[]> {
    const call = { method: 'GET', path: path`/address_verification/states`, query, shape: envelope([state]) } as const
    return this.#data(call, options)
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    return (await this.#send<{ data: Data }>(call, options)).data
  }
}
