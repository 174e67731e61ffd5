import { ServiceError } from '../../base/errors.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, lockCount, noteChange, type TxContext } from '../context.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'

/** `manual` is money that moves outside any API. */
export const processorNames = ['sandbox', 'manual', 'paystack'] as const
export type ProcessorName = (typeof processorNames)[number]

/** `in`: takes money from payers. `out`: sends it to banks. */
export const directions = ['in', 'out'] as const
export type Direction = (typeof directions)[number]

/** Who moves a tenant's money in one direction. It has no credential: nobody is shown one. */
export interface ProcessorAccount {
  direction: Direction
  processor: ProcessorName
  state: 'ready' | 'failing'
  lastError: string | null
  lastErrorAt: Date | null
  /** The last four characters of the secret key. */
  hint: string | null
  /** Nothing that the account took before is credited by itself. */
  cutOverAt: Date | null
  /** Null where nobody has chosen. */
  chosenAt: Date | null
  /** Keys of before that the account refuses, while something that was sent by them may be open. The newest first. */
  refusedKeys: readonly RefusedKey[]
}

/** A key that was replaced, and that its account refuses. */
export interface RefusedKey {
  /** The last four characters of the secret key. */
  hint: string | null
  lastError: string | null
  lastErrorAt: Date | null
  replacedAt: Date
  /** The last characters of the key of the same account that asks instead; null where no key does. */
  askedBy: string | null
}

interface AccountRow {
  id: bigint
  direction: Direction
  processor: ProcessorName
  credentials: Buffer | null
  state: ProcessorAccount['state']
  last_error: string | null
  last_error_at: Date | null
  hint: string | null
  cut_over_at: Date | null
  created_at: Date
}

/**
 * The processors that this server can work with, each with the check of the secret key that its accounts have; null for a
 * processor without accounts. A processor is chosen among these.
 */
export interface ServedProcessors {
  readonly servedProcessors: Readonly<Partial<Record<ProcessorName, KeyCheck | null>>>
}

/** Throws `invalid_request` with the field `secretKey` for anything but a key of the mode. */
export type KeyCheck = (mode: Mode, secretKey: string | undefined) => void

/** The processor of a tenant that has chosen none. */
function defaultProcessor(mode: Mode): ProcessorName {
  return mode === 'test' ? 'sandbox' : 'manual'
}

/** Both directions. */
export async function listProcessors(context: Context, tenant: Tenant): Promise<ProcessorAccount[]> {
  const rows = await selectCurrent(context, tenant)
  const refused = await selectRefused(context, tenant)
  return directions.map((direction) => {
    const row = rows.find((each) => each.direction === direction)
    const account = row === undefined ? unchosen(tenant, direction) : readAccount(row)
    const own = refused.filter((each) => each.direction === direction)
    return { ...account, refusedKeys: own.map(({ direction: _, ...key }) => key) }
  })
}

/** An account as its processor is made of it. */
export interface ChosenAccount {
  /** The party of its outside; 0 for a tenant that has chosen nobody. */
  id: bigint
  processor: ProcessorName
  /** Null for a processor without an account. */
  secretKey: string | null
  cutOverAt: Date | null
}

interface CredentialsRow {
  id: bigint
  processor: ProcessorName
  credentials: Buffer | null
  cut_over_at: Date | null
}

const credentialsColumns = sql`id, processor, credentials, cut_over_at`

/** The account that new payments, or new payouts, go to. */
export async function chosenAccount(context: Context, tenant: Tenant, direction: Direction): Promise<ChosenAccount> {
  const [row] = await context.db.query<CredentialsRow>(sql`
    select ${credentialsColumns} from processor_accounts
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and direction = ${direction} and replaced_at is null
  `)
  if (row !== undefined) return readChosen(context, row)
  return { id: 0n, processor: defaultProcessor(tenant.mode), secretKey: null, cutOverAt: null }
}

/**
 * The account with that id, also one that was replaced; null for an account whose credentials were dropped. Its key is the one that
 * asks: one that the account refuses may have been taken over by another key of the same account.
 */
