import { type Static, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Context } from '../../../domain/context.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import { addEvidence, answerDispute, openUpload, updateDispute } from '../../../domain/payments/dispute-answers.ts'
import { noteDispute, noteEvidence } from '../../../domain/payments/dispute-changes.ts'
import {
  type Dispute,
  findDispute,
  listNumberedDisputes,
  type NumberedDisputeFilter,
  walkNumberedDisputes,
} from '../../../domain/payments/dispute-records.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { isServed, readAmount } from '../amounts.ts'
import {
  disputeOfTransactionSchema,
  disputeSchema,
  evidenceSchema,
  newEvidenceSchema,
  resolutionSchema,
  resolvedDisputeSchema,
  updatedDisputeSchema,
  uploadSchema,
} from '../dispute-schemas.ts'
import { disputeWords } from '../dispute-words.ts'
import { answerExport, serveExport, writeCsv } from '../exports.ts'
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
import { isGiven, readPeriod } from '../queries.ts'
import {
  disputeStatuses,
  renderDispute,
  renderDisputeOfTransaction,
  renderEvidence,
  renderLastMessage,
  statesOf,
} from '../render-dispute.ts'
import { listMetaSchema, responses, success } from '../schemas.ts'
import { periodQuery } from '../transaction-filter.ts'
import { exportSchema } from '../transaction-schemas.ts'

const tags = ['Dispute']
const idParams = Type.Object({ id: Type.String({ description: 'The dispute’s numeric id', examples: ['17'] }) })
const filterQuery = {
  ...periodQuery,
  transaction: Type.Optional(
    Type.String({ description: 'The numeric id of a transaction; with a reference the list is empty' }),
  ),
  status: Type.Optional(
    Type.String({ description: disputeStatuses.join(', '), examples: ['awaiting-merchant-feedback'] }),
  ),
}

/** A page of a list, with what is said of its place. */
interface Listed {
  items: Dispute[]
  meta: Static<typeof listMetaSchema>
}

interface DisputeQuery {
  from?: string
  to?: string
  transaction?: string
  status?: string
}

