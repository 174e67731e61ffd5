import { sql } from '../../db/sql.ts'
import type { Approval } from '../approvals/approval-records.ts'
import { type ApprovalWish, askForApproval, mayNeedApproval, recordApproval } from '../approvals/asking.ts'
import { type Context, type FreeContext, inTransaction, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { tellPayout } from './payout-events.ts'
import { findPayout, type Payout } from './payout-records.ts'

/*
 * A payout whose tenant has limits is made `awaiting_approval`, in the commit that reserves its money. Then it is asked whether it
 * needs a second person: with an approval it waits for one, without it goes on. A crash in between leaves it due.
 */

/** The currencies of which payouts may need a second person. */
export async function currenciesWithLimits(
  context: Context,
  tenant: Tenant,
  currencies: readonly Payout['currency'][],
): Promise<ReadonlySet<string>> {
  const distinct = [...new Set(currencies)]
  const may = await Promise.all(distinct.map((each) => mayNeedApproval(context, tenant, each)))
  return new Set(distinct.filter((_, i) => may[i]))
}

/** Asks whether a payout that was just made needs a second person, once, as the one who has made it. Answers it as it then is. */
export async function askAboutPayout(context: Context, tenant: Tenant, payout: Payout): Promise<Payout> {
  const [asked] = await askAboutPayouts(context, tenant, [payout])
  return asked as Payout
}

/** As `askAboutPayout`, of some payouts in one commit, in order. */
export function askAboutPayouts(
  context: Context,
  { merchant, mode }: Tenant,
  payouts: readonly Payout[],
): Promise<Payout[]> {
  return inTransaction(context, async (tx) => {
    const rows = await tx.db.query<{ id: string }>(sql`
      select id from payouts
      where merchant_id = ${merchant.id} and id = any(${payouts.map(({ id }) => id)}::uuid[]) and state = 'awaiting_approval'
        and approval_id is null and verdict is null
      order by id
      for update
    `)
    const open = new Set(rows.map(({ id }) => id))
    const asked: Payout[] = []
    for (const payout of payouts) {
      if (open.delete(payout.id)) await ask(tx, askerOf({ merchant, mode }, payout), payout)
      asked.push((await findPayout(tx, { merchant, mode }, payout)) as Payout)
    }
    return asked
  })
}

/**
 * Lets a payout that is about to be sent wait for a second person, because the bank does not confirm the name of the payee. One that has
 * ended or was sent meanwhile stays as it is.
 */
export async function waitForName(context: FreeContext, { merchant, mode }: Tenant, payout: Payout): Promise<void> {
  const tenant = askerOf({ merchant, mode }, payout)
  await inTransaction(context, async (tx) => {
    const rows = await tx.db.query(sql`
      select id from payouts
      where merchant_id = ${merchant.id} and id = ${payout.id} and state = 'pending' and approval_id is null and verdict is null
      for update
    `)
    if (rows.length === 0) return
    await setWaiting(
      tx,
      tenant,
      payout,
      await recordApproval(tx, tenant, { ...wishOf(payout), needs: ['name_difference'] }),
    )
  })
}

/** Whoever has made the payout asks. */
function askerOf({ merchant, mode }: Pick<Tenant, 'merchant' | 'mode'>, { actor }: Payout): Tenant {
  return actor === undefined ? { merchant, mode } : { merchant, mode, actor }
}

function wishOf({ id, customerId, amount, currency, reference, recipient, reason }: Payout): ApprovalWish {
  const { type, bankCode, accountNumber, name } = recipient
  return {
    kind: 'payout',
    subjectId: id,
    customer: customerId === null ? null : { id: customerId },
    amount,
    currency,
    reference,
    details: { type, bankCode, recipientId: recipient.code, words: { accountNumber, name, reason } },
  }
}

async function ask(tx: TxContext, tenant: Tenant, payout: Payout): Promise<void> {
  const wish = { ...wishOf(payout), isNewDestination: await isNew(tx, tenant, payout) }
  await setWaiting(tx, tenant, payout, await askForApproval(tx, tenant, wish))
}

/** @param approval null where no second person is needed. A payout that waits for one is due: its approver is shown the name at the bank */
async function setWaiting(tx: TxContext, tenant: Tenant, { id }: Payout, approval: Approval | null): Promise<void> {
  const now = tx.clock.now()
  const state = approval === null ? 'pending' : 'awaiting_approval'
  await tx.db.query(sql`
    with noted as (
      update payouts p set
        state = ${state}, approval_id = ${approval?.id ?? null}::uuid, due_at = ${now}::timestamptz, state_code = null,
        state_reason = null,
        attempts = 0, updated_at = ${now}::timestamptz
      where p.merchant_id = ${tenant.merchant.id} and p.id = ${id}
      returning p.*
    ),
    ${tellPayout(tenant, { changed: sql`noted`, type: state, at: now })}
    select id from noted
  `)
}

/** Nothing was paid out to the recipient before. */
async function isNew({ db }: Context, { merchant, mode }: Tenant, { id, recipient }: Payout): Promise<boolean> {
  const rows = await db.query(sql`
    select from payouts p
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.recipient_id = ${recipient.id} and p.id <> ${id}
      and p.state in ('paid', 'returned')
    limit 1
  `)
  return rows.length === 0
}
