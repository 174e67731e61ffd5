import { ServiceError } from '../../base/errors.ts'
import { argument, functionCall } from '../../db/function-call.ts'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import { type Binding, describeBindings, stepsAgainst } from '../customers/bindings.ts'
import { digestEmail, emailsPurpose } from '../idempotency/mentions.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'

/** The part of the context that this room adds. */
export interface ErasureChoice {
  /** For how many days after a payment by card its payer can still dispute it. */
  readonly disputeWindowDays: Readonly<Record<Mode, number>>
}

/** Card networks give up to 120 days. In test mode there is nobody who could dispute. */
export const defaultDisputeWindowDays: ErasureChoice['disputeWindowDays'] = { live: 120, test: 0 }

export interface Erasure {
  customerCode: string
  /** Since when the customer is hidden. */
  startedAt: Date
  /** Since when nothing personal is stored any more; null while the history is looked through. */
  erasedAt: Date | null
}

interface BeginningRow {
  id: bigint
  obstacle: Binding['obstacle'] | null
  detail: string | null
  amount: bigint | null
  started_at: Date
  erased_at: Date | null
  former_email: string | null
}

/**
 * Begins to erase a customer: from this commit on the customer is hidden as a deleted one is, and `continueErasures` removes
 * what is personal from their history. A customer who was deleted before can be erased. To erase again looks through the history
 * again, for what has come since.
 * Throws `customer_not_found`, and `customer_not_erasable`, naming everything that still binds the customer.
 */
export async function eraseCustomer(tx: TxContext & ErasureChoice, tenant: Tenant, code: string): Promise<Erasure> {
  const now = tx.clock.now()
  const windowMs = tx.disputeWindowDays[tenant.mode] * 24 * 60 * 60 * 1000
  // Gone with the beginning.
  const [former] = await tx.db.query<{ phone: string | null; phone_e164: string | null; is_erased: boolean }>(sql`
    select c.phone, c.phone_e164, x.id is not null as is_erased
    from customers c
    left join erasures x on x.merchant_id = c.merchant_id and x.id = c.id
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and c.code = ${code}
  `)
  const rows = await tx.db.query<BeginningRow>(sql`
    select r.id, r.obstacle, r.detail, r.amount, r.started_at, r.erased_at, r.former_email
    from ${functionCall('begin_erasure', {
      p_merchant_id: argument('integer', tenant.merchant.id),
      p_mode: argument('text', tenant.mode),
      p_now: argument('timestamptz', now),
      p_code: argument('text', code),
      p_cards_since: argument('timestamptz', new Date(now.getTime() - windowMs)),
    })} r
  `)
  const [row] = rows
  if (row === undefined) throw new ServiceError('customer_not_found', `There is no customer "${code}"`)
  const bindings = rows.filter((each): each is BeginningRow & Binding => each.obstacle !== null)
  if (bindings.length > 0) {
    const message = `Customer ${code} was not erased, and has ${describeBindings(bindings)}. ${stepsAgainst(bindings)}`
    throw new ServiceError('customer_not_erasable', message)
  }
  const contacts = [row.former_email, former?.phone, former?.phone_e164].filter((each) => each != null)
  if (contacts.length > 0) await keepEmails(tx, { merchantId: tenant.merchant.id, id: row.id }, contacts)
  noteChange(tx, { object: code, before: { erased: former?.is_erased === true }, after: { erased: true } })
  return { customerCode: code, startedAt: row.started_at, erasedAt: row.erased_at }
}

/** How far the erasure of a customer is. Throws `customer_not_found` for a customer whom nobody asked to erase. */
export async function getErasure(context: Context, tenant: Tenant, code: string): Promise<Erasure> {
  const [row] = await context.db.query<{ started_at: Date; erased_at: Date | null }>(sql`
    select x.started_at, x.erased_at
    from customers c
    join erasures x on x.merchant_id = c.merchant_id and x.id = c.id
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and c.code = ${code}
  `)
  if (row === undefined) throw new ServiceError('customer_not_found', `Nobody asked to erase a customer "${code}"`)
  return { customerCode: code, startedAt: row.started_at, erasedAt: row.erased_at }
}

/**
 * Keeps, sealed, the e-mails and phone numbers by which texts about the customer are known while the erasure lasts. Of the e-mails
 * digests stay, by which an import leaves the person out.
 */
export async function keepEmails(
  tx: TxContext,
  { merchantId, id }: { merchantId: number; id: bigint },
  emails: readonly string[],
): Promise<void> {
  const digests = emails.filter((each) => each.includes('@')).map((each) => digestEmail(tx, each))
  await tx.db.query(sql`
    update erasures set
      emails = ${tx.vault.seal(JSON.stringify(emails), emailsPurpose)}, email_digests = array(
        select distinct d from unnest(coalesce(email_digests, '{}') || ${digests}::bytea[]) d
      )
    where merchant_id = ${merchantId} and id = ${id} and erased_at is null
  `)
}
