import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Currency } from '../../../base/money.ts'
import { noteChange } from '../../../domain/context.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import { inParts } from '../../../domain/payments/payment-parts.ts'
import type { Payment } from '../../../domain/payments/payment-records.ts'
import { getPayment, type PaymentName } from '../../../domain/payments/payments.ts'
import {
  findProcessorRefund,
  listNumberedRefunds,
  type NumberedFilter,
  type ProcessorRefund,
  summarizeRefunds,
} from '../../../domain/payments/refund-records.ts'
import { type MadeRefund, queueRefund, redirectRefund } from '../../../domain/payments/refunds.ts'
import { findTransactionId } from '../../../domain/payments/transaction-names.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { isServed, readAmount, renderAmount } from '../amounts.ts'
import { pageMeta, pageQuery, readPageNumber, readPerPage } from '../pagination.ts'
import { isGiven, readPeriod, textOf } from '../queries.ts'
import {
  madeRefundSchema,
  newRefundSchema,
  refundMetaSchema,
  refundRowSchema,
  retriedRefundSchema,
} from '../refund-schemas.ts'
import { refundWords } from '../refund-words.ts'
import { renderMadeRefund, renderRefundRow } from '../render-refund.ts'
import { responses, success } from '../schemas.ts'
import { periodQuery } from '../transaction-filter.ts'

const tags = ['Refund']
const idParams = Type.Object({ id: Type.String({ description: 'The refund’s numeric id', examples: ['17'] }) })
const queued = 'Refund has been queued for processing'
const retried = 'Refund retried and has been queued for processing'

