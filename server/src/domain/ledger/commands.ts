import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { batchLimits } from '../../db/batch-limits.ts'
import { type Batched, createBatcher } from '../../db/batcher.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type Context, type FreeContext, perContext } from '../context.ts'
import type { EventType } from '../events/events.ts'
import { type IdempotentRequest, keyReused, storedKey } from '../idempotency/request.ts'
import { type Tenant, tenantKey } from '../merchants/tenant.ts'
import { type LedgerRefusal, refusedCommand } from './refusals.ts'

/** Which ledger account: a customer's cash by the customer's code, or one of the merchant's own. */
export type AccountName =
  | { kind: 'customer_cash'; customer: string }
  | { kind: 'merchant_balance' | 'fees' | 'outside'; customer?: undefined }

export type TransactionKind = 'pay_in' | 'purchase' | 'transfer' | 'refund' | 'reversal' | 'hold_capture' | 'fee'

interface CommandBase {
  /** A UUID of version 7, made by the caller: of the ledger transaction, or of the hold that is placed. */
  id: string
  currency: Currency
  from: AccountName
  /**
   * Recorded in the same commit, where there is one. To the details of a refund, capture, release or expiry the posting
   * adds what it finds out: see post_commands.sql.
   */
  event: { type: EventType; data: Record<string, unknown> } | null
  /** Does the command once for this request, however often it comes. */
  request: IdempotentRequest | null
  /** As `request`, for a key Mteja makes itself, such as that of a payment which is told of more than once. */
  ownKey?: string
}

interface Movement {
  to: AccountName
  description: string | null
  /** What the surfaces show beside the movement, such as a product. */
  details?: Record<string, unknown>
}

/** One thing to do to the ledger. Amounts are minor units above zero; null stands for all that is left. */
export type LedgerCommand = CommandBase &
  (
    | ({ action: 'post'; kind: 'pay_in' | 'purchase' | 'transfer' | 'fee'; amount: bigint } & Movement)
    | ({ action: 'refund'; kind: 'refund' | 'reversal'; amount: bigint | null; originalId: string } & Movement)
    | { action: 'place'; amount: bigint; description: string | null; expiresAt: Date | null }
    | ({ action: 'capture'; kind: 'hold_capture'; amount: bigint | null; holdId: string; isFinal: boolean } & Movement)
    | { action: 'release' | 'expire'; holdId: string }
  )

/** What was done: now, or (`replayed`) when the same request came before. */
export interface Receipt {
  /** Of the ledger transaction or the hold. */
  id: string
  /** Minor units moved or reserved; 0 for a release. */
  amount: bigint
  /** What the paying account had posted afterwards. */
  fromBalance: bigint
  /** What the receiving account had posted afterwards; null where nothing moved. */
  toBalance: bigint | null
  createdAt: Date
  replayed: boolean
}

interface Call {
  tenant: Tenant
  command: LedgerCommand
}

interface Outcome {
  refusal: LedgerRefusal | 'idempotency_key_reused' | null
  replayed: boolean
  fingerprint: Buffer | null
  id: string
  /** These two are null where it was refused. */
  amount: bigint | null
  from_balance: bigint | null
  to_balance: bigint | null
  created_at: Date
}

/**
 * Group commit: commands of one tenant that wait together are done by one function call in one commit, each judged and
 * answered by itself. A lone command does not wait.
 */
const queueOf = perContext(
  (context): Batched<Call, Outcome> =>
    createBatcher(
      context.db,
      (lane, calls) => doCommands(lane, context, calls),
      (call) => tenantKey(call.tenant),
      { ...batchLimits, keyOf: ({ command }) => keyOf(command) },
    ),
)

/** Does a command and answers after its commit is durable. Throws the ServiceError that says why nothing was done. */
export async function doCommand(context: FreeContext, tenant: Tenant, command: LedgerCommand): Promise<Receipt> {
  return readReceipt(command, await queueOf(context)({ tenant, command }))
}

/**
 * Does many commands in one commit and answers for each, in their order: a receipt, or why it was refused. Two of one
 * key are refused as a whole.
 */
export async function doTogether(
  context: FreeContext,
  tenant: Tenant,
  commands: LedgerCommand[],
): Promise<(Receipt | ServiceError)[]> {
  const outcomes = await doCommands(
    context.db,
    context,
    commands.map((command) => ({ tenant, command })),
  )
  return outcomes.map((outcome, i) => {
    try {
      return readReceipt(commands[i] as LedgerCommand, outcome)
    } catch (error) {
      if (error instanceof ServiceError) return error
      throw error
    }
  })
}

