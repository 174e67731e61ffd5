import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import { type Currency, maxAmount, parseAmount } from '../../base/money.ts'
import { type Page, readPage } from '../../base/page.ts'
import { type NumberedPage, numberOrder, pageByNumber, pageOfMatches } from '../../db/numbered-lists.ts'
import { nothing, sql } from '../../db/sql.ts'
import { type Context, inTransaction, noteChange } from '../context.ts'
import { findCustomer } from '../customers/customers.ts'
import { checkMetadata, type Metadata } from '../customers/metadata.ts'
import type { Attempt } from '../idempotency/attempt.ts'
import { fingerprintOf } from '../idempotency/request.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'
import type { StepAnswer } from './charge-steps.ts'
import { isUnderWay, lookAgain } from './charging.ts'
import { lookAtPages } from './due-charges.ts'
import type { TypedCard, TypedPhone } from './instruments.ts'
import { readChannels, refuseOtherChannel } from './page-channels.ts'
import { refuseDenied } from './payers.ts'
import { getPaymentIntent, insertPaymentIntent, type PaymentIntent } from './payment-intent-records.ts'
import { confirmPaymentIntent } from './payment-intents.ts'
import {
  type HostedPages,
  type PageChannel,
  type PaymentsContext,
  type ProcessorChoice,
  requireProcessor,
} from './payment-processor.ts'
import { noEmail, openProcessorPage } from './processor-pages.ts'
import { submitToIntent } from './submitting.ts'

/** `payin` fills the customer's cash balance, `payment` pays the merchant. */
export type CheckoutPurpose = 'payment' | 'payin'
export type CheckoutStatus = 'open' | 'complete' | 'expired'

/** A hosted page on which a person pays. Amount, status and expiry are those of its payment intent. */
export interface CheckoutSession {
  /** `checkout_sess_…`: also the page's address, and its only secret. */
  id: string
  paymentIntentId: string
  purpose: CheckoutPurpose
  customerCode: string | null
  productId: string | null
  /** The person is sent to the first address after paying, and to the second by the link to give up. */
  successUrl: string | null
  cancelUrl: string | null
  /** The line items as the merchant gave them. */
  lineItems: LineItem[] | null
  /** Minor units. */
  amount: bigint
  currency: Currency
  status: CheckoutStatus
  metadata: Metadata | null
  /** The look of the page, as the merchant gave it. */
  hostedConfig: HostedConfig | null
  /** The channels that the page offers, by the methods of its look; null for all channels. */
  channels: readonly PageChannel[] | null
  expiresAt: Date
  createdAt: Date
  updatedAt: Date
}

/** The look of a page. Only its methods have an effect here. */
export interface HostedConfig {
  /** The ways to pay that the page offers. None, and no list, mean all ways. */
  methods?: PageMethod[] | undefined
  [more: string]: unknown
}

export type PageMethod = 'card' | 'wallet' | 'bank'

/** The channel of each way to pay. A wallet is an account with a mobile money operator. No page here debits a bank account. */
const channelOf: Readonly<Record<PageMethod, PageChannel | null>> = { card: 'card', wallet: 'mobile_money', bank: null }

export interface LineItem {
  /** Minor units for one item. */
  amount: number | string
  currency: string
  /** A whole number, default 1. */
  quantity?: number | undefined
  [more: string]: unknown
}

interface CheckoutSessionRow {
  id: string
  payment_intent_id: string
  purpose: CheckoutPurpose
  customer_code: string | null
  product_id: string | null
  success_url: string | null
  cancel_url: string | null
  line_items: LineItem[] | null
  amount: bigint
  currency: Currency
  status: CheckoutStatus
  metadata: Metadata | null
  hosted_config: HostedConfig | null
  expires_at: Date
  created_at: Date
  updated_at: Date
}

const columns = sql`
  s.id, s.payment_intent_id, s.purpose, c.code as customer_code, s.product_id, s.success_url, s.cancel_url,
  s.line_items, i.amount, i.currency, s.metadata, s.hosted_config, i.expires_at, s.created_at, i.updated_at,
  case i.status when 'succeeded' then 'complete' when 'canceled' then 'expired' else 'open' end as status
`
const withIntent = sql`
  left join payment_intents i on i.merchant_id = s.merchant_id and i.id = s.payment_intent_id
  left join customers c on c.merchant_id = s.merchant_id and c.id = s.customer_id
`

const lifetimeMs = 48 * 60 * 60 * 1000

