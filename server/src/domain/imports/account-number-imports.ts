import { sql } from '../../db/sql.ts'
import { adoptAccount } from '../banking/account-opening.ts'
import type { TxContext } from '../context.ts'
import { lockCustomer } from '../customers/customers.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { AccountNumber } from './account-contents.ts'
import { findImported } from './customer-imports.ts'
import type { Import, Outcome, SkipReason } from './imports.ts'

/** Imports a dedicated account of a customer who was imported: what is transferred to it from now on is the customer's. */
export async function importAccountNumber(
  tx: TxContext,
  tenant: Tenant,
  run: Import,
  { name, number: { opened, customerCode, isOpen } }: { name: string; number: AccountNumber },
): Promise<Outcome> {
  const kind = 'dedicated_account'
  const skip = (reason: SkipReason): Outcome => ({ kind, is: 'skipped', name, reason })
  if (!isOpen) return skip('closed')
  if (customerCode === null) return skip('no_customer')
  const owner = await findImported(tx, tenant, run, customerCode)
  if (owner === null) return skip('customer_skipped')
  if (owner.is === 'gone') return skip(owner.reason)
  const { merchant, mode } = tenant
  const [known] = await tx.db.query<{ customer_id: bigint; is_removed: boolean }>(sql`
    select a.customer_id, a.removed_at is not null as is_removed from dedicated_accounts a
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.account_number = ${opened.accountNumber}
  `)
  if (known !== undefined) {
    if (known.is_removed) return skip('removed_here')
    return known.customer_id === owner.id ? { kind, is: 'unchanged' } : skip('number_taken')
  }
  const customer = await lockCustomer(tx, tenant, { id: owner.id })
  const account = await adoptAccount(tx, tenant, customer, { openedBy: run.accountId, opened })
  return account === null ? skip('bank_taken') : { kind, is: 'created' }
}
