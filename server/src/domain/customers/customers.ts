import { ServiceError } from '../../base/errors.ts'
import { randomCode, uuidV7 } from '../../base/ids.ts'
import { refuseInvisible } from '../../base/visible-text.ts'
import { limitsOf } from '../../db/batch-limits.ts'
import { createBatcher } from '../../db/batcher.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, noteChange, perContext, type TxContext } from '../context.ts'
import { recordEvent } from '../events/events.ts'
import { type IdempotentRequest, keyReused, storedKey } from '../idempotency/request.ts'
import { type Tenant, tenantKey } from '../merchants/tenant.ts'
import { checkMetadata, type Metadata } from './metadata.ts'
import { fullNameOf, type Names, splitName } from './names.ts'
import { type PhoneNumber, parseLocalPhoneNumber } from './phone-numbers.ts'
import { type SearchedFields, searchTextOf } from './search-text.ts'

export const riskActions = ['default', 'allow', 'deny'] as const
export type RiskAction = (typeof riskActions)[number]

export interface Customer {
  /** For the surface whose ids are numbers. */
  id: bigint
  /** `CUS_…`. Names the customer on every surface. */
  code: string
  /** Lower case. No other customer of the tenant has it. */
  email: string | null
  firstName: string | null
  lastName: string | null
  /** As given. */
  phone: string | null
  /** The phone in E.164, if it can be read as a phone number. */
  phoneE164: string | null
  metadata: Metadata | null
  riskAction: RiskAction
  /** An identity check succeeded. The names are the bank's, and the merchant can no longer change them. */
  identified: boolean
  createdAt: Date
  updatedAt: Date
}

/** A customer as JSON in events, made by the database's function `customer_snapshot`. */
export type CustomerSnapshot = Omit<Customer, 'id' | 'createdAt' | 'updatedAt'> & { id: number }

/** A member that is left out is null. */
export interface NewCustomer {
  email?: string | null | undefined
  firstName?: string | null | undefined
  lastName?: string | null | undefined
  /** As it was given; a number that was read already is kept in E.164. */
  phone?: string | PhoneNumber | null | undefined
  metadata?: Metadata | null | undefined
}

/** Names a customer by code, by e-mail or by number. */
export type CustomerReference = { code: string } | { email: string } | { id: bigint }

export interface CustomerRow {
  id: bigint
  code: string
  email: string | null
  first_name: string | null
  last_name: string | null
  phone: string | null
  phone_e164: string | null
  metadata: Metadata | null
  risk_action: RiskAction
  identified: boolean
  created_at: Date
  updated_at: Date
}

export const customerColumns = sql`
  c.id, c.code, c.email, c.first_name, c.last_name, c.phone, c.phone_e164, c.metadata, c.risk_action, c.identified,
  c.created_at, c.updated_at
`

interface Creation {
  tenant: Tenant
  customer: SearchedFields
  /**
   * The customer's phone, if it can be read. It is read before queueing, while the database works on the previous
   * batch.
   */
  number: PhoneNumber | null
  request: IdempotentRequest | null
}

/** A customer as created, or as found. `replayed` says that the same request came before. */
export interface Created {
  customer: Customer
  created: boolean
  replayed: boolean
}

/** Creations and reads that arrive together are sent to the database together. */
const queuesOf = perContext((context) => ({
  create: createBatcher(
    context.db,
    (lane, calls: Creation[]) => insertCustomers(context, lane, calls),
    (call) => tenantKey(call.tenant),
    { ...limitsOf(context.meter, 'customer_creations'), keyOf: ({ request }) => request && storedKey(request) },
  ),
  get: createBatcher(
    context.db,
    selectCustomers,
    (call) => tenantKey(call.tenant),
    limitsOf(context.meter, 'customers'),
  ),
}))

/**
 * Creates a customer with a cash balance of 0. If a customer already has the e-mail, answers that customer unchanged.
 * The customer can be found and searched for from this moment on. With `request`, repeats of the request create no
 * second customer.
 * Throws `invalid_request` for metadata over 16 KiB and for invisible characters, `idempotency_key_reused`, `busy` when the
 * e-mail is taken at the same moment.
 */
