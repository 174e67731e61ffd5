import type { Clock } from '../../base/clock.ts'
import type { Currency } from '../../base/money.ts'
import type { Db } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { PaymentMethod } from './payment-methods.ts'

/** What a processor needs to know of an instrument. Never a card number. */
export type ChargedInstrument = Pick<PaymentMethod, 'type'> & Partial<Pick<PaymentMethod, 'bin' | 'last4' | 'phone'>>

export interface Charge {
  /** Names the charge: two of one reference are one. */
  reference: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  instrument: ChargedInstrument
}

/** `processing` may become either of the others; those are final. */
export type ChargeState =
  | { status: 'processing' }
  | { status: 'succeeded' }
  /** `reason` is for the one who pays. */
  | { status: 'failed'; reason: string }

/**
 * Whoever takes money from outside: a bank's gateway, a mobile money operator. It tells of a charge in its answer, in
 * notices and when it is asked again; none of them is believed but what it answers to a question. Never called in a
 * database transaction: it may take its time.
 */
export interface PaymentProcessor {
  /** Takes the money once for a reference, however often it is asked. */
  charge(tenant: Tenant, charge: Charge): Promise<ChargeState>
  /** How the charge stands now; null for a reference it has never heard of. */
  query(tenant: Tenant, reference: string): Promise<ChargeState | null>
  /** Gives up a charge, also one that has not arrived yet. Answers how it stands: one that succeeded stays so. */
  stop(tenant: Tenant, charge: Omit<Charge, 'instrument'>): Promise<ChargeState>
  /** Returns the money of a charge that succeeded. Doing it again changes nothing. */
  giveBack(tenant: Tenant, reference: string): Promise<void>
}

export type SandboxOutcome = 'succeeded' | 'declined' | 'insufficient_funds' | 'timeout' | 'late_success'

/** Card numbers by what happens to a charge of them. Every other card is declined: no real one belongs here. */
export const sandboxCards: Readonly<Record<string, SandboxOutcome>> = {
  '4084084084084081': 'succeeded',
  '4242424242424242': 'succeeded',
  '4084080000005408': 'declined',
  '4084080000670037': 'insufficient_funds',
  '4084080000060007': 'timeout',
  '4084080000040009': 'late_success',
}

/** Charged where no instrument is given, or one that only its processor could read. */
export const sandboxSuccessCard = '4084084084084081'

/**
 * The last four digits of a mobile money number, or of an account that is debited, by what happens; every other number
 * succeeds. The cards' last four. A bank takes its time: what it answers comes late.
 */
export const sandboxPhoneEndings: Readonly<Record<string, SandboxOutcome>> = {
  '5408': 'declined',
  '0037': 'insufficient_funds',
  '0007': 'timeout',
  '0009': 'late_success',
}

/** Mobile money numbers of other providers' documentation, which succeed. */
export const sandboxPhones = ['+254710000000', '0551234987'] as const

const reasons = {
  declined: 'The payment was declined by the issuer',
  insufficient_funds: 'The account has insufficient funds',
  unknown: 'The card is none of the test cards; see docs/sandbox.md',
  stopped: 'The payment was not completed in time',
} as const

interface ChargeRow {
  status: 'processing' | 'succeeded' | 'failed' | 'given_back'
  reason: string | null
}

/** A charge as it begins: one under way is decided when its time comes, for `lateReason` by a failure. */
type NewChargeRow = ChargeRow & { decidedAt?: Date; lateReason?: string | null }

