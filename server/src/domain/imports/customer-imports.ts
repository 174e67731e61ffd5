import { sql } from '../../db/sql.ts'
import type { TxContext } from '../context.ts'
import {
  type Customer,
  type CustomerChanges,
  type CustomerRow,
  createCustomer,
  customerColumns,
  lockCustomer,
  normalizeEmail,
  readCustomer,
  updateCustomer,
} from '../customers/customers.ts'
import type { Metadata } from '../customers/metadata.ts'
import { parseLocalPhoneNumber } from '../customers/phone-numbers.ts'
import { setRiskAction } from '../customers/risk-actions.ts'
import { digestEmail } from '../idempotency/mentions.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { isExpired } from '../payments/instruments.ts'
import { addPaymentMethod, isSaved } from '../payments/payment-methods.ts'
import type { AccountAuthorization, AccountCustomer, ReadRow } from './account-contents.ts'
import type { Import, Outcome, SkipReason } from './imports.ts'

/** A customer of an account, and the instruments that the account keeps for them. */
export interface ReadCustomer {
  customer: AccountCustomer
  authorizations: readonly ReadRow<AccountAuthorization>[]
}

/**
 * Imports a customer of an account with their saved instruments. A customer who was imported before stays as they are. Throws
 * `invalid_request` for values that no customer here may have.
 */
export async function importCustomer(
  tx: TxContext,
  tenant: Tenant,
  run: Import,
  { customer: given, authorizations }: ReadCustomer,
): Promise<Outcome[]> {
  const skip = (reason: SkipReason): Outcome[] => [{ kind: 'customer', is: 'skipped', name: given.code, reason }]
  if (given.mode !== null && given.mode !== tenant.mode) return skip('other_mode')
  const before = await findImported(tx, tenant, run, given.code)
  if (before?.is === 'gone') return skip(before.reason)
  if (before === null && (await wasErased(tx, tenant, given.email))) return skip('erased')
  const { customer, is } =
    before === null
      ? await bringIn(tx, tenant, given)
      : { customer: await lockCustomer(tx, tenant, { id: before.id }), is: 'unchanged' as const }
  if (before === null) await remember(tx, tenant, run, { kind: 'customer', name: given.code, customerId: customer.id })
  const outcomes: Outcome[] = [{ kind: 'customer', is }]
  for (const each of authorizations)
    outcomes.push(await importAuthorization(tx, tenant, run, { customer, given, each }))
  return outcomes
}

/** The customer as whom a customer of the account was imported; null for one who never was. */
export async function findImported(
  { db }: Pick<TxContext, 'db'>,
  { merchant }: Tenant,
  { booksId }: Pick<Import, 'booksId'>,
  code: string,
): Promise<{ is: 'here'; id: bigint } | { is: 'gone'; reason: 'erased' | 'deleted' } | null> {
  const [row] = await db.query<{ id: bigint; is_deleted: boolean; is_erased: boolean }>(sql`
    select c.id, c.deleted_at is not null as is_deleted, x.id is not null as is_erased
    from imported_things t
    join customers c on c.merchant_id = t.merchant_id and c.id = t.customer_id
    left join erasures x on x.merchant_id = c.merchant_id and x.id = c.id
    where t.merchant_id = ${merchant.id} and t.books_id = ${booksId} and t.kind = 'customer' and t.name = ${code}
  `)
  if (row === undefined) return null
  if (row.is_erased) return { is: 'gone', reason: 'erased' }
  return row.is_deleted ? { is: 'gone', reason: 'deleted' } : { is: 'here', id: row.id }
}

async function wasErased(tx: TxContext, { merchant, mode }: Tenant, email: string): Promise<boolean> {
  const digest = digestEmail(tx, normalizeEmail(email))
  const rows = await tx.db.query(sql`
    select id from erasures
    where merchant_id = ${merchant.id} and mode = ${mode} and email_digests @> array[${digest}::bytea]
    limit 1
  `)
  return rows.length > 0
}

interface BroughtIn {
  customer: Customer
  is: 'created' | 'merged'
}

/** The customer with the same e-mail, else the only one with the same phone who has no e-mail, else a new one. */
async function bringIn(tx: TxContext, tenant: Tenant, given: AccountCustomer): Promise<BroughtIn> {
  const known = (await findByEmail(tx, tenant, given.email)) ?? (await findByPhone(tx, tenant, given))
  if (known !== null) return { customer: await merge(tx, tenant, known, given), is: 'merged' }
  const { email, firstName, lastName, phone, metadata, riskAction } = given
  const { customer } = await createCustomer(tx, tenant, { email, firstName, lastName, phone, metadata })
  if (riskAction === 'default') return { customer, is: 'created' }
  return { customer: await setRisk(tx, tenant, customer, given), is: 'created' }
}

