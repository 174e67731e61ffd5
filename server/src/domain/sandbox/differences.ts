import { randomCode } from '../../base/ids.ts'
import type { Context } from '../context.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import { type Difference, findDifference, noteDifference } from '../reconciliation/differences.ts'
import type { DifferenceKind } from '../reconciliation/found-differences.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

export interface NewSandboxDifference {
  kind: DifferenceKind
  /** Minor units. */
  amount: bigint
  /** Default the merchant's first one. */
  currency?: string | undefined
}

/** Pretends that a reconciliation has found a difference. No money is missing. Throws `currency_not_held`. */
export async function simulateDifference(
  context: Context,
  tenant: SandboxTenant,
  { kind, amount, currency: code }: NewSandboxDifference,
): Promise<Difference> {
  const currency = heldCurrency(tenant.merchant, code)
  const name = randomCode(context.random, 20)
  const subject = kind === 'unexplained' ? ('balance' as const) : ('payment' as const)
  const sandbox = { id: null, booksId: 0n }
  await noteDifference(context, tenant, sandbox, {
    kind,
    subject,
    name,
    reference: null,
    transactionId: null,
    amount,
    ours: kind === 'missing_here' ? null : 0n,
    theirs: kind === 'missing_there' ? null : amount,
    currency,
    effects: {},
    at: context.clock.now(),
  })
  return findDifference(context, tenant, { booksId: 0n, subject, name, kind })
}
