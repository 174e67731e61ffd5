import { ServiceError } from '../../base/errors.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Bank, banks } from './bank-list.ts'

/** Which banks are asked for; what is not given is not looked at. */
export interface BankFilter {
  /** `nigeria`, `Ghana`, `south-africa`. */
  country?: string | undefined
  currency?: string | undefined
  type?: string | undefined
  gateway?: string | undefined
  payBy?: Bank['payBy'] | undefined
  /** Only those whose accounts can be validated. */
  validated?: boolean | undefined
}

/** By name. Throws `invalid_request` for a country whose banks are not known. */
export function listBanks(filter: BankFilter): Bank[] {
  const country = filter.country === undefined ? undefined : readCountry(filter.country)
  return banks.filter(
    (bank) =>
      (country === undefined || bank.country === country) &&
      (filter.currency === undefined || bank.currency === filter.currency.toUpperCase()) &&
      (filter.type === undefined || bank.type === filter.type.toLowerCase()) &&
      (filter.gateway === undefined || bank.gateway === filter.gateway.toLowerCase()) &&
      (filter.payBy === undefined || bank.payBy === filter.payBy) &&
      (filter.validated !== true || bank.validates.length > 0),
  )
}

function readCountry(text: string): Bank['country'] {
  const wanted = text.trim().toLowerCase().replaceAll('-', ' ')
  const known = ['Ghana', 'Kenya', 'Nigeria', 'South Africa'] as const
  const country = known.find((each) => each.toLowerCase() === wanted)
  if (country !== undefined) return country
  const names = known.map((each) => each.toLowerCase()).join(', ')
  throw new ServiceError('invalid_request', `"country" must be one of [${names}]`, 'country')
}

/** The sandbox's own: banks of test credentials, known to no list. */
const testBanks = [
  { id: 20, code: '001' },
  { id: 22, code: '007' },
]

/** Account numbers of the sandbox: one that no bank knows, and one whose holder is known by another's document. */
const unknownAccount = '0000000001'
const mismatchedAccount = '0000000002'

/** Whom the sandbox's accounts belong to. */
const holders = [
  'ADA OBI',
  'KWAME MENSAH',
  'NJERI WANJIKU',
  'THANDI NKOSI',
  'CHIDI EZE',
  'AMA SERWAA',
  'BARAKA OTIENO',
  'LERATO MOLEFE',
  'FUNKE ADEYEMI',
  'YAW BOATENG',
]

export interface ResolvedAccount {
  accountNumber: string
  accountName: string
  bankId: number
}

/**
 * Whose an account is. In test mode every account of a known bank is somebody's, always the same one's, but for
 * 0000000001; bank 001 names the account itself. Throws `invalid_request` for what cannot be an account number and for an
 * unknown bank, `account_not_resolved`, and `not_available` in live mode.
 */
export function resolveAccount(tenant: Tenant, accountNumber: string, bankCode: string): ResolvedAccount {
  refuseLiveMode(tenant)
  const listed = banks.find((bank) => bank.code === bankCode)
  const bank = listed ?? testBanks.find((each) => each.code === bankCode)
  if (!/^\d{6,16}$/.test(accountNumber) || (listed?.type === 'nuban' && accountNumber.length !== 10)) {
    throw new ServiceError('invalid_request', 'Account number is invalid', 'account_number')
  }
  if (bank === undefined) throw unknownBank(bankCode)
  if (bankCode === '001') return { accountNumber, accountName: `TEST ACCOUNT ${accountNumber}`, bankId: bank.id }
  if (accountNumber === unknownAccount) {
    throw new ServiceError('account_not_resolved', `No account ${accountNumber} is known at bank ${bankCode}`)
  }
  return { accountNumber, accountName: holderOf(accountNumber, bankCode), bankId: bank.id }
}

function holderOf(accountNumber: string, bankCode: string): string {
  // The holder whom the right credential of the identity checks names.
  if (accountNumber === '0111111111' && bankCode === '007') return 'UCHENNA OKORO'
  const sum = [...accountNumber].reduce((total, digit, i) => total + Number(digit) * ((i % 7) + 1), 0)
  return holders[sum % holders.length] as string
}

/** Details that an account of a South African bank is held to. */
export interface AccountToValidate {
  accountNumber: string
  accountType: 'personal' | 'business'
  bankCode: string
}

/** What a bank says of an account: whether it is there, open, and its holder the document's. */
export interface AccountValidation {
  verified: boolean
  isHolder: boolean
  exists: boolean
}

/**
 * Whether an account belongs to whom a document is of. In test mode account 0000000001 does not exist, 0000000002 is
 * somebody else's, and every other one is right. Throws `invalid_request` for an account number that cannot be one and for
 * a bank that does not validate accounts of that type, and `not_available` in live mode.
 */
export function validateAccount(tenant: Tenant, account: AccountToValidate): AccountValidation {
  refuseLiveMode(tenant)
  const bank = banks.find(({ code, country }) => code === account.bankCode && country === 'South Africa')
  if (bank === undefined) throw unknownBank(account.bankCode)
  if (!bank.validates.includes(account.accountType)) {
    const message = `${bank.name} does not validate ${account.accountType} accounts`
    throw new ServiceError('invalid_request', message, 'account_type')
  }
  if (!/^\d{6,16}$/.test(account.accountNumber)) {
    throw new ServiceError('invalid_request', 'Account number is invalid', 'account_number')
  }
  const exists = account.accountNumber !== unknownAccount
  const isHolder = exists && account.accountNumber !== mismatchedAccount
  return { verified: isHolder, isHolder, exists }
}

function unknownBank(code: string): ServiceError {
  return new ServiceError('invalid_request', `Unknown bank code: ${code}`, 'bank_code')
}

function refuseLiveMode({ mode }: Tenant): void {
  if (mode === 'test') return
  throw new ServiceError('not_available', 'No bank can be asked for accounts in live mode on this server')
}
