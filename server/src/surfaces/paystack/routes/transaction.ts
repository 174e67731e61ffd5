import { type Static, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import { findImportedPayment } from '../../../domain/payments/imported-payments.ts'
import {
  listPayments,
  type PaymentFilter,
  totalPayments,
  walkPayments,
} from '../../../domain/payments/payment-lists.ts'
import { type Payment, snapshotPayment } from '../../../domain/payments/payment-records.ts'
import {
  chargePaymentMethod,
  getPayment,
  openPayment,
  paymentNotFound,
  verifyPayment,
} from '../../../domain/payments/payments.ts'
import { openPageAtOnce } from '../../../domain/payments/processor-pages.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { isServed, renderAmount } from '../amounts.ts'
import { readCallbackUrl } from '../callback-url.ts'
import { answerExport, serveExport } from '../exports.ts'
import {
  cursorQuery,
  type ListQuery,
  pageMeta,
  pageQuery,
  readCursor,
  readPageNumber,
  readPerPage,
  wantsCursor,
  writeCursor,
} from '../pagination.ts'
import { readPayer, refusePayer, served } from '../payers.ts'
import { flagSchema, isGiven, readFlag } from '../queries.ts'
import { countServed, renderVolumes } from '../render.ts'
import { renderTimeline, renderTransaction, renderTransactionRow, renderVerified } from '../render-transaction.ts'
import { responses, success } from '../schemas.ts'
import { type ExportQuery, readExportFilter, writeTransactions } from '../transaction-export.ts'
import { filterQuery, nobodys, periodQuery, readFilter } from '../transaction-filter.ts'
import {
  chargeAuthorizationSchema,
  exportSchema,
  initializeTransactionSchema,
  openedTransactionSchema,
  timelineSchema,
  transactionMetaSchema,
  transactionRowSchema,
  transactionSchema,
  transactionTotalsSchema,
  verifiedSchema,
} from '../transaction-schemas.ts'

const tags = ['Transaction']

const exportQuery = Type.Object({
  ...filterQuery,
  currency: Type.Optional(Type.String({ maxLength: 10, examples: ['NGN'] })),
  settled: flagSchema('Nothing is settled here: with true the export is empty'),
  settlement: Type.Optional(Type.String({ description: 'There are no settlements: with this filter it is empty' })),
  payment_page: Type.Optional(Type.String({ description: 'There are no payment pages: with this filter it is empty' })),
  subaccount_code: Type.Optional(
    Type.String({ description: 'There are no subaccounts: with this filter it is empty' }),
  ),
})

/** `/transaction`: asking for payments, charging saved payment methods, and reading their outcomes. */
export const transactionRoutes: RouteFile = (routes, surface) => {
  const { context, publicUrl } = surface

  routes.post(
    '/transaction/initialize',
    {
      scope: 'payments:write',
      once: 'around work outside',
      schemaErrorFormatter: refusePayer,
      schema: {
        operationId: 'transaction_initialize',
        summary: 'Initialize a transaction: ask a customer for money on a hosted page',
        tags,
        body: initializeTransactionSchema,
        response: responses(200, success('Authorization URL created', openedTransactionSchema), 400, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { callback_url, channels } = request.body
      const wanted = { ...readPayer(tenant, request.body), callbackUrl: readCallbackUrl(callback_url), channels }
      const payment = await openPayment(context, tenant, wanted, attempt)
      const { reference } = payment
      const own = { url: `${publicUrl()}/pay/${payment.accessCode}`, accessCode: payment.accessCode as string }
      // The payer comes back by the page of this service, which sends them on to the merchant's address.
      const { url, accessCode } = (await openPageAtOnce(context, tenant, payment, own.url)) ?? own
      const data = { authorization_url: url, access_code: accessCode ?? own.accessCode, reference }
      return { status: true as const, message: 'Authorization URL created', data }
    },
  )

  routes.get(
    '/transaction/verify/:reference',
    {
      scope: 'read',
      schema: {
        operationId: 'transaction_verify',
        summary: 'Verify a transaction by its reference: get its status',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['order-17'] }) }),
        response: responses(200, success('Verification successful', verifiedSchema), 400, 404),
      },
    },
    async (request) => {
      const { reference } = request.params
      const data = renderVerified(await verified(tenantOf(request), reference))
      return { status: true as const, message: 'Verification successful', data }
    },
  )

  routes.get(
    '/transaction',
    {
      scope: 'read',
      schema: {
        operationId: 'transaction_list',
        summary: 'List transactions, newest first, by page or by cursor',
        tags,
        querystring: Type.Object({
          ...pageQuery,
          ...cursorQuery,
          ...filterQuery,
          terminalid: Type.Optional(
            Type.String({ description: 'Mteja has no terminals: with this filter the list is empty' }),
          ),
        }),
        response: responses(
          200,
          success('Transactions retrieved', Type.Array(transactionRowSchema), transactionMetaSchema),
          400,
        ),
      },
    },
    async (request) => {
      const { query } = request
      const tenant = tenantOf(request)
      const filter = { ...readFilter(tenant, query), ...(isGiven(query.terminalid) ? nobodys : {}) }
      const list = wantsCursor(query) ? listByCursor : listByPage
      const { items, meta } = await list(tenant, filter, query)
      const data = items.map((each) => renderTransactionRow(snapshotPayment(each)))
      return { status: true as const, message: 'Transactions retrieved', data, meta }
    },
  )

  routes.get(
    '/transaction/totals',
    {
      scope: 'read',
      schema: {
        operationId: 'transaction_totals',
        summary: 'Get the number and the sum of the transactions that succeeded',
        tags,
        querystring: Type.Object(periodQuery),
        response: responses(200, success('Transaction totals', transactionTotalsSchema), 400),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const filter = readFilter(tenant, request.query)
      const totals = await largeRead(context, tenant, () => totalPayments(context, tenant, filter))
      const volumes = renderVolumes(totals)
      const data = {
        total_transactions: countServed(totals),
        total_volume: sumOf(volumes),
        total_volume_by_currency: volumes,
        pending_transfers: 0,
        pending_transfers_by_currency: volumes.map(({ currency }) => ({ currency, amount: renderAmount(0, currency) })),
      }
      return { status: true as const, message: 'Transaction totals', data }
    },
  )

  routes.get(
    '/transaction/export',
    {
      scope: 'read',
      schema: {
        operationId: 'transaction_export',
        summary: 'Export transactions: get a link to a CSV file, good for 60 seconds',
        description: 'Anybody who has the link can follow it. Amounts in the file are hundredths.',
        tags,
        querystring: exportQuery,
        response: responses(200, success('Export successful', exportSchema), 400),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const query = readExportQuery(request.query)
      // Refused now, and not when the link is followed.
      readFilter(tenant, query)
      return answerExport(surface, request, 'transaction', query)
    },
  )

  serveExport(routes, context, 'transaction', (tenant, query: ExportQuery) =>
    writeTransactions(context, tenant, readExportFilter(tenant, query)),
  )

  routes.get(
    '/transaction/timeline/:id_or_reference',
    {
      scope: 'read',
      schema: {
        operationId: 'transaction_timeline',
        summary: 'Get the steps of a transaction, by its id or its reference',
        tags,
        params: Type.Object({
          id_or_reference: Type.String({ description: 'Numeric id or reference', examples: ['order-17'] }),
        }),
        response: responses(200, success('Timeline retrieved', timelineSchema), 404),
      },
    },
    async (request) => {
      const transaction = await findTransaction(tenantOf(request), request.params.id_or_reference)
      return {
        status: true as const,
        message: 'Timeline retrieved',
        data: renderTimeline(snapshotPayment(transaction)),
      }
    },
  )

  routes.post(
    '/transaction/charge_authorization',
    {
      scope: 'payments:write',
      once: 'around work outside',
      schemaErrorFormatter: refusePayer,
      schema: {
        operationId: 'transaction_charge_authorization',
        summary: 'Charge a saved payment method',
        tags,
        body: chargeAuthorizationSchema,
        response: responses(200, success('Charge attempted', verifiedSchema), 400, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const paymentMethodCode = request.body.authorization_code.replace(/^AUTH_/, '')
      const wanted = { ...readPayer(tenant, request.body), paymentMethodCode }
      const data = renderVerified(snapshotPayment(await chargePaymentMethod(context, tenant, wanted, attempt)))
      return { status: true as const, message: 'Charge attempted', data }
    },
  )

  routes.get(
    '/transaction/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'transaction_fetch',
        summary: 'Fetch a transaction by its id',
        tags,
        params: Type.Object({
          id: Type.String({ description: 'The transaction’s numeric id', examples: ['314159270'] }),
        }),
        response: responses(200, success('Transaction retrieved', transactionSchema), 400, 404),
      },
    },
    async (request) => {
      const name = { id: readId(request.params.id) }
      const transaction = await served(getPayment(context, tenantOf(request), name), name)
      const data = renderTransaction(snapshotPayment(transaction))
      return { status: true as const, message: 'Transaction retrieved', data }
    },
  )

  /** A payment of before the account's cut-over is told of as it was imported. */
  async function verified(tenant: Tenant, reference: string) {
    try {
      return snapshotPayment(await served(verifyPayment(context, tenant, reference), { reference }))
    } catch (error) {
      const isUnknown = error instanceof ServiceError && error.code === 'reference_not_found'
      const imported = isUnknown ? await findImportedPayment(context, tenant, reference) : null
      if (imported === null || !isServed(imported.currency)) throw error
      return imported
    }
  }

  interface Listed {
    items: Payment[]
    meta: object
  }

  /** A list without a filter is an index look-up. */
  function inTurn<Answer>(tenant: Tenant, filter: PaymentFilter, read: () => Promise<Answer>): Promise<Answer> {
    const isFiltered = Object.values(filter).some((each) => each !== undefined)
    return isFiltered ? largeRead(context, tenant, read) : read()
  }

  async function listByPage(tenant: Tenant, filter: PaymentFilter, query: ListQuery): Promise<Listed> {
    const [page, perPage] = [readPageNumber(query), readPerPage(query)]
    const { items, total, totals } = await inTurn(tenant, filter, async () => ({
      ...(await listPayments(context, tenant, filter, { limit: perPage, offset: (page - 1) * perPage })),
      totals: await totalPayments(context, tenant, filter),
    }))
    const volumes = renderVolumes(totals)
    return { items, meta: { ...pageMeta(page, perPage, total), total_volume: sumOf(volumes) } }
  }

  async function listByCursor(tenant: Tenant, filter: PaymentFilter, query: ListQuery): Promise<Listed> {
    const perPage = readPerPage(query)
    const step = {
      limit: perPage,
      ...(query.next ? { olderThan: readCursor('transaction', query.next, 'next') } : {}),
      ...(query.previous && !query.next ? { newerThan: readCursor('transaction', query.previous, 'previous') } : {}),
    }
    const walk = () => walkPayments(context, tenant, filter, step)
    const { items, hasNewer, hasOlder } = await inTurn(tenant, filter, walk)
    const [newest, oldest] = [items.at(0), items.at(-1)]
    const next = hasOlder && oldest ? writeCursor('transaction', oldest.id) : null
    const previous = hasNewer && newest ? writeCursor('transaction', newest.id) : null
    return { items, meta: { next, previous, perPage } }
  }

  /** By number, or else by reference: a reference may have only digits too. Throws `payment_not_found`. */
  async function findTransaction(tenant: Tenant, name: string): Promise<Payment> {
    const names = [...(isNumber(name) ? [{ id: BigInt(name) }] : []), { reference: name }]
    for (const each of names) {
      try {
        return await served(getPayment(context, tenant, each), each)
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error
      }
    }
    throw new ServiceError('not_found', 'Transaction ID or reference is invalid')
  }
}

function readExportQuery(query: Static<typeof exportQuery>) {
  const { customer, status, currency, amount, from, to } = query
  const others = [query.settlement, query.payment_page, query.subaccount_code]
  const asksNobody = readFlag(query.settled, 'settled') === true || others.some(isGiven)
  return { customer, status, currency, amount, from, to, nobodys: asksNobody || undefined }
}

function isNumber(text: string): boolean {
  return /^\d{1,18}$/.test(text)
}

function readId(id: string): bigint {
  if (isNumber(id)) return BigInt(id)
  if (/^\d+$/.test(id)) throw paymentNotFound({ id })
  throw new ServiceError('invalid_request', 'Transaction ID should be numeric', 'id')
}

/** Hundredths of any currency. */
function sumOf(volumes: { amount: number }[]): number {
  return volumes.reduce((sum, { amount }) => sum + amount, 0)
}
