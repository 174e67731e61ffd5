import { Type } from 'typebox'
import { findFormerCustomer } from '../../domain/customers/customers.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { RecordedFilter, RecordedMovement } from '../../domain/wallet/recorded-movements.ts'
import { tenantOf } from '../http/authentication.ts'
import { readPeriod } from '../http/instants.ts'
import { currencyCode } from '../http/schemas.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { plainReference } from '../http/validation.ts'
import { doerSchema, renderDoer } from './doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from './names.ts'
import { customerIdSchema, date, periodQuery, timeZoneSchema } from './schemas.ts'

/** What pay-ins and adjustments share: movements that are written down by a person, under a reference. */
const id = '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'

export const recordedParams = Type.Object({ id: Type.String({ examples: [id] }) })

export const requiredCurrency = currencyCode({ description: 'ISO 4217 code of a currency that the merchant holds' })

export function newReferenceSchema(example: string) {
  return Type.String({
    maxLength: 200,
    pattern: plainReference,
    description:
      'Your name of it, for ever: the same reference with the same content answers the first one. It has no blank at its ends, and no character that nobody sees',
    examples: [example],
  })
}

/** The first members and the last members of the answer. */
export const recordedHead = {
  id: Type.String({ description: 'Of the ledger transaction, too', examples: [id] }),
  reference: Type.String({ examples: ['FT26330-0017'] }),
}
export const recordedTail = {
  status: Type.Unsafe<'awaiting_approval' | 'pending' | 'succeeded' | 'refused'>({
    type: 'string',
    enum: ['awaiting_approval', 'pending', 'succeeded', 'refused'],
    description:
      'awaiting_approval: no money has moved, and a second person decides. pending: recorded, and posted within a minute. refused: no money has moved, and the reference is free',
    examples: ['succeeded'],
  }),
  refusal: Type.Union([Type.String(), Type.Null()], { description: 'The reason why it was refused' }),
  approvalId: Type.Union([Type.String(), Type.Null()], {
    description: 'The approval that it waits for, or waited for; null for one that needed no second person',
  }),
  by: doerSchema,
  createdAt: date,
}

export function recordedQuery() {
  return Type.Object({
    customerId: Type.Optional(customerIdSchema),
    reference: Type.Optional(Type.String({ maxLength: 200, examples: ['FT26330-0017'] })),
    ...periodQuery,
    ...idStepQuery(id),
  })
}

export const recordedPage = { timeZone: timeZoneSchema, nextBefore: nextBeforeSchema }

/** Reads the query of a list. Throws `customer_not_found`, `invalid_request`. */
export async function readRecordedQuery(
  context: SurfaceContext['context'],
  request: Parameters<typeof tenantOf>[0],
  query: { customerId?: string; reference?: string; from?: string; to?: string; limit?: number; before?: string },
): Promise<RecordedFilter & { before: string | undefined; limit: number }> {
  const tenant = tenantOf(request)
  const { customerId, reference, from, to, ...step } = query
  return {
    customer: customerId === undefined ? undefined : await findFormerCustomer(context, tenant, customerId),
    reference,
    ...readPeriod(tenant, [from, to]),
    ...readIdStep(step),
  }
}

export function renderPage<Movement extends RecordedMovement, Item>(
  { merchant }: Tenant,
  movements: Movement[],
  limit: number,
  render: (movement: Movement) => Item,
) {
  const nextBefore = movements.length < limit ? null : (movements.at(-1)?.id ?? null)
  return { data: movements.map(render), timeZone: merchant.timeZone, nextBefore }
}

export function renderTail({ state, refusal, approvalId, by, createdAt }: RecordedMovement) {
  return {
    status: state === 'recorded' ? ('pending' as const) : state,
    refusal,
    approvalId,
    by: renderDoer(by),
    createdAt: createdAt.toISOString(),
  }
}