/** `/dispute`: payers who want their money back. */
export const disputeRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.get(
    '/dispute',
    {
      scope: 'read',
      schema: {
        operationId: 'dispute_list',
        summary: 'List disputes, newest first: all, those of a transaction, or those in a status',
        tags,
        querystring: Type.Object({ ...pageQuery, ...cursorQuery, ...filterQuery }),
        response: responses(200, success('Disputes retrieved', Type.Array(disputeSchema), listMetaSchema), 400),
      },
    },
    async (request) => {
      const { query } = request
      const tenant = tenantOf(request)
      const filter = readFilter(tenant, query)
      const list = wantsCursor(query) ? listByCursor : listByPage
      const read = () => list(tenant, filter, query)
      // The list without a filter is an index look-up.
      const isFiltered = Object.values(filter).some((each) => each !== undefined)
      const { items, meta } = await (isFiltered ? largeRead(context, tenant, read) : read())
      return { status: true as const, message: 'Disputes retrieved', data: items.map(renderDispute), meta }
    },
  )

  routes.get(
    '/dispute/export',
    {
      scope: 'read',
      schema: {
        operationId: 'dispute_download',
        summary: 'Export disputes: get a link to a CSV file, good for 60 seconds',
        description: 'Anybody who has the link can follow it. Amounts in the file are hundredths.',
        tags,
        querystring: Type.Object({ ...pageQuery, ...filterQuery }),
        response: responses(200, success('Export successful', exportSchema), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { from, to, transaction, status } = request.query
      const query = { from, to, transaction, status }
      const filter = readFilter(tenant, query as DisputeQuery)
      const read = () => listNumberedDisputes(context, tenant, filter, { limit: 1, offset: 0 })
      const { total } = await largeRead(context, tenant, read)
      if (total === 0) throw new ServiceError('not_found', disputeWords.nothingToExport)
      return answerExport(surface, request, 'dispute', query)
    },
  )

  serveExport(routes, context, 'dispute', (tenant, query: DisputeQuery) =>
    writeDisputes(context, tenant, readFilter(tenant, query)),
  )

  routes.get(
    '/dispute/transaction/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'dispute_transaction',
        summary: 'Get the last dispute of a transaction',
        tags,
        params: Type.Object({
          id: Type.String({ description: 'The transaction’s numeric id', examples: ['314159270'] }),
        }),
        response: responses(200, success('Dispute retrieved successfully', disputeOfTransactionSchema), 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const filter = { ...servedOnly(tenant), paymentId: readNumber(request.params.id) }
      const { items } = await listNumberedDisputes(context, tenant, filter, { limit: 1, offset: 0 })
      const [dispute] = items
      if (dispute === undefined) throw noDispute(request.params.id)
      const data = renderDisputeOfTransaction(tenant, dispute)
      return { status: true as const, message: 'Dispute retrieved successfully', data }
    },
  )

  routes.get(
    '/dispute/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'dispute_fetch',
        summary: 'Fetch a dispute by its id',
        tags,
        params: idParams,
        response: responses(200, success('Dispute retrieved', disputeSchema), 404),
      },
    },
    async (request) => {
      const data = renderDispute(await getDispute(tenantOf(request), request.params.id))
      return { status: true as const, message: 'Dispute retrieved', data }
    },
  )

  routes.put(
    '/dispute/:id',
    {
      scope: 'refunds:write',
      once: 'around work outside',
      schema: {
        operationId: 'dispute_update',
        summary: 'Change the amount that the merchant is ready to give back',
        tags,
        params: idParams,
        body: updatedDisputeSchema,
        response: responses(200, success('Dispute updated successfully', Type.Array(disputeSchema)), 400, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { refund_amount, uploaded_filename } = request.body
      const dispute = await getDispute(tenant, request.params.id)
      const amount = readRefundAmount(dispute, refund_amount)
      const updated = await updateDispute(context, tenant, dispute, { amount, fileName: uploaded_filename })
      noteDispute(attempt, dispute, updated)
      return { status: true as const, message: 'Dispute updated successfully', data: [renderDispute(updated)] }
    },
  )

  routes.post(
    '/dispute/:id/evidence',
    {
      scope: 'refunds:write',
      once: 'around work outside',
      schema: {
        operationId: 'dispute_evidence',
        summary: 'Say what speaks against a dispute',
        tags,
        params: idParams,
        body: newEvidenceSchema,
        response: responses(200, success('Evidence created', evidenceSchema), 400, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { body } = request
      const dispute = await getDispute(tenant, request.params.id)
      const added = await addEvidence(context, tenant, dispute, {
        customerEmail: body.customer_email,
        customerName: body.customer_name,
        customerPhone: body.customer_phone,
        serviceDetails: body.service_details,
        deliveryAddress: body.delivery_address ?? null,
        deliveryDate: body.delivery_date ?? null,
      })
      noteEvidence(attempt, dispute, added.dispute)
      const data = renderEvidence(added.dispute, added.evidence)
      return { status: true as const, message: 'Evidence created', data }
    },
  )

  routes.get(
    '/dispute/:id/upload_url',
    {
      scope: 'refunds:write',
      schema: {
        operationId: 'dispute_uploadUrl',
        summary: 'Get an address to which a file can be sent; the sandbox keeps no files',
        tags,
        params: idParams,
        querystring: Type.Object({
          upload_filename: Type.Optional(Type.String({ maxLength: 255, examples: ['receipt.pdf'] })),
        }),
        response: responses(200, success('Upload url generated', uploadSchema), 400, 403, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const dispute = await getDispute(tenant, request.params.id)
      const { url, fileName } = await openUpload(context, tenant, dispute, request.query.upload_filename)
      return { status: true as const, message: 'Upload url generated', data: { signedUrl: url, fileName } }
    },
  )

  routes.put(
    '/dispute/:id/resolve',
    {
      scope: 'refunds:write',
      once: 'around work outside',
      schema: {
        operationId: 'dispute_resolve',
        summary: 'Accept a dispute, so that the payer has the money back, or decline it',
        tags,
        params: idParams,
        body: resolvedDisputeSchema,
        response: responses(200, success('Dispute successfully resolved', resolutionSchema), 400, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { resolution, message, refund_amount, uploaded_filename } = request.body
      const dispute = await getDispute(tenant, request.params.id)
      const isAccepted = resolution === 'merchant-accepted'
      const resolved = await answerDispute(context, tenant, dispute, {
        resolution: isAccepted ? 'accepted' : 'declined',
        // The amount of a dispute that is declined has no meaning, and clients send 0.
        amount: isAccepted ? readRefundAmount(dispute, refund_amount) : undefined,
        message,
        fileName: uploaded_filename,
      })
      noteDispute(attempt, dispute, resolved)
      const data = { ...renderDispute(resolved), message: renderLastMessage(resolved) }
      return { status: true as const, message: 'Dispute successfully resolved', data }
    },
  )

  async function listByPage(tenant: Tenant, filter: NumberedDisputeFilter, query: ListQuery): Promise<Listed> {
    const [page, perPage] = [readPageNumber(query), readPerPage(query)]
    const place = { limit: perPage, offset: (page - 1) * perPage }
    const { items, total } = await listNumberedDisputes(context, tenant, filter, place)
    return { items, meta: pageMeta(page, perPage, total) }
  }

  async function listByCursor(tenant: Tenant, filter: NumberedDisputeFilter, query: ListQuery): Promise<Listed> {
    const perPage = readPerPage(query)
    const { items, hasNewer, hasOlder } = await walkNumberedDisputes(context, tenant, filter, {
      limit: perPage,
      ...(query.next ? { olderThan: readCursor('dispute', query.next, 'next') } : {}),
      ...(query.previous && !query.next ? { newerThan: readCursor('dispute', query.previous, 'previous') } : {}),
    })
    const [newest, oldest] = [items.at(0), items.at(-1)]
    const next = hasOlder && oldest ? writeCursor('dispute', oldest.wireId as bigint) : null
    const previous = hasNewer && newest ? writeCursor('dispute', newest.wireId as bigint) : null
    return { items, meta: { next, previous, perPage } }
  }

  /** Throws `dispute_not_found`. */
  async function getDispute(tenant: Tenant, id: string): Promise<Dispute> {
    const wireId = readNumber(id)
    const dispute = wireId === null ? null : await findDispute(context, tenant, { wireId })
    if (dispute !== null && isServed(dispute.currency)) return dispute
    throw noDispute(id)
  }
}

function noDispute(id: string): ServiceError {
  return new ServiceError('dispute_not_found', `There is no dispute ${JSON.stringify(id)}`)
}

/** Throws `invalid_request` in Paystack's words. */
function readRefundAmount({ askedAmount, currency }: Dispute, given: unknown): bigint {
  const amount = readAmount(given, currency)
  if (amount <= askedAmount) return amount
  throw new ServiceError('invalid_request', disputeWords.tooMuch, 'refund_amount')
}

function readFilter(tenant: Tenant, query: DisputeQuery): NumberedDisputeFilter {
  const { transaction, status } = query
  return {
    ...readPeriod(tenant, query),
    ...servedOnly(tenant),
    paymentId: isGiven(transaction) ? readNumber(transaction.trim()) : undefined,
    states: isGiven(status) ? readStates(status.trim()) : undefined,
  }
}

function servedOnly({ merchant }: Tenant): Pick<NumberedDisputeFilter, 'currencies'> {
  const served = merchant.currencies.filter(isServed)
  return { currencies: served.length === merchant.currencies.length ? undefined : served }
}

function readStates(status: string) {
  const states = statesOf(status)
  if (states !== undefined) return states
  const message = `"status" must be one of [${disputeStatuses.join(', ')}]`
  throw new ServiceError('invalid_request', message, 'status')
}

/** Null for a text that is no number: Paystack answers an empty list. */
function readNumber(text: string): bigint | null {
  return /^\d{1,18}$/.test(text) ? BigInt(text) : null
}

const columns = [
  'id',
  'status',
  'resolution',
  'category',
  'currency',
  'refund_amount',
  'dueAt',
  'resolvedAt',
  'created_at',
] as const

/** The disputes as CSV, newest first, made while they are sent. */
function writeDisputes(context: Context, tenant: Tenant, filter: NumberedDisputeFilter): AsyncGenerator<string> {
  return writeCsv<Dispute>(context, tenant, {
    columns: [...columns, 'transaction_reference', 'customer_code'],
    read: (step) => walkNumberedDisputes(context, tenant, filter, step),
    cellsOf: (dispute) => {
      const row = renderDispute(dispute)
      return [...columns.map((name) => row[name]), row.transaction.reference, row.customer?.customer_code]
    },
    idOf: ({ wireId }) => wireId,
  })
}
