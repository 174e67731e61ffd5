import { type PGlite, protocol } from '@electric-sql/pglite'

/**
 * Makes the one session of the engine as good as new: no open transaction, no prepared statement, no role, no setting.
 * Sync comes first because after an error PostgreSQL ignores everything up to it; the two statements go separately
 * because `discard all` refuses to run in a transaction, which two in one query would be.
 */
export async function resetSession(engine: PGlite): Promise<void> {
  const { sync, query } = protocol.serialize
  for (const message of [sync(), query('rollback'), query('discard all')]) {
    await engine.execProtocolRawStream(message, { onRawData: () => undefined })
  }
}
