import { setImmediate as breathe } from 'node:timers/promises'
import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { limitsOf } from '../../db/batch-limits.ts'
import { type Batched, createBatcher } from '../../db/batcher.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import type { Queryable } from '../../db/database.ts'
import { type Argument, argument, functionCall, listArgument, type ParameterTypes } from '../../db/function-call.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { writeLists } from '../../db/written-lists.ts'
import { type Context, type FreeContext, perContext } from '../context.ts'
import type { EventType } from '../events/events.ts'
import { type IdempotentRequest, keyReused, storedKey } from '../idempotency/request.ts'
import type { Actor } from '../merchants/actors.ts'
import { type Tenant, tenantKey } from '../merchants/tenant.ts'
import { packRequestId, type TransactionKind } from '../trail/trail.ts'
import { type LedgerRefusal, refusedCommand } from './refusals.ts'

/** The name of a ledger account: a customer's cash by the customer's code, or an account of the merchant. */
export type AccountName =
  | { kind: 'customer_cash'; customer: string }
  /**
   * The rest of the world, as an account at a processor sees it. Without `at`: the sandbox's in test mode, in live mode that
   * of money moved by hand.
   */
  | { kind: 'outside'; at?: bigint | undefined; customer?: undefined }
  | { kind: 'merchant_balance' | 'fees' | 'processor_fees' | 'adjustments' | 'suspense'; customer?: undefined }

/** A thing that somebody wants to happen. */
export type Wish = 'pay_in' | 'purchase' | 'transfer' | 'fee' | 'adjustment'

/** A thing that has happened outside. */
export type Fact =
  | 'pay_in'
  | 'chargeback'
  | 'chargeback_returned'
  | 'processor_fee'
  | 'processor_fee_returned'
  | 'settlement'
  | 'suspended'
  | 'assigned'
  | 'given_back'
  | 'payout'
  | 'payout_returned'

export type { TransactionKind }

interface CommandBase {
  /** The id of the ledger transaction or of the new hold: a UUID of version 7, made by the caller. */
  id: string
  currency: Currency
  from: AccountName
  /**
   * Recorded in the same commit; null for no event. The posting function adds figures to the details of the event of a
   * refund, capture, release or expiry: see post_commands.sql.
   */
  event: { type: EventType; data: Record<string, unknown> } | null
  /** The command is done once for this request, however often the request is sent. */
  request: IdempotentRequest | null
  /** As `request`, for a key that Mteja makes itself: for instance for a payment that is reported more than once. */
  ownKey?: string
}

interface Movement {
  to: AccountName
  description: string | null
  /** Shown by the surfaces beside the movement, such as a product. */
  details?: Record<string, unknown>
}

/**
 * One change of the ledger. Amounts are minor units above 0; a null amount stands for the whole rest. A fact is booked, and
 * refused only where an account is not there or a balance would pass its limit: what the payer cannot bear is owed from then on.
 */
export type LedgerCommand = CommandBase &
  (
    | ({ action: 'post'; kind: Wish; amount: bigint } & Movement)
    | ({ action: 'book'; kind: Fact; amount: bigint } & Movement)
    | ({ action: 'refund'; kind: 'refund' | 'reversal'; amount: bigint | null; originalId: string } & Movement)
    | { action: 'place'; amount: bigint; description: string | null; expiresAt: Date | null }
    | ({ action: 'capture'; kind: 'hold_capture'; amount: bigint | null; holdId: string; isFinal: boolean } & Movement)
    | { action: 'release' | 'expire'; holdId: string }
    // A refund that waits for somebody outside: its money is reserved, and then either moves or can be given back again.
    | { action: 'place'; amount: bigint | null; originalId: string; description: null; expiresAt: null }
    | ({ action: 'refund'; kind: 'refund' | 'reversal'; amount: null; originalId: string; holdId: string } & Movement)
    | { action: 'release'; holdId: string; originalId: string }
    // A payout: its money is reserved, and then either moves, with its fee, or is released.
    | { action: 'place'; kind: 'payout'; amount: bigint; description: null; expiresAt: null }
    | ({
        action: 'capture'
        kind: 'payout' | 'processor_fee'
        amount: bigint
        holdId: string
        isFinal: boolean
      } & Movement)
    | { action: 'release'; kind: 'payout'; holdId: string }
  )

