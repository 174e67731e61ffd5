import { ServiceError } from '../../base/errors.ts'
import { formatMoney } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { lookAtDispute } from './dispute-lookups.ts'
import {
  type Dispute,
  type DisputeEvidence,
  type DisputeName,
  findDispute,
  type NewEvidence,
} from './dispute-records.ts'
import { isDecided } from './dispute-states.ts'
import { decideHere } from './disputes.ts'
import {
  type AccountDisputes,
  type DisputeOutcome,
  type PaymentsContext,
  requireProcessor,
} from './payment-processor.ts'

/** How the merchant answers a dispute. */
export interface GivenAnswer {
  resolution: 'accepted' | 'declined'
  /** Minor units that the payer gets back; default what the payer wants. */
  amount?: bigint | undefined
  message?: string | undefined
  fileName?: string | undefined
}

const defaultMessages = { accepted: 'The merchant accepts the dispute', declined: 'The merchant declines the dispute' }

/** Throws `dispute_not_found`. */
export async function getDispute(context: Context, tenant: Tenant, name: DisputeName): Promise<Dispute> {
  const dispute = await findDispute(context, tenant, name)
  if (dispute !== null) return dispute
  const text = 'id' in name ? name.id : 'wireId' in name ? String(name.wireId) : name.outsideId
  throw new ServiceError('dispute_not_found', `There is no dispute ${JSON.stringify(text)}`)
}

/**
 * Accepts a dispute, so that the payer has the money back, or declines it. The same answer again changes nothing. A dispute at
 * an account is answered there. Throws `dispute_not_open`, `invalid_request` for an amount that is more than was asked for and
 * for an answer that the account refuses, `busy` where nobody can say whether the account has taken it.
 */
export async function answerDispute(
  context: PaymentsContext,
  tenant: Tenant,
  dispute: Dispute,
  given: GivenAnswer,
): Promise<Dispute> {
  const { resolution, amount = dispute.amount, message = defaultMessages[given.resolution], fileName } = given
  if (isAnswered(dispute, resolution)) return dispute
  refuseDecided(dispute)
  checkAmount(dispute, amount)
  const account = await accountOf(context, tenant, dispute)
  const noted = await note(context, tenant, dispute, { amount, fileName, message })
  if (account === null) {
    // Another answer has come meanwhile.
    if (isAnswered(noted, resolution)) return noted
    refuseDecided(noted)
    const decided = await decideHere(context, tenant, noted, { ...turnOf(resolution, noted), by: 'merchant' })
    return refuseOther(decided, resolution)
  }
  const { currency, outsideId } = dispute
  const outcome = await account.resolve(outsideId, {
    resolution,
    message,
    amount,
    currency,
    fileName: fileName ?? null,
  })
  return refuseOther(await seeOutcome(context, tenant, noted, outcome), resolution)
}

function isAnswered(dispute: Dispute, resolution: GivenAnswer['resolution']): boolean {
  const state = resolution === 'accepted' ? 'lost' : 'won'
  return dispute.state === state && dispute.resolution?.includes(resolution) === true
}

/** Of two answers at once, the one that has not decided the dispute is refused. */
function refuseOther(dispute: Dispute, resolution: GivenAnswer['resolution']): Dispute {
  const isOther = resolution === 'accepted' ? dispute.state === 'won' : dispute.resolution === 'merchant-accepted'
  if (isOther) refuseDecided(dispute)
  return dispute
}

/** What comes of an answer in the sandbox. */
function turnOf(resolution: GivenAnswer['resolution'], { afterDecline }: Dispute) {
  if (resolution === 'accepted') return { state: 'lost', stateReason: null, resolution: 'merchant-accepted' } as const
  const words = { won: 'declined', lost: 'auto-accepted', underReview: null, needsAttention: null }
  const stateReason = afterDecline === 'needsAttention' ? 'The sandbox was told to say nothing that helps' : null
  return { state: afterDecline, stateReason, resolution: words[afterDecline] }
}

/** Changes the amount that the merchant is ready to give back, and adds the name of a file. Throws as `answerDispute`. */
export async function updateDispute(
  context: PaymentsContext,
  tenant: Tenant,
  dispute: Dispute,
  { amount, fileName }: { amount: bigint; fileName?: string | undefined },
): Promise<Dispute> {
  refuseDecided(dispute)
  checkAmount(dispute, amount)
  const account = await accountOf(context, tenant, dispute)
  if (account !== null) {
    const { currency, outsideId } = dispute
    refuseOutcome(await account.update(outsideId, { amount, currency, fileName: fileName ?? null }))
  }
  return note(context, tenant, dispute, { amount, fileName })
}