export async function findAccount(context: Context, { merchant }: Tenant, id: bigint): Promise<ChosenAccount | null> {
  const [row] = await context.db.query<CredentialsRow>(sql`
    select a.id, a.processor, a.cut_over_at,
      case when a.credentials is not null then coalesce(b.credentials, a.credentials) end as credentials
    from processor_accounts a
    left join processor_accounts b on b.merchant_id = a.merchant_id and b.id = a.asked_by
    where a.merchant_id = ${merchant.id} and a.id = ${id}
  `)
  return row?.credentials ? readChosen(context, row) : null
}

/** All accounts of the tenant that still have credentials, those in use first. Webhooks of all of them are taken. */
export async function listAccounts(context: Context, { merchant, mode }: Tenant): Promise<ChosenAccount[]> {
  const rows = await context.db.query<CredentialsRow>(sql`
    select ${credentialsColumns} from processor_accounts
    where merchant_id = ${merchant.id} and mode = ${mode} and credentials is not null
    order by replaced_at is not null, direction, id desc
  `)
  return rows.map((row) => readChosen(context, row))
}

/**
 * Since when money that comes to an account is booked by itself, as an expression: an account whose key was changed is as old as
 * the first of its keys that takes money.
 *
 * @param account a row of `processor_accounts`
 */
export function cutOverOfBooks(account: Sql): Sql {
  return sql`coalesce(
    (
      select min(b.cut_over_at) from processor_accounts b
      where b.merchant_id = ${account}.merchant_id and coalesce(b.same_as, b.id) = coalesce(${account}.same_as, ${account}.id)
        and b.direction = 'in'
    ),
    ${account}.cut_over_at
  )`
}

/** The ids of an account's keys, as far as they are known to be of the one account, as a query. One of them names it. */
export function keysOfAccount({ merchant }: Tenant, accountId: bigint): Sql {
  return sql`
    select b.id
    from processor_accounts a
    join processor_accounts b on b.merchant_id = a.merchant_id and coalesce(b.same_as, b.id) = coalesce(a.same_as, a.id)
    where a.merchant_id = ${merchant.id} and a.id = ${accountId}
  `
}

/** Records that an account refuses its credentials, with a sentence for a person; or null once it takes them again. */
export async function noteAccountState(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  { merchant }: Tenant,
  id: bigint,
  error: string | null,
): Promise<void> {
  const now = clock.now()
  await db.query(sql`
    update processor_accounts set
      state = ${error === null ? 'ready' : 'failing'},
      last_error = coalesce(${error}::text, last_error),
      last_error_at = case when ${error}::text is null then last_error_at else ${now}::timestamptz end,
      updated_at = ${now}::timestamptz
    where merchant_id = ${merchant.id} and id = ${id} and ${error === null ? sql`state = 'failing'` : sql`true`}
  `)
}

/** For as long an account that was replaced keeps its credentials, in any case: a payment may still come by it. */
const keptReplacedMs = 24 * 60 * 60 * 1000

/**
 * Drops the credentials of accounts that were replaced, once nothing that was sent by them is open any more, no refund,
 * payout or dispute of it, no payout whose money may come back, no dedicated account or pending mandate of theirs, and no other key
 * for which they ask. Answers how many.
 */
export async function dropReplacedCredentials({ db, clock }: Context): Promise<number> {
  const now = clock.now()
  const dropped = await db.query(sql`
    update processor_accounts a set credentials = null, hint = null, updated_at = ${now}
    where a.credentials is not null and a.replaced_at <= ${new Date(now.getTime() - keptReplacedMs)}
      and not exists (
        select from sent_charges s
        where s.merchant_id = a.merchant_id and s.account_id = a.id and s.due_at is not null
      )
      and not exists (
        select from arrival_notices n where n.merchant_id = a.merchant_id and n.account_id = a.id
      )
      and not exists (
        select from dedicated_accounts d
        where d.merchant_id = a.merchant_id and d.account_id = a.id and d.removed_at is null
      )
      and not exists (
        select from mandates m
        where m.merchant_id = a.merchant_id and m.account_id = a.id and m.activates_at is not null
          and m.status in ('requested', 'pending')
      )
      and not exists (
        select from payment_intents i
        where i.merchant_id = a.merchant_id and i.mode = a.mode and i.status = 'processing' and i.account_id = a.id
      )
      and not exists (
        select from refunds r
        join ledger_transactions t on t.merchant_id = r.merchant_id and t.id = r.original_id
        join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
        where r.merchant_id = a.merchant_id and r.mode = a.mode and r.due_at is not null and f.kind = 'outside'
          and f.party_id = a.id
      )
      and not exists (
        select from disputes d where d.merchant_id = a.merchant_id and d.account_id = a.id and d.due_at is not null
      )
      and not exists (
        select from payouts p where p.merchant_id = a.merchant_id and p.account_id = a.id and p.ended_at is null
      )
      and not exists (
        select from payouts p where p.merchant_id = a.merchant_id and p.account_id = a.id and p.due_at is not null
      )
      and not exists (
        select from processor_accounts o
        where o.merchant_id = a.merchant_id and o.asked_by = a.id and o.credentials is not null
      )
      and not exists (select from account_questions q where q.merchant_id = a.merchant_id and q.account_id = a.id)
    returning a.id
  `)
  return dropped.length
}

