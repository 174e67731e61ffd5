import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { getCustomer } from '../customers/customers.ts'
import type { LedgerCommand } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import {
  findRecorded,
  finishRecorded,
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
  currency: Currency
  description: string | null
  details: Record<string, unknown>
  /** The account at a processor that it came to, as the party of its outside. */
  account: bigint
  createdAt: Date
  /** Null while nobody has decided. */
  decision: SuspenseDecision | null
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

interface Decision extends RecordedMovement {
  outcome: SuspenseDecision['outcome']
  amount: bigint
  currency: Currency
  account: bigint
}

interface DecisionRow extends RecordedRow {
  outcome: Decision['outcome']
  amount: bigint
  currency: Currency
  account: bigint
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
    r.outcome, ${suspendedBy(sql`t.amount`)} as amount, ${suspendedBy(sql`t.currency`)} as currency,
    ${suspendedBy(sql`f.party_id`)} as account
  `,
  read: (row) => ({
    ...readRecorded(row),
    outcome: row.outcome,
    amount: row.amount,
    currency: row.currency,
    account: row.account,
  }),
  command: commandFor,
}

/**
 * Assigns money in suspense to a customer. Once: the same decision again answers the first. Throws `transaction_not_found`,
 * `customer_not_found`, `suspense_decided` for another decision, `currency_not_held`, `balance_limit`.
 */
export function assignSuspended(
  context: FreeContext,
  tenant: Tenant,
  id: string,
  customerCode: string,
): Promise<Suspended> {
  return decide(context, tenant, id, { outcome: 'assigned', customerCode })
}

/** Books that money in suspense has gone back to where it came from. Throws `transaction_not_found`, `suspense_decided`. */
export function giveBackSuspended(context: FreeContext, tenant: Tenant, id: string): Promise<Suspended> {
  return decide(context, tenant, id, { outcome: 'given_back', customerCode: null })
}

/** Posts the decisions that a crash left recorded, and answers how many. */
export function finishSuspenseDecisions(context: FreeContext): Promise<number> {
  return finishRecorded(context, decisions, 'suspense')
}

async function decide(
  context: FreeContext,
  tenant: Tenant,
  id: string,
  wanted: Pick<Decision, 'outcome' | 'customerCode'>,
): Promise<Suspended> {
  const { id: reference, currency } = await getSuspended(context, tenant, id)
  if (wanted.outcome === 'assigned' && !tenant.merchant.currencies.includes(currency)) {
    const message = `The merchant does not hold ${currency}, so the money can only be given back; add the currency first`
    throw new ServiceError('currency_not_held', message)
  }
  const known = await findRecorded(context, tenant, decisions, reference)
  const decision = known ?? (await insert(context, tenant, reference, wanted))
  if (decision.outcome !== wanted.outcome || decision.customerCode !== wanted.customerCode) throw decided(decision)
  if (decision.state === 'recorded') await postRecorded(context, tenant, decisions, decision)
  return getSuspended(context, tenant, reference)
}

function decided({ outcome, customerCode, reference }: Decision): ServiceError {
  const done = outcome === 'given_back' ? 'given back' : `assigned to ${customerCode}`
  return new ServiceError('suspense_decided', `The money ${JSON.stringify(reference)} was ${done} before`)
}

async function insert(
  context: FreeContext,
  tenant: Tenant,
  reference: string,
  { outcome, customerCode }: Pick<Decision, 'outcome' | 'customerCode'>,
): Promise<Decision> {
  const customer = customerCode === null ? null : await getCustomer(context, tenant, customerCode)
  return insertOrFind(context, tenant, { kind: decisions, reference }, () => {
    const now = context.clock.now()
    return context.db.query(sql`
      insert into suspense_decisions (id, reference, outcome, customer_id, ${newRowColumns})
      values (
        ${uuidV7(context.random, now)}, ${reference}, ${outcome}, ${customer?.id ?? null}, ${newRowValues(tenant, now)}
      )
      on conflict do nothing
    `)
  })
}

function commandFor(_tenant: Tenant, decision: Decision): LedgerCommand {
  const { id, reference, customerCode, amount, currency, account } = decision
  const common = {
    action: 'book',
    id,
    currency,
    from: { kind: 'suspense' },
    amount,
    details: { suspendedId: reference },
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
  const open = isOpen ? sql`and r.id is null` : nothing
  const older = before === undefined ? nothing : sql`and t.id < ${before}::uuid`
  return select(context, tenant, sql`${open} ${older} order by t.id desc limit ${limit}`)
}

/** By the entries of the few accounts in suspense, because the transactions of all kinds are many. */
async function select(context: Context, { merchant, mode }: Tenant, matching: Sql): Promise<Suspended[]> {
  const rows = await context.db.query<SuspendedRow>(sql`
    select t.id, t.amount, t.currency, t.description, t.details, f.party_id as account, t.created_at, r.id as decision_id,
      r.outcome, r.state, c.code as customer_code, r.created_at as decided_at, ${doerColumns}
    from ledger_accounts a
    join entries e on e.merchant_id = a.merchant_id and e.account_id = a.id and e.amount > 0
    join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id and t.kind = 'suspended'
    join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
    left join suspense_decisions r
      on r.merchant_id = t.merchant_id and r.mode = t.mode and r.reference = t.id::text and r.state <> 'refused'
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
  }
}