/** The outcome of a command that was done now, or before for the same request (`replayed`). */
export interface Receipt {
  /** The id of the ledger transaction or the hold. */
  id: string
  /** Minor units moved or reserved; 0 for a release. */
  amount: bigint
  /** The posted amount of the paying account afterwards. */
  fromBalance: bigint
  /** The posted amount of the receiving account afterwards, and before a debt is repaid from it; null if no money moved. */
  toBalance: bigint | null
  createdAt: Date
  replayed: boolean
}

/** A command in a queue, with the tenant who asks for it. */
export interface Call {
  tenant: Tenant
  command: LedgerCommand
}

interface Outcome {
  refusal: LedgerRefusal | 'idempotency_key_reused' | null
  replayed: boolean
  fingerprint: Buffer | null
  /** Null for a request that was refused before it reached the posting. */
  id: string | null
  /** Null, as the next one, for a refused command. */
  amount: bigint | null
  from_balance: bigint | null
  to_balance: bigint | null
  created_at: Date
}

/**
 * Group commit: commands of one tenant that wait together are done by one function call in one commit. Each command is
 * judged and answered by itself. A lone command does not wait.
 */
const queueOf = perContext(
  (context): Batched<Call, Outcome> =>
    createBatcher(
      context.db,
      (lane, calls) => doBatch(context, lane, calls),
      (call) => tenantKey(call.tenant),
      { ...limitsOf(context.meter, 'postings'), keyOf: ({ command }) => keyOf(command) },
    ),
)

/** Does a command, and answers after its commit is durable. Throws a ServiceError if the command is refused. */
export async function doCommand(context: FreeContext, tenant: Tenant, command: LedgerCommand): Promise<Receipt> {
  return readReceipt(command, await queueOf(context)({ tenant, command }))
}

/**
 * As `doCommand`, with more queries in the commit of the command, which waits for no other command. The queries are further
 * parts of a `with` clause. They read the outcome as `done_now`: one row (`id`, `amount`, `created_at`), or none for a command
 * that was refused or done before.
 */
export async function doCommandNoting(
  context: FreeContext,
  tenant: Tenant,
  command: LedgerCommand,
  noting: Sql,
): Promise<Receipt> {
  const [outcome] = await postNoting(context, tenant, [command], noting)
  return readReceipt(command, outcome as Outcome)
}

/** As `doTogether`, with more queries in the commit, as `doCommandNoting` has them: `done_now` is of the last command. */
export async function doTogetherNoting(
  context: FreeContext,
  tenant: Tenant,
  commands: LedgerCommand[],
  noting: Sql,
): Promise<(Receipt | ServiceError)[]> {
  return readOutcomes(commands, await postNoting(context, tenant, commands, noting))
}

/**
 * Does the commands of a queue's batch in one commit with more queries, as `doCommandNoting` has them: `done_now` has a row for
 * each command that was done now, with its `ordinal` from 1. All calls are of one tenant. Answers for each, in order.
 */
export async function doBatchNoting(
  context: Pick<Context, 'clock'>,
  lane: Queryable,
  calls: Call[],
  noting: Sql,
): Promise<(Receipt | ServiceError)[]> {
  const { outcomes } = await doBatchTelling(context, lane, calls, { noting, columns: nothing, joins: nothing })
  return outcomes
}

/** More queries in the commit of a batch, and the columns of them that are answered. */
interface Telling {
  /** As `doBatchNoting` has it. */
  noting: Sql
  /** Further columns for each command, each after a comma. */
  columns: Sql
  /** The joins that have these columns, to the outcomes `r` by their `ordinal`. They leave one row for each outcome. */
  joins: Sql
}

