import type { Currency } from '../../base/money.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import type { Ask } from './ask.ts'
import { begin, type Outcome } from './outcomes.ts'
import {
  type Members,
  optionalText,
  readBoolean,
  readCurrency,
  readId,
  readMembers,
  readMode,
  readSuccess,
  readText,
} from './reading.ts'

/** The kinds of accounts that the account pays out to. */
export type RecipientType = 'nuban' | 'ghipss' | 'mobile_money' | 'kepss' | 'basa' | 'mobile_money_business'

/** Somebody to whom transfers go. */
export interface Recipient {
  id: bigint
  /** `RCP_…`. */
  code: string
  mode: Mode
  currency: Currency
  type: string
  name: string
  active: boolean
  /** A phone number of a mobile wallet. Null for a card. */
  accountNumber: string | null
  bankCode: string | null
  /** The holder's name at the bank; null where the account has not asked the bank. */
  accountName: string | null
}

export interface NewRecipient {
  type: RecipientType
  name: string
  accountNumber: string
  /** The operator's code for a mobile wallet. */
  bankCode: string
  currency: Currency
}

/** `POST /transferrecipient`. The same account is the same recipient, however often it is called. */
export function createRecipient(
  ask: Ask,
  { type, name, accountNumber, bankCode, currency }: NewRecipient,
): Promise<Outcome<Recipient>> {
  const body = { type, name, account_number: accountNumber, bank_code: bankCode, currency }
  const question = { operation: 'create_recipient', method: 'POST', path: '/transferrecipient', body } as const
  return begin(ask, 'create_recipient', question, (data) => readRecipient(readMembers(data)))
}

/** `GET /transferrecipient/:code`. Null for a code that the account does not know. Throws `UpstreamError`. */
export async function fetchRecipient(ask: Ask, code: string): Promise<Recipient | null> {
  const operation = 'fetch_recipient'
  const answer = await ask({ operation, method: 'GET', path: `/transferrecipient/${encodeURIComponent(code)}` })
  if (answer.status === 404 && answer.body.status === false) return null
  return readSuccess(operation, answer, (data) => readRecipient(readMembers(data)))
}

/** Reads a recipient, wherever it stands in an answer. */
export function readRecipient(members: Members): Recipient {
  const details = readMembers(members.details, 'details')
  return {
    id: readId(members, 'id'),
    code: readText(members, 'recipient_code'),
    mode: readMode(members),
    currency: readCurrency(members),
    type: readText(members, 'type'),
    name: readText(members, 'name'),
    active: readBoolean(members, 'active'),
    accountNumber: optionalText(details, 'account_number'),
    bankCode: optionalText(details, 'bank_code'),
    accountName: optionalText(details, 'account_name'),
  }
}
