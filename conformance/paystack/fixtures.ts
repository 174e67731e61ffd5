import type { Merchant } from '../src/merchant.ts'
import { sandboxOf } from '../src/sandbox.ts'

/** The identity that test mode confirms, as documented. Any other is refused. */
export const confirmedIdentity = {
  first_name: 'Uchenna',
  last_name: 'Okoro',
  type: 'bank_account',
  country: 'NG',
  bvn: '222222222221',
  bank_code: '007',
  account_number: '0111111111',
}

/** A key of the right form that belongs to no merchant. */
export const unknownKey = `sk_test_${'0'.repeat(40)}`
export const unknownCode = 'CUS_000000000000000'

let lastNumber = 0
/** A new address, with the `+` that clients encode differently in paths. */
export function newEmail(): string {
  lastNumber += 1
  return `ada+${lastNumber}@example.com`
}

/** Saves a test card for the customer, as one payment at Paystack would. Answers its authorization code. */
export async function saveCard(merchant: Merchant, customerCode: string): Promise<string> {
  const { authorizationCode } = await sandboxOf(merchant).createPaymentMethod({
    customerId: customerCode,
    type: 'card',
  })
  return authorizationCode
}
