import type { Clock } from '../../base/clock.ts'
import type { Db, Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { AskOutcome, PayoutOrder, PayoutProcessor, SendOutcome } from '../payouts/payout-processor.ts'
import { createSandboxDirectory } from './banks.ts'
import { hasOutcomes, type Outcome, takeOutcome } from './outcomes.ts'

const reasons = {
  refused: 'Account number is invalid',
  failed: 'The bank of the payee could not take the money',
  wrong_otp: 'The one-time password was wrong',
  abandoned: 'Nobody has given the one-time password in time',
  returned: 'The bank of the payee has sent the money back',
  blocked: 'The approval URL of the account has not answered in time',
  rejected: 'The approval URL of the account has refused the payout',
} as const

/** The one-time password of every order that asks for one. */
const testOtp = '123456'
/** An order waits for its one-time password for so long. */
const otpMs = 30 * 60 * 1000

/** What the sandbox does with an order. `later`: it does so after the time that a bank takes. */
interface Plan {
  status: 'pending' | 'otp' | 'paid' | 'failed' | 'returned' | 'lost'
  next?: 'paid' | 'returned'
  /** The answer is lost on its way, and a question finds the order only after the time that a bank takes. */
  isSilent?: boolean
  /** The word for a failure; default `failed`. */
  failure?: 'blocked' | 'rejected'
  /** The time that a bank takes, in milliseconds; default the sandbox's. */
  afterMs?: number
}

/**
 * The last ten digits of an account or telephone number, with the course of its orders: see docs/sandbox.md. Every other order
 * is paid at once. `refused` and `short_of_funds` make no order.
 */
const plans: Readonly<Record<string, Plan | 'refused' | 'short_of_funds'>> = {
  '0000000001': { status: 'pending', next: 'paid' },
  '0000000002': { status: 'failed' },
  '0000000003': { status: 'paid', next: 'returned' },
  '0000000004': { status: 'otp' },
  '0000000005': { status: 'paid', isSilent: true },
  '0000000006': { status: 'lost', isSilent: true },
  '0000000007': 'refused',
  '0000000008': { status: 'pending' },
  '0000000009': { status: 'pending', next: 'returned' },
  '0000000010': 'short_of_funds',
  '0000000011': { status: 'failed', failure: 'blocked' },
  '0000000012': { status: 'failed', failure: 'rejected' },
}

const paid: Plan = { status: 'paid' }

function courseOf({ destination }: PayoutOrder) {
  return plans[destination.accountNumber?.slice(-10) ?? ''] ?? paid
}

interface Row {
  status: Exclude<Plan['status'], 'lost'> | 'abandoned' | 'wrong_otp'
  amount: bigint
  currency: string
  /** Milliseconds until it comes back; null where it does not. */
  returns_after: number | null
  was_paid: boolean
}

const directory = createSandboxDirectory()

/** What the sandbox needs in order to pay out. */
interface Means {
  db: Db
  clock: Clock
  delayMs: number
  /** The fee of an order that is paid, in minor units. Default none. */
  feeOf?: PayoutProcessor['estimateFee'] | undefined
}

/** The sandbox as a processor that pays out. It plays an outside party: only it reads the table of its orders. */
export function createSandboxPayouts({ db, clock, delayMs, feeOf = () => 0n }: Means): PayoutProcessor {
  /** An order that was lost on its way arrives when it comes again, and an order that is there stays as it is. */
  async function insert(to: Queryable, tenant: Tenant, order: PayoutOrder, plan: Plan): Promise<void> {
    const now = clock.now()
    const { status, next, isSilent = false, afterMs = delayMs } = plan
    const later = new Date(now.getTime() + afterMs)
    await to.query(sql`
      insert into sandbox_payouts as o (
        merchant_id, reference, mode, amount, currency, status, shown_at, next_status, next_at, created_at
      )
      select
        ${tenant.merchant.id}, ${order.reference}, ${tenant.mode}, ${order.amount}, ${order.currency},
        case when a.asks then 'otp' else ${status} end, ${isSilent ? later : now}::timestamptz,
        case when a.asks then 'abandoned' else ${next ?? null}::text end,
        case when a.asks then ${new Date(now.getTime() + otpMs)} else ${next === undefined ? null : later}::timestamptz end,
        ${now}::timestamptz
      from (
        select exists (
          select from payout_settings s
          where s.merchant_id = ${tenant.merchant.id} and s.mode = ${tenant.mode} and s.asks_otp
        ) or ${status === 'otp'} as asks
      ) a
      on conflict (merchant_id, reference) do update set status = 'paid' where o.status = 'lost'
    `)
  }

  /** Makes an order as the merchant wants it, and uses up the outcome with it; null for an order that nothing is wanted for. */
  function bend(tenant: Tenant, order: PayoutOrder): Promise<Plan | 'no_connection' | null> {
    return db.transaction(async (tx) => {
      const known = await tx.query(sql`
        select reference from sandbox_payouts
        where merchant_id = ${tenant.merchant.id} and reference = ${order.reference}
      `)
      if (known.length > 0) return null
      const outcome = await takeOutcome(tx, clock, tenant, { on: 'payout', reference: order.reference })
      const plan = outcome === null ? null : bentPlan(outcome)
      if (plan !== null && plan !== 'no_connection') await insert(tx, tenant, order, plan)
      return plan
    })
  }

  async function ask(tenant: Tenant, order: PayoutOrder): Promise<AskOutcome> {
    const now = clock.now()
    const [row] = await db.query<Row>(sql`
      select
        case when next_at <= ${now} then next_status else status end as status, amount, currency,
        case when next_at > ${now} and next_status = 'returned' then extract(epoch from next_at - ${now}::timestamptz)::float8 * 1000 end as returns_after,
        status = 'paid' as was_paid
      from sandbox_payouts
      where merchant_id = ${tenant.merchant.id} and reference = ${order.reference} and shown_at <= ${now} and status <> 'lost'
    `)
    return row === undefined ? { is: 'not_found' } : read(row, order, feeOf({ ...order, type: order.destination.type }))
  }

  /** The right one sends the order on its course; a wrong one ends it. */
  async function giveOtp(tenant: Tenant, order: PayoutOrder, otp: string): Promise<boolean> {
    const now = clock.now()
    const { status, next } = planOf(order)
    const isRight = otp.trim() === testOtp
    const after = isRight ? (status === 'otp' || status === 'lost' ? 'paid' : status) : 'wrong_otp'
    const then = isRight ? next : undefined
    const taken = await db.query(sql`
      update sandbox_payouts set
        status = ${after}, next_status = ${then ?? null}::text,
        next_at = ${then === undefined ? null : new Date(now.getTime() + delayMs)}::timestamptz
      where merchant_id = ${tenant.merchant.id} and reference = ${order.reference} and status = 'otp' and next_at > ${now}
      returning reference
    `)
    if (isRight || taken.length > 0) return true
    const answer = await ask(tenant, order)
    return answer.is === 'conclusive' && answer.end.status === 'failed' && otpFailures.includes(answer.end.code)
  }

  return {
    accountId: 0n,
    notFoundMs: Math.max(2 * delayMs, 1000),
    returnLooksMs: [delayMs],
    estimateFee: feeOf,
    testOtp,
    giveOtp,
    ask,
    async findHolder(_tenant, { destination: { accountNumber, bankCode } }) {
      const name = await directory.findHolder({ accountNumber: accountNumber ?? '', bankCode })
      return name === null ? { is: 'no_account' } : { is: 'found', name }
    },
    async send(tenant, order): Promise<SendOutcome> {
      const bent = (await hasOutcomes(db, clock, tenant)) ? await bend(tenant, order) : null
      if (bent === 'no_connection') return { is: 'not_sent', why: bent, waitMs: null }
      const plan = bent ?? courseOf(order)
      if (plan === 'refused') return { is: 'refused', code: 'account_invalid', reason: reasons.refused }
      if (plan === 'short_of_funds') return { is: 'not_sent', why: 'short_of_funds', waitMs: null }
      if (bent === null) await insert(db, tenant, order, plan)
      const answer = plan.isSilent ? null : await ask(tenant, order)
      return answer === null || answer.is === 'not_found' ? { is: 'unknown' } : answer
    },
  }
}

/** How an order ends whose one-time password is wrong, or never comes. */
const otpFailures = ['wrong_otp', 'abandoned']

/** The course of an order that is made. */
function planOf(order: PayoutOrder): Plan {
  const plan = courseOf(order)
  return typeof plan === 'string' ? paid : plan
}

/** @param fee of an order that was paid */
function read(
  { status, amount, currency, returns_after: lookAfterMs, was_paid: wasPaid }: Row,
  order: PayoutOrder,
  fee: bigint,
): Exclude<AskOutcome, { is: 'not_found' }> {
  const differences = [amount === order.amount ? [] : 'amount', currency === order.currency ? [] : 'currency'].flat()
  if (differences.length > 0) return { is: 'unknown', differences }
  switch (status) {
    case 'pending':
      return { is: 'exists', attention: null }
    case 'otp':
      return { is: 'exists', attention: 'otp' }
    case 'paid':
      return { is: 'conclusive', end: { status: 'paid', fee, ...(lookAfterMs === null ? {} : { lookAfterMs }) } }
    case 'failed': {
      const code = planOf(order).failure ?? 'failed'
      return { is: 'conclusive', end: { status: 'failed', code, reason: reasons[code] } }
    }
    case 'wrong_otp':
      return { is: 'conclusive', end: { status: 'failed', code: 'wrong_otp', reason: reasons.wrong_otp } }
    case 'abandoned':
      return { is: 'conclusive', end: { status: 'failed', code: 'abandoned', reason: reasons.abandoned } }
    case 'returned':
      return { is: 'conclusive', end: { status: 'returned', reason: reasons.returned, fee: wasPaid ? fee : 0n } }
  }
}

/** The course of an order that the merchant has chosen an outcome for. */
function bentPlan({ outcome, afterMs }: Outcome): Plan | 'no_connection' {
  switch (outcome) {
    case 'succeed':
      return afterMs === 0 ? paid : { status: 'pending', next: 'paid', afterMs }
    case 'decline':
      return { status: 'failed' }
    case 'pending':
      return { status: 'pending' }
    case 'unknown':
      return { status: 'paid', isSilent: true }
    case 'error':
      return 'no_connection'
    case 'needs_attention':
      return { status: 'otp' }
    case 'return':
      return { status: 'paid', next: 'returned', ...(afterMs === 0 ? {} : { afterMs }) }
  }
}