export interface NewCheckoutSession {
  purpose: CheckoutPurpose
  /** Required for a payin. */
  customerCode?: string | undefined
  productId?: string | undefined
  successUrl?: string | undefined
  cancelUrl?: string | undefined
  lineItems?: LineItem[] | undefined
  /** Default: the sum of the line items. */
  totalAmount?: number | string | undefined
  currency: string
  metadata?: Metadata | undefined
  hostedConfig?: HostedConfig | undefined
}

/**
 * Makes a page on which a person pays within 48 hours. Throws `not_available`, `invalid_request`, `currency_not_held`,
 * `customer_not_found`, `customer_denied`.
 */
export async function createCheckoutSession(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  input: NewCheckoutSession,
): Promise<CheckoutSession> {
  const { pages, openPage } = await requireProcessor(context, tenant)
  readMethods(pages.channels, input.hostedConfig)
  const currency = heldCurrency(tenant.merchant, input.currency)
  const amount = totalOf(input, currency)
  checkMetadata(input.metadata ?? null)
  if (input.purpose === 'payin' && input.customerCode === undefined) {
    throw new ServiceError('invalid_request', 'customerId is required for a payin: whose balance to fill', 'customerId')
  }
  const customer =
    input.customerCode === undefined ? null : await findCustomer(context, tenant, { code: input.customerCode })
  if (customer !== null) refuseDenied(customer)
  if (openPage !== null && !customer?.email) throw noEmail()

  const now = context.clock.now()
  const uuid = uuidV7(context.random, now)
  const intentUuid = uuidV7(context.random, now)
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  await inTransaction(context, async (tx) => {
    await insertPaymentIntent(tx, tenant, {
      uuid: intentUuid,
      customerId: input.purpose === 'payin' ? (customer?.id ?? null) : null,
      paymentMethodId: null,
      checkoutSessionUuid: uuid,
      amount,
      currency,
      description: input.purpose === 'payin' ? 'Top-up by checkout' : 'Payment by checkout',
      metadata: input.metadata ?? null,
      idempotencyKey: nameOf(uuid),
      fingerprint: fingerprintOf(context.vault, 'checkout session', {}),
      expiresAt: new Date(now.getTime() + lifetimeMs),
      arrivedAt: null,
    })
    await tx.db.query(sql`
      with counter as (
        insert into payment_numbers as k (merchant_id, mode, checkout_session_count)
        values (${tenant.merchant.id}, ${tenant.mode}, 1)
        on conflict (merchant_id, mode) do update set checkout_session_count = k.checkout_session_count + 1
        returning k.checkout_session_count
      )
      insert into checkout_sessions (
        merchant_id, id, mode, number, payment_intent_id, purpose, customer_id, product_id, success_url, cancel_url,
        line_items, metadata, hosted_config, created_at
      )
      select
        ${tenant.merchant.id}, ${uuid}::uuid, ${tenant.mode}, counter.checkout_session_count, ${intentUuid}::uuid,
        ${input.purpose}, ${customer?.id ?? null}::bigint, ${input.productId ?? null}, ${input.successUrl ?? null},
        ${input.cancelUrl ?? null}, ${json(input.lineItems)}::json, ${json(input.metadata)}::json,
        ${json(input.hostedConfig)}::json, ${now}::timestamptz
      from counter
    `)
  })
  const { purpose } = input
  noteChange(context, { object: nameOf(uuid), after: { purpose, amount: String(amount), currency } })
  return getCheckoutSession(context, tenant, nameOf(uuid))
}

/** Throws `checkout_session_not_found`. */
export async function getCheckoutSession(context: Context, tenant: Tenant, id: string): Promise<CheckoutSession> {
  const uuid = uuidOfSession(id)
  const rows =
    uuid === null
      ? []
      : await context.db.query<CheckoutSessionRow>(sql`
          select ${columns} from checkout_sessions s ${withIntent}
          where s.merchant_id = ${tenant.merchant.id} and s.mode = ${tenant.mode} and s.id = ${uuid}
        `)
  if (rows[0] === undefined) throw sessionNotFound(id)
  return readSession(rows[0])
}

export interface CheckoutSessionFilter {
  /** Sessions with any of these statuses. */
  statuses?: readonly string[] | undefined
  /** Any of these sessions, by id. */
  ids?: readonly string[] | undefined
  /** Sessions of any of these customers, by code. */
  customerCodes?: readonly string[] | undefined
}

