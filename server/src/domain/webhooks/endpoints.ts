import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import type { Page, PageRequest, Sort } from '../../base/page.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { type Context, inTransaction, lockCount, noteChange, type TxContext } from '../context.ts'
import type { Metadata } from '../customers/metadata.ts'
import type { EventType, WebhookStyle } from '../events/events.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import { endpointName } from './ids.ts'
import { literalAddress } from './reach.ts'
import type { SenderChoice } from './sender.ts'
import { newWebhookSecret } from './signatures.ts'

/** An address of the merchant that is told of events. */
export interface WebhookEndpoint {
  id: string
  style: WebhookStyle
  url: string
  /** The types of event it is told of. Null for every event that its style has a name for. */
  eventTypes: EventType[] | null
  metadata: Metadata | null
  /** When sending to it ended, by hand or after long failure. */
  disabledAt: Date | null
  disabledReason: string | null
  /** The time since which no delivery has been acknowledged. Null for an endpoint that works. */
  failingSince: Date | null
  /** Until this time deliveries are signed with the former secret as well. */
  previousSecretExpiresAt: Date | null
  createdAt: Date
  updatedAt: Date
}

interface EndpointRow {
  id: string
  style: WebhookStyle
  url: string
  event_types: EventType[] | null
  metadata: Metadata | null
  disabled_at: Date | null
  disabled_reason: string | null
  failing_since: Date | null
  previous_secret_expires_at: Date | null
  created_at: Date
  updated_at: Date
}

const columns = sql`
  w.id, w.style, w.url, w.event_types, w.metadata, w.disabled_at, w.disabled_reason, w.failing_since,
  w.previous_secret_expires_at, w.created_at, w.updated_at
`

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The purpose that the secret of an endpoint is sealed for. */
export const secretContext = 'webhook'

export interface NewWebhookEndpoint {
  url: string
  eventTypes?: EventType[] | undefined
  metadata?: Metadata | undefined
}

/**
 * Adds an address that is told of events by the Standard Webhooks convention. Answers its secret, `whsec_` and 32
 * characters of base64. The secret cannot be seen again. Throws `invalid_request`, `too_many_endpoints`.
 */
export async function createWebhookEndpoint(
  context: Context & SenderChoice,
  tenant: Tenant,
  input: NewWebhookEndpoint,
): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
  const secret = newWebhookSecret(context.random)
  return inTransaction(context, async (tx) => {
    await lockCount(tx, tenant, 'webhook_endpoints')
    const [row] = await tx.db.query<{ count: bigint }>(sql`
      select count(*) as count from webhook_endpoints
      where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and style = 'standard' and deleted_at is null
    `)
    const { endpoints } = tx.limits
    if (Number(row?.count) >= endpoints) {
      const message = `There are ${row?.count} webhook endpoints already, and ${endpoints} are allowed; delete one first`
      throw new ServiceError('too_many_endpoints', message)
    }
    const endpoint = await insertEndpoint(tx, tenant, { ...input, style: 'standard', secret })
    return { endpoint, secret }
  })
}

/**
 * Sets the only address of the mode that is told of events as Paystack tells them. Deliveries that still wait go to
 * the new address too. Deliveries are signed with `secretKey`, an API key of the mode. Throws `invalid_request`.
 */
export async function setPaystackWebhook(
  context: Context & SenderChoice,
  tenant: Tenant,
  url: string,
  secretKey: string,
): Promise<WebhookEndpoint> {
  return insertEndpoint(context, tenant, { url, style: 'paystack', secret: secretKey })
}

