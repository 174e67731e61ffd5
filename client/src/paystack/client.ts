import type { ClientOptions, Credential } from '../core/options.ts'
import { createSend } from '../core/transport.ts'
import type { AnyMetadata } from '../generated/types.ts'
import { paystackApi } from './api.ts'
import { Balance } from './balance.ts'
import { Banks } from './banks.ts'
import { Charges } from './charges.ts'
import { Customers } from './customers.ts'
import { DedicatedAccounts } from './dedicated-accounts.ts'
import { DirectDebits } from './direct-debits.ts'
import { Disputes } from './disputes.ts'
import { Miscellaneous } from './miscellaneous.ts'
import { Refunds } from './refunds.ts'
import { Settlements } from './settlements.ts'
import { Transactions } from './transactions.ts'
import { TransferRecipients } from './transfer-recipients.ts'
import { Transfers } from './transfers.ts'

export interface PaystackOptions extends ClientOptions {
  /** `sk_test_…` or `sk_live_…`. A function is called before each attempt. */
  secretKey: Credential
}

/**
 * Paystack's Customers API, on Paystack's own service or on a Mteja server:
 *
 *     const client = new PaystackClient({ baseUrl: 'http://localhost:9000', secretKey: 'sk_test_…' })
 *     const customer = await client.customers.fetch('ada@example.com')
 *
 * @typeParam Metadata the type of the metadata that your code attaches to customers; it is not checked in answers
 */
export class PaystackClient<Metadata extends object = AnyMetadata> {
  readonly customers: Customers<Metadata>
  readonly transactions: Transactions
  readonly charges: Charges
  readonly refunds: Refunds
  readonly disputes: Disputes
  readonly settlements: Settlements
  readonly transfers: Transfers
  readonly transferRecipients: TransferRecipients
  readonly balance: Balance
  readonly banks: Banks
  readonly dedicatedAccounts: DedicatedAccounts<Metadata>
  readonly directDebits: DirectDebits
  readonly miscellaneous: Miscellaneous

  constructor({ secretKey, ...options }: PaystackOptions) {
    const send = createSend(paystackApi, secretKey, options)
    this.customers = new Customers(send)
    this.transactions = new Transactions(send)
    this.charges = new Charges(send)
    this.refunds = new Refunds(send)
    this.disputes = new Disputes(send)
    this.settlements = new Settlements(send)
    this.transfers = new Transfers(send)
    this.transferRecipients = new TransferRecipients(send)
    this.balance = new Balance(send)
    this.banks = new Banks(send)
    this.dedicatedAccounts = new DedicatedAccounts(send)
    this.directDebits = new DirectDebits(send)
    this.miscellaneous = new Miscellaneous(send)
  }
}