async function findByEmail(tx: TxContext, { merchant, mode }: Tenant, email: string): Promise<Customer | null> {
  const [row] = await tx.db.query<CustomerRow>(sql`
    select ${customerColumns} from customers c
    where c.merchant_id = ${merchant.id} and c.mode = ${mode} and c.email = ${normalizeEmail(email)} and c.deleted_at is null
    for no key update
  `)
  return row === undefined ? null : readCustomer(row)
}

/** A phone of a family or an office is of several people: then nobody can tell who is meant. */
async function findByPhone(tx: TxContext, { merchant, mode }: Tenant, { phone }: AccountCustomer) {
  const number = typeof phone === 'string' ? parseLocalPhoneNumber(phone, merchant.country) : null
  if (number === null) return null
  const rows = await tx.db.query<CustomerRow>(sql`
    select ${customerColumns} from customers c
    where c.merchant_id = ${merchant.id} and c.mode = ${mode} and c.phone_e164 = ${number.e164} and c.deleted_at is null
    limit 2
    for no key update
  `)
  const [only, other] = rows
  return only === undefined || other !== undefined || only.email !== null ? null : readCustomer(only)
}

/** Fills what is empty. What the merchant has stays. */
async function merge(tx: TxContext, tenant: Tenant, known: Customer, given: AccountCustomer): Promise<Customer> {
  const isUnnamed = !known.firstName && !known.lastName && !known.identified
  const { metadata } = given
  const changes: CustomerChanges = {
    ...(known.email === null ? { email: given.email } : {}),
    ...(isUnnamed && given.firstName ? { firstName: given.firstName } : {}),
    ...(isUnnamed && given.lastName ? { lastName: given.lastName } : {}),
    ...(!known.phone && typeof given.phone === 'string' ? { phone: given.phone } : {}),
    ...(isEmpty(known.metadata) && metadata && !isEmpty(metadata) ? { metadata: () => metadata } : {}),
  }
  const isChanged = Object.keys(changes).length > 0
  const customer = isChanged ? await updateCustomer(tx, tenant, { id: known.id }, changes) : known
  const isDenied = given.riskAction === 'deny' && customer.riskAction === 'default'
  return isDenied ? setRisk(tx, tenant, customer, given) : customer
}

function isEmpty(metadata: Metadata | null): boolean {
  return Object.keys(metadata ?? {}).length === 0
}

function setRisk(tx: TxContext, tenant: Tenant, { id }: Customer, { riskAction }: AccountCustomer): Promise<Customer> {
  return setRiskAction(tx, tenant, { id }, { riskAction, reason: 'As at the account that was imported' })
}

interface Saved {
  customer: Customer
  given: AccountCustomer
  each: ReadRow<AccountAuthorization>
}

/** An instrument that was removed here stays removed. One that is here is merged, also if it was saved under another code. */
async function importAuthorization(
  tx: TxContext,
  tenant: Tenant,
  run: Import,
  { customer, given, each }: Saved,
): Promise<Outcome> {
  const kind = 'authorization'
  const skip = (reason: SkipReason, detail = ''): Outcome => {
    const name = `${given.code} ${each.name}`.trim()
    return { kind, is: 'skipped', name, reason, ...(detail === '' ? {} : { detail }) }
  }
  if (each.row === null) return skip('unreadable', each.unreadable)
  const { token, isReusable, method } = each.row
  if (!isReusable) return skip('not_reusable')
  if (method === null) return skip('not_saved_here')
  const { expiryMonth, expiryYear } = method
  if (expiryMonth && expiryYear && isExpired({ expiryMonth, expiryYear }, tx.clock.now())) return skip('expired')
  const name = tx.vault.fingerprint(token, 'imported authorization').toString('hex')
  const remembered = await remember(tx, tenant, run, { kind, name, customerId: customer.id })
  if (!remembered) return { kind, is: 'unchanged' }
  if (await isSaved(tx, tenant, customer, { ...method, token })) return { kind, is: 'merged' }
  await addPaymentMethod(tx, tenant, customer, { ...method, token })
  return { kind, is: 'created' }
}

/** False for a thing that was imported before. */
async function remember(
  { db, clock }: TxContext,
  { merchant, mode }: Tenant,
  { booksId }: Import,
  { kind, name, customerId }: { kind: 'customer' | 'authorization'; name: string; customerId: bigint },
): Promise<boolean> {
  const rows = await db.query(sql`
    insert into imported_things (merchant_id, books_id, kind, name, mode, customer_id, created_at)
    values (${merchant.id}, ${booksId}, ${kind}, ${name}, ${mode}, ${customerId}, ${clock.now()})
    on conflict do nothing
    returning name
  `)
  return rows.length > 0
}
