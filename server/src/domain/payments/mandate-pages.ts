import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { findCustomer } from '../customers/customers.ts'
import { refuseClosed, type Tenant } from '../merchants/tenant.ts'
import { askAboutMandate } from './mandate-activations.ts'
import { getMandate, type Mandate } from './mandates.ts'
import { type PaymentsContext, requireProcessor } from './payment-processor.ts'

/** A request that was opened is asked about for the first time after this time. Webhooks and the customer's return are faster. */
const firstLookMs = 60_000

/**
 * The processor's page on which a customer agrees to a mandate, which is opened once; null for a mandate that is agreed to on a
 * page of this service. Throws `not_available`, `merchant_closed`, `invalid_request` for a request that the processor refuses, and
 * `UpstreamError` where it cannot be asked.
 *
 * @param callbackUrl the address to which the customer returns
 */
export async function openMandatePage(
  context: PaymentsContext,
  tenant: Tenant,
  mandate: Mandate,
  callbackUrl: string,
): Promise<string | null> {
  if (mandate.accountId === 0n) return null
  if (mandate.page !== null) return mandate.page.url
  refuseClosed(tenant.merchant)
  const { openMandatePage } = await requireProcessor(context, tenant, { sentBy: mandate.accountId })
  if (openMandatePage === null) throw new Error('an account at a processor has pages of its own')
  const { email } = await findCustomer(context, tenant, { id: mandate.customerId })
  if (email === null) throw new ServiceError('invalid_request', 'The customer has no e-mail any more', 'email')
  const { account, address } = await readWanted(context, tenant, mandate)
  const opened = await openMandatePage(tenant, { email, callbackUrl, account, address })
  // Of two pages that were opened at once, the first counts: nobody has the address of the other.
  await context.db.query(sql`
    update mandates set
      outside_reference = ${opened.reference}, page_url = ${opened.url}, updated_at = ${context.clock.now()},
      activates_at = ${new Date(context.clock.now().getTime() + firstLookMs)}
    where merchant_id = ${tenant.merchant.id} and id = ${mandate.id} and page_url is null
  `)
  return (await getMandate(context, tenant, mandate.reference)).page?.url ?? opened.url
}

async function readWanted(context: PaymentsContext, { merchant }: Tenant, { id }: Mandate) {
  const [row] = await context.db.query<{
    bank_code: string | null
    account_number: Buffer | null
    address: { street: string; city: string; state: string } | null
  }>(sql`
    select bank_code, account_number, address from mandates where merchant_id = ${merchant.id} and id = ${id}
  `)
  const { bank_code: bankCode = null, account_number: sealed = null, address = null } = row ?? {}
  const number = sealed === null ? null : context.vault.open(sealed, 'account')
  return { account: number === null || bankCode === null ? null : { number, bankCode }, address }
}

/** The mandate as it is now, after its processor was asked where the customer may have agreed there. Throws `UpstreamError`. */
export async function lookAtMandate(context: PaymentsContext, tenant: Tenant, mandate: Mandate): Promise<Mandate> {
  const isOpen = mandate.status === 'requested' || mandate.status === 'pending'
  if (!isOpen || mandate.page === null) return mandate
  await askAboutMandate(context, tenant, mandate)
  return getMandate(context, tenant, mandate.reference)
}
