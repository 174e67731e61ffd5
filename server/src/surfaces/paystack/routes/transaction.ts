import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { parseAmount } from '../../../base/money.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import {
  listPayments,
  type PaymentFilter,
  totalPayments,
  walkPayments,
} from '../../../domain/payments/payment-lists.ts'
import { type Payment, type PaymentStatus, snapshotPayment } from '../../../domain/payments/payment-records.ts'
import { chargePaymentMethod, getPayment, openPayment, verifyPayment } from '../../../domain/payments/payments.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readClosedPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { readMetadataOrText } from '../metadata.ts'
import {
  type ListQuery,
  pageMeta,
  readCursor,
  readPageNumber,
  readPerPage,
  wantsCursor,
  writeCursor,
} from '../pagination.ts'
import { renderCharge, renderTransaction, renderTransactionRow } from '../render-transaction.ts'
import { responses, success } from '../schemas.ts'
import {
  chargeAuthorizationSchema,
  chargeSchema,
  initializeTransactionSchema,
  openedTransactionSchema,
  transactionMetaSchema,
  transactionRowSchema,
  transactionSchema,
  transactionTotalsSchema,
} from '../transaction-schemas.ts'

const tags = ['Transaction']
const period = {
  from: Type.Optional(
    Type.String({
      description: 'Only items created on this day or later, by the merchant’s clocks, or at this instant or later',
      examples: ['2024-01-01'],
    }),
  ),
  to: Type.Optional(
    Type.String({
      description: 'Only items created on this day or earlier, by the merchant’s clocks, or at this instant or earlier',
      examples: ['2099-12-31'],
    }),
  ),
}

interface TransactionQuery extends ListQuery {
  per_page?: string | undefined
  customer?: string | undefined
  terminalid?: string | undefined
  status?: string | undefined
  amount?: string | undefined
}

