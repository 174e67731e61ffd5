import type { BankAccount } from '../../domain/banking/bank-directory.ts'
import type { HolderAnswer } from '../../domain/payouts/payout-processor.ts'
import { type Ask, unusable } from './ask.ts'
import { readMembers, readSuccess, readText, Unreadable } from './reading.ts'

/** The name is only shown: a payout does not wait long for it. */
const timeoutMs = 8_000

/** `GET /bank/resolve`: the holder of an account. A test key is answered three times a day. Throws `UpstreamError`. */
export async function resolveHolder(
  ask: Ask,
  { accountNumber, bankCode }: BankAccount,
): Promise<NonNullable<HolderAnswer>> {
  const operation = 'resolve_account'
  const query = { account_number: accountNumber, bank_code: bankCode }
  const answer = await ask({ operation, method: 'GET', path: '/bank/resolve', query, timeoutMs })
  const { status, body } = answer
  if (status === 422 || (status === 400 && /account number is invalid/i.test(String(body.message)))) {
    return { is: 'no_account' }
  }
  if (status >= 400) throw unusable(operation, status)
  const name = readSuccess(operation, answer, (data) => {
    const members = readMembers(data)
    if (readText(members, 'account_number') !== accountNumber) throw new Unreadable('account_number')
    return readText(members, 'account_name')
  })
  return { is: 'found', name }
}