export async function createCustomer(
  context: Context,
  tenant: Tenant,
  customer: NewCustomer,
  request: IdempotentRequest | null = null,
): Promise<Created> {
  const { email = null, firstName = null, lastName = null, phone: given = null, metadata = null } = customer
  checkMetadata(metadata)
  checkVisible(customer)
  const number = typeof given === 'string' ? readNumber(tenant, given) : given
  const phone = typeof given === 'string' ? given : (number?.e164 ?? null)
  const named = { email: email === null ? null : normalizeEmail(email), firstName, lastName, phone, metadata }
  const creation = { tenant, customer: named, number, request }
  const outcome = await queuesOf(context)
    .create(creation)
    .catch((error) => {
      // An update took the e-mail at this moment, and updates do not queue with creations.
      throw isEmailConflict(error) ? new ServiceError('busy', 'The e-mail was taken at this moment; try again') : error
    })
  if (outcome instanceof ServiceError) throw outcome
  return outcome
}

/** Reads a customer by code, together with other calls. Throws `customer_not_found`. */
export async function getCustomer(context: Context, tenant: Tenant, code: string): Promise<Customer> {
  const customer = await queuesOf(context).get({ tenant, code })
  if (customer === null) throw customerNotFound(code)
  return customer
}

/**
 * The number of a customer, also of a customer who was deleted or erased: for lists of history, which a merchant needs
 * afterwards as well. Throws `customer_not_found`.
 */
export async function findFormerCustomer(
  context: Context,
  tenant: Tenant,
  code: string,
): Promise<Pick<Customer, 'id'>> {
  const [row] = await context.db.query<{ id: bigint }>(sql`
    select id from customers
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and code = ${code}
  `)
  if (row === undefined) throw customerNotFound(code)
  return row
}

/** Reads a customer by code, e-mail (in any case) or number. Throws `customer_not_found`. */
export async function findCustomer(context: Context, tenant: Tenant, reference: CustomerReference): Promise<Customer> {
  const rows = await context.db.query<CustomerRow>(sql`
    select ${customerColumns} from customers c
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and ${referenceCondition(reference)}
      and c.deleted_at is null
  `)
  if (rows[0] === undefined) throw customerNotFound(Object.values(reference)[0])
  return readCustomer(rows[0])
}

/** The tenant's customers with these numbers, by number. Leaves out numbers that are not the tenant's. */
export async function findCustomersById(
  context: Context,
  tenant: Tenant,
  ids: readonly bigint[],
): Promise<Map<bigint, Customer>> {
  const rows = await context.db.query<CustomerRow>(sql`
    select ${customerColumns} from customers c
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and c.id = any(${[...ids]}::bigint[])
      and c.deleted_at is null
  `)
  return new Map(rows.map((row) => [row.id, readCustomer(row)]))
}

/** Reads like `findCustomer` and locks the row until the transaction ends. */
export async function lockCustomer(tx: TxContext, tenant: Tenant, reference: CustomerReference): Promise<Customer> {
  const rows = await tx.db.query<CustomerRow>(sql`
    select ${customerColumns} from customers c
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and ${referenceCondition(reference)}
      and c.deleted_at is null
    for no key update
  `)
  if (rows[0] === undefined) throw customerNotFound(Object.values(reference)[0])
  return readCustomer(rows[0])
}

export interface CustomerChanges {
  email?: string | undefined
  /** Null clears the name. Ignored once the customer is identified. */
  firstName?: string | null | undefined
  lastName?: string | null | undefined
  /** In place of both names, and ignored like them. It is split anew only if it is another name than the customer's. */
  fullName?: string | undefined
  phone?: string | undefined
  /** Makes the new metadata from the current one. */
  metadata?: ((current: Metadata) => Metadata) | undefined
}

/** The changes of one customer, and the time of the last update that the caller knows of. */
export interface SeenChanges extends CustomerChanges {
  seenAt?: Date | undefined
}

/**
 * Changes the given members and leaves the rest. Throws `customer_not_found`, `email_taken`, `invalid_request` for
 * metadata over 16 KiB and for invisible characters, and `changed_meanwhile` if the customer was updated after `seenAt`.
 */
