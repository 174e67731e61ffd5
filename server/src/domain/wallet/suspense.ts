import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, lockCount } from '../context.ts'
import { getCustomer } from '../customers/customers.ts'
import type { LedgerCommand } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import {
  findRecorded,
  finishRecorded,
  getRecorded,
  insertOrFind,
  newRowColumns,
  newRowValues,
  postRecorded,
  type RecordedKind,
  type RecordedMovement,
  type RecordedRow,
  readRecorded,
} from './recorded-movements.ts'

/** Money that came and could not be booked to its owner, with what a person has decided about it. */
export interface Suspended {
  /** The id of the ledger transaction that brought it into suspense. */
  id: string
  /** Minor units. */
  amount: bigint
  /** Minor units of it that a person can still decide about: the account has not taken them back, and nobody has decided. */
  left: bigint
  currency: Currency
  description: string | null
  details: Record<string, unknown>
  /** The account at a processor that it came to, as the party of its outside. */
  account: bigint
  createdAt: Date
  /** Null while nobody has decided. */
  decision: SuspenseDecision | null
  /** The last movement by which the account has taken of it; null if it has not. */
  takenBy: string | null
}

export interface SuspenseDecision {
  outcome: 'assigned' | 'given_back'
  isPosted: boolean
  /** The ledger transaction that took it out of suspense. */
  transactionId: string
  /** Null for money that is given back. */
  customerCode: string | null
  by: Doer
  decidedAt: Date
}

/** Money that an account takes back, as a dispute has it. */
export interface SuspenseTaking {
  disputeId: string
  /** Which of its movements it is: how often the dispute has moved money before, and which part of the money it is. */
  time: string
  /** Minor units. */
  amount: bigint
}

interface Decision extends RecordedMovement {
  outcome: SuspenseDecision['outcome']
  amount: bigint
  currency: Currency
  account: bigint
  /** Which dispute has taken it, and which time of it; null for the decision of a person. */
  turn: string | null
}

interface DecisionRow extends RecordedRow {
  outcome: Decision['outcome']
  amount: bigint
  currency: Currency
  account: bigint
  dispute_turn: string | null
}

/** The transaction that brought the money into suspense, by the id of a decision's reference. */
const suspendedBy = (column: Sql) => sql`
  (select ${column} from ledger_transactions t
   join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
   where t.merchant_id = r.merchant_id and t.id = r.reference::uuid)
`

const decisions: RecordedKind<DecisionRow, Decision> = {
  noun: 'decision',
  missing: 'transaction_not_found',
  table: sql`suspense_decisions`,
  columns: sql`
    r.outcome, r.dispute_turn, coalesce(r.amount, ${suspendedBy(sql`t.amount`)}) as amount,
    ${suspendedBy(sql`t.currency`)} as currency, ${suspendedBy(sql`f.party_id`)} as account
  `,
  namespace: () => sql`r.dispute_turn is null`,
  read: (row) => ({
    ...readRecorded(row),
    outcome: row.outcome,
    amount: row.amount,
    currency: row.currency,
    account: row.account,
    turn: row.dispute_turn,
  }),
  command: commandFor,
}

/** Done for money that was assigned, by the id of the transaction that brought it into suspense; maybe more than once. */
export type WhenAssigned = (context: FreeContext, tenant: Tenant, suspendedId: string) => Promise<void>

function noting(whenAssigned: WhenAssigned): typeof decisions {
  return {
    ...decisions,
    async posted(context, tenant, { outcome, reference }) {
      if (outcome === 'assigned') await whenAssigned(context, tenant, reference)
    },
  }
}

/** What accounts have taken back of the money that the ledger transaction `t` brought into suspense. */
export const takenOfSuspended = sql`
  coalesce((
    select sum(g.amount) from suspense_decisions g
    where g.merchant_id = t.merchant_id and g.mode = t.mode and g.reference = t.id::text and g.dispute_turn is not null
      and g.state <> 'refused'
  ), 0)::bigint
`

/**
 * Assigns money in suspense to a customer. Once: the same decision again answers the first. Throws `transaction_not_found`,
 * `customer_not_found`, `suspense_decided` for another decision, `currency_not_held`, `balance_limit`.
 */
export function assignSuspended(
  context: FreeContext,
  tenant: Tenant,
  { id, customerCode, posted }: { id: string; customerCode: string; posted: WhenAssigned },
): Promise<Suspended> {
  return decide(context, tenant, id, { outcome: 'assigned', customerCode, kind: noting(posted) })
}

/** Books that money in suspense has gone back to where it came from. Throws `transaction_not_found`, `suspense_decided`. */
export function giveBackSuspended(context: FreeContext, tenant: Tenant, id: string): Promise<Suspended> {
  return decide(context, tenant, id, { outcome: 'given_back', customerCode: null, kind: decisions })
}

