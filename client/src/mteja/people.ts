import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listPages, type MtejaPage } from './api.ts'

const person = { id: 'text', name: 'text', email: 'text' } as const

/** `client.people`: the people whose keys these are, of the mode of the client's key. */
export class People {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Creates a person. Make keys of the person with `apiKeys.create` and `personId`. */
  create(body: Mteja.CreatePersonBody, options?: CallOptions): Promise<Mteja.Person> {
    return this.#send({ method: 'POST', path: path`/v1/people`, body, shape: person }, options)
  }

  /** Newest first, with people who have ended. */
  list(query: Mteja.ListPeopleQuery = {}, options?: CallOptions): List<Mteja.Person, MtejaPage<Mteja.Person>> {
    return listPages(this.#send, path`/v1/people`, query, person, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Person> {
    return this.#send({ method: 'GET', path: path`/v1/people/${id}`, shape: person }, options)
  }

  update(id: string, body: Mteja.UpdatePersonBody, options?: CallOptions): Promise<Mteja.Person> {
    return this.#send({ method: 'PATCH', path: path`/v1/people/${id}`, body, shape: person }, options)
  }

  /** Ends a person: the keys of the person are revoked, and the person can have no new one. */
  end(id: string, options?: CallOptions): Promise<Mteja.EndPersonResult> {
    const shape = { ...person, revokedKeys: 'whole' } as const
    return this.#send({ method: 'POST', path: path`/v1/people/${id}/end`, shape }, options)
  }
}
