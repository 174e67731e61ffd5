import { sql } from '../../db/sql.ts'
import { lockCount, type TxContext } from '../context.ts'
import { firstAccountId } from '../ledger/accounts.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { keyOfArrival } from '../payments/charge-facts.ts'
import { insertImportedPayment, renewImportedPayment } from '../payments/imported-payments.ts'
import type { AccountPayment } from './account-contents.ts'
import { findImported } from './customer-imports.ts'
import type { Import, Outcome, SkipReason } from './imports.ts'

/** Imports payments as history. No money of them is booked. */
export async function importPayments(
  tx: TxContext,
  tenant: Tenant,
  run: Import,
  payments: readonly AccountPayment[],
): Promise<Outcome[]> {
  // Whoever records money of an account by hand waits here, and then finds it imported.
  await lockCount(tx, tenant, 'payments_at_accounts')
  const outcomes: Outcome[] = []
  for (const payment of payments) outcomes.push(await importPayment(tx, tenant, run, payment))
  return outcomes
}

async function importPayment(tx: TxContext, tenant: Tenant, run: Import, payment: AccountPayment): Promise<Outcome> {
  const kind = 'payment'
  const { mode, reference, status, paidAt, customerCode } = payment
  const skip = (reason: SkipReason): Outcome => ({ kind, is: 'skipped', name: reference, reason })
  if (mode !== tenant.mode) return skip('other_mode')
  if (status === 'unpaid' || paidAt === null) return skip('not_paid')
  if (paidAt >= run.cutOverAt) return skip('after_cut_over')
  const renewed = await renewImportedPayment(tx, tenant, { ...payment, status })
  if (renewed !== null) return renewed === 'another' ? skip('reference_taken') : { kind, is: renewed }
  const taken = await findTaken(tx, tenant, payment)
  if (taken !== null) return skip(taken)
  if (customerCode === null) return skip('no_customer')
  const owner = await findImported(tx, tenant, run, customerCode)
  if (owner === null) return skip('customer_skipped')
  if (owner.is === 'gone') return skip(owner.reason)
  const { booksId } = run
  const row = { ...payment, status, paidAt, booksId, customerId: owner.id }
  if (await insertImportedPayment(tx, tenant, row)) return { kind, is: 'created' }
  return skip((await findTaken(tx, tenant, payment)) ?? 'recorded_by_hand')
}

/** Why a payment is no history: its money is in the books, or may come there. */
async function findTaken(
  { db }: TxContext,
  { merchant, mode }: Tenant,
  { id, reference, marker }: AccountPayment,
): Promise<SkipReason | null> {
  const [row] = await db.query<{ is_own: boolean; is_recorded: boolean; is_taken: boolean }>(sql`
    select
      exists (
        select from sent_charges s
        join processor_accounts a on a.merchant_id = s.merchant_id and a.id = s.account_id and a.mode = ${mode}
        where s.merchant_id = ${merchant.id} and s.sent_reference = ${reference}
      ) or exists (
        select from sent_charges s
        where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.marker = ${marker}
      ) or exists (
        select from idempotency_keys k
        where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.refusal is null
          and k.key = ${`mteja/${keyOfArrival(reference, { id }, 'money')}`}
      ) as is_own,
      exists (
        select from pay_ins p
        where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.state <> 'refused'
          and money_name(p.reference) in (money_name(${reference}), ${id}::text)
          and (p.account_id < ${firstAccountId} or p.reference = ${reference})
      ) as is_recorded,
      exists (
        select from payments p where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.reference = ${reference}
      ) as is_taken
  `)
  if (row?.is_own) return 'own'
  if (row?.is_recorded) return 'recorded_by_hand'
  return row?.is_taken ? 'reference_taken' : null
}
