import type { Clock } from '../../base/clock.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { Db, Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type ChargeStep, notAsked, notAskedYet, type StepAnswer } from '../payments/charge-steps.ts'
import type { ChargedInstrument } from '../payments/instruments.ts'
import type { Charge, ChargeState, PaymentProcessor, Return, ReturnState } from '../payments/payment-processor.ts'
import {
  findIssuer,
  identifyInstrument,
  outcomeOf,
  readEncryptedCard,
  returnOutcomeOf,
  type SandboxOutcome,
  type SandboxReturnOutcome,
  sandboxDefaultInstrument,
  sandboxPages,
} from './instruments.ts'
import { hasOutcomes, type Outcome, takeOutcome } from './outcomes.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'
import { refusedPasscode, scriptNameOf, scriptOf, shownStep } from './scripts.ts'

const reasons = {
  declined: 'The payment was declined by the issuer',
  insufficient_funds: 'The account has insufficient funds',
  unknown: 'The card is none of the test cards; see docs/sandbox.md',
  stopped: 'The payment was not completed in time',
  returnFailed: 'The refund could not be paid out',
  returnWaits: 'A bank account of the payer is needed to send the refund to',
} as const

/** How a charge ends, once nothing is asked any more. `processing` is for ever, unless somebody decides it. */
interface Ending {
  status: 'processing' | 'succeeded' | 'failed'
  reason: string | null
  /** The time that the answer takes. */
  afterMs: number
}

interface ChargeRow {
  status: 'processing' | 'succeeded' | 'failed' | 'given_back'
  reason: string | null
}

/** A charge that is on record. */
interface KnownRow extends ChargeRow {
  script: string | null
  step: number
  ending: Ending | null
  shown: ChargeStep | null
}

/** A new charge. A charge under way is decided at `decidedAt`. With a `lateReason` the charge then fails. */
type NewChargeRow = ChargeRow & {
  decidedAt?: Date
  lateReason?: string | null
  returnOutcome?: SandboxReturnOutcome | null
}

/** How a return is made that the merchant has chosen an outcome for. */
interface BentReturn {
  status: 'processing' | 'succeeded' | 'failed' | 'needs_attention' | 'unknown' | null
  sentAt: Date | 'infinity'
}

type NewCharge = NewChargeRow & Partial<Pick<KnownRow, 'script' | 'ending' | 'shown'>>

