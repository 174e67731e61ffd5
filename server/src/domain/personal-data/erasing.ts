import { ServiceError } from '../../base/errors.ts'
import { argument, functionCall, listArgument } from '../../db/function-call.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, type TxContext } from '../context.ts'
import { recordEvent } from '../events/events.ts'
import { emailsPurpose, mentions } from '../idempotency/mentions.ts'
import { eraseAnswers } from '../idempotency/once.ts'
import { retryDelay } from '../merchants/due.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns } from '../merchants/tenant.ts'
import { inSteps } from '../retention/retention.ts'
import { keepEmails } from './erasure.ts'
import { mentionsNumber, mentionsPhone } from './mentioned-numbers.ts'

/** How many rows one commit looks at. */
const rowsAtOnce = 100
/** Transactions under way when the customer was hidden have ended after this time, by the limits of a server's statements. */
const patienceMs = 5 * 60_000
const waitMs = 1_000

interface ErasureRow {
  tenant: Tenant
  id: bigint
  code: string
  stage: string
  position: string | null
  emails: Buffer | null
  attempts: number
}

/**
 * Does steps of the erasures under way, in turn and with a rest after each, until nothing is left or the signal. Each step is
 * a commit, so a killed server's erasures go on where they were. Any number of servers may do this at once. Answers the
 * number of steps.
 */
export function continueErasures(context: FreeContext, stop: AbortSignal): Promise<number> {
  return inSteps(stop, async () => {
    const erasure = await findDue(context)
    if (erasure === null) return 0
    const subject = `background erasures of ${erasure.tenant.merchant.code} in ${erasure.tenant.mode} mode`
    try {
      await inTransaction(context, (tx) => (stages[erasure.stage] ?? lookThroughHistory)(tx, erasure))
      context.failures.worked(subject)
    } catch (error) {
      context.failures.failed(subject, { row: String(erasure.id), attempt: erasure.attempts + 1, err: error })
      context.meter.counter('mteja_background_failures_total', { task: 'erasures' }).add(1)
      await postpone(context, erasure)
    }
    return 1
  })
}

/** The erasure whose last step is the longest ago. Two servers may find the same: the second waits, and does the step after. */
async function findDue({ db, clock }: Context): Promise<ErasureRow | null> {
  const [row] = await db.query<Omit<ErasureRow, 'tenant'> & TenantRow>(sql`
    select ${tenantColumns}, x.mode, x.id, c.code, x.stage, x.position, x.emails, x.attempts
    from erasures x
    join customers c on c.merchant_id = x.merchant_id and c.id = x.id
    join merchants m on m.id = x.merchant_id
    where x.erased_at is null and x.due_at <= ${clock.now()}
    order by x.due_at
    limit 1
  `)
  return row === undefined ? null : { ...row, tenant: readTenant(row) }
}

type Step = (tx: TxContext, erasure: ErasureRow) => Promise<void>

/** The parts that the database cannot look through by itself. Every other part is a step of continue_erasure.sql. */
const stages: Readonly<Record<string, Step>> = {
  waiting: waitForOthers,
  answers: lookThroughAnswers,
  recipients: lookThroughRecipients,
  differences: lookThroughDifferences,
  mentions: lookThroughMentions,
  done: finish,
}

/**
 * Transactions that were under way when the customer was hidden may still add to the history. The first look notes which they
 * are; the steps begin when the last of them has ended.
 */
async function waitForOthers(tx: TxContext, erasure: ErasureRow): Promise<void> {
  const [row] = await tx.db.query<{ is_noted: boolean; is_over: boolean }>(sql`
    select x.horizon is not null as is_noted,
      pg_snapshot_xmin(pg_current_snapshot()) >= x.horizon::xid8
        or x.recorded_at < now() - make_interval(secs => ${patienceMs / 1000}::integer) as is_over
    from erasures x
    where x.merchant_id = ${erasure.tenant.merchant.id} and x.id = ${erasure.id}
  `)
  if (row?.is_over) return goOn(tx, erasure, { stage: 'events', position: null })
  const later = new Date(tx.clock.now().getTime() + (row?.is_noted ? waitMs : 0))
  await tx.db.query(sql`
    update erasures set
      horizon = coalesce(horizon, pg_snapshot_xmax(pg_current_snapshot())::text), due_at = ${later}, attempts = 0
    where merchant_id = ${erasure.tenant.merchant.id} and id = ${erasure.id} and stage = 'waiting'
  `)
}

