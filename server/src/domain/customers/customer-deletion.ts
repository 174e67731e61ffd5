import { ServiceError } from '../../base/errors.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import { argument, functionCall, listArgument } from '../../db/function-call.ts'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Binding, describeBindings, stepsAgainst } from './bindings.ts'

interface DeletionRow {
  code: string
  already: boolean
  obstacle: Binding['obstacle'] | null
  detail: string | null
  amount: bigint | null
}

/**
 * Deletes customers, all in one commit, and answers the codes of the customers who were deleted now, in the order given.
 * Codes that nobody has, and customers who were deleted before, are left out. A deleted customer is found by nothing and
 * keeps their history; no money moves to or from them. Throws `customer_not_found` where nobody has any of the codes. Throws
 * `customer_not_deletable`, naming every customer who has money, owes some or could still get some, and deletes nobody.
 */
export async function deleteCustomers(context: Context, tenant: Tenant, codes: readonly string[]): Promise<string[]> {
  const rows = await repeatAfterCollision([], () =>
    context.db.query<DeletionRow>(sql`
      select r.code, r.already, r.obstacle, r.detail, r.amount
      from ${functionCall('delete_customers', {
        p_merchant_id: argument('integer', tenant.merchant.id),
        p_mode: argument('text', tenant.mode),
        p_now: argument('timestamptz', context.clock.now()),
        p_codes: listArgument('text', [...new Set(codes)]),
      })} r
    `),
  )
  if (rows.length === 0) throw noneFound(codes)
  const obstacles = rows.filter((row): row is DeletionRow & Binding => row.obstacle !== null)
  if (obstacles.length > 0) throw new ServiceError('customer_not_deletable', describeObstacles(obstacles))
  const deleted = new Set(rows.filter(({ already }) => !already).map(({ code }) => code))
  for (const code of deleted)
    noteChange(context, { object: code, before: { deleted: false }, after: { deleted: true } })
  return [...new Set(codes)].filter((code) => deleted.has(code))
}

/** The refusal for a call about several customers, none of whom exists. */
export function noneFound(codes: readonly string[]): ServiceError {
  const named = [...new Set(codes)].map((code) => JSON.stringify(code)).join(', no customer ')
  return new ServiceError('customer_not_found', `There is no customer ${named}`)
}

/** One sentence for all customers who cannot be deleted, and what to do about each reason. */
function describeObstacles(rows: (DeletionRow & Binding)[]): string {
  const codes = [...new Set(rows.map(({ code }) => code))]
  const each = codes.map((code) => `customer ${code} has ${describeBindings(rows.filter((row) => row.code === code))}`)
  return `Nobody was deleted: ${each.join('; ')}. ${stepsAgainst(rows)}`
}
