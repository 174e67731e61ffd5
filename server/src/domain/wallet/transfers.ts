import { setImmediate as breathe } from 'node:timers/promises'
import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { type Page, readPage } from '../../base/page.ts'
import { type NumberedPage, numberOrder } from '../../db/numbered-lists.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import { doCommand, doTogether, doTogetherOnce, type LedgerCommand, type Receipt } from '../ledger/commands.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { inBatchTurn } from '../merchants/turns.ts'

/** Money that one customer sent to another. */
export interface Transfer {
  /** The id of its ledger transaction, too. */
  id: string
  fromCustomer: string
  toCustomer: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  description: string | null
  createdAt: Date
}

interface TransferRow {
  id: string
  from_customer: string
  to_customer: string
  amount: bigint
  currency: Currency
  description: string | null
  created_at: Date
}

export interface NewTransfer {
  fromCustomer: string
  toCustomer: string
  amount: number | string
  currency?: string | undefined
  description?: string | undefined
}

/**
 * Moves the amount from one customer to the other. Throws `invalid_request`, `currency_not_held`, `customer_not_found`,
 * `customer_denied`, `insufficient_funds`, `balance_limit`, `idempotency_key_reused`.
 */
export async function makeTransfer(
  context: FreeContext,
  tenant: Tenant,
  input: NewTransfer,
  request: IdempotentRequest | null,
): Promise<Transfer & { replayed: boolean }> {
  const command = transferCommand(context, tenant, input, request)
  const receipt = await doCommand(context, tenant, command).catch(async (error: unknown) => {
    if (!(error instanceof ServiceError)) throw error
    const [named] = await sayWhoIsMissing(context, tenant, [{ input, outcome: error }])
    throw named
  })
  return { ...madeTransfer(input, command, receipt), replayed: receipt.replayed }
}

/**
 * Makes many transfers in one commit and answers for each, in order: the transfer, or why it was refused. A refused transfer
 * changes nothing for its neighbours; each transfer is judged by the balances that the transfers before it leave. Throws
 * `idempotency_key_reused`, `too_many_batches`.
 */
export async function makeTransfers(
  context: FreeContext,
  tenant: Tenant,
  inputs: NewTransfer[],
  request: IdempotentRequest | null,
): Promise<{ outcomes: (Transfer | ServiceError)[]; replayed: boolean }> {
  const commands = inputs.map((input) => tryCommand(context, tenant, input))
  const sound = commands.filter((command): command is TransferCommand => !(command instanceof ServiceError))
  if (sound.length === 0) return { outcomes: commands as ServiceError[], replayed: false }
  const { outcomes: receipts, replayed } = await inBatchTurn(context, tenant, sound.length, async () =>
    request === null
      ? { outcomes: await doTogether(context, tenant, sound), replayed: false }
      : doTogetherOnce(context, tenant, sound, request),
  )
  await breathe()
  const receiptOf = new Map(sound.map((command, i) => [command, receipts[i] as Receipt | ServiceError]))
  const judged = commands.map((command, i) => ({
    input: inputs[i] as NewTransfer,
    outcome: command instanceof ServiceError ? command : (receiptOf.get(command) as Receipt | ServiceError),
  }))
  const named = await sayWhoIsMissing(context, tenant, judged)
  const outcomes = named.map((outcome, i) =>
    outcome instanceof ServiceError
      ? outcome
      : madeTransfer(inputs[i] as NewTransfer, commands[i] as TransferCommand, outcome),
  )
  return { outcomes, replayed }
}

interface Judged {
  input: NewTransfer
  outcome: Receipt | ServiceError
}

/**
 * The same outcomes, where a refusal of an unknown customer says which of the two it is. The posting does not say it, and
 * customers are looked up only when there is such a refusal.
 */
async function sayWhoIsMissing(
  context: Context,
  tenant: Tenant,
  judged: Judged[],
): Promise<(Receipt | ServiceError)[]> {
  const isUnclear = ({ outcome }: Judged) => outcome instanceof ServiceError && outcome.code === 'customer_not_found'
  const codes = judged.filter(isUnclear).flatMap(({ input }) => [input.fromCustomer, input.toCustomer])
  if (codes.length === 0) return judged.map(({ outcome }) => outcome)
  const rows = await context.db.query<{ code: string }>(sql`
    select code from customers
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and code = any(${[...new Set(codes)]}::text[])
      and deleted_at is null
  `)
  const known = new Set(rows.map(({ code }) => code))
  return judged.map((each) => (isUnclear(each) ? missingCustomer(each, known) : each.outcome))
}

