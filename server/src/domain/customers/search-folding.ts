import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { type CustomerRow, customerColumns, readCustomer } from './customers.ts'
import { parseLocalPhoneNumber } from './phone-numbers.ts'
import { searchTextOf } from './search-text.ts'

const perBatch = 500
/** Up to 2,500 customers in a round, so that the work of others is not held up. A million customers take about a quarter of an hour. */
const batchesPerRound = 5

/**
 * Folds again the search texts that were not folded by the rules of today, and answers how many. A customer who changes
 * meanwhile is left alone: the change has written the search text.
 */
export async function foldSearchTexts(context: Context): Promise<number> {
  let folded = 0
  for (let batch = 0; batch < batchesPerRound; batch++) {
    const found = await foldBatch(context)
    folded += found
    if (found < perBatch) break
  }
  return folded
}

async function foldBatch({ db }: Context): Promise<number> {
  // The condition is that of the index customers_unfolded, in the same words.
  const rows = await db.query<CustomerRow & { merchant_id: number; country: string; search_text: string }>(sql`
    select c.merchant_id, m.country, c.search_text, ${customerColumns}
    from (
      select * from customers k where left(k.search_text, 1) <> E'\\u0004' order by k.merchant_id, k.id limit ${perBatch}
    ) c
    join merchants m on m.id = c.merchant_id
  `)
  if (rows.length === 0) return 0
  const texts = rows.map((row) =>
    searchTextOf(readCustomer(row), row.phone === null ? null : parseLocalPhoneNumber(row.phone, row.country)),
  )
  await db.query(sql`
    update customers c set search_text = f.folded
    from unnest(
      ${rows.map((row) => row.merchant_id)}::integer[], ${rows.map((row) => row.id)}::bigint[],
      ${rows.map((row) => row.search_text)}::text[], ${texts}::text[]
    ) as f (merchant_id, id, search_text, folded)
    where c.merchant_id = f.merchant_id and c.id = f.id and c.search_text = f.search_text
  `)
  return rows.length
}
