import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { nameCheckOf } from './payee-names.ts'
import { waitForName } from './payout-approvals.ts'
import type { HolderAnswer, PayoutProcessor, PayoutsContext } from './payout-processor.ts'
import type { Payout } from './payout-records.ts'
import type { PayoutSettings } from './payout-settings.ts'
import type { Recipient } from './recipients.ts'

/** A bank that could not be asked, or did not know the account, is asked again after this time, by the next payout. */
const againMs = 60 * 60 * 1000

/** The processor that a tenant has chosen for payouts, as `payoutProcessorOf` answers it. */
type Chosen = PayoutProcessor | 'manual' | null

/**
 * Asks the bank of a payout's destination for the name of its holder, once for each recipient, and answers the payout with what is
 * known then. A bank that cannot be asked keeps nothing from being sent.
 */
export async function lookAtName(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  processor: Chosen,
): Promise<Payout> {
  const { recipient, currency } = payout
  const { type, bankCode, accountNumber, name } = recipient
  if (processor === null || processor === 'manual' || processor.findHolder === undefined) return payout
  if (type !== 'bank_account' || accountNumber === null || !isUnknown(context, recipient)) return payout
  const destination = { type, bankCode, accountNumber, name: name ?? '' }
  const answer = await processor.findHolder(tenant, { destination, currency }).catch((error: unknown): HolderAnswer => {
    if (error instanceof UpstreamError) return { is: 'unavailable' }
    throw error
  })
  if (answer === null) return payout
  const known = {
    nameAtBank: answer.is === 'found' ? answer.name : null,
    nameAnswer: answer.is,
    nameAskedAt: context.clock.now(),
  }
  await context.db.query(sql`
    update recipients set name_at_bank = ${known.nameAtBank}, name_answer = ${known.nameAnswer}, name_asked_at = ${known.nameAskedAt}
    where merchant_id = ${tenant.merchant.id} and id = ${recipient.id} and account_number is not null
  `)
  return { ...payout, recipient: { ...recipient, ...known } }
}

function isUnknown({ clock }: PayoutsContext, { nameAnswer, nameAskedAt }: Recipient): boolean {
  if (nameAskedAt === null) return true
  return nameAnswer !== 'found' && clock.now().getTime() - nameAskedAt.getTime() >= againMs
}

/** Looks at the name for whoever approves: before a payout is approved nothing else is done about it. */
export async function lookForApprover(context: PayoutsContext, tenant: Tenant, payout: Payout): Promise<void> {
  await lookAtName(context, tenant, payout, await context.payoutProcessorOf(context, tenant, 'new'))
  await context.db.query(sql`
    update payouts set due_at = null, attempts = 0
    where merchant_id = ${tenant.merchant.id} and id = ${payout.id} and state = 'awaiting_approval'
      and approval_id is not null and verdict is null
  `)
}

/**
 * Whether a payout has to wait for a second person because of a name that the bank does not confirm. One that a second person has approved
 * goes on, and so does one to a place whose bank nobody can ask.
 */
export function isNameInDoubt(
  { recipient, approvalId }: Pick<Payout, 'recipient' | 'approvalId'>,
  { nameDifferences }: PayoutSettings,
): boolean {
  if (nameDifferences !== 'approval' || approvalId !== null) return false
  const check = nameCheckOf(recipient)
  return check !== null && check.result !== 'match' && check.result !== 'close_match'
}

/** Lets a payout wait for a second person where the merchant wants that for its name. Answers whether it waits. */
export async function waitsForName(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  settings: PayoutSettings,
): Promise<boolean> {
  if (!isNameInDoubt(payout, settings)) return false
  await waitForName(context, tenant, payout)
  return true
}
