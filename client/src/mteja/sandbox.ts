import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { listPages, type MtejaPage } from './api.ts'
import { difference } from './reconciliations.ts'

const payIn = { id: 'text', customerId: 'text', amount: 'whole', currency: 'text', balanceAfter: 'whole' } as const
const paymentMethod = { id: 'text', authorizationCode: 'text', customerId: 'text', type: 'text' } as const

const outcome = { id: 'text', on: 'text', outcome: 'text', timesLeft: 'whole' } as const

/** `client.sandbox`: does on request what happens outside in live mode. Test mode only. */
export class Sandbox {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Credits a customer's cash balance as if a pay-in had arrived. */
  payIn(body: Mteja.SimulatePayInBody, options?: CallOptions): Promise<Mteja.PayIn> {
    return this.#send(
      { method: 'POST', path: path`/v1/sandbox/pay-ins`, body: withAmount(body), shape: payIn },
      options,
    )
  }

  /** Saves a card or a mobile money number, as if the customer had paid with it. */
  createPaymentMethod(
    body: Mteja.CreateTestPaymentMethodBody,
    options?: CallOptions,
  ): Promise<Mteja.TestPaymentMethod> {
    return this.#send({ method: 'POST', path: path`/v1/sandbox/payment-methods`, body, shape: paymentMethod }, options)
  }

  /** Has the payer's bank dispute a payment, named by its reference or any other name. */
  dispute(body: Mteja.SimulateDisputeBody, options?: CallOptions): Promise<Mteja.Dispute> {
    const shape = { id: 'text', amount: 'whole', currency: 'text', state: 'text' } as const
    return this.#send({ method: 'POST', path: path`/v1/sandbox/disputes`, body, shape }, options)
  }

  /** Pretends that a reconciliation has found a difference. No money moves. */
  difference(body: Mteja.SimulateDifferenceBody, options?: CallOptions): Promise<Mteja.Difference> {
    return this.#send({ method: 'POST', path: path`/v1/sandbox/differences`, body, shape: difference }, options)
  }

  /** Approves what waits for a second person, as another person would. */
  approveAsAnother(approvalId: string, options?: CallOptions): Promise<Mteja.Approval> {
    const shape = { id: 'text', kind: 'text', status: 'text' } as const
    return this.#send({ method: 'POST', path: path`/v1/sandbox/approvals/${approvalId}/approve`, shape }, options)
  }

  /** Makes the processor send a notice about a payment intent or a checkout session again, or decides its outcome. */
  paymentNotice(
    reference: string,
    body: Mteja.SimulatePaymentNoticeBody = {},
    options?: CallOptions,
  ): Promise<Mteja.PaymentNotice> {
    const shape = { paymentIntentId: 'text', status: 'text' } as const
    return this.#send({ method: 'POST', path: path`/v1/sandbox/payments/${reference}/notice`, body, shape }, options)
  }

  /** Sends money to a customer's dedicated account, once for a `reference`. */
  transfer(
    accountNumber: string,
    body: Mteja.SimulateIncomingTransferBody,
    options?: CallOptions,
  ): Promise<Mteja.IncomingTransfer> {
    const shape = { reference: 'text', customerId: 'text', amount: 'whole', status: 'text' } as const
    const to = path`/v1/sandbox/dedicated-accounts/${accountNumber}/transfers`
    return this.#send({ method: 'POST', path: to, body: withAmount(body), shape }, options)
  }

  /** Approves a direct debit mandate, as the customer would on the hosted page. */
  approveMandate(
    reference: string,
    body: Mteja.ApproveTestMandateBody = {},
    options?: CallOptions,
  ): Promise<Mteja.AnsweredMandate> {
    const shape = { reference: 'text', status: 'text', 'authorizationCode?': 'text' } as const
    return this.#send({ method: 'POST', path: path`/v1/sandbox/mandates/${reference}/approve`, body, shape }, options)
  }

  /** Declines a direct debit mandate, as the customer would on the hosted page. */
  declineMandate(reference: string, options?: CallOptions): Promise<Mteja.AnsweredMandate> {
    const shape = { reference: 'text', status: 'text', 'authorizationCode?': 'text' } as const
    return this.#send({ method: 'POST', path: path`/v1/sandbox/mandates/${reference}/decline`, shape }, options)
  }

  /** Chooses what happens to the next charges that fit. */
  createOutcome(body: Mteja.CreateTestOutcomeBody, options?: CallOptions): Promise<Mteja.TestOutcome> {
    return this.#send({ method: 'POST', path: path`/v1/sandbox/outcomes`, body, shape: outcome }, options)
  }

  /** The outcomes that are still to be used, newest first. */
  listOutcomes(
    query: Mteja.ListTestOutcomesQuery = {},
    options?: CallOptions,
  ): List<Mteja.TestOutcome, MtejaPage<Mteja.TestOutcome>> {
    return listPages(this.#send, path`/v1/sandbox/outcomes`, query, outcome, options)
  }

  /** Takes back an outcome that is not used up. */
  deleteOutcome(id: string, options?: CallOptions): Promise<Mteja.DeletedTestOutcome> {
    const shape = { id: 'text', deleted: 'true' } as const
    return this.#send({ method: 'DELETE', path: path`/v1/sandbox/outcomes/${id}`, shape }, options)
  }
}
