import { isDeepStrictEqual } from 'node:util'
import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { type Currency, parseCurrency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { Approval } from './approval-records.ts'
import { findWaiting } from './approval-records.ts'
import { recordApproval } from './asking.ts'
import type { ApprovalOwner } from './decisions.ts'

/** From where on amounts of a currency wait for a second person, in minor units; null for no limit. */
export interface ApprovalLimit {
  readonly currency: Currency
  /** A larger amount waits. */
  readonly amountOver: bigint | null
  /** A wish waits if it brings what its asker has moved on the day without a second person over this. */
  readonly dailySumOver: bigint | null
}

/** What waits for a second person, in a mode. Without settings nothing does. */
export interface ApprovalSettings {
  /** By currency; those without any limit are not in it. */
  readonly limits: readonly ApprovalLimit[]
  /** Whether a payout to a destination that was never paid waits. */
  readonly newDestinations: boolean
}

/** A currency that is named has the limits that are given, and no other. Whatever is left out stays. */
export interface ApprovalSettingsChange {
  readonly limits?:
    | readonly {
        readonly currency: string
        readonly amountOver?: number | undefined
        readonly dailySumOver?: number | undefined
      }[]
    | undefined
  readonly newDestinations?: boolean | undefined
}

interface LimitRow {
  new_destinations: boolean
  currency: Currency | null
  amount_over: bigint | null
  daily_sum_over: bigint | null
}

export async function getApprovalSettings({ db }: Context, { merchant, mode }: Tenant): Promise<ApprovalSettings> {
  const rows = await db.query<LimitRow>(sql`
    select s.new_destinations, l.currency, l.amount_over, l.daily_sum_over
    from approval_settings s
    left join approval_limits l on l.merchant_id = s.merchant_id and l.mode = s.mode
    where s.merchant_id = ${merchant.id} and s.mode = ${mode}
    order by l.currency
  `)
  const limits = rows.flatMap(({ currency, amount_over: amountOver, daily_sum_over: dailySumOver }) =>
    currency === null || (amountOver === null && dailySumOver === null) ? [] : [{ currency, amountOver, dailySumOver }],
  )
  return { limits, newDestinations: rows[0]?.new_destinations ?? false }
}

/**
 * Changes the given settings, and answers them as they are then. A change that raises or removes a limit, or that has payouts to
 * new destinations wait no longer, is not done: it waits for a second person as a whole, and the answer has its approval. The
 * same change again answers the same approval. Throws `invalid_request`, `currency_not_held`, `approval_waiting` while another
 * such change waits.
 */
export async function changeApprovalSettings(
  tx: TxContext,
  tenant: Tenant,
  change: ApprovalSettingsChange,
): Promise<{ settings: ApprovalSettings; waiting: Approval | null }> {
  const wanted = readChange(tenant, change)
  await lockSettings(tx, tenant)
  const before = await getApprovalSettings(tx, tenant)
  const after = changed(before, wanted)
  const waiting = await findWaiting(tx, tenant, { kind: 'approval_settings' })
  if (isAsStrict(before, after)) return { settings: await store(tx, tenant, before, after), waiting }
  const details = { change: wanted, before: shown(before), after: shown(after) }
  if (waiting === null) {
    const asked = {
      kind: 'approval_settings',
      subjectId: uuidV7(tx.random, tx.clock.now()),
      needs: ['always'],
    } as const
    return { settings: before, waiting: await recordApproval(tx, tenant, { ...asked, details }) }
  }
  if (isDeepStrictEqual(waiting.details.change, wanted)) return { settings: before, waiting }
  const message = `Another change of these settings waits for a second person: ${waiting.id}; have it decided first`
  throw new ServiceError('approval_waiting', message)
}

/** Does what a second person has approved: sets each named setting as it was asked, whatever was changed meanwhile. */
export const settingsApprovals: ApprovalOwner = {
  async approve(tx, tenant, { details }) {
    await lockSettings(tx, tenant)
    const before = await getApprovalSettings(tx, tenant)
    await store(tx, tenant, before, changed(before, details.change as ReadChange))
  },
  // Nothing was changed.
  deny: () => Promise.resolve(),
}

interface ReadChange {
  readonly limits: readonly { currency: Currency; amountOver: number | null; dailySumOver: number | null }[]
  readonly newDestinations?: boolean
}

function readChange(tenant: Tenant, { limits = [], newDestinations }: ApprovalSettingsChange): ReadChange {
  const read = limits.map(({ currency, amountOver, dailySumOver }) => ({
    // A limit of a currency that the merchant does not hold could be left from before; nobody needs a new one.
    currency: heldCurrency(tenant.merchant, parseCurrency(currency)),
    amountOver: amountOver ?? null,
    dailySumOver: dailySumOver ?? null,
  }))
  const twice = read.find(({ currency }, i) => read.findIndex((each) => each.currency === currency) !== i)
  if (twice !== undefined) {
    throw new ServiceError('invalid_request', `limits has ${twice.currency} twice; give each currency once`, 'limits')
  }
  const sorted = read.toSorted((a, b) => a.currency.localeCompare(b.currency))
  return { limits: sorted, ...(newDestinations === undefined ? {} : { newDestinations }) }
}

function changed(before: ApprovalSettings, { limits, newDestinations }: ReadChange): ApprovalSettings {
  const after = new Map(before.limits.map((each) => [each.currency, each]))
  for (const { currency, amountOver, dailySumOver } of limits) {
    after.set(currency, { currency, amountOver: asAmount(amountOver), dailySumOver: asAmount(dailySumOver) })
  }
  const kept = [...after.values()].filter(
    ({ amountOver, dailySumOver }) => amountOver !== null || dailySumOver !== null,
  )
  return {
    limits: kept.toSorted((a, b) => a.currency.localeCompare(b.currency)),
    newDestinations: newDestinations ?? before.newDestinations,
  }
}

function asAmount(value: number | null): bigint | null {
  return value === null ? null : BigInt(value)
}

/** Whether everything that waited before still waits. */
function isAsStrict(before: ApprovalSettings, after: ApprovalSettings): boolean {
  if (before.newDestinations && !after.newDestinations) return false
  const isLimit = (was: bigint | null, is: bigint | null) => was === null || (is !== null && is <= was)
  return before.limits.every((was) => {
    const is = after.limits.find(({ currency }) => currency === was.currency)
    return isLimit(was.amountOver, is?.amountOver ?? null) && isLimit(was.dailySumOver, is?.dailySumOver ?? null)
  })
}

/** Of two changes at once, the second finds what the first has done. */
async function lockSettings(tx: TxContext, { merchant, mode }: Tenant): Promise<void> {
  await tx.db.query(sql`
    insert into approval_settings (merchant_id, mode, updated_at) values (${merchant.id}, ${mode}, ${merchant.createdAt})
    on conflict do nothing
  `)
  await tx.db.query(sql`
    select mode from approval_settings where merchant_id = ${merchant.id} and mode = ${mode} for no key update
  `)
}

async function store(
  tx: TxContext,
  tenant: Tenant,
  before: ApprovalSettings,
  after: ApprovalSettings,
): Promise<ApprovalSettings> {
  const { merchant, mode } = tenant
  const updatedAt = isDeepStrictEqual(before, after) ? null : tx.clock.now()
  await tx.db.query(sql`
    update approval_settings set
      new_destinations = ${after.newDestinations}, updated_at = coalesce(${updatedAt}::timestamptz, updated_at)
    where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  await tx.db.query(sql`delete from approval_limits where merchant_id = ${merchant.id} and mode = ${mode}`)
  for (const { currency, amountOver, dailySumOver } of after.limits) {
    await tx.db.query(sql`
      insert into approval_limits (merchant_id, mode, currency, amount_over, daily_sum_over)
      values (${merchant.id}, ${mode}, ${currency}, ${amountOver}, ${dailySumOver})
    `)
  }
  noteChange(tx, { object: null, before: shown(before), after: shown(after), merchantId: merchant.id, mode })
  return after
}

/** Whether anything waits at all. */
export function areOn({ limits, newDestinations }: ApprovalSettings): boolean {
  return limits.length > 0 || newDestinations
}

/** As the trail and an approver read them; whether anything waits at all comes first. */
export function shown(settings: ApprovalSettings) {
  const { limits, newDestinations } = settings
  return {
    isOn: areOn(settings),
    limits: limits.map(({ currency, amountOver, dailySumOver }) => ({
      currency,
      amountOver: amountOver === null ? null : Number(amountOver),
      dailySumOver: dailySumOver === null ? null : Number(dailySumOver),
    })),
    newDestinations,
  }
}
