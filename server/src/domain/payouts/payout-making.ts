import { ServiceError } from '../../base/errors.ts'
import { maxAmount } from '../../base/money.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { AccountName, LedgerCommand, Receipt } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { currenciesWithLimits } from './payout-approvals.ts'
import { findPlaces, type Place } from './payout-places.ts'
import type { PayoutProcessor, PayoutProcessorChoice } from './payout-processor.ts'
import { type PayoutCall, type PreparedPayout, prepare, recordPayouts, type SoundPayout } from './payout-recording.ts'
import { type FeeBearer, type Payout, readPayouts } from './payout-records.ts'
import { getPayoutSettings } from './payout-settings.ts'

/** A payout, or why none was made. `replayed`: it was made before, under the same key or reference. */
export type PayoutAnswer = { payout: Payout; replayed: boolean } | ServiceError

/**
 * Makes the payouts of a batch of one tenant, each with a reference of its own: reserves their money and records them in one
 * commit. Answers for each, in order.
 */
export function makePayouts(
  context: Context & PayoutProcessorChoice,
  lane: Queryable,
  calls: PayoutCall[],
): Promise<PayoutAnswer[]> {
  // Two servers can get one reference, one key or one account at once. The server that comes second finds the first's.
  return repeatAfterCollision(
    [
      ...['payouts_reference', 'payouts_sent_reference', 'payouts_code', 'idempotency_keys_pkey'],
      ...['recipients_account', 'recipients_code'],
    ],
    () => tryBatch(context, lane, calls),
  )
}

async function tryBatch(
  context: Context & PayoutProcessorChoice,
  lane: Queryable,
  calls: PayoutCall[],
): Promise<PayoutAnswer[]> {
  const { tenant } = calls[0] as PayoutCall
  const all = calls.map(({ wanted }) => wanted)
  const currencies = all.map(({ currency }) => currency)
  const [limited, known, settings, places] = await Promise.all([
    currenciesWithLimits(context, tenant, currencies),
    findKnown(lane, tenant, calls),
    getPayoutSettings({ db: lane }, tenant),
    findPlaces(lane, tenant, all),
  ])
  const erased = await findErased(lane, tenant, [...known.values()])
  const unidentified = settings.identifiedOnly ? await findUnidentified(lane, tenant, calls) : noCustomers
  const estimate = await estimatorOf(context, tenant, settings.feesBorneBy)
  const at = context.clock.now()
  const answers = calls.map(({ wanted }, i): PayoutAnswer | PreparedPayout => {
    const before = known.get(wanted.reference)
    if (before !== undefined) return erased.has(before.customerId) ? erasedOwner(before) : recall(before, wanted)
    const place = places[i] as Place | ServiceError
    if (place instanceof ServiceError) return place
    if (unidentified.has(wanted.customerCode)) return notIdentified()
    const { type } = place.account ?? place.recipient
    const estimatedFee = estimate({ amount: wanted.amount, currency: wanted.currency, type })
    if (wanted.amount + estimatedFee > maxAmount) return tooLarge(estimatedFee)
    const isLimited = limited.has(wanted.currency)
    return prepare(context, calls[i] as PayoutCall, {
      place,
      estimatedFee,
      isLimited,
      feeBearer: settings.feesBorneBy,
      at,
    })
  })
  const prepared = answers.filter((each): each is PreparedPayout => 'call' in each)
  const made = await reserve(context, lane, prepared)
  return answers.map((each) => ('call' in each ? (made.get(each) as PayoutAnswer) : each))
}

const noCustomers: ReadonlySet<string | null> = new Set()

/** The codes of customers who are not identified. */
async function findUnidentified(
  db: Queryable,
  { merchant }: Tenant,
  calls: PayoutCall[],
): Promise<ReadonlySet<string | null>> {
  const codes = calls.flatMap(({ wanted }) => wanted.customerCode ?? [])
  const rows = await db.query<{ code: string }>(sql`
    select c.code from customers c
    where c.merchant_id = ${merchant.id} and c.code = any(${codes}::text[]) and not c.identified
  `)
  return new Set(rows.map(({ code }) => code))
}

function notIdentified(): ServiceError {
  const message =
    'Payouts are made only for customers who are identified: let the customer pass an identity check first'
  return new ServiceError('customer_not_identified', message, 'customerId')
}

/** The payouts that have the references, by these. */
async function findKnown(db: Queryable, { merchant, mode }: Tenant, calls: PayoutCall[]): Promise<Map<string, Payout>> {
  const references = calls.map(({ wanted }) => wanted.reference)
  const known = await db.query<{ id: string }>(sql`
    select o.id from unnest(${references}::text[]) as n (reference)
    -- The order leaves the planner one index, also where it knows nothing of the table: the unique one.
    cross join lateral (
      select * from payouts o
      where (o.merchant_id, o.mode, o.reference) >= (${merchant.id}, ${mode}, n.reference)
      order by o.merchant_id, o.mode, o.reference
      limit 1
    ) o
    where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.reference = n.reference
  `)
  const payouts = await readByIds(
    db,
    merchant.id,
    known.map(({ id }) => id),
  )
  return new Map(payouts.map((payout) => [payout.reference, payout]))
}