/**
 * Books that an account has taken money in suspense back, at most what is left of it, once for each time of a dispute. Answers the
 * movement and its amount; null where nothing is left, or where a person has decided about the money: then it is somewhere else.
 */
export async function takeFromSuspense(
  context: FreeContext,
  tenant: Tenant,
  id: string,
  taking: SuspenseTaking,
): Promise<{ movementId: string; amount: bigint } | null> {
  const turn = `${taking.disputeId}/${taking.time}`
  const known = await findTaking(context, tenant, turn)
  const wanted = { outcome: 'given_back', customerCode: null, amount: taking.amount, turn } as const
  if (known === null) await insert(context, tenant, id, wanted)
  const movementId = known ?? (await findTaking(context, tenant, turn))
  if (movementId === null) return null
  const recorded = await getRecorded(context, tenant, decisions, movementId)
  if (recorded.state === 'recorded') await postRecorded(context, tenant, decisions, recorded)
  return { movementId, amount: recorded.amount }
}

async function findTaking({ db }: Context, { merchant, mode }: Tenant, turn: string): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(sql`
    select r.id from suspense_decisions r
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and r.dispute_turn = ${turn} and r.state <> 'refused'
  `)
  return row?.id ?? null
}

/** Posts the decision of a person about money in suspense that is recorded, if there is one. */
export async function finishDecision(
  context: FreeContext,
  tenant: Tenant,
  reference: string,
  posted: WhenAssigned,
): Promise<void> {
  const decision = await findRecorded(context, tenant, decisions, reference)
  if (decision?.state !== 'recorded') return
  await postRecorded(context, tenant, noting(posted), decision).catch((error) => {
    if (!(error instanceof ServiceError && error.kept)) throw error
  })
}

/** Posts the decisions that a crash left recorded, and answers how many. */
export function finishSuspenseDecisions(context: FreeContext, posted: WhenAssigned): Promise<number> {
  return finishRecorded(context, noting(posted), 'suspense')
}

async function decide(
  context: FreeContext,
  tenant: Tenant,
  id: string,
  { kind, ...wanted }: Pick<Decision, 'outcome' | 'customerCode'> & { kind: typeof decisions },
): Promise<Suspended> {
  const { id: reference, currency, left } = await getSuspended(context, tenant, id)
  if (wanted.outcome === 'assigned' && !tenant.merchant.currencies.includes(currency)) {
    const message = `The merchant does not hold ${currency}, so the money can only be given back; add the currency first`
    throw new ServiceError('currency_not_held', message)
  }
  const known = await findRecorded(context, tenant, decisions, reference)
  if (known === null && left === 0n) throw takenBack(reference)
  const decision =
    known ??
    (await insertOrFind(context, tenant, { kind: decisions, reference }, () =>
      insert(context, tenant, reference, { ...wanted, amount: null, turn: null }),
    ).catch(async (error) => {
      // At the same moment the account has taken all of it.
      if (error instanceof ServiceError && error.code === 'busy') {
        if ((await getSuspended(context, tenant, id)).left === 0n) throw takenBack(reference)
      }
      throw error
    }))
  if (decision.outcome !== wanted.outcome || decision.customerCode !== wanted.customerCode) throw decided(decision)
  if (decision.state === 'recorded') await postRecorded(context, tenant, kind, decision)
  return getSuspended(context, tenant, reference)
}

function decided({ outcome, customerCode, reference }: Decision): ServiceError {
  const done = outcome === 'given_back' ? 'given back' : `assigned to ${customerCode}`
  return new ServiceError('suspense_decided', `The money ${JSON.stringify(reference)} was ${done} before`)
}

function takenBack(reference: string): ServiceError {
  const message = `The account has taken the money ${JSON.stringify(reference)} back before`
  return new ServiceError('suspense_decided', message)
}

/**
 * Writes a decision about what is left of money in suspense, at most the `amount` that an account takes back. Nothing is written
 * where a person has decided before, or where nothing is left.
 */
async function insert(
  context: FreeContext,
  tenant: Tenant,
  reference: string,
  {
    outcome,
    customerCode,
    amount,
    turn,
  }: Pick<Decision, 'outcome' | 'customerCode' | 'turn'> & { amount: bigint | null },
): Promise<void> {
  const customer = customerCode === null ? null : await getCustomer(context, tenant, customerCode)
  const { merchant, mode } = tenant
  const now = context.clock.now()
  await inTransaction(context, async (tx) => {
    // What is left stays as it is until the commit.
    await lockCount(tx, tenant, 'suspense')
    await tx.db.query(sql`
      insert into suspense_decisions (id, reference, outcome, customer_id, amount, dispute_turn, ${newRowColumns})
      select
        ${uuidV7(tx.random, now)}::uuid, ${reference}, ${outcome}, ${customer?.id ?? null}::bigint,
        least(${amount}::bigint, n.amount), ${turn}::text, ${newRowValues(tenant, now)}
      from (
        select t.amount - ${takenOfSuspended} as amount from ledger_transactions t
        where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.id = ${reference}::uuid and t.kind = 'suspended'
          and not exists (
            select from suspense_decisions d
            where d.merchant_id = t.merchant_id and d.mode = t.mode and d.reference = t.id::text and d.dispute_turn is null
              and d.state <> 'refused'
          )
      ) n
      where n.amount > 0
      on conflict do nothing
    `)
  })
}

