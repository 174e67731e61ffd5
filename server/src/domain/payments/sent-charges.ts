import { ServiceError } from '../../base/errors.ts'
import { randomCode, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context, TxContext } from '../context.ts'
import { wantedBearer } from '../ledger/processor-fees.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { Charge, ProcessorPage } from './payment-processor.ts'

/** A charge as a processor knows it: by a name of its own, so that nothing older there is ever taken for it. */
export interface SentCharge extends Pick<Charge, 'reference' | 'amount' | 'currency'> {
  /** Random, and never used for another charge. */
  sentReference: string
  /** Random. The processor keeps it with the charge: what bears it is ours. Null for money that arrived without a charge. */
  marker: string | null
  /** The payer's; null for a charge that was given up before it was sent. */
  email: string | null
  /** It was given up: it must not be sent any more. */
  isStopped: boolean
  /** Something came of it: it was paid, or has failed. */
  isDecided: boolean
  /** The processor's page on which it is paid or confirmed; null without a page. */
  page: ProcessorPage | null
}

/** A charge that is about to be sent, with the names that it gets if it is new. */
export type ChargeToSend = Omit<SentCharge, 'isStopped' | 'isDecided' | 'page'>

/**
 * What a processor has to remember of its charges. Each change is committed before its promise is resolved: something is
 * sent only after it is on record.
 */
export interface SentCharges {
  /** Records a charge. A charge that is on record stays as it is, and is answered. */
  record(tenant: Tenant, charge: ChargeToSend): Promise<SentCharge>
  /** By our reference; null for a charge that was never recorded. */
  find(tenant: Tenant, reference: string): Promise<SentCharge | null>
  /**
   * Gives a charge new names. The former names become a charge of their own, which is asked about as well: money may come
   * under them. What was given up stays given up.
   */
  rename(tenant: Tenant, charge: ChargeToSend): Promise<SentCharge>
  /** Records a charge as given up, also a charge that is new. */
  stop(tenant: Tenant, charge: ChargeToSend): Promise<SentCharge>
  /** Records that the processor refused to open a page: no money can come by it, until it is opened after all. */
  refuse(tenant: Tenant, charge: SentCharge): Promise<void>
  /** Records the page on which a charge is paid or confirmed, also a page that was refused before. */
  keepPage(tenant: Tenant, charge: SentCharge, page: ProcessorPage): Promise<void>
}

/** A charge of a page is asked about for the first time after this time. Webhooks and calls are faster. */
const firstLookMs = 60_000
/** Money that arrived is booked at once by whoever records it. After a crash the message about it comes again before this. */
const arrivedLookMs = 10 * 60_000

interface SentRow {
  reference: string
  amount: bigint
  currency: Currency
  sent_reference: string
  marker: string | null
  email: string | null
  is_stopped: boolean
  is_decided: boolean
  page_url: string | null
  page_code: string | null
}

/** The charges that are sent by an account, in the table of them. A reference begins with the id of its payment intent. */
export function createSentCharges(
  { db, clock, random }: Pick<Context, 'db' | 'clock' | 'random'>,
  accountId: bigint,
): SentCharges {
  async function insert({ merchant, mode }: Tenant, charge: ChargeToSend, { isSent }: { isSent: boolean }) {
    const now = clock.now()
    const dueAt = isSent ? new Date(now.getTime() + firstLookMs) : null
    await db.query(sql`
      insert into sent_charges (
        merchant_id, id, mode, account_id, payment_intent_id, reference, sent_reference, marker, amount, currency, email,
        state, fee_bearer, stopped_at, due_at, created_at, updated_at
      )
      select
        ${merchant.id}, ${uuidV7(random, now)}::uuid, ${mode}, ${accountId}::bigint,
        ${intentOfCharge(charge.reference)}::uuid, ${charge.reference}, ${charge.sentReference}, ${charge.marker},
        ${charge.amount}::bigint, ${charge.currency}, ${isSent ? charge.email : null}::text,
        ${isSent ? 'open' : 'failed'}, ${wantedBearer({ merchant, mode })}, max(f.stopped_at), ${dueAt}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
      from sent_charges f
      where f.merchant_id = ${merchant.id} and f.mode = ${mode}
        and f.payment_intent_id = ${intentOfCharge(charge.reference)}
        and split_part(f.reference, '~', 1) = ${charge.reference}
      on conflict do nothing
    `)
  }

  async function find({ merchant, mode }: Tenant, reference: string): Promise<SentCharge | null> {
    const [row] = await db.query<SentRow>(sql`
      select s.reference, s.amount, s.currency, s.sent_reference, s.marker, s.email, s.state <> 'open' as is_decided,
        s.stopped_at is not null or i.status = 'canceled' as is_stopped, s.page_url, s.page_code
      from sent_charges s
      join payment_intents i on i.merchant_id = s.merchant_id and i.id = s.payment_intent_id
      where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.reference = ${reference}
    `)
    return row === undefined ? null : readSent(row)
  }

  async function record(tenant: Tenant, charge: ChargeToSend, { isSent } = { isSent: true }): Promise<SentCharge> {
    const known = await find(tenant, charge.reference)
    if (known !== null) return known
    await insert(tenant, charge, { isSent })
    // Of two at once, the row of the first counts for both.
    return (await find(tenant, charge.reference)) as SentCharge
  }

  return {
    record: (tenant, charge) => record(tenant, charge),
    find,
    async rename(tenant, charge) {
      const { merchant, mode } = tenant
      await db.query(sql`
        update sent_charges set reference = ${`${charge.reference}~${randomCode(random, 6)}`}, updated_at = ${clock.now()}
        where merchant_id = ${merchant.id} and mode = ${mode} and reference = ${charge.reference}
      `)
      return record(tenant, charge)
    },
    async stop(tenant, charge) {
      await record(tenant, charge, { isSent: false })
      const now = clock.now()
      await db.query(sql`
        update sent_charges set stopped_at = ${now}, updated_at = ${now}
        where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and reference = ${charge.reference}
          and stopped_at is null
      `)
      return (await find(tenant, charge.reference)) as SentCharge
    },
    async refuse({ merchant }, { sentReference }) {
      await db.query(sql`
        update sent_charges set state = 'failed', due_at = null, updated_at = ${clock.now()}
        where merchant_id = ${merchant.id} and account_id = ${accountId} and sent_reference = ${sentReference}
          and state = 'open'
      `)
    },
    async keepPage(tenant, { sentReference }, { url, accessCode }) {
      const now = clock.now()
      await db.query(sql`
        update sent_charges set
          page_url = ${url}, page_code = ${accessCode}, updated_at = ${now},
          state = case state when 'failed' then 'open' else state end,
          due_at = case when state = 'failed' then ${new Date(now.getTime() + firstLookMs)}::timestamptz else due_at end
        where merchant_id = ${tenant.merchant.id} and account_id = ${accountId} and sent_reference = ${sentReference}
      `)
    },
  }
}

