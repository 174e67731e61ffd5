import { uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import type { FreeContext } from '../context.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import { doCommand } from '../ledger/commands.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

/** Money that came from outside to a customer's cash balance. */
export interface PayIn {
  /** The id of the pay-in and of its ledger transaction. */
  id: string
  customerCode: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  description: string
  balanceAfter: bigint
  createdAt: Date
  replayed: boolean
}

/**
 * Credits a customer's cash balance as if a pay-in had arrived, once for a request. It is a fact: a denied customer is credited
 * too. Throws `invalid_request`, `currency_not_held`, `customer_not_found`, `balance_limit`, `idempotency_key_reused`.
 */
export async function simulatePayIn(
  context: FreeContext,
  tenant: SandboxTenant,
  input: {
    customerCode: string
    amount: number | string
    currency?: string | undefined
    description?: string | undefined
  },
  request: IdempotentRequest | null = null,
): Promise<PayIn> {
  const amount = parseAmount(input.amount)
  const currency = heldCurrency(tenant.merchant, input.currency)
  const description = input.description ?? 'Sandbox pay-in'
  const id = uuidV7(context.random, context.clock.now())

  const receipt = await doCommand(context, tenant, {
    action: 'book',
    kind: 'pay_in',
    id,
    currency,
    from: { kind: 'outside' },
    to: { kind: 'customer_cash', customer: input.customerCode },
    amount,
    description,
    event: {
      type: 'pay_in.succeeded',
      data: { customer: { code: input.customerCode }, details: { payInId: id, amount: Number(amount), currency } },
    },
    request,
  })
  return {
    id: receipt.id,
    customerCode: input.customerCode,
    amount,
    currency,
    description,
    balanceAfter: receipt.toBalance ?? 0n,
    createdAt: receipt.createdAt,
    replayed: receipt.replayed,
  }
}