function commandFor(_tenant: Tenant, decision: Decision): LedgerCommand {
  const { id, reference, customerCode, amount, currency, account, turn } = decision
  const common = {
    action: 'book',
    id,
    currency,
    from: { kind: 'suspense' },
    amount,
    details: { suspendedId: reference, ...(turn === null ? {} : { disputeId: turn.split('/')[0] }) },
    request: null,
    ownKey: `suspense/${id}`,
  } as const
  if (customerCode === null) {
    return { ...common, kind: 'given_back', to: { kind: 'outside', at: account }, description: null, event: null }
  }
  return {
    ...common,
    kind: 'assigned',
    to: { kind: 'customer_cash', customer: customerCode },
    description: 'Pay-in',
    event: {
      type: 'pay_in.succeeded',
      data: { customer: { code: customerCode }, details: { payInId: id, amount: Number(amount), currency } },
    },
  }
}

interface SuspendedRow extends DoerRow {
  id: string
  amount: bigint
  taken: bigint
  taken_by: string | null
  currency: Currency
  description: string | null
  details: Record<string, unknown> | null
  account: bigint
  created_at: Date
  decision_id: string | null
  outcome: SuspenseDecision['outcome'] | null
  state: Decision['state'] | null
  customer_code: string | null
  decided_at: Date | null
}

/** Throws `transaction_not_found`. */
export async function getSuspended(context: Context, tenant: Tenant, id: string): Promise<Suspended> {
  const uuid = id.replace(/^txn_/, '')
  const [found] = isUuid(uuid) ? await select(context, tenant, sql`and t.id = ${uuid}`) : []
  if (found !== undefined) return found
  throw new ServiceError('transaction_not_found', `There is no money in suspense by the id ${JSON.stringify(id)}`)
}

/** Newest first, from those older than `before`: all, or those that nobody has decided about. */
export function listSuspended(
  context: Context,
  tenant: Tenant,
  { isOpen, before, limit }: { isOpen: boolean; before: string | undefined; limit: number },
): Promise<Suspended[]> {
  const open = isOpen ? sql`and r.id is null and t.amount > ${takenOfSuspended}` : nothing
  const older = before === undefined ? nothing : sql`and t.id < ${before}::uuid`
  return select(context, tenant, sql`${open} ${older} order by t.id desc limit ${limit}`)
}

/** By the entries of the few accounts in suspense, because the transactions of all kinds are many. */
async function select(context: Context, { merchant, mode }: Tenant, matching: Sql): Promise<Suspended[]> {
  const rows = await context.db.query<SuspendedRow>(sql`
    select t.id, t.amount, ${takenOfSuspended} as taken, (
        select g.id from suspense_decisions g
        where g.merchant_id = t.merchant_id and g.mode = t.mode and g.reference = t.id::text and g.dispute_turn is not null
          and g.state <> 'refused'
        order by g.id desc
        limit 1
      ) as taken_by,
      t.currency, t.description, t.details, f.party_id as account, t.created_at, r.id as decision_id, r.outcome, r.state, c.code as customer_code, r.created_at as decided_at, ${doerColumns}
    from ledger_accounts a
    join entries e on e.merchant_id = a.merchant_id and e.account_id = a.id and e.amount > 0
    join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id and t.kind = 'suspended'
    join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
    left join suspense_decisions r
      on r.merchant_id = t.merchant_id and r.mode = t.mode and r.reference = t.id::text and r.state <> 'refused'
      and r.dispute_turn is null
    left join customers c on c.merchant_id = r.merchant_id and c.id = r.customer_id
    ${joinDoer(sql`r`)}
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.kind = 'suspense' ${matching}
  `)
  return rows.map(readSuspended)
}

function readSuspended(row: SuspendedRow): Suspended {
  const { decision_id, outcome, decided_at } = row
  return {
    id: row.id,
    amount: row.amount,
    left: decision_id === null ? row.amount - row.taken : 0n,
    currency: row.currency,
    description: row.description,
    details: row.details ?? {},
    account: row.account,
    createdAt: row.created_at,
    decision:
      decision_id === null || outcome === null || decided_at === null
        ? null
        : {
            outcome,
            isPosted: row.state === 'succeeded',
            transactionId: decision_id,
            customerCode: row.customer_code,
            by: readDoer(row),
            decidedAt: decided_at,
          },
    takenBy: row.taken_by,
  }
}