function readChosen(context: Context, row: CredentialsRow): ChosenAccount {
  return { id: row.id, processor: row.processor, secretKey: openKey(context, row), cutOverAt: row.cut_over_at }
}

export interface ChosenProcessor {
  direction: Direction
  processor: ProcessorName
  /** Of a processor with an account; it is of the mode of the tenant. */
  secretKey?: string | undefined
  /** Default now. */
  cutOverAt?: Date | undefined
  /** The time of the choice that the caller has seen: another choice is not replaced. Default: whatever was chosen is. */
  seenAt?: Date | undefined
}

/**
 * Chooses who moves the tenant's money in a direction. The account before stays for everything that was sent by it. The same
 * choice again changes nothing. Throws `changed_meanwhile`, `invalid_request`, `not_available` for a processor that this server does not serve.
 */
export async function setProcessor(
  tx: TxContext & ServedProcessors,
  tenant: Tenant,
  chosen: ChosenProcessor,
): Promise<ProcessorAccount> {
  checkChosen(tx, tenant, chosen)
  const { direction, processor, secretKey = null } = chosen
  // The numbers of accounts are the merchant's, in both modes.
  await lockCount(tx, { merchant: tenant.merchant, mode: 'both' }, 'processor_accounts')
  const current = (await selectCurrent(tx, tenant)).find((each) => each.direction === direction)
  refuseUnseenChoice(current, chosen)
  const isSame = current?.processor === processor && openKey(tx, current) === secretKey
  if (isSame) await moveCutOver(tx, tenant, current, chosen)
  else await replace(tx, tenant, current, chosen)
  if (direction === 'out') await wakePayouts(tx, tenant)
  const [before, after] = [
    current ?? unchosen(tenant, direction),
    { processor, keyReplaced: !isSame && secretKey !== null },
  ]
  const { merchant, mode } = tenant
  noteChange(tx, { object: direction, before: { processor: before.processor }, after, merchantId: merchant.id, mode })
  const now = (await listProcessors(tx, tenant)).find((each) => each.direction === direction)
  return now as ProcessorAccount
}

function refuseUnseenChoice(current: AccountRow | undefined, { seenAt }: ChosenProcessor): void {
  if (seenAt === undefined || seenAt.getTime() === current?.created_at.getTime()) return
  const message =
    current === undefined
      ? 'Nobody has chosen this processor yet: send no If-Match'
      : `This processor was chosen at ${current.created_at.toISOString()}, after you have read it; read it again`
  throw new ServiceError('changed_meanwhile', message)
}

function checkChosen({ servedProcessors }: ServedProcessors, { mode }: Tenant, chosen: ChosenProcessor): void {
  const { processor, secretKey, cutOverAt } = chosen
  if (processor === 'sandbox' && mode === 'live') {
    const message = 'The sandbox never works in live mode; choose manual or paystack'
    throw new ServiceError('invalid_request', message, 'processor')
  }
  const checkKey = servedProcessors[processor]
  if (checkKey === undefined) {
    const others = Object.keys(servedProcessors).filter((each) => each !== 'sandbox' || mode === 'test')
    const message = `The processor ${processor} is not available on this server; choose ${others.join(' or ')}`
    throw new ServiceError('not_available', message, 'processor')
  }
  if (checkKey === null) {
    const [field] = Object.entries({ secretKey, cutOverAt }).find(([, value]) => value !== undefined) ?? []
    if (field === undefined) return
    throw new ServiceError('invalid_request', `${field} is for paystack only; ${processor} has no account`, field)
  }
  checkKey(mode, secretKey)
}