async function lookThroughHistory(tx: TxContext, erasure: ErasureRow): Promise<void> {
  const merchantId = erasure.tenant.merchant.id
  const [row] = await tx.db.query<{ emails: string[] }>(sql`
    select r.emails
    from ${functionCall('continue_erasure', {
      p_merchant_id: argument('integer', merchantId),
      p_customer_id: argument('bigint', erasure.id),
      p_now: argument('timestamptz', tx.clock.now()),
      p_limit: argument('integer', rowsAtOnce),
    })} r
  `)
  const known = await emailsOf(tx, erasure)
  const all = [...new Set([...known, ...(row?.emails ?? [])])]
  if (all.length > known.length) await keepEmails(tx, { merchantId, id: erasure.id }, all)
}

/** Answers are sealed. A customer's e-mail may belong to another customer by now, whose answers stay. */
async function lookThroughAnswers(tx: TxContext, erasure: ErasureRow): Promise<void> {
  const { tenant, code, position } = erasure
  const scope = { merchantId: tenant.merchant.id, mode: tenant.mode }
  const refusal = new ServiceError('customer_not_found', `There is no customer "${code}"`)
  const isAbout = mentions(code, await emailsOf(tx, erasure))
  const last = await eraseAnswers(tx, scope, { after: position, limit: rowsAtOnce }, { isAbout, refusal })
  await goOn(tx, erasure, { stage: last === null ? 'recipients' : 'answers', position: last })
}

/** Recipients that nobody was paid out to are no customer's. Those of the customer's payouts are removed with the payouts. */
async function lookThroughRecipients(tx: TxContext, erasure: ErasureRow): Promise<void> {
  const merchantId = erasure.tenant.merchant.id
  const rows = await tx.db.query<{ id: bigint; text: string; metadata: string | null; is_used: boolean }>(sql`
    select r.id, concat_ws(' | ', r.account_number, r.name, r.name_at_bank, r.email, r.description, r.metadata::text) as text,
      r.metadata::text as metadata,
      exists (select from payouts p where p.merchant_id = ${merchantId} and p.recipient_id = r.id) as is_used
    from recipients r
    where r.merchant_id = ${merchantId} and r.mode = ${erasure.tenant.mode} and r.id > ${erasure.position ?? 0}::bigint
    order by r.id
    limit ${rowsAtOnce}
  `)
  const isAbout = await namesCustomer(tx, erasure)
  const ids = rows.filter((row) => !row.is_used && isAbout(row.text, row.metadata)).map(({ id }) => id)
  if (ids.length > 0) {
    await tx.db.query(sql`
      select ${functionCall('erase_recipients', {
        p_merchant_id: argument('integer', merchantId),
        p_customer_id: argument('bigint', erasure.id),
        p_ids: listArgument('bigint', ids),
      })}
    `)
  }
  const last = rows.length < rowsAtOnce ? null : String(rows.at(-1)?.id)
  await goOn(tx, erasure, { stage: last === null ? 'differences' : 'recipients', position: last })
}

/** The words with which a person closed a difference: about a thing of the customer, or naming the customer. */
async function lookThroughDifferences(tx: TxContext, erasure: ErasureRow): Promise<void> {
  const { merchant, mode } = erasure.tenant
  const own = (table: Sql) => sql`from ${table} o
    where o.merchant_id = ${merchant.id} and o.customer_id = ${erasure.id} and d.name = o.id::text`
  const rows = await tx.db.query<{ id: string; reason: string; is_own: boolean }>(sql`
    select d.id, d.reason,
      exists (
        select from ledger_transactions t
        join ledger_accounts a on a.merchant_id = t.merchant_id and a.id in (t.from_account_id, t.to_account_id)
        where t.merchant_id = ${merchant.id} and t.id = d.transaction_id and a.customer_id = ${erasure.id}
      )
      or exists (
        select from processor_accounts a
        join sent_charges s on s.merchant_id = a.merchant_id and s.account_id = a.id and s.sent_reference = d.reference
        join payment_intents i on i.merchant_id = s.merchant_id and i.id = s.payment_intent_id
        left join payments pay on pay.merchant_id = i.merchant_id and pay.payment_intent_id = i.id
        where a.merchant_id = ${merchant.id} and ${erasure.id} in (i.customer_id, pay.customer_id)
      )
      or exists (select ${own(sql`refunds`)}) or exists (select ${own(sql`disputes`)}) or exists (select ${own(sql`payouts`)})
      or exists (
        select from payouts o
        where o.merchant_id = ${merchant.id} and o.customer_id = ${erasure.id} and o.sent_reference = d.reference
      ) as is_own
    from differences d
    where d.merchant_id = ${merchant.id} and d.mode = ${mode} and d.reason is not null
      and (${erasure.position}::text is null or d.id > ${erasure.position}::uuid)
    order by d.id
    limit ${rowsAtOnce}
  `)
  const isAbout = await namesCustomer(tx, erasure)
  const ids = rows.filter((row) => row.is_own || isAbout(row.reason)).map(({ id }) => id)
  if (ids.length > 0) {
    await tx.db.query(sql`
      select ${functionCall('erase_differences', {
        p_merchant_id: argument('integer', merchant.id),
        p_customer_id: argument('bigint', erasure.id),
        p_ids: listArgument('uuid', ids),
      })}
    `)
  }
  const last = rows.length < rowsAtOnce ? null : (rows.at(-1)?.id ?? null)
  await goOn(tx, erasure, { stage: last === null ? 'mentions' : 'differences', position: last })
}