/** The sandbox's payment processor. It plays an outside party: only the processor reads the table of its charges. */
export function createSandboxProcessor(own: { db: Db; clock: Clock; delayMs: number }): PaymentProcessor {
  const { db, clock, delayMs } = own

  async function insert(to: Queryable, tenant: Tenant, charge: Omit<Charge, 'instrument'>, row: NewCharge) {
    const json = (value: unknown) => (value ? JSON.stringify(value) : null)
    await to.query(sql`
      insert into sandbox_charges (
        merchant_id, reference, mode, amount, currency, status, reason, succeeds_at, late_reason, script, ending, shown,
        return_outcome, created_at, updated_at
      )
      values (
        ${tenant.merchant.id}, ${charge.reference}, ${tenant.mode}, ${charge.amount}, ${charge.currency},
        ${row.status}, ${row.reason}, ${row.decidedAt ?? null}, ${row.lateReason ?? null}, ${row.script ?? null},
        ${json(row.ending)}::json, ${json(row.shown)}::json,
        ${row.returnOutcome ?? null}, ${clock.now()}, ${clock.now()}
      )
      on conflict do nothing
    `)
  }

  async function find(tenant: Tenant, reference: string): Promise<KnownRow | null> {
    await db.query(sql`
      update sandbox_charges set
        status = case when late_reason is null then 'succeeded' else 'failed' end, reason = late_reason,
        updated_at = ${clock.now()}
      where merchant_id = ${tenant.merchant.id} and reference = ${reference}
        and status = 'processing' and succeeds_at <= ${clock.now()}
    `)
    const [row] = await db.query<KnownRow>(sql`
      select status, reason, script, step, ending, shown from sandbox_charges
      where merchant_id = ${tenant.merchant.id} and reference = ${reference}
    `)
    return row ?? null
  }

  async function query(tenant: Tenant, reference: string): Promise<ChargeState | null> {
    const row = await find(tenant, reference)
    return row === null ? null : readState(row)
  }

  /** A return that was sent to another account is under way for the time that a bank takes. */
  async function queryReturn(tenant: Tenant, id: string): Promise<ReturnState> {
    const arrivedBy = new Date(clock.now().getTime() - delayMs)
    const [row] = await db.query<{ status: ReturnState['status'] }>(sql`
      select case when status = 'processing' and updated_at <= ${arrivedBy} then 'succeeded' else status end as status
      from sandbox_returns
      where merchant_id = ${tenant.merchant.id} and id = ${id}
    `)
    switch (row?.status) {
      case undefined:
      case 'unknown':
        return { status: 'unknown' }
      case 'failed':
        return { status: 'failed', reason: reasons.returnFailed }
      case 'needs_attention':
        return { status: 'needs_attention', reason: reasons.returnWaits }
      default:
        return { status: row?.status === 'processing' ? 'processing' : 'succeeded' }
    }
  }

  const known = async (tenant: Tenant, reference: string) => (await query(tenant, reference)) as ChargeState

  /** A charge as its instrument makes it, or as the merchant wants it to be. */
  function begin({ instrument, reference, canAsk = false }: Charge, bent: Outcome | null = null): NewCharge {
    const now = clock.now()
    const script = canAsk ? scriptNameOf(instrument) : null
    const shown = canAsk ? shownStep(instrument, { reference, now }) : null
    const isSlow = script === null && (shown !== null || ['direct_debit', 'bank'].includes(instrument.type))
    const natural = naturalEnding(instrument, { fails: scriptOf(script)?.fails, delayMs, isSlow })
    const ending = bent === null ? natural : bentEnding(bent, natural)
    const returnOutcome = returnOutcomeOf(instrument)
    if (script === null) return { ...endNow(ending, now), shown, returnOutcome }
    return { status: 'processing', reason: null, script, ending, returnOutcome }
  }

  /** Makes a charge as the merchant wants it, and uses up the outcome with it; null for a charge that nothing is wanted for. */
  function bend(tenant: Tenant, charge: Charge): Promise<Outcome | null> {
    const { reference } = charge
    return db.transaction(async (tx) => {
      const known = await tx.query(sql`
        select reference from sandbox_charges where merchant_id = ${tenant.merchant.id} and reference = ${reference}
      `)
      if (known.length > 0) return null
      const outcome = await takeOutcome(tx, clock, tenant, { on: 'charge', reference })
      if (outcome !== null && outcome.outcome !== 'error') await insert(tx, tenant, charge, begin(charge, outcome))
      return outcome
    })
  }

  async function insertReturn(to: Queryable, tenant: Tenant, wanted: Return, state: BentReturn | null = null) {
    // Money that arrived unasked has no charge.
    await to.query(sql`
      insert into sandbox_returns (merchant_id, id, mode, reference, amount, currency, status, created_at, updated_at)
      select
        ${tenant.merchant.id}, ${wanted.id}::uuid, ${tenant.mode}, ${wanted.reference}, ${wanted.amount}::bigint,
        ${wanted.currency}, coalesce(${state?.status ?? null}::text, max(c.return_outcome), 'succeeded'),
        ${clock.now()}::timestamptz, ${state?.sentAt ?? clock.now()}::timestamptz
      from sandbox_charges c
      where c.merchant_id = ${tenant.merchant.id} and c.reference = ${wanted.reference}
      on conflict do nothing
    `)
  }

  /** As `bend`, for a return. */
  function bendReturn(tenant: Tenant, wanted: Return): Promise<Outcome | null> {
    return db.transaction(async (tx) => {
      const known = await tx.query(sql`
        select id from sandbox_returns where merchant_id = ${tenant.merchant.id} and id = ${wanted.id}
      `)
      if (known.length > 0) return null
      const outcome = await takeOutcome(tx, clock, tenant, { on: 'refund', reference: wanted.reference })
      if (outcome !== null && outcome.outcome !== 'error') {
        await insertReturn(tx, tenant, wanted, bentReturn(outcome, clock.now()))
      }
      return outcome
    })
  }

  /** A return that is under way arrives so long after it was sent: one that must take another time was sent at another. */
  function bentReturn({ outcome, afterMs }: Outcome, now: Date): BentReturn {
    const statuses = {
      succeed: 'succeeded',
      decline: 'failed',
      pending: 'processing',
      error: null,
      return: null,
    } as const
    if (outcome === 'pending') return { status: 'processing', sentAt: 'infinity' }
    if (outcome === 'succeed' && afterMs > 0) {
      return { status: 'processing', sentAt: new Date(now.getTime() + afterMs - delayMs) }
    }
    return { status: outcome === 'needs_attention' || outcome === 'unknown' ? outcome : statuses[outcome], sentAt: now }
  }

  /** Takes a right answer, once. */
  async function pass(tenant: Tenant, reference: string, { step, ending }: KnownRow, isLast: boolean): Promise<void> {
    const going: NewChargeRow = { status: 'processing', reason: null }
    const next = isLast && ending !== null ? endNow(ending, clock.now()) : going
    await db.query(sql`
      update sandbox_charges set
        step = step + 1, status = ${next.status}, reason = ${next.reason}, succeeds_at = ${next.decidedAt ?? null}::timestamptz,
        late_reason = ${next.lateReason ?? null}::text, updated_at = ${clock.now()}
      where merchant_id = ${tenant.merchant.id} and reference = ${reference} and status = 'processing' and step = ${step}
    `)
  }

  async function fail(tenant: Tenant, reference: string, { step }: KnownRow, reason: string): Promise<void> {
    await db.query(sql`
      update sandbox_charges set status = 'failed', reason = ${reason}, updated_at = ${clock.now()}
      where merchant_id = ${tenant.merchant.id} and reference = ${reference} and status = 'processing' and step = ${step}
    `)
  }

  async function submit(tenant: Tenant, reference: string, answer: StepAnswer): Promise<ChargeState> {
    const row = await find(tenant, reference)
    const questions = scriptOf(row?.script ?? null)?.questions ?? []
    const position = questions.findIndex(({ asks }) => asks.kind === answer.kind)
    const question = questions[position]
    if (row === null || question === undefined) throw notAsked(answer)
    const open = questions[row.step]
    // A step that was passed, or that comes too late, changes nothing.
    if (row.status !== 'processing' || position < row.step || open === undefined) return readState(row)
    if (position > row.step) throw notAskedYet(answer, open.asks.kind)
    if (question.isRight(answer)) await pass(tenant, reference, row, position === questions.length - 1)
    else await fail(tenant, reference, row, question.wrong)
    return known(tenant, reference)
  }

  return {
    isSandbox: true,
    accountId: 0n,
    defaultInstrument: sandboxDefaultInstrument,
    pages: sandboxPages,
    identify: identifyInstrument,
    readEncryptedCard: async (ciphertext) => readEncryptedCard(ciphertext),
    findIssuer: async (bin) => findIssuer(bin),
    openPage: null,
    findPayment: null,
    mandateCheckMs: delayMs,
    openMandatePage: null,
    askMandate: async () => ({ status: 'active' }),
    async charge(tenant, charge) {
      const bent = (await hasOutcomes(db, clock, tenant)) ? await bend(tenant, charge) : null
      if (bent?.outcome === 'error') throw new UpstreamError('sandbox_charge', 'failed', 502)
      // The answer is lost; the charge is there.
      if (bent?.outcome === 'unknown') return { status: 'processing' }
      if (bent === null) await insert(db, tenant, charge, begin(charge))
      return known(tenant, charge.reference)
    },
    submit,
    query,
    async stop(tenant, charge) {
      await insert(db, tenant, charge, { status: 'failed', reason: reasons.stopped })
      await decide({ db, clock }, tenant, charge.reference, { status: 'failed', reason: reasons.stopped })
      return known(tenant, charge.reference)
    },
    async sendReturn(tenant, wanted) {
      const bent = (await hasOutcomes(db, clock, tenant)) ? await bendReturn(tenant, wanted) : null
      if (bent?.outcome === 'error') return { status: 'not_sent', why: 'no_connection' }
      if (bent === null) await insertReturn(db, tenant, wanted)
      return queryReturn(tenant, wanted.id)
    },
    queryReturn: (tenant, { id }) => queryReturn(tenant, id),
    async redirectReturn(tenant, { id }) {
      await db.query(sql`
        update sandbox_returns set status = 'processing', updated_at = ${clock.now()}
        where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'needs_attention'
      `)
      return queryReturn(tenant, id)
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
  await decide(own, tenant, reference, endNow(endingOf(outcome, 0), own.clock.now()))
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

/** How a charge of an instrument ends. The answer of a bank, and of a payer who acts elsewhere, takes its time. */
function naturalEnding(
  instrument: ChargedInstrument,
  { fails, delayMs, isSlow }: { fails: string | undefined; delayMs: number; isSlow: boolean },
): Ending {
  const reason = fails ?? refusedPasscode(instrument)
  if (reason !== null) return { status: 'failed', reason, afterMs: 0 }
  const { afterMs, ...ending } = endingOf(outcomeOf(instrument), delayMs)
  return { ...ending, afterMs: isSlow ? delayMs : afterMs }
}

/** How a charge ends that the merchant has chosen an outcome for. */
function bentEnding({ outcome, reason, afterMs }: Outcome, natural: Ending): Ending {
  switch (outcome) {
    case 'succeed':
      return { status: 'succeeded', reason: null, afterMs }
    case 'decline':
      return { status: 'failed', reason: reason ?? reasons.declined, afterMs }
    case 'pending':
      return { status: 'processing', reason: null, afterMs: 0 }
    default:
      return { ...natural, afterMs: Math.max(natural.afterMs, afterMs) }
  }
}

function endingOf(outcome: SandboxOutcome | 'unknown', lateMs: number): Ending {
  switch (outcome) {
    case 'succeeded':
      return { status: 'succeeded', reason: null, afterMs: 0 }
    case 'timeout':
      return { status: 'processing', reason: null, afterMs: 0 }
    case 'late_success':
      return { status: 'succeeded', reason: null, afterMs: lateMs }
    default:
      return { status: 'failed', reason: reasons[outcome], afterMs: 0 }
  }
}

/** A charge of which nothing more is asked. */
function endNow({ status, reason, afterMs }: Ending, now: Date): NewChargeRow {
  if (status === 'processing' || afterMs === 0) return { status, reason }
  return { status: 'processing', reason: null, decidedAt: new Date(now.getTime() + afterMs), lateReason: reason }
}

function readState({ status, reason, script, step = 0, shown = null }: KnownRow): ChargeState {
  if (status === 'processing') {
    return { status, asks: scriptOf(script)?.questions[step]?.asks ?? shown }
  }
  if (status === 'succeeded') return { status }
  return { status: 'failed', reason: reason ?? 'The payment was given back' }
}
