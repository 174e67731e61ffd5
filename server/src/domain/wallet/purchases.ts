import { uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import type { FreeContext } from '../context.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import { doCommand } from '../ledger/commands.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** Money a customer spent with the merchant, from their cash balance. */
export interface Purchase {
  /** The id of its ledger transaction, too. */
  id: string
  customerCode: string
  productId: string
  /** Minor units, of the whole purchase, whatever the quantity. */
  amount: bigint
  currency: Currency
  balanceBefore: bigint
  balanceAfter: bigint
  createdAt: Date
  replayed: boolean
}

/**
 * Moves the amount from the customer to the merchant. Throws `invalid_request`, `currency_not_held`,
 * `customer_not_found`, `customer_denied`, `insufficient_funds`, `balance_limit`, `idempotency_key_reused`.
 */
export async function makePurchase(
  context: FreeContext,
  tenant: Tenant,
  input: {
    customerCode: string
    productId: string
    amount: number | string
    currency: string
    quantity?: number | undefined
  },
  request: IdempotentRequest | null,
): Promise<Purchase> {
  const amount = parseAmount(input.amount)
  const currency = heldCurrency(tenant.merchant, input.currency)
  const { customerCode, productId, quantity } = input
  const id = uuidV7(context.random, context.clock.now())
  const details = { productId, ...(quantity === undefined ? {} : { quantity }) }

  const receipt = await doCommand(context, tenant, {
    action: 'post',
    kind: 'purchase',
    id,
    currency,
    from: { kind: 'customer_cash', customer: customerCode },
    to: { kind: 'merchant_balance' },
    amount,
    description: `Purchase of ${productId}`,
    details,
    event: {
      type: 'purchase.succeeded',
      data: {
        customer: { code: customerCode },
        details: { purchaseId: id, amount: Number(amount), currency, ...details },
      },
    },
    request,
  })
  return {
    id: receipt.id,
    customerCode,
    productId,
    amount,
    currency,
    balanceBefore: receipt.fromBalance + amount,
    balanceAfter: receipt.fromBalance,
    createdAt: receipt.createdAt,
    replayed: receipt.replayed,
  }
}