/** As `doBatchNoting`, and answers the further columns, `Told`, of each command. */
export async function doBatchTelling<Told>(
  { clock }: Pick<Context, 'clock'>,
  lane: Queryable,
  calls: Call[],
  { noting, columns, joins }: Telling,
): Promise<{ outcomes: (Receipt | ServiceError)[]; told: Told[] }> {
  const { tenant } = calls[0] as Call
  const commands = calls.map(({ command }) => command)
  const actors = calls.map((call) => call.tenant.actor)
  const rows = await lane.query<Outcome & Told>(sql`
    with done as materialized (
      select ${outcomeColumns}, r.ordinal
      from ${functionCall('post_commands_v2', parametersOf(tenant, clock.now(), commands, actors))} r
    ),
    done_now as materialized (
      select r.ordinal, r.id, r.amount, r.created_at from done r where r.refusal is null and not r.replayed
    ),
    ${noting}
    select ${outcomeColumns} ${columns} from done r ${joins} order by r.ordinal
  `)
  return { outcomes: readOutcomes(commands, rows), told: rows }
}

function postNoting(context: FreeContext, tenant: Tenant, commands: LedgerCommand[], noting: Sql): Promise<Outcome[]> {
  const statement = sql`
    with done as materialized (
      select ${outcomeColumns}, r.ordinal
      from ${functionCall('post_commands_v2', parametersOf(tenant, context.clock.now(), commands))} r
    ),
    done_now as materialized (
      select r.id, r.amount, r.created_at from done r
      where r.ordinal = ${commands.length} and r.refusal is null and not r.replayed
    ),
    ${noting}
    select ${outcomeColumns} from done r order by r.ordinal
  `
  return repeatAfterCollision(['idempotency_keys_pkey'], () => context.db.query<Outcome>(statement))
}

/**
 * Does many commands in one commit and answers for each, in their order: a receipt, or the refusal that says why nothing was
 * done. A refused command changes nothing for its neighbours. Two commands of one key are refused as a whole.
 */
export async function doTogether(
  context: FreeContext,
  tenant: Tenant,
  commands: LedgerCommand[],
): Promise<(Receipt | ServiceError)[]> {
  const outcomes = await postTogether(context, await parametersOfMany(tenant, context.clock.now(), commands))
  await breathe()
  return readOutcomes(commands, outcomes)
}

/** Fewer commands are made into a statement in two milliseconds. */
const manyFrom = 101

/** A statement of many commands is made piece by piece: the server answers others meanwhile. */
async function parametersOfMany(tenant: Tenant, now: Date, commands: LedgerCommand[]) {
  if (commands.length < manyFrom) return parametersOf(tenant, now, commands)
  await breathe()
  const parameters = parametersOf(tenant, now, commands)
  await breathe()
  return writeLists(parameters)
}

/**
 * As `doTogether`, once for a request: its key is the key of the whole batch, and is stored in the commit of the batch. The
 * commands have no keys of their own. Throws `idempotency_key_reused`.
 */
export async function doTogetherOnce(
  context: FreeContext,
  tenant: Tenant,
  commands: LedgerCommand[],
  request: IdempotentRequest,
): Promise<{ outcomes: (Receipt | ServiceError)[]; replayed: boolean }> {
  return repeatAfterCollision(['idempotency_keys_pkey'], async () => {
    const known = await recallBatch(context, tenant, request)
    if (known !== null) return { outcomes: readOutcomes(commands, known), replayed: true }
    const now = context.clock.now()
    const parameters = await parametersOfMany(tenant, now, commands)
    const outcomes = await context.db.query<Outcome>(rememberingBatch(tenant, now, parameters, request))
    await breathe()
    return { outcomes: readOutcomes(commands, outcomes), replayed: false }
  })
}

