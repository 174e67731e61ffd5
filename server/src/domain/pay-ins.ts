import { ServiceError } from '../errors.ts'
import { uuidV7 } from '../ids.ts'
import { type Currency, parseAmount } from '../money.ts'
import type { Service } from '../service.ts'
import type { Poster } from './ledger/posting.ts'
import { heldCurrency } from './merchants.ts'
import type { Tenant } from './tenant.ts'

/** Money that came from outside to a customer's cash balance. */
export interface PayIn {
  id: string
  transactionId: string
  customerCode: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  description: string | null
  balanceAfter: bigint
  createdAt: Date
}

/**
 * Credits a customer's cash balance as if a pay-in had arrived. Test mode only.
 * Throws `test_mode_only`, `invalid_request`, `currency_not_held`, `customer_not_found`, `customer_denied`,
 * `balance_limit`.
 */
export async function simulatePayIn(
  service: Service,
  post: Poster,
  tenant: Tenant,
  input: {
    customerCode: string
    amount: number | string
    currency?: string | undefined
    description?: string | undefined
  },
): Promise<PayIn> {
  if (tenant.mode !== 'test') throw new ServiceError('test_mode_only', 'Simulated pay-ins exist in test mode only')
  const amount = parseAmount(input.amount)
  const currency = heldCurrency(tenant.merchant, input.currency)
  const createdAt = service.clock.now()
  const id = uuidV7(service.random, createdAt)
  const description = input.description ?? 'Sandbox pay-in'

  const result = await post({
    tenant,
    posting: {
      id,
      kind: 'pay_in',
      currency,
      description,
      related: { type: 'PayIn', id },
      legs: [
        { account: { kind: 'customer_cash', customer: input.customerCode }, amount },
        { account: { kind: 'outside' }, amount: -amount },
      ],
      event: {
        type: 'pay_in.succeeded',
        data: { customer: { code: input.customerCode }, details: { payInId: id, amount: Number(amount), currency } },
      },
    },
  })
  if (!result.posted) throw refused(result.refusal, input.customerCode)
  const [balanceAfter] = result.balances as [bigint]
  return {
    id,
    transactionId: id,
    customerCode: input.customerCode,
    amount,
    currency,
    description,
    balanceAfter,
    createdAt,
  }
}

function refused(code: ConstructorParameters<typeof ServiceError>[0], customerCode: string): ServiceError {
  const messages: Partial<Record<typeof code, string>> = {
    customer_not_found: `There is no customer "${customerCode}"`,
    customer_denied: `Customer ${customerCode} is denied: their risk action must be changed before they can be paid`,
    balance_limit: 'The balance would pass the largest amount that can be kept exactly, 2^53 - 1 minor units',
  }
  return new ServiceError(code, messages[code] ?? 'The balance does not cover the amount')
}