async function insertEndpoint(
  context: Context & SenderChoice,
  tenant: Tenant,
  input: NewWebhookEndpoint & { style: WebhookStyle; secret: string },
): Promise<WebhookEndpoint> {
  const now = context.clock.now()
  const [row] = await context.db.query<EndpointRow>(sql`
    insert into webhook_endpoints as w (
      merchant_id, id, mode, style, url, event_types, metadata, secret, created_at, updated_at
    )
    values (
      ${tenant.merchant.id}, ${uuidV7(context.random, now)}, ${tenant.mode}, ${input.style},
      ${readWebhookUrl(context, input.url, tenant.mode)}, ${input.eventTypes ?? null}::text[],
      ${input.metadata === undefined ? null : JSON.stringify(input.metadata)},
      ${context.vault.seal(input.secret, secretContext)}, ${now}, ${now}
    )
    on conflict (merchant_id, mode) where style = 'paystack' and deleted_at is null
    do update set
      url = excluded.url, secret = excluded.secret, updated_at = excluded.updated_at,
      disabled_at = null, disabled_reason = null, failing_since = null
    returning ${columns}
  `)
  const endpoint = readEndpoint(row as EndpointRow)
  noteChange(context, { object: endpointName(endpoint.id), after: { style: endpoint.style, ...settingsOf(endpoint) } })
  return endpoint
}

export interface EndpointFilter {
  style?: WebhookStyle | undefined
  ids?: readonly string[] | undefined
  urls?: readonly string[] | undefined
  /** Whether an endpoint is told of events: true, false or both. */
  active?: readonly boolean[] | undefined
}

/** The fields by which endpoints can be sorted. A tenant has few, so all are read. */
export type EndpointField = 'createdAt' | 'updatedAt' | 'url' | 'id'

const sortedColumns: Record<EndpointField, (table: Sql) => Sql> = {
  createdAt: (table) => sql`${table}.created_at`,
  updatedAt: (table) => sql`${table}.updated_at`,
  url: (table) => sql`${table}.url collate "C"`,
  id: (table) => sql`${table}.id`,
}

/** Newest first, or by a field. */
export async function listWebhookEndpoints(
  context: Context,
  tenant: Tenant,
  filter: EndpointFilter,
  page: PageRequest & { sort?: Sort<EndpointField> | undefined },
): Promise<Page<WebhookEndpoint>> {
  const { by, direction } = page.sort ?? { by: 'createdAt', direction: 'desc' }
  const order = (table: Sql) => {
    const ends = direction === 'asc' ? sql`asc` : sql`desc`
    return sql`${sortedColumns[by](table)} ${ends}, ${table}.id ${ends}`
  }
  const rows = await context.db.query<EndpointRow & { total: bigint }>(sql`
    with kept as materialized (
      select k.id from webhook_endpoints k
      where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode} and k.deleted_at is null
        and k.style = coalesce(${filter.style ?? null}, k.style)
        and k.id = any(coalesce(${filter.ids?.filter((id) => idPattern.test(id)) ?? null}::uuid[], array[k.id]))
        and k.url = any(coalesce(${filter.urls ?? null}::text[], array[k.url]))
        and (k.disabled_at is null) = any(coalesce(${filter.active ?? null}::boolean[], array[true, false]))
      order by ${order(sql`k`)}
    )
    select t.total, ${columns}
    from (select count(*) as total from kept) t
    left join (select id from kept limit ${page.limit} offset ${page.offset}) k on true
    left join webhook_endpoints w on w.merchant_id = ${tenant.merchant.id} and w.id = k.id
    order by ${order(sql`w`)}
  `)
  return { items: rows.filter((row) => row.id !== null).map(readEndpoint), total: Number(rows[0]?.total ?? 0) }
}

/** An endpoint that a key has made, changed or given a new secret. */
export interface TouchedEndpoint {
  id: string
  style: WebhookStyle
  url: string
  /** One of the keys added it, or was the last to set it in Paystack's style. */
  isMade: boolean
}

