import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { tellPayout } from './payout-events.ts'

const reason =
  'A step of it fails again and again by a fault of this service, which is in the log. It is tried again; its money stays reserved'

/** Has a person look at an open payout whose steps fail, unless one has to look already. */
export async function noteFailing({ db, clock }: FreeContext, { merchant, mode }: Tenant, id: string): Promise<void> {
  const now = clock.now()
  await db.query(sql`
    with noted as (
      update payouts p set attention = 'failing', attention_reason = ${reason}, updated_at = ${now}::timestamptz
      where p.merchant_id = ${merchant.id} and p.id = ${id} and p.ended_at is null and p.attention is null
      returning p.*
    ),
    ${tellPayout({ merchant, mode }, { changed: sql`noted`, type: 'attention', at: now })}
    select id from noted
  `)
}

/** A step has worked again. */
export async function endFailing({ db, clock }: Context, { merchant }: Tenant, id: string): Promise<void> {
  await db.query(sql`
    update payouts set attention = null, attention_reason = null, updated_at = ${clock.now()}
    where merchant_id = ${merchant.id} and id = ${id} and attention = 'failing'
  `)
}