/** Money that arrived at an account without a charge of ours. */
export interface ArrivedCharge extends Pick<Charge, 'amount' | 'currency'> {
  accountId: bigint
  /** The account's own name of the payment. */
  sentReference: string
  /** The account's own id of the payment. */
  outsideId: string
}

/**
 * Records money that arrived as the one charge of the intent that was made for it, in the transaction that makes the intent. From
 * here on it is asked about, booked and refunded as a charge that was sent. Throws `reference_taken` for money that a person has
 * recorded by hand under the account's name of it.
 */
export async function insertArrivedCharge(
  { db, clock, random }: TxContext,
  { merchant, mode }: Tenant,
  intentUuid: string,
  { accountId, sentReference, outsideId, amount, currency }: ArrivedCharge,
): Promise<void> {
  const now = clock.now()
  const reference = `pi_${intentUuid}_1`
  const dueAt = new Date(now.getTime() + arrivedLookMs)
  const rows = await db.query(sql`
    insert into sent_charges (
      merchant_id, id, mode, account_id, payment_intent_id, reference, sent_reference, marker, amount, currency, state,
      fee_bearer, outside_id, due_at, created_at, updated_at
    )
    values (
      ${merchant.id}, ${uuidV7(random, now)}, ${mode}, ${accountId}, ${intentUuid}, ${reference}, ${sentReference}, null,
      ${amount}, ${currency}, 'open', ${wantedBearer({ merchant, mode })}, ${outsideId}, ${dueAt}, ${now}, ${now}
    )
    returning id
  `)
  if (rows.length === 0) {
    const message = `There is a pay-in with the reference ${JSON.stringify(sentReference)}`
    throw new ServiceError('reference_taken', message, 'reference')
  }
  await db.query(sql`
    update payment_intents set
      status = 'processing', charge_count = 1, charge_reference = ${reference}, account_id = ${accountId},
      charged_at = ${now}::timestamptz, due_at = ${dueAt}::timestamptz
    where merchant_id = ${merchant.id} and id = ${intentUuid}
  `)
}

/**
 * The charge that an account of the tenant knows by a name, as a query of its whole row. Names are random, so the account need not
 * be known: an account whose key was changed is another one here.
 */
export function sentUnder({ merchant, mode }: Tenant, sentReference: string): Sql {
  return sql`
    select s.*
    from processor_accounts a
    join sent_charges s on s.merchant_id = a.merchant_id and s.account_id = a.id and s.sent_reference = ${sentReference}
    where a.merchant_id = ${merchant.id} and a.mode = ${mode}
  `
}

/** The UUID of the payment intent that a charge belongs to: references are `pi_…_1`, `pi_…_2`, `pi_…_page`. */
function intentOfCharge(reference: string): string {
  return reference.split('_')[1] ?? ''
}

/** The reference of a charge that is paid on a page of the processor. A page that was lost or has failed is renamed. */
export function pageReference({ id }: { id: string }): string {
  return `${id}_page`
}

export function isOfPage(reference: string): boolean {
  return /_page(~|$)/.test(reference)
}

function readSent(row: SentRow): SentCharge {
  return {
    reference: row.reference,
    amount: row.amount,
    currency: row.currency,
    sentReference: row.sent_reference,
    marker: row.marker,
    email: row.email,
    isStopped: row.is_stopped,
    isDecided: row.is_decided,
    page: row.page_url === null ? null : { url: row.page_url, accessCode: row.page_code },
  }
}

/**
 * Whether an account's name of a payment is that of a charge which another merchant of this server has sent: they have the same account.
 * Such names are random, so no other account has one.
 */
export async function isSentByAnother({ db }: Context, tenant: Tenant, sentReference: string): Promise<boolean> {
  const [row] = await db.query<{ found: boolean }>(sql`
    select ${isChargedByAnother(tenant, sql`${sentReference}::text`)} as found
  `)
  return row?.found === true
}

/**
 * As `isSentByAnother`, as a condition on a name.
 *
 * @param id the account's id of the payment: also a transfer that another merchant has got is another's then. Its name is not random, but
 *   no two payments have name and id in common.
 */
export function isChargedByAnother({ merchant, mode }: Tenant, name: Sql, id = sql`null`): Sql {
  return sql`exists (
    select from processor_accounts o
    join sent_charges q
      on q.merchant_id = o.merchant_id and q.account_id = o.id and q.sent_reference = ${name}
        and (q.marker is not null or q.outside_id = ${id})
    where o.merchant_id <> ${merchant.id} and o.mode = ${mode}
  )`
}
