import { type Part, UnsoundRowError } from './books.ts'

/** The answer of one read of a table whose key is a merchant and a UUID. */
export interface PageRow {
  merchant_id: number
  id: string
  /** The number of rows of the page. The rows after the first wrong one count as well. */
  count: bigint
  problem: string | null
}

/** The key of the last row that was read. */
export interface PageKey {
  merchant: number
  id: string
}

const beforeTheFirst: PageKey = { merchant: -1, id: '00000000-0000-0000-0000-000000000000' }

/**
 * Reads a table page after page, in the order of its keys.
 *
 * @param name of a row in messages, such as `hold`
 * @param read answers the first wrong row of the page after a key, or the last row of a sound page, or nothing at the end
 */
export async function* checkPages(name: string, read: (after: PageKey) => Promise<PageRow[]>): Part {
  let after = beforeTheFirst
  for (;;) {
    const [row] = await read(after)
    if (row === undefined) return
    if (row.problem !== null) {
      throw new UnsoundRowError(`${name} ${row.id} of merchant ${row.merchant_id} ${row.problem}`)
    }
    yield Number(row.count)
    after = { merchant: row.merchant_id, id: row.id }
  }
}
