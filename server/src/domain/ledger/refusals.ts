import { type ErrorCode, ServiceError } from '../../base/errors.ts'

/** The reason why the posting function refused a command. */
export type LedgerRefusal =
  | LedgerRefusalCode
  // A hold was to be placed whose time to expire has passed.
  | 'expiry_passed'
  // A hold was to expire before its time. Only Mteja itself sends such a command.
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

/** The members of a ledger command that a message names. */
export interface RefusedCommand {
  readonly from: AccountOwner
  readonly to?: AccountOwner
  readonly originalId?: string
  /** Null for the whole rest. */
  readonly amount?: bigint | null
}

/** The code of the customer who owns an account; undefined for an account of the merchant. */
interface AccountOwner {
  readonly customer?: string | undefined
}

/** The refusal as an error. The message depends on the command and the refusal alone, so a replayed refusal has the same text. */
export function refusedCommand(command: RefusedCommand, refusal: LedgerRefusal, replayed: boolean): ServiceError {
  const message = describe(command, refusal)
  if (refusal === 'expiry_passed') return new ServiceError('invalid_request', message, 'expiresAt', { replayed })
  const code = refusal === 'hold_not_due' ? 'hold_not_open' : refusal
  return new ServiceError(code, message, undefined, { replayed, kept: true })
}

function describe(command: RefusedCommand, refusal: LedgerRefusal): string {
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
      return `There is no transaction ${JSON.stringify(command.originalId)}`
    case 'refund_exceeded':
      return command.amount === null
        ? 'Nothing is left of the transaction to give back: it was refunded or reversed before'
        : 'The amount is more than what is left of the transaction to give back'
  }
}

function customersOf({ from, to }: RefusedCommand): string[] {
  return [from, to].flatMap((account) => account?.customer ?? [])
}

function payer({ from }: RefusedCommand): string {
  return from.customer === undefined ? 'the merchant' : `customer ${from.customer}`
}