/** Whether a text names the customer by code, e-mail, phone or number. The second text is JSON, and a part of the first. */
async function namesCustomer(
  tx: TxContext,
  erasure: ErasureRow,
): Promise<(text: string, json?: string | null) => boolean> {
  const contacts = await emailsOf(tx, erasure)
  const isAbout = mentions(erasure.code, contacts)
  const hasPhone = mentionsPhone(contacts)
  const hasNumber = mentionsNumber(erasure.id)
  return (text, json = null) =>
    isAbout(text) || hasPhone(text) || hasNumber(text, json === null ? null : JSON.parse(json))
}

/** Events without a customer: a merchant's own, and those of payments that ended after the customer was deleted. */
async function lookThroughMentions(tx: TxContext, erasure: ErasureRow): Promise<void> {
  const merchantId = erasure.tenant.merchant.id
  const rows = await tx.db.query<{ id: bigint; text: string }>(sql`
    select e.id, e.data::text as text from events e
    where e.merchant_id = ${merchantId} and e.customer_id is null and e.id > ${erasure.position ?? 0}::bigint
    order by e.id
    limit ${rowsAtOnce}
  `)
  const isAbout = await namesCustomer(tx, erasure)
  const ids = rows.filter(({ text }) => isAbout(text, text)).map(({ id }) => id)
  if (ids.length > 0) {
    await tx.db.query(sql`
      select ${functionCall('erase_mentions', {
        p_merchant_id: argument('integer', merchantId),
        p_customer_id: argument('bigint', erasure.id),
        p_ids: listArgument('bigint', ids),
      })}
    `)
  }
  const last = rows.length < rowsAtOnce ? null : String(rows.at(-1)?.id)
  await goOn(tx, erasure, { stage: last === null ? 'done' : 'mentions', position: last })
}

async function finish(tx: TxContext, { tenant, id }: ErasureRow): Promise<void> {
  const rows = await tx.db.query(sql`
    update erasures set erased_at = ${tx.clock.now()}, emails = null, horizon = null
    where merchant_id = ${tenant.merchant.id} and id = ${id} and erased_at is null
    returning id
  `)
  // The account's code of the customer stays, by which an import leaves them out.
  await tx.db.query(sql`
    delete from imported_things
    where merchant_id = ${tenant.merchant.id} and customer_id = ${id} and kind = 'authorization'
  `)
  if (rows.length > 0) await recordEvent(tx, tenant, { type: 'customer.erased', customer: { id } })
}

async function emailsOf({ db, vault }: TxContext, { tenant, id }: ErasureRow): Promise<string[]> {
  const [row] = await db.query<{ emails: Buffer | null }>(sql`
    select emails from erasures where merchant_id = ${tenant.merchant.id} and id = ${id}
  `)
  return row?.emails ? JSON.parse(vault.open(row.emails, emailsPurpose)) : []
}

/** Another server may have done this step meanwhile: then nothing is changed. */
async function goOn(
  tx: TxContext,
  { tenant, id, stage, position }: ErasureRow,
  next: { stage: string; position: string | null },
): Promise<void> {
  await tx.db.query(sql`
    update erasures set stage = ${next.stage}, position = ${next.position}, due_at = ${tx.clock.now()}, attempts = 0
    where merchant_id = ${tenant.merchant.id} and id = ${id} and stage = ${stage}
      and position is not distinct from ${position} and erased_at is null
  `)
}

async function postpone({ db, clock }: Context, { tenant, id }: ErasureRow): Promise<void> {
  await db.query(sql`
    update erasures set
      attempts = attempts + 1, due_at = ${clock.now()}::timestamptz + ${retryDelay(sql`attempts`)}
    where merchant_id = ${tenant.merchant.id} and id = ${id} and erased_at is null
  `)
}