function readReceipt(command: LedgerCommand, outcome: Outcome): Receipt {
  if (outcome.refusal === 'idempotency_key_reused') {
    throw keyReused(command.request as IdempotentRequest, outcome.fingerprint as Buffer)
  }
  if (outcome.refusal !== null) throw refusedCommand(command, outcome.refusal, outcome.replayed)
  return {
    id: outcome.id,
    amount: outcome.amount as bigint,
    fromBalance: outcome.from_balance as bigint,
    toBalance: outcome.to_balance,
    createdAt: outcome.created_at,
    replayed: outcome.replayed,
  }
}

function keyOf(command: LedgerCommand): string | null {
  if (command.request !== null) return storedKey(command.request)
  return command.ownKey === undefined ? null : `mteja/${command.ownKey}`
}

/** For a key of our own there is one request only. */
const ownFingerprint = Buffer.alloc(0)

async function doCommands(db: Queryable, context: Context, calls: Call[]): Promise<Outcome[]> {
  const { tenant } = calls[0] as Call
  const commands = calls.map((call) => call.command)
  const accounts = new AccountPlaces()
  const holds = new Places()
  const originals = new Places()
  const froms = commands.map((each) => accounts.place(each.from, each.currency))
  const tos = commands.map((each) => ('to' in each ? accounts.place(each.to, each.currency) : null))
  const holdPlaces = commands.map((each) => ('holdId' in each ? holds.place(each.holdId) : null))
  const originalPlaces = commands.map((each) => ('originalId' in each ? originals.place(each.originalId) : null))

  const statement = sql`
    select r.refusal, r.replayed, r.fingerprint, r.id, r.amount, r.from_balance, r.to_balance, r.created_at
    from post_commands(
      ${tenant.merchant.id}, ${tenant.mode}, ${context.clock.now()},
      ${accounts.kinds}::text[], ${accounts.customers}::text[], ${accounts.currencies}::text[],
      ${holds.names}::uuid[], ${originals.names}::uuid[],
      ${commands.map((each) => each.action)}::text[],
      ${commands.map((each) => each.id)}::uuid[],
      ${commands.map((each) => ('kind' in each ? each.kind : null))}::text[],
      ${froms}::integer[], ${tos}::integer[],
      ${commands.map((each) => ('amount' in each ? each.amount : null))}::bigint[],
      ${holdPlaces}::integer[],
      ${commands.map((each) => each.action === 'capture' && each.isFinal)}::boolean[],
      ${originalPlaces}::integer[],
      ${commands.map((each) => (each.action === 'place' ? each.expiresAt : null))}::timestamptz[],
      ${commands.map((each) => ('description' in each ? each.description : null))}::text[],
      ${commands.map((each) => ('details' in each && each.details ? JSON.stringify(each.details) : null))}::text[],
      ${commands.map((each) => each.event?.type ?? null)}::text[],
      ${commands.map((each) => (each.event === null ? null : JSON.stringify(each.event.data)))}::text[],
      ${commands.map(keyOf)}::text[],
      ${commands.map((each) => (keyOf(each) === null ? null : (each.request?.fingerprint ?? ownFingerprint)))}::bytea[]
    ) r
    order by r.ordinal
  `
  // Two servers may be asked for different things under one key at once: who comes second finds the key's answer.
  return repeatAfterCollision(['idempotency_keys_pkey'], () => db.query<Outcome>(statement))
}

/** Gives each name of a batch its place, counted from 1 as SQL does. */
class Places {
  readonly names: string[] = []
  readonly #places = new Map<string, number>()

  place(name: string): number {
    let place = this.#places.get(name)
    if (place === undefined) {
      place = this.names.push(name)
      this.#places.set(name, place)
    }
    return place
  }
}

class AccountPlaces {
  readonly kinds: string[] = []
  readonly customers: (string | null)[] = []
  readonly currencies: string[] = []
  readonly #places = new Places()

  place(account: AccountName, currency: string): number {
    const place = this.#places.place(`${account.kind}/${account.customer ?? ''}/${currency}`)
    if (place > this.kinds.length) {
      this.kinds.push(account.kind)
      this.customers.push(account.customer ?? null)
      this.currencies.push(currency)
    }
    return place
  }
}