/** `/refund`: gives a payment back to its payer, in whole or in part. */
export const refundRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/refund',
    {
      scope: 'refunds:write',
      once: 'in the posting',
      schema: {
        operationId: 'refund_create',
        summary: 'Refund a transaction, in whole or in part',
        tags,
        body: newRefundSchema,
        response: responses(200, success(queued, madeRefundSchema), 400, 403),
      },
    },
    async (request, keyed) => {
      const tenant = tenantOf(request)
      const { transaction, amount, currency, customer_note, merchant_note } = request.body
      const payment = await findPayment(tenant, transaction)
      refuseOtherCurrency(payment, currency)
      // As on Paystack's wire, no amount stands for the whole payment, and not for its rest.
      const wanted = amount === undefined ? payment.amount : readAmount(amount, payment.currency)
      if (wanted > payment.amount) throw new ServiceError('invalid_request', refundWords.tooMuch, 'transaction')
      const transactionId = await findTransactionId(context, tenant, payment.paymentIntentId)
      const made = await queueRefund(
        context,
        tenant,
        { transactionId, amount: wanted, customerNote: textOf(customer_note), merchantNote: textOf(merchant_note) },
        keyed,
      ).catch((error) => refuse(tenant, payment, error))
      const data = renderMadeRefund(tenant, await findMade(tenant, made))
      return { answer: { status: true as const, message: queued, data }, replayed: made.replayed }
    },
  )

  routes.get(
    '/refund',
    {
      scope: 'read',
      schema: {
        operationId: 'refund_list',
        summary: 'List refunds, newest first: all, or those of a transaction',
        tags,
        querystring: Type.Object({
          ...pageQuery,
          ...periodQuery,
          transaction: Type.Optional(
            Type.String({ description: 'The numeric id of a transaction; with a reference the list is empty' }),
          ),
          currency: Type.Optional(Type.String({ description: 'Has no effect, as on Paystack’s API' })),
        }),
        response: responses(200, success('Refunds retrieved', Type.Array(refundRowSchema), refundMetaSchema), 400),
      },
    },
    async (request) => {
      const { query } = request
      const tenant = tenantOf(request)
      const [page, perPage] = [readPageNumber(query), readPerPage(query)]
      const filter = readFilter(tenant, query)
      const read = async () => ({
        ...(await listNumberedRefunds(context, tenant, filter, { limit: perPage, offset: (page - 1) * perPage })),
        ...(await summarizeRefunds(context, tenant, filter)),
      })
      // The list without a filter is an index look-up.
      const isFiltered = Object.values(filter).some((each) => each !== undefined)
      const { items, total, waiting, left, currency } = await (isFiltered ? largeRead(context, tenant, read) : read())
      const meta = {
        ...pageMeta(page, perPage, total),
        totalRetriable: waiting,
        partialAmountLeft: left === null || currency === null ? null : renderAmount(left, currency),
      }
      const data = items.map((each) => renderRefundRow(tenant, each))
      return { status: true as const, message: 'Refunds retrieved', data, meta }
    },
  )

  routes.get(
    '/refund/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'refund_fetch',
        summary: 'Fetch a refund by its id',
        tags,
        params: idParams,
        response: responses(200, success('Refund retrieved', refundRowSchema), 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const data = renderRefundRow(tenant, await getRefund(tenant, request.params.id))
      return { status: true as const, message: 'Refund retrieved', data }
    },
  )

  routes.post(
    '/refund/retry_with_customer_details/:id',
    {
      scope: 'refunds:write',
      once: 'around work outside',
      schema: {
        operationId: 'refund_retry',
        summary: 'Send a refund that needs attention to a bank account of the payer',
        tags,
        params: idParams,
        body: retriedRefundSchema,
        response: responses(200, success(retried, refundRowSchema), 400, 403, 404, 422),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { currency, account_number, bank_id } = request.body.refund_account_details
      const refund = await getRefund(tenant, request.params.id)
      refuseOtherCurrency(refund, currency)
      if (refund.state !== 'needsAttention') throw new ServiceError('invalid_request', refundWords.notWaiting, 'id')
      const destination = { accountNumber: account_number, bankId: BigInt(bank_id) }
      const after = await redirectRefund(context, tenant, refund, destination)
      if (after === null) throw new ServiceError('invalid_request', refundWords.notShown, 'id')
      noteChange(attempt, { object: refund.id, before: { state: refund.state }, after: { state: after.state } })
      const data = renderRefundRow(tenant, after)
      return { status: true as const, message: retried, data }
    },
  )

  /** The payment of a reference or an id. A name of two payments is refused. */
  async function findPayment(tenant: Tenant, name: string): Promise<Payment> {
    const names: PaymentName[] = [
      { reference: name },
      ...(/^\d{1,18}$/.test(name) ? [{ id: BigInt(name) } as const] : []),
    ]
    const found = await Promise.all(names.map((each) => getPayment(context, tenant, each).catch(noPayment)))
    const payments = found.filter((each) => each !== null)
    const [payment, other] = payments
    if (payment === undefined || !isServed(payment.currency)) {
      throw new ServiceError('invalid_request', refundWords.unknown, 'transaction')
    }
    if (other !== undefined && other.id !== payment.id) {
      const message = `"${name}" is the reference of one transaction and the id of another; send another name of it`
      throw new ServiceError('invalid_request', message, 'transaction')
    }
    if (payment.paidAt === null) throw new ServiceError('invalid_request', refundWords.unpaid, 'transaction')
    return payment
  }

  /** A refusal of the ledger in Paystack's words. What is remembered is the code, so a repeat is refused alike. */
  async function refuse(tenant: Tenant, payment: Payment, error: unknown): Promise<never> {
    if (!(error instanceof ServiceError)) throw error
    const { code, field, replayed, kept } = error
    if (code === 'insufficient_funds') {
      throw new ServiceError(code, refundWords.noFunds, field, { replayed, kept })
    }
    // Paystack knows no parts.
    if (code !== 'refund_exceeded' || error.message.startsWith(inParts)) throw error
    const { left } = await summarizeRefunds(context, tenant, { paymentId: payment.id })
    throw new ServiceError(code, left === 0n ? refundWords.fullyRefunded : refundWords.exceeded, field, {
      replayed,
      kept,
    })
  }

  async function findMade(tenant: Tenant, { id }: MadeRefund): Promise<ProcessorRefund> {
    const refund = await findProcessorRefund(context, tenant, { id })
    if (refund !== null) return refund
    throw new Error(`refund ${id} has no row`)
  }

  /** Throws `not_found`. */
  async function getRefund(tenant: Tenant, id: string): Promise<ProcessorRefund> {
    const wireId = /^\d{1,15}$/.test(id) ? BigInt(id) : null
    const refund = wireId === null ? null : await findProcessorRefund(context, tenant, { wireId })
    if (refund !== null && isServed(refund.currency)) return refund
    throw new ServiceError('not_found', refundWords.noRefund)
  }
}

function noPayment(error: unknown): null {
  if (error instanceof ServiceError) return null
  throw error
}

function refuseOtherCurrency({ currency }: { currency: Currency }, given: string | undefined): void {
  if (given === undefined || given === '' || given.toUpperCase() === currency) return
  throw new ServiceError('invalid_request', refundWords.otherCurrency, 'transaction')
}

function readFilter(tenant: Tenant, query: { transaction?: string; from?: string; to?: string }): NumberedFilter {
  const { transaction } = query
  const { currencies } = tenant.merchant
  const served = currencies.filter(isServed)
  return {
    ...readPeriod(tenant, query),
    paymentId: isGiven(transaction) ? readNumber(transaction.trim()) : undefined,
    currencies: served.length === currencies.length ? undefined : served,
  }
}

/** Null for a text that is no number: Paystack answers an empty list. */
function readNumber(text: string): bigint | null {
  return /^\d{1,18}$/.test(text) ? BigInt(text) : null
}