/** The endpoints that one of the keys has written to, as the trail tells. */
export async function listEndpointsTouchedBy(
  context: Context,
  { merchant, mode }: Tenant,
  apiKeyIds: readonly string[],
): Promise<TouchedEndpoint[]> {
  const rows = await context.db.query<{ id: string; style: WebhookStyle; url: string; is_made: boolean | null }>(sql`
    select w.id, w.style, w.url, (
      select a.api_key_id = any(${apiKeyIds}::uuid[]) from trail t
      join actors a on a.merchant_id = t.merchant_id and a.id = t.actor_id
      where t.merchant_id = w.merchant_id and t.object = 'we_' || w.id::text and t.action = 'createWebhookEndpoint'
      order by t.id desc
      limit 1
    ) as is_made
    from webhook_endpoints w
    where w.merchant_id = ${merchant.id} and w.mode = ${mode} and w.deleted_at is null and exists (
      select 1 from trail t
      join actors a on a.merchant_id = t.merchant_id and a.id = t.actor_id
      where t.merchant_id = w.merchant_id and t.object = 'we_' || w.id::text and a.api_key_id = any(${apiKeyIds}::uuid[])
    )
    order by w.id
  `)
  return rows.map(({ is_made, ...row }) => ({ ...row, isMade: is_made === true }))
}

/** Throws `webhook_endpoint_not_found`. */
export function getWebhookEndpoint(context: Context, tenant: Tenant, id: string): Promise<WebhookEndpoint> {
  return selectEndpoint(context, tenant, id, nothing)
}

async function selectEndpoint(context: Context, tenant: Tenant, id: string, lock: Sql): Promise<WebhookEndpoint> {
  const rows = idPattern.test(id)
    ? await context.db.query<EndpointRow>(sql`
        select ${columns} from webhook_endpoints w
        where w.merchant_id = ${tenant.merchant.id} and w.mode = ${tenant.mode} and w.id = ${id} and w.deleted_at is null
        ${lock}
      `)
    : []
  if (rows[0] === undefined) throw endpointNotFound(id)
  return readEndpoint(rows[0])
}

/** A disabled endpoint that is enabled is told of the events that happen from then on. */
export interface EndpointChange {
  url?: string | undefined
  eventTypes?: EventType[] | null | undefined
  enabled?: boolean | undefined
  /** When the endpoint was last updated, as far as the caller knows. */
  seenAt?: Date | undefined
}

/** Throws `webhook_endpoint_not_found`, `invalid_request`, and `changed_meanwhile` for an endpoint that was updated after `seenAt`. */
export async function updateWebhookEndpoint(
  context: Context & SenderChoice,
  tenant: Tenant,
  id: string,
  change: EndpointChange,
): Promise<WebhookEndpoint> {
  const url = change.url === undefined ? null : readWebhookUrl(context, change.url, tenant.mode)
  const now = context.clock.now()
  return inTransaction(context, async (tx) => {
    const current = await selectEndpoint(tx, tenant, id, sql`for no key update`)
    if (change.seenAt !== undefined && change.seenAt.getTime() !== current.updatedAt.getTime()) {
      const message = `The endpoint was changed at ${current.updatedAt.toISOString()}, after you have read it; read it again`
      throw new ServiceError('changed_meanwhile', message)
    }
    if (change.enabled === false && current.disabledAt === null) {
      await disableEndpoint(tx, tenant.merchant.id, id, 'Disabled by hand')
    }
    // Once it is enabled, nothing of before may be sent: a moment after it was disabled some may still wait.
    if (change.enabled === true && current.disabledAt !== null) {
      await giveUpDeliveries(tx, tenant.merchant.id, id, 'The endpoint was disabled', null)
    }
    const [row] = await tx.db.query<EndpointRow>(sql`
      update webhook_endpoints w set
        url = coalesce(${url}, w.url),
        event_types = case
          when ${change.eventTypes !== undefined}::boolean then ${change.eventTypes ?? null}::text[] else w.event_types
        end,
        disabled_at = case when ${change.enabled === true}::boolean then null else w.disabled_at end,
        disabled_reason = case when ${change.enabled === true}::boolean then null else w.disabled_reason end,
        failing_since = case when ${change.enabled === true}::boolean then null else w.failing_since end,
        updated_at = ${now}
      where w.merchant_id = ${tenant.merchant.id} and w.mode = ${tenant.mode} and w.id = ${id} and w.deleted_at is null
      returning ${columns}
    `)
    if (row === undefined) throw endpointNotFound(id)
    const changed = readEndpoint(row)
    noteChange(tx, { object: endpointName(id), before: settingsOf(current), after: settingsOf(changed) })
    return changed
  })
}

