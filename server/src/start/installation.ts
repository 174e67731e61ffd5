import { currencies } from '../base/money.ts'
import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { Service } from '../domain/context.ts'
import { joinTransaction } from '../domain/idempotency/idempotency.ts'
import { insertApiKey } from '../domain/merchants/api-keys.ts'
import { insertMerchant } from '../domain/merchants/merchants.ts'
import type { Merchant } from '../domain/merchants/tenant.ts'
import { setPaystackWebhook } from '../domain/webhooks/endpoints.ts'

/** Whether the database was set up before. */
export async function isInstalled(db: Db): Promise<boolean> {
  return (await db.query(sql`select 1 from installation`)).length > 0
}

/** The database was encrypted with another key than the one given. */
export class WrongEncryptionKeyError extends Error {
  override readonly name = 'WrongEncryptionKeyError'
}

/**
 * Sets a new database up: its encryption key is noted, and a merchant with one test key is made, whose secret is
 * answered this once; null when that was done before. Of several servers starting at once, one does it. Never makes a
 * live key. With `webhookUrl` the merchant is told of events there, in Paystack's style. Throws WrongEncryptionKeyError,
 * and ServiceError `invalid_request` for a URL that is not to be sent to; then nothing was done.
 */
export async function setUpInstallation(
  service: Service,
  testKey: string | undefined,
  webhookUrl?: string,
): Promise<{ merchant: Merchant; secret: string } | null> {
  const setUp = await service.db.transaction(async (tx) => {
    const claimed = await tx.query(sql`
      insert into installation (encryption_key_fingerprint, created_at)
      values (${service.vault.keyFingerprint}, ${service.clock.now()})
      on conflict do nothing
      returning single
    `)
    if (claimed.length === 0) return null
    const held = ['ZAR', ...currencies.filter((currency) => currency !== 'ZAR')]
    const merchant = await insertMerchant(service, tx, { name: 'Test merchant', country: 'ZA', currencies: held })
    const { secret } = await insertApiKey(service, tx, merchant, { mode: 'test', name: 'first start', secret: testKey })
    if (webhookUrl !== undefined) {
      const joined = { ...service, db: joinTransaction(service.db, tx) }
      await setPaystackWebhook(joined, { merchant, mode: 'test' }, webhookUrl, secret)
    }
    return { merchant, secret }
  })
  await checkEncryptionKey(service)
  return setUp
}

async function checkEncryptionKey(service: Service): Promise<void> {
  const [row] = await service.db.query<{ encryption_key_fingerprint: Buffer }>(sql`
    select encryption_key_fingerprint from installation
  `)
  if (row?.encryption_key_fingerprint.equals(service.vault.keyFingerprint) === false) {
    throw new WrongEncryptionKeyError(
      'This database was encrypted with another key. Set MTEJA_ENCRYPTION_KEY to that key, or bring back its encryption.key file.',
    )
  }
}