/** By number: newest or oldest first. Sessions are numbered, so without a filter any page and the total are index look-ups. */
export async function listCheckoutSessions(
  context: Context,
  tenant: Tenant,
  filter: CheckoutSessionFilter,
  page: NumberedPage,
): Promise<Page<CheckoutSession>> {
  const isFiltered = Object.values(filter).some((values) => values !== undefined)
  const { total, rows } = isFiltered
    ? pageOfMatches(matchesOf(tenant, filter), page)
    : pageByNumber(allOf(tenant), tenant, page)
  const statement = sql`
    select t.total, ${columns}
    from (${total}) t
    left join (${rows}) s on true
    ${withIntent}
    order by ${numberOrder(sql`s`, page)}
  `
  const find = () => context.db.query<CheckoutSessionRow & { total: bigint }>(statement)
  const found = await (isFiltered ? largeRead(context, tenant, find) : find())
  return readPage(found, readSession)
}

function allOf({ merchant, mode }: Tenant) {
  const last = sql`
    select coalesce(max(checkout_session_count), 0) from payment_numbers
    where merchant_id = ${merchant.id} and mode = ${mode}
  `
  return { table: sql`checkout_sessions`, first: sql`1`, last }
}

/** The condition on the payment intent `p`, by the status of its session. */
const statusConditions = new Map([
  ['complete', sql`p.status = 'succeeded'`],
  ['expired', sql`p.status = 'canceled'`],
  ['open', sql`p.status not in ('succeeded', 'canceled')`],
])

/** With `n` for the sessions. A status that no session has, and an id that is none, match nothing. */
function matchesOf({ merchant, mode }: Tenant, { statuses, ids, customerCodes }: CheckoutSessionFilter) {
  const withStatus = statuses
    ?.flatMap((status) => statusConditions.get(status) ?? [])
    .reduce((all, each) => sql`${all} or ${each}`, sql`false`)
  const uuids = ids?.flatMap((id) => uuidOfSession(id) ?? [])
  const customers = sql`
    select c.id from customers c
    where c.merchant_id = ${merchant.id} and c.mode = ${mode} and c.code = any(${[...(customerCodes ?? [])]}::text[])
  `
  return sql`
    from payment_intents p
    join checkout_sessions n on n.merchant_id = p.merchant_id and n.id = p.checkout_session_id
    where p.merchant_id = ${merchant.id} and p.mode = ${mode}
      ${withStatus === undefined ? nothing : sql`and (${withStatus})`}
      ${uuids === undefined ? nothing : sql`and n.id = any(${uuids}::uuid[])`}
      ${customerCodes === undefined ? nothing : sql`and n.customer_id = any(array(${customers}))`}
  `
}

/** A session whose page a person has opened. The address of the page is the only secret. */
export interface OpenedCheckout {
  tenant: Tenant
  session: CheckoutSession
  intent: PaymentIntent
  pages: HostedPages
  /** It is paid on a page of the processor. */
  isElsewhere: boolean
}

/**
 * The session as its page shows it now: about a payment under way the processor is asked first. Throws
 * `checkout_session_not_found`, `not_available`.
 */
export async function openCheckout(context: PaymentsContext, id: string): Promise<OpenedCheckout> {
  const tenant = await findSessionTenant(context, id)
  const { paymentIntentId } = await getCheckoutSession(context, tenant, id)
  const intent = await getPaymentIntent(context, tenant, paymentIntentId)
  const settled = isUnderWay(intent)
    ? await lookAgain(context, tenant, intent)
    : await lookAtPages(context, tenant, intent)
  return openedBy(context, tenant, id, settled)
}

/**
 * Pays the session, once for an attempt. A session that is paid or under way is not charged again. Throws
 * `checkout_session_not_found`, `payment_intent_not_open`, `invalid_request`, `customer_denied`, `not_available`.
 */
export async function payCheckout(
  context: PaymentsContext,
  { id, instrument }: { id: string; instrument: TypedCard | TypedPhone },
  attempt: Attempt,
): Promise<OpenedCheckout> {
  const tenant = await findSessionTenant(context, id)
  const session = await getCheckoutSession(context, tenant, id)
  refuseOtherChannel(session.channels, instrument)
  if (session.customerCode !== null && session.status === 'open') {
    refuseDenied(await findCustomer(context, tenant, { code: session.customerCode }))
  }
  const confirmation = { id: session.paymentIntentId, instrument, canAsk: true }
  const intent = await confirmPaymentIntent(context, tenant, confirmation, attempt)
  return openedBy(context, tenant, id, intent)
}

/**
 * Gives the payer's answer to the question that the page shows. Throws `checkout_session_not_found`, `not_available`, and
 * `invalid_request` for an answer that is not asked for.
 */
export async function answerCheckout(
  context: PaymentsContext,
  { id, answer }: { id: string; answer: StepAnswer },
): Promise<OpenedCheckout> {
  const tenant = await findSessionTenant(context, id)
  const { paymentIntentId } = await getCheckoutSession(context, tenant, id)
  const intent = await submitToIntent(context, tenant, { id: paymentIntentId, answer })
  return openedBy(context, tenant, id, intent)
}

