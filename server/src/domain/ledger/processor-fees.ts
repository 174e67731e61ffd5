import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type AccountName, doTogether, type LedgerCommand, type Receipt } from './commands.ts'
import { accountOfLateFact } from './late-facts.ts'

/**
 * Who bears what a processor keeps of a payment: `merchant` by `processor_fees`, `merchant_balance`, or `owner`, whose balance the
 * payment fills.
 */
export type FeeBearer = 'merchant' | 'merchant_balance' | 'owner'

export const feeBearers = ['merchant', 'merchant_balance', 'owner'] as const satisfies readonly FeeBearer[]

/** The bearer of the fees of payments that begin now, as an expression of SQL. */
export function wantedBearer({ merchant, mode }: Tenant): Sql {
  return sql`coalesce((
    select w.fees_borne_by from payment_settings w where w.merchant_id = ${merchant.id} and w.mode = ${mode}
  ), 'merchant')`
}

/** What an account at a processor has kept of a payment. */
export interface ProcessorFee {
  /** Minor units above 0. */
  amount: bigint
  /** Minor units of the payment. */
  payment: bigint
  currency: Currency
  /** The account at the processor. */
  accountId: bigint
  bearer: FeeBearer
  /** Whose balance the payment fills, and by how much, in minor units; null for money that has no owner. */
  paid: { to: AccountName; amount: bigint } | null
  details: Record<string, unknown>
  /** The key by which it is booked once. */
  key: string
}

/**
 * Posts commands of a payment and its fee in one commit. The merchant bears a fee that the bearer's account does not take. One that the
 * merchant's account cannot hold either, or that is beyond reason, is left unbooked, and is as unknown as one that was never told: it
 * holds up no money.
 */
export async function postWithFee(
  context: FreeContext,
  tenant: Tenant,
  commands: LedgerCommand[],
  fee: ProcessorFee | null,
): Promise<PostedWithFee> {
  if (fee === null || isBeyondReason(fee)) {
    const outcomes = commands.length === 0 ? [] : await doTogether(context, tenant, commands)
    return { outcomes, isFeeRefused: fee !== null }
  }
  const from = await accountOfFee(context, tenant, fee)
  const outcomes = await doTogether(context, tenant, [...commands, commandOf(context, fee, from, fee.key)])
  const refused = outcomes.pop()
  if (!(refused instanceof ServiceError)) return { outcomes, isFeeRefused: false }
  if (!refused.kept) throw refused
  if (from.kind === 'processor_fees') return { outcomes, isFeeRefused: true }
  const [left] = await doTogether(context, tenant, [commandOf(context, fee, merchantFees, `${fee.key}${ofRefused}`)])
  if (left instanceof ServiceError && !left.kept) throw left
  return { outcomes, isFeeRefused: left instanceof ServiceError }
}

interface PostedWithFee {
  /** For each command, in order. */
  outcomes: (Receipt | ServiceError)[]
  /** Whether the fee is left unbooked. */
  isFeeRefused: boolean
}

/** One wrong number must not fill the account of fees, which would then take no other fee. */
function isBeyondReason({ amount, payment }: ProcessorFee): boolean {
  return amount > 10n * payment
}

/** Ends the key of a fee that its bearer's account has not taken: the first key remembers the refusal. */
export const ofRefused = '/merchant'

const merchantFees = { kind: 'processor_fees' } as const

/** A fee of more than the payment is the merchant's: a processor that errs brings no customer into debt. */
async function accountOfFee(
  context: Context,
  tenant: Tenant,
  { bearer, paid, amount }: ProcessorFee,
): Promise<AccountName> {
  if (bearer === 'merchant' || paid === null || amount > paid.amount) return merchantFees
  if (bearer === 'merchant_balance' || paid.to.kind !== 'customer_cash') return { kind: 'merchant_balance' }
  return accountOfLateFact(context, tenant, paid.to.customer)
}

function commandOf(context: Context, fee: ProcessorFee, from: AccountName, ownKey: string): LedgerCommand {
  const { amount, currency, accountId, details } = fee
  return {
    action: 'book',
    kind: 'processor_fee',
    id: uuidV7(context.random, context.clock.now()),
    currency,
    from,
    to: { kind: 'outside', at: accountId },
    amount,
    description: 'Fee of the processor',
    details,
    event: null,
    request: null,
    ownKey,
  }
}
