import { ServiceError } from '../../base/errors.ts'
import type { TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { noneFound } from './customer-deletion.ts'
import { type CustomerChanges, updateCustomer } from './customers.ts'

/**
 * Makes the same changes to several customers, and answers the codes of the customers who were changed, in the order given.
 * Codes that nobody has are left out. Throws `customer_not_found` where nobody has any of them, `email_taken` also for one
 * e-mail for several customers, and what `updateCustomer` throws.
 */
export async function updateCustomers(
  tx: TxContext,
  tenant: Tenant,
  codes: readonly string[],
  changes: CustomerChanges,
): Promise<string[]> {
  const given = [...new Set(codes)]
  if (changes.email !== undefined && given.length > 1) {
    const message = `The e-mail ${changes.email} can belong to one customer only, not to ${given.length}`
    throw new ServiceError('email_taken', message, 'email')
  }
  const changed = new Set<string>()
  // In one order, so that two such calls at once wait for each other instead of blocking each other.
  for (const code of given.toSorted()) {
    if (await updateIfThere(tx, tenant, code, changes)) changed.add(code)
  }
  if (changed.size === 0) throw noneFound(given)
  return given.filter((code) => changed.has(code))
}

async function updateIfThere(tx: TxContext, tenant: Tenant, code: string, changes: CustomerChanges): Promise<boolean> {
  try {
    await updateCustomer(tx, tenant, { code }, changes)
    return true
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'customer_not_found') return false
    throw error
  }
}
