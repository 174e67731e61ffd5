import { sql } from '../../db/sql.ts'
import { type Context, perContext } from '../context.ts'

const hourMs = 60 * 60 * 1000

interface Use {
  id: number
  key_id: string
  last_used_at: Date | null
}

/** The hour of the last use of each key that this server has stored. */
const storedHours = perContext(() => new Map<string, number>())

/**
 * Keeps the hour of a key's last use. It is stored once an hour for each key, out of the way of the request: the request
 * does not wait, and a failure is logged and tried again at the next use.
 */
export function noteUse(context: Context, { id, key_id, last_used_at }: Use): void {
  const hour = Math.floor(context.clock.now().getTime() / hourMs) * hourMs
  if (last_used_at !== null && last_used_at.getTime() >= hour) return
  const stored = storedHours(context)
  if (stored.get(key_id) === hour) return
  stored.set(key_id, hour)
  const at = new Date(hour)
  const subject = 'the hour of the last use of a key'
  context.db
    .query(sql`
      update api_keys set last_used_at = ${at}
      where merchant_id = ${id} and id = ${key_id} and (last_used_at is null or last_used_at < ${at})
    `)
    .then(() => context.failures.worked(subject))
    .catch((err) => {
      stored.delete(key_id)
      context.failures.failed(subject, { err })
    })
}
