import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type PaymentsContext, requireProcessor } from '../payments/payment-processor.ts'
import { type ChosenAccount, chosenAccount, type Direction, listAccounts } from '../payments/processor-accounts.ts'
import { orderOf } from '../payouts/advancing.ts'
import { type PayoutProcessorChoice, requireSender } from '../payouts/payout-processor.ts'
import { findPayout } from '../payouts/payout-records.ts'

type Work = PaymentsContext & PayoutProcessorChoice

/**
 * Finds out which other keys of the tenant are of the same account, and answers the first row of the account. An account that knows
 * a payment or a payout that was sent by another key is the same one, because nobody can guess its name; and one key in two directions
 * is one account. Throws `UpstreamError`.
 */
export async function linkKeys(context: Work, tenant: Tenant, account: ChosenAccount): Promise<bigint> {
  const { merchant } = tenant
  const { id: accountId } = account
  const books = await booksOf(context, tenant, accountId)
  const same = await findSame(context, tenant, account)
  const first = [books, ...same].reduce((a, b) => (b < a ? b : a))
  const others = [accountId, ...same].filter((id) => id !== first)
  if (others.length > 0) {
    await context.db.query(sql`
      update processor_accounts set same_as = ${first}
      where merchant_id = ${merchant.id} and id = any(${others}::bigint[]) and same_as is null
    `)
  }
  return booksOf(context, tenant, accountId)
}

/** Another key, with something that was sent by it: the name of a payment and the account's number of it, or a payout. */
interface OtherKey {
  id: bigint
  known: string | null
  outside_id: string | null
  payout_id: string | null
}

/** The rows, not linked yet, that are the same account. */
async function findSame(
  context: Work,
  tenant: Tenant,
  { id: accountId, processor: name, secretKey }: ChosenAccount,
): Promise<bigint[]> {
  const { merchant, mode } = tenant
  // Of a refused key everything that was sent counts, also what nobody has paid.
  const others = await context.db.query<OtherKey>(sql`
    select a.id, k.sent_reference as known, k.outside_id, (
      select p.id from payouts p
      where p.merchant_id = a.merchant_id and p.account_id = a.id and p.state in ('sent', 'paid', 'returned')
      limit 1
    ) as payout_id
    from processor_accounts a
    left join lateral (
      (
        select s.sent_reference, s.outside_id from sent_charges s
        where s.merchant_id = a.merchant_id and s.account_id = a.id and s.transaction_id is not null
        limit 1
      )
      union all
      (
        select s.sent_reference, s.outside_id from sent_charges s
        where s.merchant_id = a.merchant_id and s.account_id = a.id and a.state = 'failing' and s.marker is not null
          and s.page_url is not null
        limit 1
      )
      limit 1
    ) k on true
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.id <> ${accountId} and a.same_as is null
      and a.processor = ${name}
      and a.id <> (
        select coalesce(o.same_as, o.id) from processor_accounts o where o.merchant_id = ${merchant.id} and o.id = ${accountId}
      )
    order by a.id
  `)
  if (others.length === 0) return []
  const processor = await requireProcessor(context, tenant, { sentBy: accountId })
  const ofOneKey = (await listAccounts(context, tenant)).filter((each) => each.secretKey === secretKey)
  const same: bigint[] = []
  for (const { id, known, outside_id: outsideId, payout_id: payoutId } of others) {
    const isOfOneKey = ofOneKey.some((each) => each.id === id)
    const found = known === null ? null : ((await processor.findPayment?.(tenant, known)) ?? null)
    // Money that arrived by itself has a name that is not ours: there the account's own number of it decides.
    const isKnown = found !== null && (outsideId === null || outsideId === found.facts.id)
    if (isOfOneKey || isKnown || (await knowsPayout(context, tenant, accountId, payoutId))) same.push(id)
  }
  return same
}

async function knowsPayout(context: Work, tenant: Tenant, accountId: bigint, id: string | null): Promise<boolean> {
  const payout = id === null ? null : await findPayout(context, tenant, { id })
  if (payout === null) return false
  const { is } = await (await requireSender(context, tenant, accountId)).ask(tenant, orderOf(payout))
  return is === 'exists' || is === 'conclusive'
}

/** The first row of the same account, as far as it is known. */
export async function booksOf(context: Context, { merchant }: Tenant, accountId: bigint): Promise<bigint> {
  const [row] = await context.db.query<{ id: bigint }>(sql`
    select coalesce(same_as, id) as id from processor_accounts where merchant_id = ${merchant.id} and id = ${accountId}
  `)
  return row?.id ?? accountId
}

/** Whether the key that sends money out is the one that takes it: its account is compared by the other direction. */
export async function isOneKey(context: Context, tenant: Tenant, direction: Direction): Promise<boolean> {
  if (direction === 'in') return false
  const [taking, sending] = [await chosenAccount(context, tenant, 'in'), await chosenAccount(context, tenant, 'out')]
  return taking.secretKey !== null && taking.secretKey === sending.secretKey
}