/** `/transaction`: asking for payments, charging saved payment methods, and reading their outcomes. */
export const transactionRoutes: RouteFile = (routes, surface) => {
  const { context, publicUrl } = surface

  routes.post(
    '/transaction/initialize',
    {
      once: 'in a transaction',
      schema: {
        operationId: 'transaction_initialize',
        summary: 'Initialize a transaction: ask a customer for money on a hosted page',
        tags,
        body: initializeTransactionSchema,
        response: responses(200, success('Authorization URL created', openedTransactionSchema), 400, 403),
      },
    },
    async (request, tx) => {
      const { callback_url: callbackUrl, metadata, ...given } = request.body
      const wanted = { ...given, callbackUrl, metadata: readMetadataOrText(metadata) }
      const { accessCode, reference } = await openPayment(tx, tenantOf(request), wanted)
      const data = { authorization_url: `${publicUrl()}/pay/${accessCode}`, access_code: accessCode, reference }
      return { status: true as const, message: 'Authorization URL created', data }
    },
  )

  routes.get(
    '/transaction/verify/:reference',
    {
      schema: {
        operationId: 'transaction_verify',
        summary: 'Verify a transaction by its reference: get its status',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['order-17'] }) }),
        response: responses(200, success('Verification successful', transactionSchema), 400, 404),
      },
    },
    async (request) => {
      const transaction = await verifyPayment(context, tenantOf(request), request.params.reference)
      const data = renderTransaction(snapshotPayment(transaction))
      return { status: true as const, message: 'Verification successful', data }
    },
  )

  routes.get(
    '/transaction',
    {
      schema: {
        operationId: 'transaction_list',
        summary: 'List transactions, newest first, by page or by cursor',
        tags,
        querystring: Type.Object({
          perPage: Type.Optional(Type.String({ description: 'Default 50, at most 200', examples: ['50'] })),
          page: Type.Optional(Type.String({ description: 'Default 1', examples: ['1'] })),
          use_cursor: Type.Optional(Type.String({ examples: ['false'] })),
          next: Type.Optional(Type.String()),
          previous: Type.Optional(Type.String()),
          customer: Type.Optional(Type.String({ description: 'The customer’s numeric id' })),
          terminalid: Type.Optional(
            Type.String({ description: 'Mteja has no terminals: with this filter the list is empty' }),
          ),
          status: Type.Optional(
            Type.String({ description: 'abandoned, pending, success, failed or reversed', examples: ['success'] }),
          ),
          amount: Type.Optional(Type.String({ description: 'The exact amount in minor units' })),
          ...period,
          per_page: Type.Optional(Type.String({ description: 'The same as perPage' })),
        }),
        response: responses(
          200,
          success('Transactions retrieved', Type.Array(transactionRowSchema), transactionMetaSchema),
          400,
        ),
      },
    },
    async (request) => {
      const query = { ...request.query, perPage: request.query.perPage ?? request.query.per_page }
      const tenant = tenantOf(request)
      const filter = readFilter(tenant, query)
      const list = wantsCursor(query) ? listByCursor : listByPage
      const { items, meta } = await list(tenant, filter, query)
      const data = items.map((each) => renderTransactionRow(snapshotPayment(each)))
      return { status: true as const, message: 'Transactions retrieved', data, meta }
    },
  )

  routes.get(
    '/transaction/totals',
    {
      schema: {
        operationId: 'transaction_totals',
        summary: 'Get the number and the sum of the transactions that succeeded',
        tags,
        querystring: Type.Object(period),
        response: responses(200, success('Transaction totals', transactionTotalsSchema), 400),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const created = readClosedPeriod(tenant, [request.query.from, request.query.to])
      const { count, volumes } = await totalPayments(context, tenant, created)
      const byCurrency = volumes.map(({ currency, amount }) => ({ currency, amount: Number(amount) }))
      const data = {
        total_transactions: count,
        total_volume: sumOf(volumes),
        total_volume_by_currency: byCurrency,
        pending_transfers: 0,
        pending_transfers_by_currency: byCurrency.map(({ currency }) => ({ currency, amount: 0 })),
      }
      return { status: true as const, message: 'Transaction totals', data }
    },
  )

  routes.post(
    '/transaction/charge_authorization',
    {
      once: 'around work outside',
      schema: {
        operationId: 'transaction_charge_authorization',
        summary: 'Charge a saved payment method',
        tags,
        body: chargeAuthorizationSchema,
        response: responses(200, success('Charge attempted', chargeSchema), 400, 403),
      },
    },
    async (request, attempt) => {
      const { authorization_code, email, amount, currency, reference } = request.body
      const metadata = readMetadataOrText(request.body.metadata)
      const paymentMethodCode = authorization_code.replace(/^AUTH_/, '')
      const wanted = { email, amount, currency, reference, metadata, paymentMethodCode }
      const charged = await chargePaymentMethod(context, tenantOf(request), wanted, attempt)
      const data = renderCharge(snapshotPayment(charged))
      return { status: true as const, message: 'Charge attempted', data }
    },
  )

  routes.get(
    '/transaction/:id',
    {
      schema: {
        operationId: 'transaction_fetch',
        summary: 'Fetch a transaction by its id',
        tags,
        params: Type.Object({
          id: Type.String({ description: 'The transaction’s numeric id', examples: ['314159270'] }),
        }),
        response: responses(200, success('Transaction retrieved', transactionSchema), 404),
      },
    },
    async (request) => {
      const transaction = await getPayment(context, tenantOf(request), { id: readId(request.params.id) })
      const data = renderTransaction(snapshotPayment(transaction))
      return { status: true as const, message: 'Transaction retrieved', data }
    },
  )

  interface Listed {
    items: Payment[]
    meta: object
  }

  async function listByPage(tenant: Tenant, filter: PaymentFilter, query: ListQuery): Promise<Listed> {
    const [page, perPage] = [readPageNumber(query), readPerPage(query)]
    const { items, total } = await listPayments(context, tenant, filter, {
      limit: perPage,
      offset: (page - 1) * perPage,
    })
    const { volumes } = await totalPayments(context, tenant, filter)
    return { items, meta: { ...pageMeta(page, perPage, total), total_volume: sumOf(volumes) } }
  }

  async function listByCursor(tenant: Tenant, filter: PaymentFilter, query: ListQuery): Promise<Listed> {
    const perPage = readPerPage(query)
    const { items, hasNewer, hasOlder } = await walkPayments(context, tenant, filter, {
      limit: perPage,
      ...(query.next ? { olderThan: readCursor('transaction', query.next, 'next') } : {}),
      ...(query.previous && !query.next ? { newerThan: readCursor('transaction', query.previous, 'previous') } : {}),
    })
    const [newest, oldest] = [items.at(0), items.at(-1)]
    const next = hasOlder && oldest ? writeCursor('transaction', oldest.id) : null
    const previous = hasNewer && newest ? writeCursor('transaction', newest.id) : null
    return { items, meta: { next, previous, perPage } }
  }
}

const statuses: Readonly<Record<string, PaymentStatus | null>> = {
  abandoned: 'unpaid',
  pending: 'processing',
  processing: 'processing',
  success: 'succeeded',
  failed: 'failed',
  reversed: 'reversed',
  // Paystack sends these statuses too, but no transaction here has one of them.
  ongoing: null,
  queued: null,
}

function readFilter(tenant: Tenant, query: TransactionQuery): PaymentFilter {
  return {
    ...readClosedPeriod(tenant, [query.from, query.to]),
    status: query.terminalid ? null : query.status ? readStatus(query.status) : undefined,
    customerId: query.customer ? readCustomer(query.customer) : undefined,
    amount: query.amount ? parseAmount(query.amount) : undefined,
  }
}

function readStatus(status: string): PaymentStatus | null {
  if (Object.hasOwn(statuses, status)) return statuses[status] as PaymentStatus | null
  const message = `"status" must be one of [${Object.keys(statuses).join(', ')}]`
  throw new ServiceError('invalid_request', message, 'status')
}

function readCustomer(id: string): bigint {
  if (/^\d{1,18}$/.test(id)) return BigInt(id)
  throw new ServiceError('invalid_request', '"customer" must be a number', 'customer')
}

function readId(id: string): bigint {
  if (/^\d{1,18}$/.test(id)) return BigInt(id)
  throw new ServiceError('payment_not_found', `There is no payment ${id}`)
}

function sumOf(volumes: { amount: bigint }[]): number {
  return Number(volumes.reduce((sum, { amount }) => sum + amount, 0n))
}