/** One statement is one commit: the movements, and under the batch's key everything that its answer is made from. */
function rememberingBatch(
  tenant: Tenant,
  now: Date,
  parameters: Readonly<Record<string, Argument>>,
  request: IdempotentRequest,
): Sql {
  return sql`
    with done as materialized (
      select ${outcomeColumns}, r.ordinal
      from ${functionCall('post_commands_v2', parameters)} r
    ),
    remembered as (
      insert into idempotency_keys (merchant_id, mode, key, fingerprint, snapshot, created_at)
      select
        ${tenant.merchant.id}::integer, ${tenant.mode}, ${storedKey(request)}, ${request.fingerprint}::bytea,
        json_build_object(
          'refusals', json_agg(r.refusal order by r.ordinal), 'ids', json_agg(r.id order by r.ordinal),
          'amounts', json_agg(r.amount::text order by r.ordinal),
          'fromBalances', json_agg(r.from_balance::text order by r.ordinal),
          'toBalances', json_agg(r.to_balance::text order by r.ordinal),
          'times', json_agg(r.created_at order by r.ordinal)
        ),
        ${now}::timestamptz
      from done r
    )
    select ${outcomeColumns} from done r order by r.ordinal
  `
}

const outcomeColumns = sql`
  r.refusal, r.replayed, r.fingerprint, r.id, r.amount, r.from_balance, r.to_balance, r.created_at
`

/** The outcomes of the batch that came before under the key; null where none did. */
async function recallBatch(context: Context, tenant: Tenant, request: IdempotentRequest): Promise<Outcome[] | null> {
  const [row] = await context.db.query<{ fingerprint: Buffer; snapshot: BatchSnapshot | null }>(sql`
    select fingerprint, snapshot from idempotency_keys
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and key = ${storedKey(request)}
  `)
  if (row === undefined) return null
  const { fingerprint, snapshot } = row
  if (snapshot === null || !fingerprint.equals(request.fingerprint)) throw keyReused(request, fingerprint)
  const amountOf = (text: string | null | undefined) => (text == null ? null : BigInt(text))
  return snapshot.ids.map((id, i) => ({
    refusal: snapshot.refusals[i] ?? null,
    replayed: true,
    fingerprint,
    id,
    amount: amountOf(snapshot.amounts[i]),
    from_balance: amountOf(snapshot.fromBalances[i]),
    to_balance: amountOf(snapshot.toBalances[i]),
    created_at: new Date(snapshot.times[i] as string),
  }))
}

/** By command. Amounts are text, which no reader of JSON rounds. */
interface BatchSnapshot {
  refusals: (LedgerRefusal | null)[]
  ids: string[]
  amounts: (string | null)[]
  fromBalances: (string | null)[]
  toBalances: (string | null)[]
  times: string[]
}