/** The sandbox's processor. It plays an outside party: its charges are its own, in a table nothing else reads. */
export function createSandboxProcessor(own: { db: Db; clock: Clock; sandboxDelayMs: number }): PaymentProcessor {
  const { db, clock, sandboxDelayMs } = own

  async function insert(tenant: Tenant, charge: Omit<Charge, 'instrument'>, row: NewChargeRow) {
    await db.query(sql`
      insert into sandbox_charges (
        merchant_id, reference, mode, amount, currency, status, reason, succeeds_at, late_reason, created_at, updated_at
      )
      values (
        ${tenant.merchant.id}, ${charge.reference}, ${tenant.mode}, ${charge.amount}, ${charge.currency},
        ${row.status}, ${row.reason}, ${row.decidedAt ?? null}, ${row.lateReason ?? null}, ${clock.now()}, ${clock.now()}
      )
      on conflict do nothing
    `)
  }

  async function query(tenant: Tenant, reference: string): Promise<ChargeState | null> {
    await db.query(sql`
      update sandbox_charges set
        status = case when late_reason is null then 'succeeded' else 'failed' end, reason = late_reason,
        updated_at = ${clock.now()}
      where merchant_id = ${tenant.merchant.id} and reference = ${reference}
        and status = 'processing' and succeeds_at <= ${clock.now()}
    `)
    const [row] = await db.query<ChargeRow>(sql`
      select status, reason from sandbox_charges
      where merchant_id = ${tenant.merchant.id} and reference = ${reference}
    `)
    return row === undefined ? null : readState(row)
  }

  const known = async (tenant: Tenant, reference: string) => (await query(tenant, reference)) as ChargeState

  return {
    async charge(tenant, charge) {
      const lateAt = new Date(clock.now().getTime() + sandboxDelayMs)
      const first = firstState(outcomeOf(charge.instrument), lateAt)
      await insert(tenant, charge, charge.instrument.type === 'direct_debit' ? later(first, lateAt) : first)
      return known(tenant, charge.reference)
    },
    query,
    async stop(tenant, charge) {
      await insert(tenant, charge, { status: 'failed', reason: reasons.stopped })
      await decide(db, clock, tenant, charge.reference, { status: 'failed', reason: reasons.stopped })
      return known(tenant, charge.reference)
    },
    async giveBack(tenant, reference) {
      await db.query(sql`
        update sandbox_charges set status = 'given_back', updated_at = ${clock.now()}
        where merchant_id = ${tenant.merchant.id} and reference = ${reference} and status = 'succeeded'
      `)
    },
  }
}

/** Makes the sandbox decide a charge that is under way; one that is decided stays so. */
export async function decideSandboxCharge(
  own: { db: Db; clock: Clock },
  tenant: Tenant,
  reference: string,
  outcome: 'succeeded' | 'declined' | 'insufficient_funds',
): Promise<void> {
  await decide(own.db, own.clock, tenant, reference, firstState(outcome, null))
}

async function decide(db: Db, clock: Clock, tenant: Tenant, reference: string, { status, reason }: ChargeRow) {
  await db.query(sql`
    update sandbox_charges set status = ${status}, reason = ${reason}, updated_at = ${clock.now()}
    where merchant_id = ${tenant.merchant.id} and reference = ${reference} and status = 'processing'
  `)
}

function outcomeOf({ type, bin, last4, phone }: ChargedInstrument): SandboxOutcome | 'unknown' {
  if (type === 'card') {
    const number = Object.keys(sandboxCards).find((card) => card.slice(0, 6) === bin && card.slice(-4) === last4)
    return number === undefined ? 'unknown' : (sandboxCards[number] as SandboxOutcome)
  }
  return sandboxPhoneEndings[phone?.slice(-4) ?? last4 ?? ''] ?? 'succeeded'
}

/** What is decided at once is decided when a bank would have answered. */
function later(state: NewChargeRow, decidedAt: Date): NewChargeRow {
  if (state.status === 'processing') return state
  return { status: 'processing', reason: null, decidedAt, lateReason: state.reason }
}

function firstState(outcome: SandboxOutcome | 'unknown', lateAt: Date | null): NewChargeRow {
  switch (outcome) {
    case 'succeeded':
      return { status: 'succeeded', reason: null }
    case 'timeout':
      return { status: 'processing', reason: null }
    case 'late_success':
      return { status: 'processing', reason: null, ...(lateAt === null ? {} : { decidedAt: lateAt }) }
    default:
      return { status: 'failed', reason: reasons[outcome] }
  }
}

function readState({ status, reason }: ChargeRow): ChargeState {
  if (status === 'processing' || status === 'succeeded') return { status }
  return { status: 'failed', reason: reason ?? 'The payment was given back' }
}
