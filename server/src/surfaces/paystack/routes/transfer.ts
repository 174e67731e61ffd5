import { type Static, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { randomCode } from '../../../base/ids.ts'
import { type Context, noteChange } from '../../../domain/context.ts'
import { type Attempt, codeOfAttempt, codeOfKey } from '../../../domain/idempotency/attempt.ts'
import type { IdempotentRequest } from '../../../domain/idempotency/request.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import {
  findRecipients,
  findTakenReferences,
  listNumberedPayouts,
  walkNumberedPayouts,
} from '../../../domain/payouts/payout-lists.ts'
import { endsAtOnce, finalizePayout, sendMade } from '../../../domain/payouts/payout-otp.ts'
import { findPayout, type Payout, type PayoutName } from '../../../domain/payouts/payout-records.ts'
import { createPayout, createPayouts, type NewPayout, orMadeBefore } from '../../../domain/payouts/payouts.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { isServed } from '../amounts.ts'
import { answerExport, serveExport } from '../exports.ts'
import { checkReference, type GivenTransfer, inTransferWords, readTransfer } from '../given-transfers.ts'
import {
  cursorQuery,
  type ListQuery,
  pageMeta,
  pageQuery,
  readPageNumber,
  readPerPage,
  readStep,
  stepMeta,
  wantsCursor,
} from '../pagination.ts'
import { textOf } from '../queries.ts'
import { renderMadeTransfer, renderQueuedTransfer, renderTransfer, statusOf } from '../render-transfer.ts'
import { listMetaSchema, responses, success } from '../schemas.ts'
import { exportSchema } from '../transaction-schemas.ts'
import { readTransferFilter, type TransferQuery, transferFilterQuery, writeTransfers } from '../transfer-export.ts'
import {
  finalizedSchema,
  madeTransferSchema,
  newTransferSchema,
  newTransfersSchema,
  queuedTransferSchema,
  transferSchema,
} from '../transfer-schemas.ts'
import { duplicatesFound, transferWords } from '../transfer-words.ts'

const tags = ['Transfer']
const queued = 'Transfer has been queued'
const asksOtp = 'Transfer requires OTP to continue'
const retrieved = 'Transfer retrieved'

/** A page of a list, with what is said of its place. */
interface Listed {
  items: Payout[]
  meta: Static<typeof listMetaSchema>
}

/** A line of a batch, with the currency that it is asked for in; null where nothing names one. */
type AskedLine = GivenTransfer & { currency: string | null }

