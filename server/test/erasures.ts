import { sql } from '../src/db/sql.ts'
import { continueErasures } from '../src/domain/personal-data/erasing.ts'
import type { TestContext } from './service.ts'

/** Does every erasure that has begun to its end. */
export async function finishErasures(service: TestContext): Promise<void> {
  for (let round = 0; round < 100; round++) {
    await continueErasures(service, new AbortController().signal)
    const under = await service.db.query(sql`select id from erasures where erased_at is null`)
    if (under.length === 0) return
    // Transactions of other tests on the same server may still be under way, for up to some ten seconds.
    service.clock.advance(1000)
    await new Promise((resolve) => setTimeout(resolve, round < 20 ? 20 : 500))
  }
  throw new Error('an erasure does not end')
}
