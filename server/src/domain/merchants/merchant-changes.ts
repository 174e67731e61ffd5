import { ServiceError } from '../../base/errors.ts'
import { type Currency, formatAmount, parseCurrency } from '../../base/money.ts'
import { argument, functionCall, listArgument } from '../../db/function-call.ts'
import { sql } from '../../db/sql.ts'
import { type Change, noteChange, type TxContext } from '../context.ts'
import { getMerchant, parseTimeZone, readName } from './merchants.ts'
import { type Merchant, type Mode, refuseClosed } from './tenant.ts'

export interface MerchantChange {
  name?: string | undefined
  /** ISO 4217. They are added after the held ones, so the default stays; a held one is no change. */
  addCurrencies?: readonly string[] | undefined
  /** IANA name. The days of the past change with it: a statement of a past period may begin and end elsewhere. */
  timeZone?: string | undefined
}

/** Throws `merchant_not_found`, `merchant_closed`, `invalid_request`. For the operator only. */
export async function changeMerchant(tx: TxContext, reference: string, change: MerchantChange): Promise<Merchant> {
  const name = change.name === undefined ? null : readName(change.name)
  const added = (change.addCurrencies ?? []).map((each) => parseCurrency(each, 'addCurrencies'))
  const timeZone = change.timeZone === undefined ? null : parseTimeZone(change.timeZone)
  const merchant = await getMerchant(tx, reference)
  refuseClosed(merchant)
  const settingsOf = ({ name, currencies, timeZone }: Merchant) => ({ name, currencies, timeZone })
  await tx.db.query(sql`
    select ${functionCall('change_merchant', {
      p_merchant_id: argument('integer', merchant.id),
      p_name: { type: 'text', value: name },
      p_added: listArgument('text', added),
      p_time_zone: { type: 'text', value: timeZone },
    })}
  `)
  const changed = await getMerchant(tx, merchant.code)
  noteMerchant(tx, merchant, { before: settingsOf(merchant), after: settingsOf(changed) })
  return changed
}

/** An operator's change is in the trail of the merchant that it is about. */
function noteMerchant(tx: TxContext, { id, code }: Merchant, change: Pick<Change, 'before' | 'after'>): void {
  noteChange(tx, { object: code, merchantId: id, mode: null, ...change })
}

interface OpenThing {
  what: 'customer_money' | 'suspense' | 'hold' | 'payment' | 'refund' | 'payout' | 'dispute' | 'dedicated_account'
  mode: Mode
  currency: Currency | null
  count: bigint
  amount: string | null
}

/**
 * Closes a merchant: its keys and tokens can read and no longer change anything, and its pages take no payment. Refused
 * while customers have money, while money is in suspense, and while a hold, a payment, a refund, a payout, a dispute or a dedicated account is open. The merchant's own
 * balance may remain. A closed merchant is answered as it is. Throws `merchant_not_found`, `merchant_in_use`. For the operator only.
 */
export async function closeMerchant(
  tx: TxContext,
  reference: string,
  { ignoreTestMode }: { ignoreTestMode: boolean },
): Promise<Merchant> {
  const merchant = await getMerchant(tx, reference)
  if (merchant.closedAt !== null) return merchant
  const open = await tx.db.query<OpenThing>(sql`
    select * from ${functionCall('close_merchant', {
      p_merchant_id: argument('integer', merchant.id),
      p_now: argument('timestamptz', tx.clock.now()),
      p_ignore_test: argument('boolean', ignoreTestMode),
    })}
  `)
  if (open.length === 0) {
    noteMerchant(tx, merchant, { before: { closed: false }, after: { closed: true } })
    return getMerchant(tx, merchant.code)
  }
  throw new ServiceError('merchant_in_use', `The merchant cannot be closed: ${open.map(describeOpen).join('; ')}`)
}

/** Opens a closed merchant again. Throws `merchant_not_found`. For the operator only. */
export async function reopenMerchant(tx: TxContext, reference: string): Promise<Merchant> {
  const merchant = await getMerchant(tx, reference)
  const { id, code, closedAt } = merchant
  noteMerchant(tx, merchant, { before: { closed: closedAt !== null }, after: { closed: false } })
  await tx.db.query(sql`select ${functionCall('reopen_merchant', { p_merchant_id: argument('integer', id) })}`)
  return getMerchant(tx, code)
}

function describeOpen({ what, mode, currency, count, amount }: OpenThing): string {
  const money = currency === null ? '' : `${currency} ${formatAmount(BigInt(amount ?? 0), currency)}`
  const many = count !== 1n
  const sentences: Record<OpenThing['what'], string> = {
    customer_money: many ? `${count} customers have ${money}` : `1 customer has ${money}`,
    suspense: `${money} of somebody is in suspense`,
    hold: `${count} ${many ? 'holds are' : 'hold is'} open, of ${money}`,
    payment: `${count} ${many ? 'payments are' : 'payment is'} under way, of ${money}`,
    refund: `${count} ${many ? 'refunds are' : 'refund is'} under way, of ${money}`,
    payout: `${count} ${many ? 'payouts are' : 'payout is'} under way, of ${money}`,
    dispute: `${count} ${many ? 'disputes are' : 'dispute is'} open, of ${money}`,
    dedicated_account: `${count} dedicated ${many ? 'accounts' : 'account'} can still receive money`,
  }
  return `${sentences[what]} in ${mode} mode`
}