async function openedBy(
  context: PaymentsContext,
  tenant: Tenant,
  id: string,
  intent: PaymentIntent,
): Promise<OpenedCheckout> {
  const { pages, openPage } = await requireProcessor(context, tenant)
  const session = await getCheckoutSession(context, tenant, id)
  return { tenant, session, intent, pages, isElsewhere: openPage !== null }
}

/** The address of the processor's page on which an opened session is paid, from which the payer comes back to `callbackUrl`. */
export async function leadToCheckout(
  context: PaymentsContext,
  { tenant, session, intent }: OpenedCheckout,
  callbackUrl: string,
): Promise<string | null> {
  const wishes = { callbackUrl, channels: session.channels ?? undefined }
  return (await openProcessorPage(context, tenant, intent, wishes))?.url ?? null
}

/** Whose checkout session it is. Throws `checkout_session_not_found`. */
export async function findSessionTenant(context: Context, id: string): Promise<Tenant> {
  const uuid = uuidOfSession(id)
  const rows =
    uuid === null
      ? []
      : await context.db.query<TenantRow>(sql`
          select s.mode, ${tenantColumns}
          from checkout_sessions s
          join merchants m on m.id = s.merchant_id
          left join customers c on c.merchant_id = s.merchant_id and c.id = s.customer_id
          where s.id = ${uuid} and c.deleted_at is null
        `)
  if (rows[0] === undefined) throw sessionNotFound(id)
  return readTenant(rows[0])
}

/**
 * The amount given, or the sum of the line items: of each item, its amount times its quantity. A given amount is charged
 * as it is. It may differ from the sum, by a tax, a delivery or a discount.
 */
function totalOf({ totalAmount, lineItems = [] }: NewCheckoutSession, currency: Currency): bigint {
  const items = lineItems.map((item, i) => {
    if (item.currency.trim().toUpperCase() !== currency) {
      const message = `lineItems.${i}.currency must be the session's, ${currency}, not "${item.currency}"`
      throw new ServiceError('invalid_request', message, 'lineItems')
    }
    return parseAmount(item.amount, `lineItems.${i}.amount`) * BigInt(item.quantity ?? 1)
  })
  if (totalAmount !== undefined) return parseAmount(totalAmount, 'totalAmount')
  if (items.length === 0) {
    throw new ServiceError('invalid_request', 'totalAmount is required, or lineItems that add up to it', 'totalAmount')
  }
  const total = items.reduce((sum, amount) => sum + amount, 0n)
  if (total <= maxAmount) return total
  const message = `lineItems add up to ${total} minor units, more than the largest amount, ${maxAmount}`
  throw new ServiceError('invalid_request', message, 'lineItems')
}

/** Throws `invalid_request` for methods of which no page here offers one. */
function readMethods(offered: readonly PageChannel[], config: HostedConfig | undefined): void {
  const channels = channelsOf(config ?? null)
  if (channels === null) return
  const words = Object.entries(channelOf).filter(([, channel]) => channel !== null && offered.includes(channel))
  readChannels(offered, channels, { field: 'hostedCheckoutConfig.methods', words: words.map(([method]) => method) })
}

function channelsOf(config: HostedConfig | null): PageChannel[] | null {
  const methods = config?.methods ?? []
  return methods.length === 0 ? null : methods.flatMap((method) => channelOf[method] ?? [])
}

function sessionNotFound(id: string): ServiceError {
  return new ServiceError('checkout_session_not_found', `There is no checkout session "${id}"`)
}

function nameOf(uuid: string): string {
  return `checkout_sess_${uuid}`
}

/** Null for a text that is no name of a session. */
function uuidOfSession(id: string): string | null {
  const uuid = id.startsWith('checkout_sess_') ? id.slice('checkout_sess_'.length) : ''
  return isUuid(uuid) ? uuid : null
}

function readSession(row: CheckoutSessionRow): CheckoutSession {
  return {
    id: nameOf(row.id),
    paymentIntentId: `pi_${row.payment_intent_id}`,
    purpose: row.purpose,
    customerCode: row.customer_code,
    productId: row.product_id,
    successUrl: row.success_url,
    cancelUrl: row.cancel_url,
    lineItems: row.line_items,
    amount: row.amount,
    currency: row.currency,
    status: row.status,
    metadata: row.metadata,
    hostedConfig: row.hosted_config,
    channels: channelsOf(row.hosted_config),
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