function readOutcomes(commands: LedgerCommand[], outcomes: Outcome[]): (Receipt | ServiceError)[] {
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
  // The request was refused before it reached the posting: `doOnce` has the refusal.
  if (outcome.replayed && outcome.id === null) {
    throw keyReused(command.request as IdempotentRequest, outcome.fingerprint as Buffer)
  }
  return {
    id: outcome.id as string,
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

/** Of every key that Mteja makes itself: such a key stands for one request only. */
const ownFingerprint = Buffer.alloc(0)

/** Does a batch of the queue. All its calls are of one tenant. */
function doBatch(context: Context, lane: Queryable, calls: Call[]): Promise<Outcome[]> {
  const { tenant } = calls[0] as Call
  const commands = calls.map(({ command }) => command)
  const actors = calls.map((call) => call.tenant.actor)
  return doCommands(context, tenant, commands, { lane, actors })
}

async function doCommands(
  context: Context,
  tenant: Tenant,
  commands: LedgerCommand[],
  { lane, actors }: { lane: Queryable; actors: readonly (Actor | undefined)[] },
): Promise<Outcome[]> {
  return postTogether({ db: lane }, parametersOf(tenant, context.clock.now(), commands, actors))
}

function postTogether({ db }: { db: Queryable }, parameters: Readonly<Record<string, Argument>>): Promise<Outcome[]> {
  const statement = sql`
    select ${outcomeColumns}
    from ${functionCall('post_commands_v2', parameters)} r
    order by r.ordinal
  `
  // Two servers can get different requests with one key at once. The server that comes second finds the key's answer.
  return repeatAfterCollision(['idempotency_keys_pkey'], () => db.query<Outcome>(statement))
}

/**
 * Every parameter of the posting function, for a batch of commands of one tenant: see post_commands.sql.
 *
 * @param actors who asks for each command; default the actor of the tenant
 */
export function parametersOf(
  tenant: Tenant,
  now: Date,
  commands: LedgerCommand[],
  actors: readonly (Actor | undefined)[] = commands.map(() => tenant.actor),
) {
  const accounts = new AccountPlaces()
  const holds = new Places()
  const originals = new Places()
  const froms = commands.map((each) => accounts.place(each.from, each.currency))
  const tos = commands.map((each) => ('to' in each ? accounts.place(each.to, each.currency) : null))
  const holdPlaces = commands.map((each) => ('holdId' in each ? holds.place(each.holdId) : null))
  const originalPlaces = commands.map((each) => ('originalId' in each ? originals.place(each.originalId) : null))
  const list = <Type extends keyof ParameterTypes>(
    type: Type,
    read: (command: LedgerCommand) => ParameterTypes[Type] | null,
  ) => listArgument(type, commands.map(read))
  return {
    p_merchant_id: argument('integer', tenant.merchant.id),
    p_mode: argument('text', tenant.mode),
    p_now: argument('timestamptz', now),
    p_account_kinds: listArgument('text', accounts.kinds),
    p_account_customers: listArgument('text', accounts.customers),
    p_account_parties: listArgument('bigint', accounts.parties),
    p_account_currencies: listArgument('text', accounts.currencies),
    p_hold_ids: listArgument('uuid', holds.names),
    p_original_ids: listArgument('uuid', originals.names),
    p_actions: list('text', (each) => each.action),
    p_ids: list('uuid', (each) => each.id),
    p_kinds: list('text', (each) => ('kind' in each ? each.kind : null)),
    p_froms: listArgument('integer', froms),
    p_tos: listArgument('integer', tos),
    p_amounts: list('bigint', (each) => ('amount' in each ? each.amount : null)),
    p_holds: listArgument('integer', holdPlaces),
    p_finals: list('boolean', (each) => each.action === 'capture' && each.isFinal),
    p_originals: listArgument('integer', originalPlaces),
    p_expirations: list('timestamptz', (each) => (each.action === 'place' ? each.expiresAt : null)),
    p_descriptions: list('text', (each) => ('description' in each ? each.description : null)),
    p_details: list('text', (each) => ('details' in each && each.details ? JSON.stringify(each.details) : null)),
    p_event_types: list('text', (each) => each.event?.type ?? null),
    p_event_data: list('text', (each) => (each.event === null ? null : JSON.stringify(each.event.data))),
    p_keys: list('text', keyOf),
    p_fingerprints: list('bytea', fingerprintFor),
    p_actors: listArgument(
      'integer',
      actors.map((each) => each?.id ?? null),
    ),
    p_request_ids: listArgument('bytea', packRequestIds(actors)),
  }
}

/** The commands of one request stand together. */
function packRequestIds(actors: readonly (Actor | undefined)[]): (Buffer | null)[] {
  let last: { id: string; packed: Buffer } | undefined
  return actors.map((each) => {
    if (each === undefined) return null
    if (last?.id !== each.requestId) last = { id: each.requestId, packed: packRequestId(each.requestId) }
    return last.packed
  })
}

/** Of the request that a command's key belongs to; null for a command without a key. */
function fingerprintFor(command: LedgerCommand): Buffer | null {
  return keyOf(command) === null ? null : (command.request?.fingerprint ?? ownFingerprint)
}

/** Gives each name of a batch its place, counted from 1 as in SQL. */
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
  readonly parties: (bigint | null)[] = []
  readonly currencies: string[] = []
  readonly #places = new Places()

  place(account: AccountName, currency: string): number {
    // 0 is nobody, as in the table.
    const party = account.kind === 'outside' && account.at ? account.at : null
    const place = this.#places.place(`${account.kind}/${account.customer ?? party ?? ''}/${currency}`)
    if (place > this.kinds.length) {
      this.kinds.push(account.kind)
      this.customers.push(account.customer ?? null)
      this.parties.push(party)
      this.currencies.push(currency)
    }
    return place
  }
}
