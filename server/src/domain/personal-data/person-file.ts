import { ServiceError } from '../../base/errors.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { eventName } from '../events/ids.ts'
import { actorKind } from '../merchants/actors.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'
import { deliveryName, endpointName } from '../webhooks/ids.ts'

/** A row as the file has it: times as ISO 8601 in UTC, amounts as minor units. */
export type FileRow = Readonly<Record<string, unknown>>

/** Everything that is stored of a customer. The lists may be longer than fit in memory, and are read while they are sent. */
export interface PersonFile {
  customer: FileRow
  sections: readonly { name: string; pages: () => AsyncGenerator<readonly FileRow[]> }[]
}

interface Person {
  id: bigint
  code: string
}

/** A part of the file: one row after the other by a cursor. */
interface Section {
  name: string
  /** Rows with `cursor`, a text, after the given one, in order. */
  select(tenant: Tenant, person: Person, after: string | null): Sql
  /** The row as it is shown. Default: as it is selected. */
  show?(context: Context, row: Record<string, unknown>): Record<string, unknown>
}

const rowsPerRead = 500

/**
 * Opens the file of a customer, also of one who was deleted. Instruments, account numbers and identity details are masked, as
 * everywhere. Throws `customer_not_found` for a customer who was erased, too, and `too_many_reads`.
 */
export async function openPersonFile(context: Context, tenant: Tenant, code: string): Promise<PersonFile> {
  const [row] = await largeRead(context, tenant, () =>
    context.db.query<Record<string, unknown> & Person>(sql`
      select c.id, c.code, coalesce(c.email, c.deleted_email) as email, c.first_name, c.last_name, c.phone, c.phone_e164,
        c.metadata, c.risk_action, c.identified, c.created_at, c.updated_at, c.deleted_at
      from customers c
      where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and c.code = ${code}
        and not exists (select from erasures x where x.merchant_id = c.merchant_id and x.id = c.id)
    `),
  )
  if (row === undefined) throw new ServiceError('customer_not_found', `There is no customer "${code}"`)
  const person = { id: row.id, code: row.code }
  const { id: _, ...customer } = row
  return {
    customer: shownRow(customer),
    sections: sections.map((section) => ({
      name: section.name,
      pages: () => readSection(context, tenant, person, section),
    })),
  }
}

async function* readSection(
  context: Context,
  tenant: Tenant,
  person: Person,
  { select, show = (_context, row) => row }: Section,
): AsyncGenerator<readonly FileRow[]> {
  for (let after: string | null = null; ; ) {
    const statement: Sql = sql`${select(tenant, person, after)} limit ${rowsPerRead}`
    const rows: (Record<string, unknown> & { cursor: string })[] = await largeRead(context, tenant, () =>
      context.db.query(statement),
    )
    yield rows.map(({ cursor: _, ...row }) => shownRow(show(context, row)))
    if (rows.length < rowsPerRead) return
    after = rows.at(-1)?.cursor ?? null
  }
}

/** Where a section goes on: behind the row with this cursor. `type` is that of the column. */
function behind(column: Sql, after: string | null, type: Sql): Sql {
  return after === null ? nothing : sql`and ${column} > ${after}::${type}`
}

