import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../../domain/context.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { type NumberedPayoutFilter, walkNumberedPayouts } from '../../domain/payouts/payout-lists.ts'
import type { Payout } from '../../domain/payouts/payout-records.ts'
import { isServed } from './amounts.ts'
import { writeCsv } from './exports.ts'
import { isGiven, readPeriod } from './queries.ts'
import { renderTransfer, transferStatuses } from './render-transfer.ts'
import { periodQuery } from './transaction-filter.ts'

/** The members of a query that choose transfers. */
export const transferFilterQuery = {
  ...periodQuery,
  recipient: Type.Optional(
    Type.String({ description: 'The numeric id of a recipient; with a code the list is empty' }),
  ),
  status: Type.Optional(Type.String({ description: Object.keys(transferStatuses).join(', '), examples: ['success'] })),
}

export interface TransferQuery {
  from?: string | undefined
  to?: string | undefined
  recipient?: string | undefined
  status?: string | undefined
}

/** Throws `invalid_request`. */
export function readTransferFilter(tenant: Tenant, query: TransferQuery): NumberedPayoutFilter {
  const { recipient, status } = query
  const { currencies } = tenant.merchant
  const served = currencies.filter(isServed)
  return {
    ...readPeriod(tenant, query),
    currencies: served.length === currencies.length ? undefined : served,
    recipientId: isGiven(recipient) ? readNumber(recipient.trim()) : undefined,
    conditions: isGiven(status) ? readStatus(status.trim()) : undefined,
  }
}

function readStatus(status: string) {
  if (Object.hasOwn(transferStatuses, status)) return transferStatuses[status]
  const message = `"status" must be one of [${Object.keys(transferStatuses).join(', ')}]`
  throw new ServiceError('invalid_request', message, 'status')
}

/** Null for a text that is no number: Paystack answers an empty list. */
function readNumber(text: string): bigint | null {
  return /^\d{1,18}$/.test(text) ? BigInt(text) : null
}

const columns = [
  ...(['id', 'reference', 'transfer_code', 'status', 'currency', 'amount', 'fee_charged', 'reason'] as const),
  ...(['gateway_response', 'transferred_at', 'createdAt'] as const),
] as const

/** The transfers as CSV, newest first, made while they are sent. Amounts are hundredths. */
export function writeTransfers(context: Context, tenant: Tenant, filter: NumberedPayoutFilter): AsyncGenerator<string> {
  return writeCsv<Payout>(context, tenant, {
    columns: [...columns, 'recipient_code', 'recipient_name'],
    read: (step) => walkNumberedPayouts(context, tenant, filter, step),
    cellsOf: (payout) => {
      const row = renderTransfer(tenant, payout)
      return [...columns.map((name) => row[name]), row.recipient.recipient_code, row.recipient.name]
    },
    idOf: ({ wireId }) => wireId,
  })
}
