import { ServiceError } from '../../base/errors.ts'
import { parseAmount } from '../../base/money.ts'
import { limitsOf } from '../../db/batch-limits.ts'
import { type Batched, createBatcher } from '../../db/batcher.ts'
import { sql } from '../../db/sql.ts'
import { type Context, perContext } from '../context.ts'
import { type IdempotentRequest, isFingerprintOf, keyReused, storedKey } from '../idempotency/request.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import { type Tenant, tenantKey } from '../merchants/tenant.ts'
import { inAskTurn, inBatchTurn } from '../merchants/turns.ts'
import { askAboutPayout, askAboutPayouts } from './payout-approvals.ts'
import { makePayouts, type PayoutAnswer } from './payout-making.ts'
import type { NewDestination } from './payout-places.ts'
import type { PayoutProcessorChoice, PayoutsContext } from './payout-processor.ts'
import type { PayoutCall, SoundPayout } from './payout-recording.ts'
import { getPayout, type Payout } from './payout-records.ts'

export interface NewPayout {
  /** Default: the merchant's own balance. */
  customerCode?: string | undefined
  amount: number | string
  currency?: string | undefined
  destination: NewDestination
  /** The caller's own name of it, which is never used for another. */
  reference: string
  /** Shown to the payee. */
  reason?: string | undefined
  metadata?: Record<string, unknown> | undefined
  /** `TRF_…`, for a caller who repeats itself and must know its own payout again. Default a random one. */
  code?: string | undefined
  /** The caller takes its first step at once, by `sendMade`: until then it is nobody else's. Default false. */
  isSentByMaker?: boolean | undefined
}

/**
 * Group commit, as of commands of the ledger: payouts of one tenant that wait together are made in one commit, each judged by
 * itself. Of two with one reference, the later finds the first.
 */
const queueOf = perContext(
  (context): Batched<PayoutCall, PayoutAnswer> =>
    createBatcher(
      context.db,
      (lane, calls) => makePayouts(context as Context & PayoutProcessorChoice, lane, calls),
      (call) => tenantKey(call.tenant),
      { ...limitsOf(context.meter, 'payouts'), keyOf: ({ wanted }) => wanted.reference },
    ),
)

/**
 * Reserves the money of a payout and records it. One that needs a second person waits. It is sent later, by `advancePayout` or in the background. The same reference
 * with the same content answers the first payout. Throws `invalid_request`, `currency_not_held`, `customer_not_found`,
 * `customer_denied`, `insufficient_funds`, `recipient_not_found`, `recipient_inactive`, `reference_taken`,
 * `idempotency_key_reused`.
 */
export async function createPayout(
  context: PayoutsContext,
  tenant: Tenant,
  input: NewPayout,
  request: IdempotentRequest | null,
): Promise<{ payout: Payout; replayed: boolean }> {
  const answer = await makeUnasked(context, tenant, input, request)
  const { payout, replayed } = answer
  if (!isUnasked(payout)) return answer
  return { payout: await inAskTurn(context, tenant, () => askAboutPayout(context, tenant, payout)), replayed }
}

/** Makes a payout of which it is not asked yet whether it needs a second person. */
async function makeUnasked(
  context: PayoutsContext,
  tenant: Tenant,
  input: NewPayout,
  request: IdempotentRequest | null,
): Promise<{ payout: Payout; replayed: boolean }> {
  const answer = await queueOf(context)({ tenant, wanted: readNew(tenant, input), request })
  if (answer instanceof ServiceError) throw answer
  return answer
}

function isUnasked({ state, approvalId }: Payout): boolean {
  return state === 'awaiting_approval' && approvalId === null
}

/**
 * Makes a payout for a request. Where it is refused, for instance because its recipient was deactivated since, and the request has made
 * its payout before, answers that one. Throws `idempotency_key_reused`, and what `make` throws.
 */
export async function orMadeBefore(
  context: Context,
  { merchant, mode }: Tenant,
  request: IdempotentRequest | null,
  make: () => Promise<{ payout: Payout; replayed: boolean }>,
): Promise<{ payout: Payout; replayed: boolean }> {
  try {
    return await make()
  } catch (error) {
    if (request === null || !(error instanceof ServiceError)) throw error
    const [row] = await context.db.query<{ id: string; fingerprint: Buffer }>(sql`
      select p.id, k.fingerprint
      from idempotency_keys k
      join payouts p on p.merchant_id = k.merchant_id and p.id = k.result_id
      where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.key = ${storedKey(request)} and k.refusal is null
    `)
    if (row === undefined) throw error
    if (!isFingerprintOf(request, row.fingerprint)) throw keyReused(request, row.fingerprint)
    return { payout: await getPayout(context, { merchant, mode }, row.id), replayed: true }
  }
}

/**
 * Makes many payouts and answers for each, in order: the payout, or why it was refused. Their references make them once. Throws
 * `too_many_batches`.
 */
export function createPayouts(context: PayoutsContext, tenant: Tenant, inputs: NewPayout[]): Promise<PayoutAnswer[]> {
  return inBatchTurn(context, tenant, inputs.length, async () => {
    const answers = await Promise.all(
      inputs.map((input) =>
        makeUnasked(context, tenant, input, null).catch((error: unknown) => {
          if (error instanceof ServiceError) return error
          throw error
        }),
      ),
    )
    const asked = await askAboutMany(context, tenant, answers)
    return answers.map((answer) =>
      answer instanceof ServiceError ? answer : { ...answer, payout: asked.get(answer.payout.id) ?? answer.payout },
    )
  })
}

/** Other askers of a day's sum wait for a commit, so a batch is asked about in several. */
const askedAtOnce = 100

/** Asks about those of a batch that may need a second person. Answers them as they then are, by their ids. */
async function askAboutMany(
  context: Context,
  tenant: Tenant,
  answers: readonly PayoutAnswer[],
): Promise<ReadonlyMap<string, Payout>> {
  const unasked = answers.flatMap((answer) =>
    answer instanceof ServiceError || !isUnasked(answer.payout) ? [] : answer.payout,
  )
  const asked = new Map<string, Payout>()
  for (let at = 0; at < unasked.length; at += askedAtOnce) {
    const some = unasked.slice(at, at + askedAtOnce)
    const after = await inAskTurn(context, tenant, () => askAboutPayouts(context, tenant, some))
    for (const payout of after) asked.set(payout.id, payout)
  }
  return asked
}

function readNew(tenant: Tenant, input: NewPayout): SoundPayout {
  const { customerCode = null, destination, reference, reason = null, metadata = null, code, isSentByMaker } = input
  const amount = parseAmount(input.amount)
  const currency = heldCurrency(tenant.merchant, input.currency)
  return { customerCode, amount, currency, destination, reference, reason, metadata, code, isSentByMaker }
}
