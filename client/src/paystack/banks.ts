import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { envelope } from './api.ts'

const bank = { id: 'whole', name: 'text', code: 'text' } as const
const account = envelope({ account_number: 'text', account_name: 'text' })

/** A page of banks. Only a page asked for by cursor has its place. */
export interface BankPage {
  data: Paystack.Bank[]
  meta?: Paystack.CursorMeta
}

/** `client.banks`: banks, and the holders of accounts and cards. */
export class Banks {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Banks by name: all that fit, or with `use_cursor: true` a page of them. */
  list(query: Paystack.BankListQuery = {}, options?: CallOptions): Promise<BankPage> {
    return this.#send({ method: 'GET', path: path`/bank`, query, shape: envelope([bank]) }, options)
  }

  /** Resolves an account number to its holder's name. Throws ValidationError for an unknown account. */
  resolve(query: Paystack.BankResolveAccountNumberQuery, options?: CallOptions): Promise<Paystack.ResolvedAccount> {
    return this.#data({ method: 'GET', path: path`/bank/resolve`, query, shape: account }, options)
  }

  /**
   * Checks that a South African account belongs to the holder of an ID document. Throws ValidationError when it does
   * not.
   */
  validate(body: Paystack.BankValidateAccountNumberBody, options?: CallOptions): Promise<Paystack.AccountValidation> {
    const shape = envelope({ verified: 'flag' })
    return this.#data({ method: 'POST', path: path`/bank/validate`, body, shape }, options)
  }

  /** Resolves the first six or eight digits of a card to its issuer. */
  resolveCardBin(bin: string, options?: CallOptions): Promise<Paystack.CardBin> {
    const shape = envelope({ bin: 'text', brand: 'text' })
    return this.#data({ method: 'GET', path: path`/decision/bin/${bin}`, shape }, options)
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    return (await this.#send<{ data: Data }>(call, options)).data
  }
}