/** Almost always there are none to read. */
async function readByIds(db: Queryable, merchantId: number, ids: readonly string[]): Promise<Payout[]> {
  if (ids.length === 0) return []
  return readPayouts(
    db,
    sql`
      select o.* from unnest(${ids}::uuid[]) as n (id)
      cross join lateral (select * from payouts o where o.merchant_id = ${merchantId} and o.id = n.id limit 1) o
    `,
  )
}

/** The customers of the payouts whom somebody has asked to erase. What is stored of a payout then is not what was asked for. */
async function findErased(
  db: Queryable,
  { merchant }: Tenant,
  payouts: readonly Payout[],
): Promise<ReadonlySet<bigint | null>> {
  const ids = payouts.flatMap(({ customerId }) => (customerId === null ? [] : [customerId]))
  if (ids.length === 0) return new Set()
  const rows = await db.query<{ id: bigint }>(sql`
    select x.id from erasures x where x.merchant_id = ${merchant.id} and x.id = any(${ids}::bigint[])
  `)
  return new Set(rows.map(({ id }) => id))
}

function erasedOwner({ customerCode }: Payout): ServiceError {
  return new ServiceError('customer_not_found', `There is no customer "${customerCode}"`, 'customerId')
}

function tooLarge(estimatedFee: bigint): ServiceError {
  const message = `amount must be at most ${maxAmount - estimatedFee}: its expected fee of ${estimatedFee} is reserved besides`
  return new ServiceError('invalid_request', message, 'amount')
}

/** The first payout of a reference for the same content, or the refusal of another content. */
function recall(payout: Payout, wanted: SoundPayout): PayoutAnswer {
  const differing = differencesOf(payout, wanted)
  if (differing.length === 0) return { payout, replayed: true }
  const message = `The reference ${JSON.stringify(wanted.reference)} belongs to a payout of another ${differing.join(', ')}`
  return new ServiceError('reference_taken', message, 'reference')
}

function differencesOf({ recipient, ...payout }: Payout, { destination, ...wanted }: SoundPayout): string[] {
  const same = {
    customerId: payout.customerCode === wanted.customerCode,
    amount: payout.amount === wanted.amount,
    currency: payout.currency === wanted.currency,
    destination:
      'recipientCode' in destination
        ? recipient.code === destination.recipientCode
        : recipient.type === destination.type &&
          recipient.accountNumber === destination.accountNumber &&
          recipient.bankCode === destination.bankCode,
    reason: payout.reason === wanted.reason,
    metadata: JSON.stringify(payout.metadata) === JSON.stringify(wanted.metadata),
  }
  return Object.entries(same).flatMap(([member, isSame]) => (isSame ? [] : [member]))
}

/** What an order is expected to cost beside its amount: nothing where the merchant bears fees, or where a person pays out. */
async function estimatorOf(
  context: Context & PayoutProcessorChoice,
  tenant: Tenant,
  bearer: FeeBearer,
): Promise<PayoutProcessor['estimateFee']> {
  const processor = bearer === 'owner' ? await context.payoutProcessorOf(context, tenant, 'new') : null
  return processor === null || processor === 'manual' ? () => 0n : (order) => processor.estimateFee(order)
}

/** Answers for each: the payout as it was recorded, the payout that its key has made before, or the refusal of the ledger. */
async function reserve(
  context: Context,
  lane: Queryable,
  prepared: PreparedPayout[],
): Promise<Map<PreparedPayout, PayoutAnswer>> {
  if (prepared.length === 0) return new Map()
  const commands = prepared.map((each) => ({ tenant: each.call.tenant, command: placing(each) }))
  const { outcomes, read } = await recordPayouts(context, lane, prepared, commands)
  const replayed = outcomes.flatMap((each) => (each instanceof ServiceError || !each.replayed ? [] : each.id))
  const { merchant } = (prepared[0] as PreparedPayout).call.tenant
  const before = new Map((await readByIds(lane, merchant.id, replayed)).map((payout) => [payout.id, payout]))
  return new Map(
    prepared.map((each, i): [PreparedPayout, PayoutAnswer] => {
      const outcome = outcomes[i] as Receipt | ServiceError
      if (outcome instanceof ServiceError) return [each, outcome]
      return [
        each,
        { payout: outcome.replayed ? (before.get(outcome.id) as Payout) : read(i), replayed: outcome.replayed },
      ]
    }),
  )
}

function placing({ call: { wanted, request }, estimatedFee, id }: PreparedPayout): LedgerCommand {
  return {
    action: 'place',
    kind: 'payout',
    id,
    currency: wanted.currency,
    from: ownerOf(wanted),
    amount: wanted.amount + estimatedFee,
    description: null,
    expiresAt: null,
    event: null,
    request,
  }
}

/** The account that a payout leaves. */
export function ownerOf({ customerCode }: Pick<Payout, 'customerCode'>): AccountName {
  return customerCode === null ? { kind: 'merchant_balance' } : { kind: 'customer_cash', customer: customerCode }
}