/** The settings of an endpoint, for the trail. */
function settingsOf({ url, eventTypes, disabledAt }: WebhookEndpoint) {
  return { url, eventTypes, enabled: disabledAt === null }
}

/**
 * Gives the endpoint a new secret and answers the secret. For `overlapMs` deliveries are signed with the former secret
 * as well, so that a receiver has the time to change over. Throws `webhook_endpoint_not_found`. Throws
 * `invalid_request` for an endpoint in Paystack's style, whose secret is an API key.
 */
export async function rotateWebhookSecret(
  context: Context,
  tenant: Tenant,
  id: string,
  overlapMs: number,
): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
  const { style } = await getWebhookEndpoint(context, tenant, id)
  if (style === 'paystack') {
    const message = 'A Paystack endpoint is signed with the API key that set it; set it again with the new key'
    throw new ServiceError('invalid_request', message)
  }
  const secret = newWebhookSecret(context.random)
  const now = context.clock.now()
  const [row] = await context.db.query<EndpointRow>(sql`
    update webhook_endpoints w set
      previous_secret = w.secret, previous_secret_expires_at = ${new Date(now.getTime() + overlapMs)},
      secret = ${context.vault.seal(secret, secretContext)}, updated_at = ${now}
    where w.merchant_id = ${tenant.merchant.id} and w.mode = ${tenant.mode} and w.id = ${id} and w.deleted_at is null
    returning ${columns}
  `)
  if (row === undefined) throw endpointNotFound(id)
  const endpoint = readEndpoint(row)
  const previousSecretExpiresAt = endpoint.previousSecretExpiresAt?.toISOString() ?? null
  noteChange(context, { object: endpointName(id), after: { secret: 'replaced', previousSecretExpiresAt } })
  return { endpoint, secret }
}

/** Deliveries that still wait are given up. Answers the time of the removal. Throws `webhook_endpoint_not_found`. */
export async function deleteWebhookEndpoint(context: Context, tenant: Tenant, id: string): Promise<Date> {
  const current = await getWebhookEndpoint(context, tenant, id)
  noteChange(context, {
    object: endpointName(id),
    merchantId: tenant.merchant.id,
    mode: tenant.mode,
    before: settingsOf(current),
    after: { deleted: true },
  })
  return inTransaction(context, (tx) => removeEndpoint(tx, tenant, id))
}

async function removeEndpoint(tx: TxContext, tenant: Tenant, id: string): Promise<Date> {
  const now = tx.clock.now()
  await tx.db.query(sql`
    update webhook_endpoints set deleted_at = ${now}, updated_at = ${now}
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and id = ${id} and deleted_at is null
  `)
  await giveUpDeliveries(tx, tenant.merchant.id, id, 'The endpoint was deleted')
  return now
}

/** Ends all sending to the endpoint, for the reason given. */
export async function disableEndpoint(tx: TxContext, merchantId: number, id: string, reason: string): Promise<void> {
  const now = tx.clock.now()
  await tx.db.query(sql`
    update webhook_endpoints set disabled_at = ${now}, disabled_reason = ${reason}, updated_at = ${now}
    where merchant_id = ${merchantId} and id = ${id} and disabled_at is null
  `)
  await giveUpDeliveries(tx, merchantId, id, 'The endpoint was disabled')
}

/** One commit gives up so many. All that wait for an endpoint may be very many. */
const givenUpAtOnce = 200