export async function updateCustomer(
  context: Context,
  tenant: Tenant,
  reference: CustomerReference,
  { seenAt, ...changes }: SeenChanges,
): Promise<Customer> {
  checkVisible({ ...changes, firstName: changes.fullName ?? changes.firstName })
  try {
    return await inTransaction(context, async (tx) => {
      const current = await lockCustomer(tx, tenant, reference)
      refuseStale(current, seenAt)
      const next: Customer = {
        ...current,
        email: changes.email === undefined ? current.email : normalizeEmail(changes.email),
        ...(current.identified ? {} : newNames(current, changes)),
        ...(changes.phone === undefined ? {} : phoneFields(changes.phone, readNumber(tenant, changes.phone))),
        metadata: changes.metadata ? changes.metadata(current.metadata ?? {}) : current.metadata,
        updatedAt: context.clock.now(),
      }
      checkMetadata(next.metadata)
      await saveCustomer(tx, tenant, next)
      // The trail is kept for good, so it has the names of the members alone.
      const given = Object.entries(changes).filter(([, value]) => value !== undefined)
      noteChange(tx, {
        object: current.code,
        after: { changed: given.map(([name]) => (name === 'fullName' ? 'name' : name)) },
      })
      await recordEvent(tx, tenant, { type: 'customer.updated', customer: next })
      return next
    })
  } catch (error) {
    throw isEmailConflict(error) ? emailTaken(changes.email) : error
  }
}

/** Throws `changed_meanwhile` if the customer was updated after the caller has seen them. */
export function refuseStale({ code, updatedAt }: Customer, seenAt: Date | undefined): void {
  if (seenAt === undefined || seenAt.getTime() === updatedAt.getTime()) return
  const message = `The customer ${code} was changed at ${updatedAt.toISOString()}, after you have read it; read it again`
  throw new ServiceError('changed_meanwhile', message)
}

/** Writes every member that can change. The row must be locked by `tx`. */
export async function saveCustomer(tx: TxContext, tenant: Tenant, customer: Customer): Promise<void> {
  await tx.db.query(sql`
    update customers set
      email = ${customer.email},
      first_name = ${customer.firstName},
      last_name = ${customer.lastName},
      phone = ${customer.phone},
      phone_e164 = ${customer.phoneE164},
      metadata = ${customer.metadata === null ? null : JSON.stringify(customer.metadata)},
      risk_action = ${customer.riskAction},
      identified = ${customer.identified},
      search_text = ${searchTextOf(customer, readNumber(tenant, customer.phone))},
      updated_at = ${customer.updatedAt}
    where merchant_id = ${tenant.merchant.id} and id = ${customer.id}
  `)
}

export function emailTaken(email: string | undefined, { replayed = false } = {}): ServiceError {
  return new ServiceError('email_taken', `A customer with the e-mail ${email} exists already`, 'email', { replayed })
}

function customerNotFound(reference: unknown): ServiceError {
  return new ServiceError('customer_not_found', `There is no customer "${reference}"`)
}

function referenceCondition(reference: CustomerReference) {
  if ('code' in reference) return sql`c.code = ${reference.code}`
  if ('email' in reference) return sql`c.email = ${normalizeEmail(reference.email)}`
  return sql`c.id = ${reference.id}`
}

interface CreatedRow extends CustomerRow {
  created: boolean
  replayed: boolean
  fingerprint: Buffer | null
}

async function insertCustomers(
  context: Context,
  db: Queryable,
  calls: Creation[],
): Promise<(Created | ServiceError)[]> {
  const { tenant } = calls[0] as Creation
  const given = calls.map((call) => ({ ...describe(context, call), ...actorOf(context, call.tenant) }))
  const statement = sql`
    select r.created, r.replayed, r.fingerprint, (r.customer).*
    from create_customers(
      ${tenant.merchant.id}, ${tenant.mode}, ${tenant.merchant.currencies[0]}, ${context.clock.now()},
      ${JSON.stringify(given)},
      ${calls.map(({ request }) => request && storedKey(request))}::text[],
      ${calls.map(({ request }) => request?.fingerprint ?? null)}::bytea[]
    ) r
    order by r.ordinal
  `
  // An update may have taken the e-mail, another request may have used the key. The second try finds either of them.
  const collisions = ['customers_email', 'idempotency_keys_pkey']
  const rows = await repeatAfterCollision(collisions, () => db.query<CreatedRow>(statement))
  const erased = await findErased(db, tenant, rows)
  return rows.map((row, i) => {
    const request = calls[i]?.request
    if (row.replayed && erased.has(row.id)) return customerNotFound(row.code)
    // The key belongs to another request: the row has its fingerprint, and no customer.
    if (row.id === null && request && row.fingerprint) return keyReused(request, row.fingerprint)
    return { customer: readCustomer(row), created: row.created, replayed: row.replayed }
  })
}