const sections: readonly Section[] = [
  {
    name: 'balances',
    select: ({ merchant }, { id }, after) => sql`
      select a.currency as cursor, a.currency, a.posted, a.held, a.posted - a.held as available, a.owed
      from ledger_accounts a
      where a.merchant_id = ${merchant.id} and a.customer_id = ${id} ${behind(sql`a.currency`, after, sql`text`)}
      order by a.currency
    `,
  },
  {
    name: 'paymentMethods',
    select: ({ merchant }, { id }, after) => sql`
      select p.id::text as cursor, p.code, p.type, p.provider, p.bin, p.last4, p.expiry_month, p.expiry_year, p.brand, p.bank,
        p.country, p.account_name, p.is_default, p.created_at, p.deactivated_at as removed_at
      from payment_methods p
      where p.merchant_id = ${merchant.id} and p.customer_id = ${id} ${behind(sql`p.id`, after, sql`bigint`)}
      order by p.id
    `,
  },
  {
    name: 'mandates',
    select: ({ merchant }, { id }, after) => sql`
      select d.id::text as cursor, d.reference, d.status, d.bank_code, d.address, d.authorized_at, d.created_at
      from mandates d
      where d.merchant_id = ${merchant.id} and d.customer_id = ${id} ${behind(sql`d.id`, after, sql`bigint`)}
      order by d.id
    `,
  },
  {
    name: 'identityChecks',
    select: ({ merchant }, { id }, after) => sql`
      select k.id::text as cursor, k.status, k.masked as details, k.reason, k.created_at, k.finished_at
      from identity_checks k
      where k.merchant_id = ${merchant.id} and k.customer_id = ${id} ${behind(sql`k.id`, after, sql`bigint`)}
      order by k.id
    `,
  },
  {
    name: 'dedicatedAccounts',
    select: ({ merchant }, { id }, after) => sql`
      select d.id::text as cursor, d.account_number, d.account_name, d.bank_name, d.currency, d.created_at, d.removed_at
      from dedicated_accounts d
      where d.merchant_id = ${merchant.id} and d.customer_id = ${id} ${behind(sql`d.id`, after, sql`bigint`)}
      order by d.id
    `,
  },
  {
    name: 'dedicatedAccountRequests',
    select: ({ merchant }, { id }, after) => sql`
      select r.id::text as cursor, r.status, r.created_at, r.finished_at
      from dedicated_account_requests r
      where r.merchant_id = ${merchant.id} and r.customer_id = ${id} ${behind(sql`r.id`, after, sql`bigint`)}
      order by r.id
    `,
  },
  {
    name: 'entries',
    // The cursor is an account and the number of an entry in it. Each account is an index look-up of its own.
    select: ({ merchant }, { id }, after) => {
      const [account = null, number = '0'] = after === null ? [] : after.split('/')
      return sql`
        select a.id || '/' || e.number as cursor, a.currency, e.number, e.transaction_id, e.kind, e.amount, e.balance_after,
          e.description, e.details, e.created_at
        from ledger_accounts a
        cross join lateral (
          select n.number, n.transaction_id, t.kind, n.amount, n.balance_after, t.description, t.details, n.created_at
          from entries n
          join ledger_transactions t on t.merchant_id = n.merchant_id and t.id = n.transaction_id
          where n.merchant_id = a.merchant_id and n.account_id = a.id
            and n.number > case when a.id = ${account}::bigint then ${number}::bigint else 0 end
          order by n.number
          limit ${rowsPerRead}
        ) e
        where a.merchant_id = ${merchant.id} and a.customer_id = ${id} and (${account}::bigint is null or a.id >= ${account}::bigint)
        order by a.id, e.number
      `
    },
  },
  {
    name: 'holds',
    select: ({ merchant }, { id }, after) => sql`
      select h.id::text as cursor, h.id, h.amount, h.captured, h.currency, h.status, h.description, h.expires_at, h.created_at,
        h.updated_at
      from holds h
      where h.merchant_id = ${merchant.id} and h.customer_id = ${id} ${behind(sql`h.id`, after, sql`uuid`)}
      order by h.id
    `,
  },
  {
    name: 'payIns',
    select: ({ merchant }, { id }, after) => sql`
      select p.id::text as cursor, p.id, p.state, p.amount, p.currency, p.source, p.reference, p.description, p.metadata,
        p.refusal, p.created_at
      from pay_ins p
      where p.merchant_id = ${merchant.id} and p.customer_id = ${id} ${behind(sql`p.id`, after, sql`uuid`)}
      order by p.id
    `,
  },
  {
    name: 'adjustments',
    select: ({ merchant }, { id }, after) => sql`
      select j.id::text as cursor, j.id, j.state, j.direction, j.amount, j.currency, j.reason, j.reference, j.refusal,
        j.created_at
      from adjustments j
      where j.merchant_id = ${merchant.id} and j.customer_id = ${id} ${behind(sql`j.id`, after, sql`uuid`)}
      order by j.id
    `,
  },
  {
    name: 'payouts',
    select: ({ merchant }, { id }, after) => sql`
      select p.id::text as cursor, p.id, p.reference, p.amount, p.currency, p.fee, p.reason, p.metadata, p.state, p.state_reason,
        r.type as destination_type, r.bank_code, r.account_number, r.name as account_name, r.name_at_bank, r.email, r.description, p.created_at,
        p.updated_at
      from payouts p
      join recipients r on r.merchant_id = p.merchant_id and r.id = p.recipient_id
      where p.merchant_id = ${merchant.id} and p.customer_id = ${id} ${behind(sql`p.id`, after, sql`uuid`)}
      order by p.id
    `,
  },
  {
    name: 'approvals',
    select: ({ merchant }, { id }, after) => sql`
      select a.id::text as cursor, a.id, a.kind, a.subject_id, a.status, a.amount, a.currency, a.reference, a.details, a.reason,
        a.created_at, a.decided_at
      from approvals a
      where a.merchant_id = ${merchant.id} and a.customer_id = ${id} ${behind(sql`a.id`, after, sql`uuid`)}
      order by a.id
    `,
  },
  {
    name: 'refunds',
    select: ({ merchant }, { id }, after) => sql`
      select r.id::text as cursor, r.id, r.kind, r.original_id as transaction_id, r.state, r.state_reason, r.amount, r.currency,
        r.reason, r.customer_note, r.merchant_note, r.verdict, r.proof, r.created_at, r.updated_at
      from refunds r
      where r.merchant_id = ${merchant.id} and r.customer_id = ${id} ${behind(sql`r.id`, after, sql`uuid`)}
      order by r.id
    `,
  },
  {
    name: 'disputes',
    select: ({ merchant }, { id }, after) => sql`
      select d.id::text as cursor, d.id, d.category, d.original_id as transaction_id, d.state, d.state_reason, d.resolution,
        d.amount, d.currency, d.complaint, d.evidence, d.messages, d.attachments, d.respond_by, d.borne_by, d.movement_id,
        d.created_at, d.updated_at, d.resolved_at
      from disputes d
      where d.merchant_id = ${merchant.id} and d.customer_id = ${id} ${behind(sql`d.id`, after, sql`uuid`)}
      order by d.id
    `,
  },
  {
    name: 'suspense',
    // Money that came without an owner, and was found to be the customer's.
    select: ({ merchant }, { id }, after) => sql`
      select s.id::text as cursor, t.id, t.amount, t.currency, t.description, t.details, s.id as transaction_id, t.created_at,
        s.created_at as assigned_at
      from suspense_decisions s
      join ledger_transactions t on t.merchant_id = s.merchant_id and t.id = s.reference::uuid
      where s.merchant_id = ${merchant.id} and s.customer_id = ${id} and s.state = 'succeeded'
        ${behind(sql`s.id`, after, sql`uuid`)}
      order by s.id
    `,
  },
  {
    name: 'payments',
    select: ({ merchant }, { id }, after) => sql`
      select p.number::text as cursor, p.id, p.reference, 'pi_' || p.payment_intent_id as payment_intent_id, p.purpose, p.origin,
        p.status, p.amount, p.currency, p.channel, p.callback_url, p.metadata, p.incoming, p.failure_reason, p.paid_at, p.created_at
      from payments p
      where p.merchant_id = ${merchant.id} and p.customer_id = ${id} ${behind(sql`p.number`, after, sql`bigint`)}
      order by p.number
    `,
  },
  {
    name: 'importedPayments',
    select: ({ merchant }, { id }, after) => sql`
      select p.id::text as cursor, p.id, p.reference, p.status, p.amount, p.currency, p.channel, p.paid_at, p.created_at
      from imported_payments p
      where p.merchant_id = ${merchant.id} and p.customer_id = ${id} ${behind(sql`p.id`, after, sql`uuid`)}
      order by p.id
    `,
  },
  {
    name: 'paymentIntents',
    select: ({ merchant }, { id }, after) => sql`
      select i.id::text as cursor, 'pi_' || i.id as id, i.status, i.amount, i.currency, i.description, i.metadata,
        i.failure_reason, i.transaction_id, i.charged_at, i.created_at
      from payment_intents i
      where i.merchant_id = ${merchant.id} and i.customer_id = ${id} ${behind(sql`i.id`, after, sql`uuid`)}
      order by i.id
    `,
  },
  {
    name: 'checkoutSessions',
    select: ({ merchant }, { id }, after) => sql`
      select s.number::text as cursor, 'checkout_sess_' || s.id as id, 'pi_' || s.payment_intent_id as payment_intent_id,
        s.purpose, s.product_id, s.line_items, s.success_url, s.cancel_url, s.metadata, s.created_at
      from checkout_sessions s
      where s.merchant_id = ${merchant.id} and s.customer_id = ${id} ${behind(sql`s.number`, after, sql`bigint`)}
      order by s.number
    `,
  },
  {
    name: 'events',
    select: ({ merchant }, { id }, after) => sql`
      select e.id::text as cursor, e.id, e.type, e.data, e.created_at
      from events e
      where e.merchant_id = ${merchant.id} and e.customer_id = ${id} ${behind(sql`e.id`, after, sql`bigint`)}
      order by e.id
    `,
    show: (context, row) => ({ ...row, id: eventName(context, row.id as bigint) }),
  },
  {
    name: 'deliveries',
    // By the event, which has an index. The inner limit keeps each look-up one of its own: without it the planner may join all
    // deliveries of the merchant for each page.
    select: ({ merchant }, { id }, after) => {
      const [event = '0', delivery = '0'] = after === null ? [] : after.split('/')
      return sql`
        select e.id || '/' || d.id as cursor, d.id, d.endpoint_id, e.id as event_id, d.event_type, d.status, d.attempt_count,
          d.last_attempt_at, d.delivered_at, d.created_at
        from events e
        cross join lateral (
          select * from deliveries o
          where o.merchant_id = e.merchant_id and o.event_id = e.id
          order by o.id
          limit ${rowsPerRead}
        ) d
        where e.merchant_id = ${merchant.id} and e.customer_id = ${id} and e.id >= ${event}::bigint
          and (e.id > ${event}::bigint or d.id > ${delivery}::bigint)
        order by e.id, d.id
      `
    },
    show: (context, { id, event_id, endpoint_id, ...row }) => ({
      id: deliveryName(context, id as bigint),
      event_id: eventName(context, event_id as bigint),
      endpoint_id: endpointName(endpoint_id as string),
      ...row,
    }),
  },
  {
    name: 'riskChanges',
    select: ({ merchant }, { id }, after) => sql`
      select r.id::text as cursor, r.risk_action, r.reason, r.created_at as at
      from risk_changes r
      where r.merchant_id = ${merchant.id} and r.customer_id = ${id} ${behind(sql`r.id`, after, sql`bigint`)}
      order by r.id
    `,
  },
  {
    name: 'trail',
    // The people of the merchant are no part of the customer's data: only the way in which they acted.
    select: ({ merchant, mode }, { code }, after) => sql`
      select t.id::text as cursor, t.id, t.action, ${actorKind(sql`a`)} as by, a.surface, t.before, t.after, t.created_at as at
      from trail t
      left join actors a on a.merchant_id in (t.merchant_id, 0) and a.id = t.actor_id
      where t.merchant_id = ${merchant.id} and (t.mode is null or t.mode = ${mode}) and t.object = ${code}
        ${behind(sql`t.id`, after, sql`uuid`)}
      order by t.id
    `,
  },
]

function shownRow(row: Readonly<Record<string, unknown>>): FileRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [camelCase(name), shownValue(value)]))
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function shownValue(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'bigint' ? Number(value) : value
}
