import { type Ask, unusable } from './ask.ts'
import { cutText, optionalText, readBoolean, readMembers, readSuccess, readText } from './reading.ts'
import { readAddress } from './transactions.ts'

/** A request for a mandate, as the account has it. */
export interface InitializedAuthorization {
  /** The account's own name of the request. */
  reference: string
  /** The page on which the customer agrees. */
  url: string
}

/** A customer who is asked for a mandate. */
export interface AuthorizationRequest {
  email: string
  /** The address to which the customer returns. */
  callbackUrl: string
  account: { number: string; bankCode: string } | null
  address: { street: string; city: string; state: string } | null
}

/**
 * `POST /customer/authorization/initialize`. Each call makes a request of its own, and nobody gets to know a page whose answer was
 * lost. Null for a request that the account refuses, with its sentence. Throws `UpstreamError`.
 */
export async function initializeAuthorization(
  ask: Ask,
  { email, callbackUrl, account, address }: AuthorizationRequest,
): Promise<InitializedAuthorization | { refused: string }> {
  const operation = 'initialize_authorization'
  const body = {
    email,
    channel: 'direct_debit',
    callback_url: callbackUrl,
    account: account === null ? undefined : { number: account.number, bank_code: account.bankCode },
    address: address ?? undefined,
  }
  const answer = await ask({ operation, method: 'POST', path: '/customer/authorization/initialize', body })
  const { status } = answer
  if ([400, 403, 404, 422].includes(status) && answer.body.status === false) {
    return { refused: cutText(String(answer.body.message)) }
  }
  return readSuccess(operation, answer, (data) => {
    const members = readMembers(data)
    return { reference: readText(members, 'reference'), url: readAddress(members, 'redirect_url') }
  })
}

/** A mandate to which a customer has agreed. */
export interface Authorization {
  /** Secret: whoever has it can debit the bank account. */
  code: string
  bank: string | null
  /** Whether the bank has agreed, too. */
  active: boolean
}

/**
 * `GET /customer/authorization/verify/:reference`. Null for a request to which nobody has agreed. Throws `UpstreamError`.
 */
export async function verifyAuthorization(ask: Ask, reference: string): Promise<Authorization | null> {
  const operation = 'verify_mandate'
  const path = `/customer/authorization/verify/${encodeURIComponent(reference)}`
  const answer = await ask({ operation, method: 'GET', path })
  if (answer.status === 404 && answer.body.status === false) return null
  return readSuccess(operation, answer, (data) => {
    const members = readMembers(data)
    if (optionalText(members, 'channel') !== 'direct_debit') throw unusable(operation, answer.status)
    return {
      code: readText(members, 'authorization_code'),
      bank: optionalText(members, 'bank'),
      active: readBoolean(members, 'active'),
    }
  })
}
