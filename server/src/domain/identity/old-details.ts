import { sql } from '../../db/sql.ts'
import { type Context, inTransaction } from '../context.ts'
import { credentialsFingerprint, sealedNothing, withoutBlanks } from './credentials.ts'

/**
 * Removes the sealed details of checks whose outcome is older than some days of real time, at most `limit` of them. The
 * fingerprint of the credentials stays, so that the same credentials are still known. Answers the number of checks.
 */
export function removeOldDetails(context: Context, { days, limit }: { days: number; limit: number }): Promise<number> {
  return inTransaction(context, async (tx) => {
    const rows = await tx.db.query<{ merchant_id: number; id: bigint; customer_id: bigint; details: Buffer }>(sql`
      select merchant_id, id, customer_id, details from identity_checks
      where details_removed_at is null and status <> 'pending'
        and greatest(finished_at, created_at) < now() - make_interval(days => ${days}::integer)
      order by finished_at
      limit ${limit}
      for update skip locked
    `)
    for (const { merchant_id, id, customer_id, details } of rows) {
      const opened = withoutBlanks(JSON.parse(tx.vault.open(details, 'identity')))
      await tx.db.query(sql`
        update identity_checks set
          details = ${sealedNothing(tx)}, credentials_hmac = ${credentialsFingerprint(tx, customer_id, opened)},
          details_removed_at = now()
        where merchant_id = ${merchant_id} and id = ${id}
      `)
    }
    return rows.length
  })
}