/** Gives up the oldest deliveries of an endpoint that is told of nothing any more; `giveUpStrayDeliveries` the rest. */
async function giveUpDeliveries(
  tx: TxContext,
  merchantId: number,
  id: string,
  reason: string,
  limit: number | null = givenUpAtOnce,
): Promise<void> {
  const now = tx.clock.now()
  await tx.db.query(sql`
    update deliveries set
      status = 'failed', failure_reason = ${reason}, next_attempt_at = null, claimed_until = null, updated_at = ${now}
    where merchant_id = ${merchantId} and id = any(array(${waitingOf(merchantId, id, limit)}))
  `)
}

function waitingOf(merchantId: number, id: string, limit: number | null): Sql {
  return sql`
    select o.id from deliveries o
    where o.merchant_id = ${merchantId} and o.endpoint_id = ${id} and o.status = 'pending'
    order by o.id
    limit ${limit}
  `
}

/**
 * Gives up the deliveries that still wait for an endpoint that was deleted or disabled: those that were too many for its commit,
 * and those that were recorded at that moment by a transaction that did not see the change yet. Answers their number.
 */
export async function giveUpStrayDeliveries(context: Context, signal?: AbortSignal): Promise<number> {
  let sum = 0
  while (!signal?.aborted) {
    const begunAt = performance.now()
    const now = context.clock.now()
    const recently = new Date(now.getTime() - 60 * 60 * 1000)
    const rows = await context.db.query(sql`
      update deliveries d set
        status = 'failed', failure_reason = 'The endpoint is no longer told', next_attempt_at = null, claimed_until = null,
        updated_at = ${now}
      from (
        select o.merchant_id, o.id from webhook_endpoints w
        cross join lateral (
          select * from deliveries o
          where o.merchant_id = w.merchant_id and o.endpoint_id = w.id and o.status = 'pending'
          order by o.id
          limit ${givenUpAtOnce}
        ) o
        where w.deleted_at > ${recently} or w.disabled_at > ${recently}
        limit ${givenUpAtOnce}
      ) stray
      where d.merchant_id = stray.merchant_id and d.id = stray.id and d.status = 'pending'
      returning d.id
    `)
    sum += rows.length
    if (rows.length < givenUpAtOnce) return sum
    await sleep(performance.now() - begunAt, undefined, { signal }).catch(() => {})
  }
  return sum
}

/**
 * Answers the URL as it will be used. Throws `invalid_request` for a URL that must not be sent to.
 *
 * @param field the name of its member
 */
export function readWebhookUrl({ webhookSender }: SenderChoice, text: string, mode: Mode, field = 'url'): string {
  const badUrl = (rule: string) => new ServiceError('invalid_request', `${field} ${rule}`, field)

  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || text.length > 2000) {
    throw badUrl(`must be an http or https URL of at most 2000 characters, not ${JSON.stringify(text.slice(0, 100))}`)
  }
  if (url.username !== '' || url.password !== '') throw badUrl('must not carry a user name or password')
  if (mode === 'live' && url.protocol !== 'https:') throw badUrl('must begin with https:// in live mode')
  if (url.port === '0') throw badUrl('must not have the port 0, to which nothing can be sent')
  const address = literalAddress(url)
  if (address !== null && !webhookSender.mayReach(address, mode)) {
    throw badUrl(`must not be ${address}, an address that webhooks of ${mode} mode are not sent to on this server`)
  }
  if (mode === 'live' && /(^|\.)localhost\.?$/.test(url.hostname)) throw badUrl('must not be this machine in live mode')
  return url.href
}

function endpointNotFound(id: string): ServiceError {
  return new ServiceError('webhook_endpoint_not_found', `There is no webhook endpoint "${endpointName(id)}"`)
}

function readEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    style: row.style,
    url: row.url,
    eventTypes: row.event_types,
    metadata: row.metadata,
    disabledAt: row.disabled_at,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since,
    previousSecretExpiresAt: row.previous_secret_expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