/** Of the customers whose creation is answered again, those who are erased, or are being erased: the answer is not given. */
async function findErased(db: Queryable, { merchant }: Tenant, rows: readonly CreatedRow[]): Promise<Set<bigint>> {
  const ids = rows.filter(({ id, replayed }) => replayed && id !== null).map(({ id }) => id)
  if (ids.length === 0) return new Set()
  const erased = await db.query<{ id: bigint }>(sql`
    select id from erasures where merchant_id = ${merchant.id} and id = any(${ids}::bigint[])
  `)
  return new Set(erased.map(({ id }) => id))
}

function describe(context: Context, { customer, number }: Creation) {
  return {
    code: `CUS_${randomCode(context.random, 15)}`,
    email: customer.email,
    first_name: customer.firstName,
    last_name: customer.lastName,
    phone: customer.phone,
    phone_e164: number?.e164 ?? null,
    metadata: customer.metadata,
    search_text: searchTextOf(customer, number),
  }
}

/** Who asks, for the trail. In a transaction the request's own row says so. */
function actorOf({ db, random, clock }: Context, { actor }: Tenant) {
  if (actor === undefined || db.isTransaction) return {}
  return { trail_id: uuidV7(random, clock.now()), actor_id: actor.id, request_id: actor.requestId }
}

async function selectCustomers(db: Queryable, calls: { tenant: Tenant; code: string }[]) {
  const { tenant } = calls[0] as { tenant: Tenant }
  const rows = await db.query<CustomerRow>(sql`
    select ${customerColumns}
    from unnest(${calls.map((call) => call.code)}::text[]) as n (code)
    cross join lateral (
      select * from customers c where c.merchant_id = ${tenant.merchant.id} and c.code = n.code limit 1
    ) c
    where c.mode = ${tenant.mode} and c.deleted_at is null
  `)
  const byCode = new Map(rows.map((row) => [row.code, readCustomer(row)]))
  return calls.map((call) => byCode.get(call.code) ?? null)
}

export function readCustomer(row: CustomerRow): Customer {
  return {
    id: row.id,
    code: row.code,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    phone: row.phone,
    phoneE164: row.phone_e164,
    metadata: row.metadata,
    riskAction: row.risk_action,
    identified: row.identified,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** E-mails are compared and stored in lower case, and in one Unicode form: é is one character, and not e with an accent. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase().normalize('NFC')
}

function checkVisible({
  email,
  firstName,
  lastName,
  phone,
}: Pick<NewCustomer, 'email' | 'firstName' | 'lastName' | 'phone'>) {
  refuseInvisible(email, 'email')
  refuseInvisible(firstName, 'name')
  refuseInvisible(lastName, 'name')
  if (typeof phone === 'string') refuseInvisible(phone, 'phone')
}

/** A name as a person reads it, whatever the number of blanks and the Unicode form of its letters. */
function asRead(name: string): string {
  return name.normalize('NFC').trim().replace(/\s+/g, ' ')
}

/** The name in its new letters, parted where it was parted before. */
function splitAs({ firstName, lastName }: Customer, name: string): Names {
  const first = asRead(firstName ?? '')
  const words = name.split(' ')
  const count = first === '' ? 0 : first.split(' ').length
  const [head, tail] = [words.slice(0, count).join(' '), words.slice(count).join(' ')]
  return { firstName: head === '' ? firstName : head, lastName: tail === '' ? lastName : tail }
}

function newNames(current: Customer, changes: CustomerChanges) {
  // A client that sends back the name it has read changes nothing: "Mary Ann" "Smith" does not become "Mary" "Ann Smith".
  if (changes.fullName !== undefined) {
    const [given, former] = [asRead(changes.fullName), asRead(fullNameOf(current))]
    if (given === former) return {}
    return given.toLowerCase() === former.toLowerCase() ? splitAs(current, given) : splitName(changes.fullName)
  }
  return {
    firstName: changes.firstName === undefined ? current.firstName : changes.firstName,
    lastName: changes.lastName === undefined ? current.lastName : changes.lastName,
  }
}

function phoneFields(phone: string, number: PhoneNumber | null) {
  return { phone, phoneE164: number?.e164 ?? null }
}

function readNumber(tenant: Tenant, phone: string | null): PhoneNumber | null {
  return phone === null ? null : parseLocalPhoneNumber(phone, tenant.merchant.country)
}

function isEmailConflict(error: unknown): boolean {
  return (error as { constraint?: string }).constraint?.startsWith('customers_email') ?? false
}