/** Adds what the merchant says in its defence. Throws as `answerDispute`. */
export async function addEvidence(
  context: PaymentsContext,
  tenant: Tenant,
  dispute: Dispute,
  given: NewEvidence,
): Promise<{ dispute: Dispute; evidence: DisputeEvidence }> {
  refuseDecided(dispute)
  const account = await accountOf(context, tenant, dispute)
  if (account !== null) refuseOutcome(await account.addEvidence(dispute.outsideId, given))
  const now = context.clock.now()
  const [row] = await context.db.query<{ evidence: DisputeEvidence }>(sql`
    update disputes r set
      evidence = json_build_object(
        'id', allocate_ids(r.merchant_id, 1), 'createdAt', ${now.toISOString()}::text,
        'customerEmail', ${given.customerEmail}::text, 'customerName', ${given.customerName}::text,
        'customerPhone', ${given.customerPhone}::text, 'serviceDetails', ${given.serviceDetails}::text,
        'deliveryAddress', ${given.deliveryAddress}::text, 'deliveryDate', ${given.deliveryDate}::text
      ),
      updated_at = ${now}
    where r.merchant_id = ${tenant.merchant.id} and r.id = ${dispute.id}
    returning r.evidence
  `)
  return {
    dispute: (await findDispute(context, tenant, dispute)) as Dispute,
    evidence: row?.evidence as DisputeEvidence,
  }
}

/** Where a file can be sent. Throws `not_available` in the sandbox, which keeps no files. */
export async function openUpload(
  context: PaymentsContext,
  tenant: Tenant,
  dispute: Dispute,
  fileName: string | undefined,
): Promise<{ url: string; fileName: string }> {
  const account = await accountOf(context, tenant, dispute)
  if (account !== null) return account.openUpload(dispute.outsideId, fileName)
  const message = 'The sandbox keeps no files; send any uploaded_filename to resolve the dispute'
  throw new ServiceError('not_available', message)
}

/** Null for a dispute of the sandbox. Throws `dispute_not_open` for a refund that was made at the account. */
async function accountOf(context: PaymentsContext, tenant: Tenant, dispute: Dispute): Promise<AccountDisputes | null> {
  if (dispute.category === 'refund') {
    const message = `The dispute ${JSON.stringify(dispute.id)} is a refund that was made at the processor: nobody can answer it`
    throw new ServiceError('dispute_not_open', message)
  }
  if (dispute.accountId === 0n) return null
  const processor = await requireProcessor(context, tenant, { sentBy: dispute.accountId })
  return processor.disputes ?? null
}

function refuseDecided({ id, state }: Dispute): void {
  if (!isDecided(state)) return
  throw new ServiceError(
    'dispute_not_open',
    `The dispute ${JSON.stringify(id)} is ${state}, and cannot be answered any more`,
  )
}

function checkAmount({ askedAmount, currency }: Dispute, wanted: bigint): void {
  if (wanted >= 1n && wanted <= askedAmount) return
  const message = `The amount must be 1 to ${formatMoney(askedAmount, currency)}, which the payer wants back`
  throw new ServiceError('invalid_request', message, 'amount')
}

/** The account is asked where the dispute is now, whatever it has answered. */
async function seeOutcome(
  context: PaymentsContext,
  tenant: Tenant,
  dispute: Dispute,
  outcome: DisputeOutcome,
): Promise<Dispute> {
  const seen = await lookAtDispute(context, tenant, dispute)
  if (!isDecided(seen.state)) refuseOutcome(outcome)
  return seen
}

function refuseOutcome(outcome: DisputeOutcome): void {
  if (outcome === 'done') return
  if (outcome === 'unknown') {
    throw new ServiceError('busy', 'The processor could not be asked at this moment; send the request again')
  }
  throw new ServiceError('invalid_request', `The processor refused it: ${outcome.refused}`)
}

async function note(
  context: Context,
  tenant: Tenant,
  { id, accountId, ...dispute }: Dispute,
  { amount, fileName, message }: { amount: bigint; fileName?: string | undefined; message?: string | undefined },
): Promise<Dispute> {
  const now = context.clock.now()
  // After a crash the same is told once more.
  const said = message === undefined ? [] : [{ sender: 'merchant', body: message }]
  const messages = said.map((each) => ({ ...each, createdAt: now.toISOString() }))
  const files = fileName === undefined ? [] : [fileName]
  const { merchant, actor } = tenant
  // The amount of a dispute at an account is the account's.
  const wanted = accountId === 0n ? amount : dispute.amount
  await context.db.query(sql`
    update disputes r set
      amount = case when r.movement_id is null then ${wanted}::bigint else r.amount end,
      messages = case when r.messages::jsonb @> ${JSON.stringify(said)}::jsonb then r.messages
        else (r.messages::jsonb || ${JSON.stringify(messages)}::jsonb)::json end,
      attachments = case when r.attachments::jsonb @> ${JSON.stringify(files)}::jsonb then r.attachments
        else (r.attachments::jsonb || ${JSON.stringify(files)}::jsonb)::json end,
      actor_id = coalesce(${actor?.id ?? null}::integer, r.actor_id), updated_at = ${now}
    where r.merchant_id = ${merchant.id} and r.id = ${id} and r.state not in ('won', 'lost')
  `)
  return (await findDispute(context, tenant, { id })) as Dispute
}
