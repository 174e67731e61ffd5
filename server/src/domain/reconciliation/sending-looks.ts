import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns } from '../merchants/tenant.ts'
import { findKnownUntil, pauseSending } from '../payments/sending-pauses.ts'
import { isSentFromHere } from '../payouts/sent-references.ts'
import type { AccountStatement, StatementItem } from './account-statement.ts'

/*
 * A database that was restored from a backup does not know what was sent since. Sending that again would pay twice. So before a
 * server sends anything by an account, it reads the newest things of the account.
 */

type Base = Pick<Context, 'db' | 'clock' | 'vault'>

/** The things that are looked at: what bears a mark of ours was sent from here. */
const kinds = ['payout', 'refund', 'payment'] as const
type Kind = (typeof kinds)[number]

/** What is older is behind so many other things of the account that it is not looked for. */
const maxPages = 10

/**
 * Reads the newest payouts, refunds and payments of an account, back to one that is known. Pauses the tenant's sending if one was
 * sent from here and is unknown here. Answers whether all are known. Throws `UpstreamError`.
 */
export async function lookForUnknown(
  context: Base,
  tenant: Tenant,
  statement: Pick<AccountStatement, 'readPage'>,
): Promise<boolean> {
  const period = await findPeriod(context, tenant)
  const unknown: StatementItem[] = []
  for (const kind of kinds) unknown.push(...(await findUnknown(context, tenant, { kind, ...period }, statement)))
  const [first, ...others] = unknown
  if (first === undefined) return true
  const oldest = others.reduce((a, b) => (b.createdAt < a.createdAt ? b : a), first)
  const { reference, name, createdAt: since } = oldest
  await pauseSending(context, tenant, { cause: 'unknown_here', reference: reference ?? name, since })
  return false
}

interface Period {
  from: Date
  until: Date
}

/** The clock of an account may be behind ours by as much. */
const marginMs = 60 * 60 * 1000

/**
 * From the set-up of this database, before which nothing was sent from here, or from the end of the last pause. When the account was
 * chosen says nothing: in a restored database it may have to be chosen again.
 */
async function findPeriod(context: Base, tenant: Tenant): Promise<Period> {
  const until = context.clock.now()
  const since = await findSetUp(context, tenant)
  const knownUntil = await findKnownUntil(context, tenant)
  const from = knownUntil !== null && knownUntil > since ? knownUntil : since
  // The clock of the account may be ahead.
  return { from, until: new Date(Math.max(until.getTime(), from.getTime()) + 60_000) }
}

/** The set-up of this database, by the clock of an account: nothing was sent from here before. */
export async function findSetUp({ db, clock }: Pick<Context, 'db' | 'clock'>, { merchant }: Tenant): Promise<Date> {
  const [row] = await db.query<{ since: Date }>(sql`
    select least(m.created_at, (select i.created_at from installation i)) as since from merchants m
    where m.id = ${merchant.id}
  `)
  return new Date((row?.since ?? clock.now()).getTime() - marginMs)
}

async function findUnknown(
  context: Base,
  tenant: Tenant,
  question: Period & { kind: Kind },
  { readPage }: Pick<AccountStatement, 'readPage'>,
): Promise<StatementItem[]> {
  const unknown: StatementItem[] = []
  for (let page = 1; page <= maxPages; page++) {
    const { items, isLast } = await readPage(tenant, { ...question, page })
    const ours = items.filter(({ name }) => name !== null)
    const known = await findSent(context, tenant, question.kind, ours)
    const others = ours.filter((item) => !known.has(item.id) && isSince(item, question.from))
    unknown.push(...others.filter((item) => bearsOurMark(context, question.kind, item)))
    if (isLast || known.size > 0) break
  }
  return unknown
}

/** An account may list what is older than was asked for. One may tell the time of a thing in whole seconds. */
function isSince({ createdAt }: StatementItem, from: Date): boolean {
  return createdAt.getTime() >= Math.floor(from.getTime() / 1000) * 1000
}

/** The names of payouts say which installation has sent them. Those of refunds and payments do not. */
function bearsOurMark({ vault }: Base, kind: Kind, { name }: StatementItem): boolean {
  return kind !== 'payout' || (name !== null && isSentFromHere(vault, name))
}

/** The ids of those that were sent by this database: by the tenant, or by another one that has the same account. */
async function findSent(
  { db }: Base,
  { merchant, mode }: Tenant,
  kind: Kind,
  items: readonly StatementItem[],
): Promise<ReadonlySet<string>> {
  const known = new Set<string>()
  for (const owner of [sql`a.merchant_id = ${merchant.id}`, sql`a.merchant_id <> ${merchant.id}`]) {
    const left = items.filter(({ id }) => !known.has(id))
    if (left.length === 0) break
    const rows = await db.query<{ id: string }>(sql`
      select n.id
      from unnest(
        ${left.map(({ id }) => id)}::text[], ${left.map(({ name }) => name)}::text[],
        ${left.map(({ reference }) => reference)}::text[]
      ) n (id, name, reference)
      where exists (
        select from processor_accounts a ${sent[kind]} where a.mode = ${mode} and a.processor = 'paystack' and ${owner}
      )
    `)
    for (const { id } of rows) known.add(id)
  }
  return known
}

/** Joins the row of a thing of the name or reference `n`, if it was sent. */
const sent: Readonly<Record<Kind, Sql>> = {
  payout: sql`
    join payouts p on p.merchant_id = a.merchant_id and p.sent_reference = n.name and p.account_id is not null
  `,
  refund: sql`join refunds r on r.merchant_id = a.merchant_id and r.id = n.name::uuid and r.asked_at is not null`,
  payment: sql`
    join sent_charges c on c.merchant_id = a.merchant_id and c.account_id = a.id and c.sent_reference = n.reference
  `,
}

/** The part of the context that looks at accounts. */
export interface LookedAtAccounts {
  /**
   * Looks at an account, once for each start of the server. False while the sending of the tenant is paused. Throws `UpstreamError`
   * where the account cannot be read.
   */
  readonly lookAtAccount: (context: Context, tenant: Tenant, accountId: bigint) => Promise<boolean>
}

const atOnce = 8

/** Looks at all accounts in use, before anything else is sent: a webhook goes by no account. */
export async function lookAtAccounts(context: Context & LookedAtAccounts): Promise<void> {
  const rows = await context.db.query<TenantRow & { id: bigint }>(sql`
    select ${tenantColumns}, a.mode, a.id
    from processor_accounts a
    join merchants m on m.id = a.merchant_id
    where a.replaced_at is null and a.credentials is not null and m.closed_at is null
    order by a.merchant_id, a.id
  `)
  const waiting = rows.values()
  const looks = Array.from({ length: atOnce }, async () => {
    for (const row of waiting) await lookAt(context, readTenant(row), row.id)
  })
  await Promise.all(looks)
}

/** An account that cannot be read now is looked at again before anything is sent by it. */
async function lookAt(context: Context & LookedAtAccounts, tenant: Tenant, accountId: bigint): Promise<void> {
  const subject = `look at the account of ${tenant.merchant.code} in ${tenant.mode} mode`
  try {
    await context.lookAtAccount(context, tenant, accountId)
    context.failures.worked(subject)
  } catch (error) {
    context.failures.failed(subject, { err: error })
  }
}
