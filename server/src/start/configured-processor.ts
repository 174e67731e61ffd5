import { ServiceError } from '../base/errors.ts'
import { StartupError } from '../db/errors.ts'
import { inTransaction } from '../domain/context.ts'
import { getMerchant, listMerchants } from '../domain/merchants/merchants.ts'
import type { Merchant } from '../domain/merchants/tenant.ts'
import { setProcessor } from '../domain/payments/processor-accounts.ts'
import type { Service } from '../surfaces/http/surface.ts'
import { modeOfKey } from '../upstream/paystack/account.ts'
import type { Config } from './config.ts'

/**
 * Chooses the Paystack account of the configuration for the one merchant, in the mode of its key, for each direction that it serves.
 * The same account again changes nothing. Throws StartupError where it is not clear for whom.
 */
export async function chooseConfigured(
  context: Service,
  { processorAccount }: Pick<Config, 'processorAccount'>,
): Promise<void> {
  if (processorAccount === undefined) return
  const { secretKey, directions } = processorAccount
  const merchant = await findMerchant(context, processorAccount.merchant)
  const mode = modeOfKey(secretKey)
  await inTransaction(context, async (tx) => {
    for (const direction of directions)
      await setProcessor(tx, { merchant, mode }, { direction, processor: 'paystack', secretKey })
  })
}

async function findMerchant(context: Service, named: string | undefined): Promise<Merchant> {
  if (named !== undefined) {
    return getMerchant(context, named).catch((error) => {
      if (!(error instanceof ServiceError)) throw error
      throw new StartupError(`MTEJA_PROCESSOR_MERCHANT names no merchant: ${error.message}.`)
    })
  }
  const [merchant, ...others] = await listMerchants(context)
  if (merchant !== undefined && others.length === 0) return merchant
  throw new StartupError(
    merchant === undefined
      ? 'MTEJA_PROCESSOR is the processor of the one merchant, and there is none yet: leave it out, make the merchant, and start again.'
      : 'MTEJA_PROCESSOR is the processor of one merchant, and there are several: name it by MTEJA_PROCESSOR_MERCHANT, or choose each one’s with mteja processor set.',
  )
}
