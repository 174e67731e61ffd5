import { currencies } from '../base/money.ts'
import type { Db } from '../db/database.ts'
import { StartupError } from '../db/errors.ts'
import { sql } from '../db/sql.ts'
import { type Context, inTransaction } from '../domain/context.ts'
import { insertApiKey } from '../domain/merchants/api-keys.ts'
import { insertMerchant } from '../domain/merchants/merchants.ts'
import type { Merchant } from '../domain/merchants/tenant.ts'
import { setPaystackWebhook } from '../domain/webhooks/endpoints.ts'
import type { SenderChoice } from '../domain/webhooks/sender.ts'

/** Whether the database was set up before. */
export async function isInstalled(db: Db): Promise<boolean> {
  return (await db.query(sql`select 1 from installation`)).length > 0
}

export async function hasMerchant(db: Db): Promise<boolean> {
  return (await db.query(sql`select 1 from merchants limit 1`)).length > 0
}

/** The merchant that a new database gets, for a first try. */
export interface TestMerchant {
  /** Its secret test key. Default a new one. */
  key?: string | undefined
  /** Where the merchant is told of events, in Paystack's style. */
  webhookUrl?: string | undefined
}

/**
 * Sets a new database up: its encryption key is noted, and the test merchant is made, if one is wanted. The secret of its
 * key is answered this once; null when nothing was made. Of several servers starting at once, one does it. Never makes a
 * live key. Throws StartupError for another encryption key, and ServiceError `invalid_request` for a URL that is not to be
 * sent to; then nothing was done.
 */
export async function setUpInstallation(
  context: Context & SenderChoice,
  wanted: TestMerchant | null,
): Promise<{ merchant: Merchant; secret: string } | null> {
  const setUp = await inTransaction(context, async (tx) => {
    const claimed = await tx.db.query(sql`
      insert into installation (encryption_key_fingerprint, created_at)
      values (${context.vault.keyFingerprint}, ${context.clock.now()})
      on conflict do nothing
      returning single
    `)
    if (claimed.length === 0 || wanted === null) return null
    const held = ['ZAR', ...currencies.filter((currency) => currency !== 'ZAR')]
    const merchant = await insertMerchant(tx, { name: 'Test merchant', country: 'ZA', currencies: held })
    const { secret } = await insertApiKey(tx, merchant, { mode: 'test', name: 'first start', secret: wanted.key })
    if (wanted.webhookUrl !== undefined) {
      await setPaystackWebhook(tx, { merchant, mode: 'test' }, wanted.webhookUrl, secret)
    }
    return { merchant, secret }
  })
  await checkEncryptionKey(context)
  return setUp
}

async function checkEncryptionKey(context: Context): Promise<void> {
  const [row] = await context.db.query<{ encryption_key_fingerprint: Buffer }>(sql`
    select encryption_key_fingerprint from installation
  `)
  if (row?.encryption_key_fingerprint.equals(context.vault.keyFingerprint) === false) {
    throw new StartupError(
      'This database was encrypted with another key. Set MTEJA_ENCRYPTION_KEY to that key, or bring back its encryption.key file.',
    )
  }
}
