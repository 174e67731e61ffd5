import type { Clock } from '../../base/clock.ts'
import type { Db } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { Charge, ChargeState, PaymentProcessor } from '../payments/payment-processor.ts'
import {
  findIssuer,
  identifyInstrument,
  outcomeOf,
  readEncryptedCard,
  type SandboxOutcome,
  sandboxDefaultInstrument,
  sandboxPages,
} from './instruments.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

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

/** A new charge. A charge under way is decided at `decidedAt`. With a `lateReason` the charge then fails. */
type NewChargeRow = ChargeRow & { decidedAt?: Date; lateReason?: string | null }

/** The sandbox's payment processor. It plays an outside party: only the processor reads the table of its charges. */
export function createSandboxProcessor(own: { db: Db; clock: Clock; delayMs: number }): PaymentProcessor {
  const { db, clock, delayMs } = own

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
    isSandbox: true,
    defaultInstrument: sandboxDefaultInstrument,
    pages: sandboxPages,
    identify: identifyInstrument,
    readEncryptedCard: async (ciphertext) => readEncryptedCard(ciphertext),
    findIssuer: async (bin) => findIssuer(bin),
    openPage: null,
    mandateCheckMs: delayMs,
    askMandate: async () => 'active',
    async charge(tenant, charge) {
      const lateAt = new Date(clock.now().getTime() + delayMs)
      const first = firstState(outcomeOf(charge.instrument), lateAt)
      await insert(tenant, charge, charge.instrument.type === 'direct_debit' ? later(first, lateAt) : first)
      return known(tenant, charge.reference)
    },
    query,
    async stop(tenant, charge) {
      await insert(tenant, charge, { status: 'failed', reason: reasons.stopped })
      await decide({ db, clock }, tenant, charge.reference, { status: 'failed', reason: reasons.stopped })
      return known(tenant, charge.reference)
    },
    async giveBack(tenant, reference) {
      await db.query(sql`
        update sandbox_charges set status = 'given_back', updated_at = ${clock.now()}
        where merchant_id = ${tenant.merchant.id} and reference = ${reference} and status = 'succeeded'
      `)
      return { status: 'succeeded' }
    },
  }
}

/** An outcome that a charge under way can be given. */
export type SandboxDecision = 'succeeded' | 'declined' | 'insufficient_funds'

/** Makes the sandbox decide a charge that is under way. A charge that is decided keeps its outcome. */
export async function decideSandboxCharge(
  own: { db: Db; clock: Clock },
  tenant: SandboxTenant,
  reference: string,
  outcome: SandboxDecision,
): Promise<void> {
  await decide(own, tenant, reference, firstState(outcome, null))
}

async function decide(
  { db, clock }: { db: Db; clock: Clock },
  tenant: Tenant,
  reference: string,
  { status, reason }: ChargeRow,
) {
  await db.query(sql`
    update sandbox_charges set status = ${status}, reason = ${reason}, updated_at = ${clock.now()}
    where merchant_id = ${tenant.merchant.id} and reference = ${reference} and status = 'processing'
  `)
}

/** Postpones an outcome that is certain at once to the time at which a bank would have answered. */
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
