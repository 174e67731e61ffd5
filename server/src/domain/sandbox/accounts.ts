import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import type { Db } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { AccountBank, AccountBanks, AccountHolder, AccountProvider } from '../banking/account-provider.ts'
import type { Merchant, Tenant } from '../merchants/tenant.ts'

/** How many numbers are tried before the sandbox gives up. Some of the thousand million numbers are taken. */
const maxTries = 10

const banks: AccountBanks = [
  { id: 1, slug: 'test-bank', bankName: 'Test Bank', bankId: 20 },
  { id: 2, slug: 'wema-bank', bankName: 'Wema Bank', bankId: 20 },
  { id: 3, slug: 'titan-paystack', bankName: 'Titan Paystack', bankId: 629 },
]

/** The sandbox's account provider. It plays an outside party: only the provider reads the table of its accounts. */
export function createSandboxAccounts(own: { db: Db; clock: Clock; random: Random }): AccountProvider {
  const { db, clock, random } = own

  /**
   * The number of the customer's open account. Null for a customer without an account, when the tried number is taken.
   */
  async function tryOpening(tenant: Tenant, bank: AccountBank, holder: AccountHolder): Promise<string | null> {
    await db.query(sql`
      insert into sandbox_accounts (merchant_id, mode, account_number, customer_code, bank, opened_at)
      values (
        ${tenant.merchant.id}, ${tenant.mode}, ${randomNumber(random)}, ${holder.code}, ${bank.slug}, ${clock.now()}
      )
      on conflict do nothing
    `)
    const [row] = await db.query<{ account_number: string }>(sql`
      select account_number from sandbox_accounts
      where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and customer_code = ${holder.code}
        and bank = ${bank.slug} and closed_at is null
    `)
    return row?.account_number ?? null
  }

  return {
    accountId: 0n,
    knownBanks: banks,
    listBanks: async () => banks,
    async open(tenant, bank, holder) {
      for (let tried = 0; tried < maxTries; tried += 1) {
        const accountNumber = await tryOpening(tenant, bank, holder)
        if (accountNumber !== null) {
          const accountName = nameOf(tenant, holder)
          return { bank, outsideId: null, accountNumber, accountName, currency: accountCurrency(tenant.merchant) }
        }
      }
      throw new Error(`The sandbox found no free account number in ${maxTries} tries`)
    },
    async close(tenant, { accountNumber }) {
      await db.query(sql`
        update sandbox_accounts set closed_at = ${clock.now()}
        where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and account_number = ${accountNumber}
          and closed_at is null
      `)
    },
    // There is nothing to look for: no transfer of the sandbox is ever missed.
    requery: async () => {},
  }
}

/** `MERCHANT/CUSTOMER NAME` */
function nameOf({ merchant }: Tenant, { firstName, lastName }: AccountHolder): string {
  return `${merchant.name}/${firstName} ${lastName}`.toUpperCase().slice(0, 200)
}

/** Ten digits. The first is a 9, so that it never equals one of the sandbox's reserved numbers. */
function randomNumber(random: Random): string {
  return `9${String(random.bytes(6).readUIntBE(0, 6) % 1_000_000_000).padStart(9, '0')}`
}

/**
 * Naira, or else cedi, where the merchant holds it; else the merchant's default, so that any merchant can try
 * accounts.
 */
function accountCurrency({ currencies }: Merchant): Currency {
  return (['NGN', 'GHS'] as const).find((each) => currencies.includes(each)) ?? currencies[0]
}