/** `/transfer`: money to bank accounts and mobile wallets. */
export const transferRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/transfer',
    {
      scope: 'payouts:write',
      once: 'in the posting',
      schema: {
        operationId: 'transfer_initiate',
        summary: 'Send money to a recipient, from the merchant’s balance or from a customer’s wallet',
        description:
          'A reference is never used twice: a second request with it is refused, whatever became of the first. After an unknown outcome, verify the reference.',
        tags,
        body: newTransferSchema,
        response: responses(200, success(queued, madeTransferSchema), 400, 403, 404, 409),
      },
    },
    async (request, keyed) => {
      const tenant = tenantOf(request)
      const { account_reference, ...given } = request.body
      refuseAccountReference(account_reference)
      const recipients = await findRecipients(context, tenant, [given.recipient])
      const codeOf = (name: string, length: number) => codeOfTransfer(context, tenant, keyed, { name, length })
      const isSentByMaker = await endsAtOnce(context, tenant)
      const made = await orMadeBefore(context, tenant, keyed, async () => {
        const read = readTransfer(tenant, given, recipients, codeOf('reference', 20))
        const code = `TRF_${codeOf(`code ${read.reference}`, 16)}`
        const wanted: NewPayout = { ...read, code, isSentByMaker }
        const done = await createPayout(context, tenant, wanted, keyed).catch(rethrow)
        // Made without this key, it has another code: this is a second use of its reference.
        if (done.replayed && done.payout.code !== wanted.code) throw duplicate()
        return done
      })
      const isMine = isSentByMaker && !made.replayed
      const payout = isMine ? await sendMade(context, tenant, made.payout) : made.payout
      const message = statusOf(payout) === 'otp' ? asksOtp : queued
      const answer = { status: true as const, message, data: renderMadeTransfer(tenant, payout) }
      return { answer, replayed: made.replayed }
    },
  )

  routes.post(
    '/transfer/bulk',
    {
      scope: 'payouts:write',
      once: 'around work outside',
      schema: {
        operationId: 'transfer_bulk',
        summary: 'Send money to up to 1,000 recipients, each with its own answer',
        description: 'A reference that is used already, or twice in the batch, refuses the whole batch.',
        tags,
        body: newTransfersSchema,
        response: responses(200, success('2 transfers queued.', Type.Array(queuedTransferSchema)), 400, 403, 404),
      },
    },
    async (request, attempt: Attempt) => {
      const tenant = tenantOf(request)
      const { transfers, ...common } = request.body
      const recipients = await findRecipients(
        context,
        tenant,
        transfers.map(({ recipient }) => recipient),
      )
      const isSentByMaker = await endsAtOnce(context, tenant)
      // A repeat of the request makes the same names, and finds by them what was made before.
      const read = transfers.map((line, i) =>
        tryRead((): NewPayout => {
          const ownReference = codeOfAttempt(context, attempt, `reference ${i}`, 20)
          const code = `TRF_${codeOfAttempt(context, attempt, `code ${i}`, 16)}`
          return { ...readTransfer(tenant, { ...common, ...line }, recipients, ownReference), code, isSentByMaker }
        }),
      )
      const sound = read.filter((line): line is NewPayout => !(line instanceof ServiceError))
      await refuseDuplicates(tenant, sound)
      const made = (await createPayouts(context, tenant, sound)).values()
      const outcomes = read.map((line) => (line instanceof ServiceError ? line : outcomeOf(line, made.next().value)))
      refuseAllTaken(read, outcomes)
      const lines = transfers.map((line) => ({
        ...line,
        currency: textOf(common.currency) ?? recipients.get(line.recipient.trim())?.currency ?? null,
      }))
      const data = await Promise.all(
        outcomes.map(async (outcome, i) => {
          const isMine = isSentByMaker && !(outcome instanceof ServiceError)
          return renderQueuedTransfer(
            lines[i] as AskedLine,
            isMine ? await sendMade(context, tenant, outcome) : outcome,
          )
        }),
      )
      const count = data.filter(({ transfer_code }) => transfer_code !== null).length
      return { status: true as const, message: `${count} transfers queued.`, data }
    },
  )

  routes.post(
    '/transfer/finalize_transfer',
    {
      scope: 'payouts:write',
      once: 'around work outside',
      schema: {
        operationId: 'transfer_finalize',
        summary: 'Give the one-time password that a transfer waits for; a wrong one ends the transfer',
        description: 'The sandbox’s is 123456.',
        tags,
        body: finalizedSchema,
        response: responses(200, success(queued, madeTransferSchema), 400, 403),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { transfer_code: code, otp } = request.body
      const payout = await findPayout(context, tenant, { code })
      if (payout === null || !isServed(payout.currency)) {
        throw new ServiceError('invalid_request', transferWords.invalidCode, 'transfer_code')
      }
      if (statusOf(payout) !== 'otp') {
        throw new ServiceError('invalid_request', transferWords.notAwaitingOtp, 'transfer_code')
      }
      const after = await finalizePayout(context, tenant, payout, otp)
      noteChange(attempt, {
        object: payout.code,
        before: { status: statusOf(payout) },
        after: { status: statusOf(after) },
      })
      if (after.state === 'failed') throw new ServiceError('invalid_request', whyFailed(after), 'otp')
      return { status: true as const, message: queued, data: renderMadeTransfer(tenant, after) }
    },
  )

  routes.get(
    '/transfer',
    {
      scope: 'read',
      schema: {
        operationId: 'transfer_list',
        summary: 'List transfers, newest first: all, those to a recipient, in a status or of a period',
        tags,
        querystring: Type.Object({ ...pageQuery, ...cursorQuery, ...transferFilterQuery }),
        response: responses(200, success('Transfers retrieved', Type.Array(transferSchema), listMetaSchema), 400),
      },
    },
    async (request) => {
      const { query } = request
      const tenant = tenantOf(request)
      const filter = readTransferFilter(tenant, query)
      const list = wantsCursor(query) ? listByCursor : listByPage
      const read = async (): Promise<Listed> => list(tenant, filter, query)
      const { items, meta } = await largeRead(context, tenant, read)
      const data = items.map((payout) => renderTransfer(tenant, payout))
      return { status: true as const, message: 'Transfers retrieved', data, meta }
    },
  )

  routes.get(
    '/transfer/export',
    {
      scope: 'read',
      schema: {
        operationId: 'transfer_download',
        summary: 'Export transfers: get a link to a CSV file, good for 60 seconds',
        description: 'Anybody who has the link can follow it. Amounts in the file are hundredths.',
        tags,
        querystring: Type.Object(transferFilterQuery),
        response: responses(200, success('Export successful', exportSchema), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { from, to, recipient, status } = request.query
      const query: TransferQuery = { from, to, recipient, status }
      const filter = readTransferFilter(tenant, query)
      const read = () => walkNumberedPayouts(context, tenant, filter, { limit: 1 })
      const { items } = await largeRead(context, tenant, read)
      if (items.length === 0) throw new ServiceError('not_found', transferWords.nothingToExport)
      return answerExport(surface, request, 'transfer', query)
    },
  )

  serveExport(routes, context, 'transfer', (tenant, query: TransferQuery) =>
    writeTransfers(context, tenant, readTransferFilter(tenant, query)),
  )

  routes.get(
    '/transfer/verify/:reference',
    {
      scope: 'read',
      schema: {
        operationId: 'transfer_verify',
        summary: 'Verify the status of a transfer by its reference',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['wages-2026-11-zero'] }) }),
        response: responses(200, success(retrieved, transferSchema), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { reference } = request.params
      checkReference(reference)
      const data = renderTransfer(tenant, await getTransfer(tenant, { reference }))
      return { status: true as const, message: retrieved, data }
    },
  )

  routes.get(
    '/transfer/:id_or_code',
    {
      scope: 'read',
      schema: {
        operationId: 'transfer_fetch',
        summary: 'Fetch a transfer by its code or its id',
        tags,
        params: Type.Object({
          id_or_code: Type.String({
            description: 'The transfer’s code or numeric id',
            examples: ['TRF_v5tip3zx8nna9o78'],
          }),
        }),
        response: responses(200, success(retrieved, transferSchema), 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { id_or_code: name } = request.params
      const payout = await getTransfer(tenant, /^\d{1,18}$/.test(name) ? { wireId: BigInt(name) } : { code: name })
      return { status: true as const, message: retrieved, data: renderTransfer(tenant, payout) }
    },
  )

  /** Throws `payout_not_found`. */
  async function getTransfer(tenant: Tenant, name: PayoutName): Promise<Payout> {
    const payout = await findPayout(context, tenant, name)
    if (payout !== null && isServed(payout.currency)) return payout
    throw new ServiceError('payout_not_found', 'Transfer not found')
  }

  /** Throws `not_found` in Paystack's words for a reference that is taken, and for one that comes twice. */
  async function refuseDuplicates(tenant: Tenant, wanted: readonly NewPayout[]): Promise<void> {
    const references = wanted.map(({ reference }) => reference)
    const twice = references.filter((each, i) => references.indexOf(each) !== i)
    const taken = await findTakenReferences(context, tenant, wanted)
    const found = [...new Set([...taken, ...twice])]
    if (found.length > 0) throw duplicates(found)
  }

  async function listByPage(tenant: Tenant, filter: ReturnType<typeof readTransferFilter>, query: ListQuery) {
    const [page, perPage] = [readPageNumber(query), readPerPage(query)]
    const place = { limit: perPage, offset: (page - 1) * perPage }
    const { items, total } = await listNumberedPayouts(context, tenant, filter, place)
    return { items, meta: pageMeta(page, perPage, total) }
  }

  async function listByCursor(tenant: Tenant, filter: ReturnType<typeof readTransferFilter>, query: ListQuery) {
    const found = await walkNumberedPayouts(context, tenant, filter, readStep('transfer', query))
    return { items: found.items, meta: stepMeta('transfer', query, found, ({ wireId }) => wireId) }
  }
}

/** A repeat of a request makes the same code; any other request makes another one. */
function codeOfTransfer(
  context: Context,
  { merchant, mode }: Tenant,
  request: IdempotentRequest | null,
  { name, length }: { name: string; length: number },
): string {
  if (request === null) return randomCode(context.random, length)
  return codeOfKey(context, { merchantId: merchant.id, mode }, { key: request.key, name }, length)
}

function outcomeOf(
  { code }: NewPayout,
  answer: { payout: Payout; replayed: boolean } | ServiceError | undefined,
): Payout | ServiceError {
  if (answer === undefined) throw new Error('each line has an answer')
  if (answer instanceof ServiceError) return inTransferWords(answer) as ServiceError
  return answer.replayed && answer.payout.code !== code ? duplicate() : answer.payout
}

/**
 * Throws as for a reference that was used before, where somebody else has used the references in the meantime and nothing was made. Of a batch
 * that was made in part, the lines say so.
 */
function refuseAllTaken(
  read: readonly (NewPayout | ServiceError)[],
  outcomes: readonly (Payout | ServiceError)[],
): void {
  if (outcomes.some((outcome) => !(outcome instanceof ServiceError))) return
  const taken = read.flatMap((line, i) => {
    const { message } = outcomes[i] as ServiceError
    return line instanceof ServiceError || message !== transferWords.duplicate ? [] : line.reference
  })
  if (taken.length > 0) throw duplicates(taken)
}

function duplicates(references: readonly string[]): ServiceError {
  return new ServiceError('not_found', `${duplicatesFound}${references.join(',')}`, 'transfers')
}

function duplicate(): ServiceError {
  return new ServiceError('invalid_request', transferWords.duplicate, 'reference')
}

function rethrow(error: unknown): never {
  throw inTransferWords(error)
}

/** What a call answers, or its refusal. */
function tryRead<Answer>(work: () => Answer): Answer | ServiceError {
  try {
    return work()
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

/** A transfer that gets the right password may fail as well. */
function whyFailed({ stateCode, stateReason }: Payout): string {
  return stateCode === 'wrong_otp' ? transferWords.wrongOtp : `The transfer has failed: ${stateReason}`
}

/** It says to whom of a business's customers the money belongs: money without it would go astray. */
function refuseAccountReference(given: unknown): void {
  if (given === undefined || given === null || given === '') return
  const message = '"account_reference" is not served here: a transfer without it would go astray; leave it out'
  throw new ServiceError('invalid_request', message, 'account_reference')
}
