import type { Db } from './database.ts'
import { sql } from './sql.ts'

/** Whether the database answers. */
export async function pingDatabase(db: Db): Promise<boolean> {
  try {
    await db.query(sql`select 1`)
    return true
  } catch {
    return false
  }
}
