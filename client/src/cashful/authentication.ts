import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'

/** `client.authentication`: JWTs, and the keys that verify them. */
export class Authentication {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** A JWT that acts for the caller. A JWT of Mteja's is valid for 15 minutes. */
  getToken(options?: CallOptions): Promise<Cashful.GetTokenResult> {
    const call = { method: 'GET', path: path`/api/canary/authentication/token`, shape: { token: 'text' } } as const
    return this.#send(call, options)
  }

  /** The public keys that verify the JWTs, as a JSON Web Key Set. */
  getJwks(options?: CallOptions): Promise<Cashful.GetJwksResult> {
    const shape = { keys: [{ kid: 'text', kty: 'text' }] } as const
    return this.#send({ method: 'GET', path: path`/api/canary/authentication/jwks`, shape }, options)
  }
}