/** Payouts that wait for an account, or for its answer, are looked at now: the key before may have been refused. */
async function wakePayouts({ db, clock }: TxContext, { merchant, mode }: Tenant): Promise<void> {
  const now = clock.now()
  await db.query(sql`
    update payouts set due_at = ${now}
    where merchant_id = ${merchant.id} and mode = ${mode} and state in ('pending', 'sending', 'sent') and due_at > ${now}
  `)
}

async function moveCutOver(tx: TxContext, tenant: Tenant, { id }: AccountRow, { cutOverAt }: ChosenProcessor) {
  if (cutOverAt === undefined) return
  await tx.db.query(sql`
    update processor_accounts set cut_over_at = ${cutOverAt}, updated_at = ${tx.clock.now()}
    where merchant_id = ${tenant.merchant.id} and id = ${id}
  `)
}

async function replace(
  tx: TxContext,
  { merchant, mode }: Tenant,
  current: AccountRow | undefined,
  { direction, processor, secretKey, cutOverAt }: ChosenProcessor,
): Promise<void> {
  const now = tx.clock.now()
  const sealed = secretKey === undefined ? null : tx.vault.seal(secretKey, 'processor account')
  await tx.db.query(sql`
    update processor_accounts set replaced_at = ${now}, updated_at = ${now}
    where merchant_id = ${merchant.id} and id = ${current?.id ?? null}::bigint
  `)
  await tx.db.query(sql`
    insert into processor_accounts (
      merchant_id, id, mode, direction, processor, credentials, hint, cut_over_at, created_at, updated_at
    )
    select
      ${merchant.id}, coalesce(max(a.id), 1) + 1, ${mode}, ${direction}, ${processor}, ${sealed}::bytea,
      ${secretKey?.slice(-4) ?? null}::text,
      ${sealed === null ? null : (cutOverAt ?? now)}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
    from processor_accounts a
    where a.merchant_id = ${merchant.id}
  `)
}

function openKey({ vault }: Context, { credentials }: Pick<AccountRow, 'credentials'>): string | null {
  return credentials === null ? null : vault.open(credentials, 'processor account')
}

function selectCurrent(context: Context, { merchant, mode }: Tenant): Promise<AccountRow[]> {
  return context.db.query<AccountRow>(sql`
    select id, direction, processor, credentials, state, last_error, last_error_at, hint, cut_over_at, created_at
    from processor_accounts
    where merchant_id = ${merchant.id} and mode = ${mode} and replaced_at is null
  `)
}

function selectRefused(
  context: Context,
  { merchant, mode }: Tenant,
): Promise<(RefusedKey & { direction: Direction })[]> {
  return context.db.query(sql`
    select a.direction, a.hint, a.last_error as "lastError", a.last_error_at as "lastErrorAt", a.replaced_at as "replacedAt",
      b.hint as "askedBy"
    from processor_accounts a
    left join processor_accounts b on b.merchant_id = a.merchant_id and b.id = a.asked_by
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.replaced_at is not null and a.credentials is not null
      and (a.state = 'failing' or a.asked_by is not null)
    order by a.id desc
  `)
}

function readAccount(row: AccountRow): Omit<ProcessorAccount, 'refusedKeys'> {
  return {
    direction: row.direction,
    processor: row.processor,
    state: row.state,
    lastError: row.last_error,
    lastErrorAt: row.last_error_at,
    hint: row.hint,
    cutOverAt: row.cut_over_at,
    chosenAt: row.created_at,
  }
}

function unchosen({ mode }: Tenant, direction: Direction): Omit<ProcessorAccount, 'refusedKeys'> {
  const nothing = { lastError: null, lastErrorAt: null, hint: null, cutOverAt: null, chosenAt: null }
  return { direction, processor: defaultProcessor(mode), state: 'ready', ...nothing }
}
