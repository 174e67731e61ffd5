import { ServiceError } from '../../base/errors.ts'
import { parseCurrency } from '../../base/money.ts'
import type { BankDirectory } from '../../domain/banking/bank-directory.ts'
import { listBanks } from '../../domain/banking/banks.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { NewRecipient } from '../../domain/payouts/recipients.ts'
import { textOf } from './queries.ts'
import { bankTypes, businessCodes } from './render-transfer.ts'
import { transferWords } from './transfer-words.ts'

/** The members of a new recipient, as they were sent. */
export interface GivenRecipient {
  type?: string
  name?: string
  account_number?: string
  bank_code?: string
  currency?: string
  description?: string
  email?: string
  authorization_code?: string
  metadata?: Record<string, unknown>
}

const wallets = ['mobile_money', 'mobile_money_business']
const types = [...Object.values(bankTypes), ...wallets, 'authorization']

/**
 * Reads a recipient. Throws `invalid_request`, in Paystack's words where they are known.
 *
 * @param directory who knows the banks of the mode; where nobody does, a code is left to the processor
 */
export function readRecipient(tenant: Tenant, directory: BankDirectory | null, given: GivenRecipient): NewRecipient {
  if (given.type === undefined) throw new ServiceError('invalid_request', '"type" is required', 'type')
  if (given.name === undefined) throw new ServiceError('invalid_request', '"name" is required', 'name')
  const type = given.type.trim()
  if (!types.includes(type)) {
    throw new ServiceError('invalid_request', `"type" must be one of [${types.join(', ')}]`, 'type')
  }
  // A saved instrument here names no bank account that takes money.
  if (type === 'authorization') {
    throw new ServiceError('invalid_request', transferWords.noAuthorizationAccount, 'authorization_code')
  }
  const accountNumber = textOf(given.account_number)
  if (accountNumber === undefined) throw new ServiceError('invalid_request', transferWords.noAccount, 'account_number')
  const name = textOf(given.name)
  if (name === undefined) throw new ServiceError('invalid_request', '"name" is not allowed to be empty', 'name')
  const bankCode = textOf(given.bank_code)
  if (bankCode === undefined || (directory !== null && !isKnownBank(directory, bankCode))) {
    throw new ServiceError('invalid_request', transferWords.unknownBank, 'bank_code')
  }
  const isWallet = wallets.includes(type)
  checkNumber(type, accountNumber)
  return {
    type: isWallet ? 'mobile_money' : 'bank_account',
    accountNumber,
    bankCode,
    currency: currencyOf(tenant, type, textOf(given.currency)),
    name,
    email: textOf(given.email),
    description: textOf(given.description),
    metadata: given.metadata,
  }
}

function isKnownBank({ unlistedBanks }: BankDirectory, bankCode: string): boolean {
  return businessCodes.includes(bankCode) || [...listBanks({}), ...unlistedBanks].some(({ code }) => code === bankCode)
}

function checkNumber(type: string, accountNumber: string): void {
  const form = type === 'nuban' ? /^\d{10,11}$/ : wallets.includes(type) ? /^\+?\d{5,15}$/ : /^[0-9A-Za-z]{4,34}$/
  if (!form.test(accountNumber))
    throw new ServiceError('invalid_request', transferWords.invalidAccount, 'account_number')
}

/** The kind of a bank account has one currency. A currency without a kind of its own takes any. */
function currencyOf({ merchant }: Tenant, type: string, given: string | undefined): string | undefined {
  const [own] = Object.entries(bankTypes).find(([, each]) => each === type) ?? []
  if (given === undefined) {
    const usual = own === undefined ? ['GHS', 'KES'] : [own]
    return usual.find((each) => merchant.currencies.some((held) => held === each))
  }
  const currency = parseCurrency(given)
  const wanted = bankTypes[currency]
  if (own === undefined || wanted === undefined || wanted === type) return currency
  throw new ServiceError('invalid_request', `"type" must be ${wanted} for ${currency}`, 'type')
}
