import { uuidV7 } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/**
 * Notes that an account is to be asked about a dispute, by its id of it, or about what was taken back of a payment, by its name of it.
 * The background asks once the time is over.
 */
export async function noteQuestion(
  { db, clock, random }: Context,
  { merchant, mode }: Tenant,
  accountId: bigint,
  { about, name, waitMs }: { about: 'dispute' | 'payment'; name: string; waitMs: number },
): Promise<void> {
  const now = clock.now()
  const dueAt = new Date(now.getTime() + waitMs)
  await db.query(sql`
    insert into account_questions (merchant_id, id, mode, account_id, about, name, due_at, created_at, told_at)
    values (${merchant.id}, ${uuidV7(random, now)}, ${mode}, ${accountId}, ${about}, ${name}, ${dueAt}, ${now}, ${now})
    on conflict (merchant_id, account_id, about, name) do update set
      due_at = least(account_questions.due_at, excluded.due_at), told_at = excluded.told_at
  `)
}
