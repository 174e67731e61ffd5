import { type Batched, createBatcher } from '../../batcher.ts'
import { isRolledBack } from '../../db/rolled-back.ts'
import { sql } from '../../db/sql.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Currency } from '../../money.ts'
import type { Service } from '../../service.ts'
import type { EventType } from '../events.ts'
import { type Tenant, tenantKey } from '../tenant.ts'

/** Which ledger account: a customer's cash by the customer's code, or one of the merchant's own. */
export type AccountName =
  | { kind: 'customer_cash'; customer: string }
  | { kind: 'merchant_balance' | 'fees' | 'outside'; customer?: undefined }

/** A ledger transaction to be posted, in one currency. The legs' amounts sum to zero. */
export interface Posting {
  /** A UUID of version 7, made by the caller. */
  id: string
  kind: 'pay_in'
  currency: Currency
  description: string | null
  /** What the transaction is about, such as a pay-in and its id. */
  related: { type: string; id: string } | null
  /** Minor units: positive credits the account, negative debits it. */
  legs: readonly { account: AccountName; amount: bigint }[]
  /** Recorded in the same commit, where there is one. */
  event: { type: EventType; data: Record<string, unknown> } | null
}

/** What became of a posting: the balance after each leg, or why nothing was posted. */
export type PostingResult =
  | { posted: true; balances: bigint[] }
  | {
      posted: false
      refusal: Extract<ErrorCode, 'customer_not_found' | 'customer_denied' | 'insufficient_funds' | 'balance_limit'>
    }

export type Poster = Batched<{ tenant: Tenant; posting: Posting }, PostingResult>

/**
 * Group commit: postings of one tenant that wait together are posted by one function call in one commit, each judged and
 * answered by itself. The answer comes after the commit is durable.
 */
export function createPoster(service: Service): Poster {
  return createBatcher(
    (calls) => postBatch(service, calls),
    (call) => tenantKey(call.tenant),
    {
      maxBatch: 256,
      maxWaiting: 10_000,
      isRolledBack,
    },
  )
}

async function postBatch(service: Service, calls: { tenant: Tenant; posting: Posting }[]): Promise<PostingResult[]> {
  const { tenant } = calls[0] as { tenant: Tenant }
  const postings = calls.map((call) => call.posting)
  const accounts = new Accounts()
  const legs = postings.flatMap((posting, i) =>
    posting.legs.map((leg) => ({
      transaction: i + 1,
      account: accounts.place(leg.account, posting.currency),
      amount: leg.amount,
    })),
  )
  const rows = await service.db.query<{ refusal: string | null; balances: bigint[] }>(sql`
    select r.refusal, r.balances from post_transactions(
      ${tenant.merchant.id}, ${tenant.mode}, ${service.clock.now()},
      ${accounts.kinds}::text[], ${accounts.customers}::text[], ${accounts.currencies}::text[],
      ${postings.map((each) => each.id)}::uuid[],
      ${postings.map((each) => each.kind)}::text[],
      ${postings.map((each) => each.description)}::text[],
      ${postings.map((each) => each.related?.type ?? null)}::text[],
      ${postings.map((each) => each.related?.id ?? null)}::text[],
      ${postings.map((each) => each.event?.type ?? null)}::text[],
      ${postings.map((each) => (each.event === null ? null : JSON.stringify(each.event.data)))}::text[],
      ${legs.map((each) => each.transaction)}::integer[],
      ${legs.map((each) => each.account)}::integer[],
      ${legs.map((each) => each.amount)}::bigint[]
    ) r
    order by r.ordinal
  `)
  return rows.map((row) =>
    row.refusal === null
      ? { posted: true, balances: row.balances }
      : { posted: false, refusal: row.refusal as Extract<PostingResult, { posted: false }>['refusal'] },
  )
}

/** Gives each account of a batch its place, counted from 1 as SQL does. */
class Accounts {
  readonly kinds: string[] = []
  readonly customers: (string | null)[] = []
  readonly currencies: string[] = []
  readonly #places = new Map<string, number>()

  place(account: AccountName, currency: string): number {
    const key = `${account.kind}/${account.customer ?? ''}/${currency}`
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.kinds.push(account.kind)
      this.customers.push(account.customer ?? null)
      this.currencies.push(currency)
      this.#places.set(key, place)
    }
    return place
  }
}
