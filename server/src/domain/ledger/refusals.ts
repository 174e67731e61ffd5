import { type ErrorCode, ServiceError } from '../../base/errors.ts'
import type { LedgerCommand } from './commands.ts'

/** Why the posting function did nothing of a command. */
export type LedgerRefusal =
  | LedgerRefusalCode
  // To place a hold that would have expired already.
  | 'expiry_passed'
  // To expire a hold before its time; only Mteja itself asks for that.
  | 'hold_not_due'

type LedgerRefusalCode = Extract<
  ErrorCode,
  | 'customer_not_found'
  | 'customer_denied'
  | 'insufficient_funds'
  | 'balance_limit'
  | 'hold_not_open'
  | 'hold_exceeded'
  | 'transaction_not_found'
  | 'refund_exceeded'
>

/** The refusal in words. The same command refused for the same reason says the same, so that a repeat is the same answer. */
export function refusedCommand(command: LedgerCommand, refusal: LedgerRefusal, replayed: boolean): ServiceError {
  const message = describe(command, refusal)
  if (refusal === 'expiry_passed') return new ServiceError('invalid_request', message, 'expiresAt', { replayed })
  const code = refusal === 'hold_not_due' ? 'hold_not_open' : refusal
  return new ServiceError(code, message, undefined, { replayed })
}

function describe(command: LedgerCommand, refusal: LedgerRefusal): string {
  const customers = customersOf(command)
  switch (refusal) {
    case 'customer_not_found':
      return `There is no customer ${customers.map((each) => JSON.stringify(each)).join(' or no customer ')}`
    case 'customer_denied':
      return `${customers.length > 1 ? 'A customer of' : 'The customer of'} this operation is denied and cannot send, spend or be paid; change their risk action first`
    case 'insufficient_funds':
      return `The available balance of ${payer(command)} does not cover the amount`
    case 'balance_limit':
      return 'A balance would pass 2^53 - 1 minor units, the largest that is exact everywhere'
    case 'hold_not_open':
      return 'The hold is not open: it was captured in full, released or has expired'
    case 'hold_not_due':
      return 'The hold is not due to expire'
    case 'expiry_passed':
      return 'expiresAt must be in the future, at most a year from now'
    case 'hold_exceeded':
      return 'The amount is more than what is left of the hold'
    case 'transaction_not_found':
      return `There is no transaction ${'originalId' in command ? JSON.stringify(command.originalId) : ''}`
    case 'refund_exceeded':
      return 'The amount is more than what is left of the transaction to give back'
  }
}

function customersOf(command: LedgerCommand): string[] {
  const accounts = [command.from, ...('to' in command ? [command.to] : [])]
  return accounts.flatMap((account) => account.customer ?? [])
}

function payer({ from }: LedgerCommand): string {
  return from.customer === undefined ? 'the merchant' : `customer ${from.customer}`
}