function missingCustomer({ input, outcome }: Judged, known: Set<string>): ServiceError {
  const { replayed, kept } = outcome as ServiceError
  const sides = [
    { code: input.fromCustomer, field: 'fromCustomerId' },
    { code: input.toCustomer, field: 'toCustomerId' },
  ].filter(({ code }) => !known.has(code))
  if (sides.length === 0) return outcome as ServiceError
  const message = `There is no customer ${sides.map(({ code }) => JSON.stringify(code)).join(' and no customer ')}`
  return new ServiceError('customer_not_found', message, sides[0]?.field, { replayed, kept })
}

/**
 * Newest or oldest first. Transfers are numbered within their tenant, so any page and the total are index look-ups. The
 * customers' codes are index look-ups too, because a join with the page would read all customers.
 */
export async function listTransfers(
  context: Context,
  tenant: Tenant,
  filter: { ids?: readonly string[] | undefined },
  page: NumberedPage,
): Promise<Page<Transfer>> {
  if (filter.ids !== undefined) return listNamed(context, tenant, filter.ids, page)
  const { limit, offset, direction } = page
  const within =
    direction === 'asc'
      ? sql`o.number > ${offset}::bigint and o.number <= ${offset}::bigint + ${limit}::bigint`
      : sql`
          o.number <= k.transfer_count - ${offset}::bigint
          and o.number > k.transfer_count - ${offset}::bigint - ${limit}::bigint
        `
  const rows = await context.db.query<TransferRow & { total: bigint }>(sql`
    select k.transfer_count as total, ${transferColumns}
    from merchant_counters k
    left join lateral (
      select * from ledger_transactions o
      where o.merchant_id = k.merchant_id and o.mode = k.mode and o.kind = 'transfer'
        and ${within}
    ) t on true
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
    order by ${numberOrder(sql`t`, page)}
  `)
  return readPage(rows, readTransfer)
}

/** Transfers by id: few, so all are read. */
async function listNamed(
  context: Context,
  tenant: Tenant,
  ids: readonly string[],
  page: NumberedPage,
): Promise<Page<Transfer>> {
  const rows = await context.db.query<TransferRow>(sql`
    select ${transferColumns}
    from unnest(${ids.filter(isUuid)}::uuid[]) as n (id)
    cross join lateral (
      select * from ledger_transactions o where o.merchant_id = ${tenant.merchant.id} and o.id = n.id limit 1
    ) t
    where t.mode = ${tenant.mode} and t.kind = 'transfer'
    order by ${numberOrder(sql`t`, page)}
  `)
  return { items: rows.slice(page.offset, page.offset + page.limit).map(readTransfer), total: rows.length }
}

/** The code of the customer who owns an account of the transfer `t`. */
function codeOfOwner(accountId: Sql): Sql {
  return sql`(
    select c.code
    from ledger_accounts a
    join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
    where a.merchant_id = t.merchant_id and a.id = ${accountId}
  )`
}

/** The columns of a `TransferRow`, from its ledger transaction `t`. */
const transferColumns = sql`
  t.id, ${codeOfOwner(sql`t.from_account_id`)} as from_customer, ${codeOfOwner(sql`t.to_account_id`)} as to_customer,
  t.amount, t.currency, t.description, t.created_at
`

function tryCommand(context: Context, tenant: Tenant, input: NewTransfer): TransferCommand | ServiceError {
  try {
    return transferCommand(context, tenant, input, null)
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

type TransferCommand = Extract<LedgerCommand, { action: 'post' }>

function transferCommand(
  context: Context,
  tenant: Tenant,
  input: NewTransfer,
  request: IdempotentRequest | null,
): TransferCommand {
  const amount = parseAmount(input.amount)
  const currency = heldCurrency(tenant.merchant, input.currency)
  const { fromCustomer, toCustomer, description = null } = input
  if (fromCustomer === toCustomer) {
    throw new ServiceError('invalid_request', 'A customer cannot send money to themself', 'toCustomerId')
  }
  const id = uuidV7(context.random, context.clock.now())
  return {
    action: 'post',
    kind: 'transfer',
    id,
    currency,
    from: { kind: 'customer_cash', customer: fromCustomer },
    to: { kind: 'customer_cash', customer: toCustomer },
    amount,
    description,
    event: {
      type: 'transfer.completed',
      data: {
        customer: { code: fromCustomer },
        details: { transferId: id, fromCustomer, toCustomer, amount: Number(amount), currency },
      },
    },
    request,
  }
}

function madeTransfer(input: NewTransfer, command: TransferCommand, receipt: Receipt): Transfer {
  return {
    id: receipt.id,
    fromCustomer: input.fromCustomer,
    toCustomer: input.toCustomer,
    amount: command.amount,
    currency: command.currency,
    description: command.description,
    createdAt: receipt.createdAt,
  }
}

function readTransfer(row: TransferRow): Transfer {
  return {
    id: row.id,
    fromCustomer: row.from_customer,
    toCustomer: row.to_customer,
    amount: row.amount,
    currency: row.currency,
    description: row.description,
    createdAt: row.created_at,
  }
}
