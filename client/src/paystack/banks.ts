import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { envelope } from './api.ts'

const bank = { id: 'whole', name: 'text', code: 'text' } as const
const account = envelope({ account_number: 'text', account_name: 'text' })

/** A page of banks; only one asked for by cursor says where it is. */
export interface BankPage {
  data: Paystack.Bank[]
  meta?: Paystack.CursorMeta
}

/** `client.banks`: banks, whose their accounts are, and whose cards. */
export class Banks {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** By name. All that fit, or with `use_cursor: true` a page of them. */
  list(query: Paystack.BankListQuery = {}, options?: CallOptions): Promise<BankPage> {
    return this.#send({ method: 'GET', path: path`/bank`, query, shape: envelope([bank]) }, options)
  }

  /** Whose an account is. Throws ValidationError for one that nobody knows. */
  resolve(query: Paystack.BankResolveAccountNumberQuery, options?: CallOptions): Promise<Paystack.ResolvedAccount> {
    return this.#data({ method: 'GET', path: path`/bank/resolve`, query, shape: account }, options)
  }

  /** Whether a South African account is of whom a document is of. Throws ValidationError where it is not. */
  validate(body: Paystack.BankValidateAccountNumberBody, options?: CallOptions): Promise<Paystack.AccountValidation> {
    const shape = envelope({ verified: 'flag' })
    return this.#data({ method: 'POST', path: path`/bank/validate`, body, shape }, options)
  }

  /** What the first six or eight digits of a card tell. */
  resolveCardBin(bin: string, options?: CallOptions): Promise<Paystack.CardBin> {
    const shape = envelope({ bin: 'text', brand: 'text' })
    return this.#data({ method: 'GET', path: path`/decision/bin/${bin}`, shape }, options)
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    return (await this.#send<{ data: Data }>(call, options)).data
  }
}
