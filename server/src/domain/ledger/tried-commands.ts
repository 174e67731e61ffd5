import { ServiceError } from '../../base/errors.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import { argument, functionCall } from '../../db/function-call.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { FreeContext } from '../context.ts'
import { storedKey } from '../idempotency/request.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { doBatchTelling, type LedgerCommand, type Receipt } from './commands.ts'

/**
 * As `doCommandNoting`, of a command in whose place another may be sent for the same request. Where it asks for more than is left of its
 * original, nothing is stored under the key of the request, and the refusal is not `kept`.
 *
 * @param noting default no more queries
 */
export async function tryCommand(
  context: FreeContext,
  tenant: Tenant,
  command: LedgerCommand,
  noting: Sql = sql`noted as (select)`,
): Promise<Receipt> {
  const { request } = command
  const freed =
    request === null
      ? sql`null::boolean`
      : functionCall('free_refused_key', {
          p_merchant_id: argument('integer', tenant.merchant.id),
          p_mode: argument('text', tenant.mode),
          p_key: argument('text', storedKey(request)),
        })
  const columns = sql`, case when r.refusal = 'refund_exceeded' and not r.replayed then ${freed} end as is_freed`
  const { outcomes } = await repeatAfterCollision(['idempotency_keys_pkey'], () =>
    doBatchTelling(context, context.db, [{ tenant, command }], { noting, columns, joins: nothing }),
  )
  const [outcome] = outcomes as [Receipt | ServiceError]
  if (!(outcome instanceof ServiceError)) return outcome
  if (outcome.code !== 'refund_exceeded' || outcome.replayed) throw outcome
  throw new ServiceError(outcome.code, outcome.message, outcome.field)
}
