import { ServiceError } from '../../base/errors.ts'
import { type Context, inTransaction, noteChange } from '../context.ts'
import { lockCustomer } from '../customers/customers.ts'
import { describeInstrument } from '../payments/instrument-descriptions.ts'
import type { TypedCard, TypedPhone } from '../payments/instruments.ts'
import { addPaymentMethod, type PaymentMethod } from '../payments/payment-methods.ts'
import type { ProcessorChoice } from '../payments/payment-processor.ts'
import { sandboxSuccessCard } from './instruments.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

/** A card or a mobile money number. Every member may be left out, except the phone of mobile money. */
export interface TestInstrument extends Partial<Omit<TypedCard, 'type'>> {
  type: 'card' | 'mobile_money'
  phone?: string | undefined
}

/**
 * Saves an instrument for a customer, as if the customer had paid with it. A card without a number is the test card
 * that succeeds. The customer's first payment method becomes the default. Throws `customer_not_found`,
 * `invalid_request`.
 */
export async function savePaymentMethod(
  context: Context & ProcessorChoice,
  tenant: SandboxTenant,
  customerCode: string,
  instrument: TestInstrument,
): Promise<PaymentMethod> {
  const fields = await describeInstrument(context, tenant, completed(instrument))
  return inTransaction(context, async (tx) => {
    const customer = await lockCustomer(tx, tenant, { code: customerCode })
    const method = await addPaymentMethod(tx, tenant, customer, fields)
    noteChange(tx, { object: method.code, after: { customer: customer.code, type: instrument.type, active: true } })
    return method
  })
}

function completed({ type, phone, ...given }: TestInstrument): TypedCard | TypedPhone {
  const { number = sandboxSuccessCard, expiryMonth = 12, expiryYear = 2030, provider, accountName } = given
  if (type === 'card') return { ...given, type, number, expiryMonth, expiryYear }
  if (phone !== undefined) return { type, phone, provider, accountName }
  throw new ServiceError('invalid_request', 'phone is required for mobile money', 'phone')
}
