import { Type } from 'typebox'
import { type Adjustment, getAdjustment, listAdjustments, makeAdjustment } from '../../../domain/wallet/adjustments.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import {
  newReferenceSchema,
  readRecordedQuery,
  recordedHead,
  recordedPage,
  recordedParams,
  recordedQuery,
  recordedTail,
  renderPage,
  renderTail,
  requiredCurrency,
} from '../recorded.ts'
import { amountSchema, customerIdSchema, responses } from '../schemas.ts'

const tags = ['Adjustments']

const directionSchema = Type.Unsafe<Adjustment['direction']>({
  type: 'string',
  enum: ['credit', 'debit'],
  description: 'credit adds to the balance',
  examples: ['credit'],
})

const adjustmentSchema = Type.Object({
  ...recordedHead,
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  direction: directionSchema,
  amount: Type.Integer({ examples: [250] }),
  currency: Type.String({ examples: ['ZAR'] }),
  reason: Type.Union([Type.String(), Type.Null()], {
    description: 'Null once the customer was erased',
    examples: ['Goodwill for a late delivery'],
  }),
  ...recordedTail,
})

/** `/v1/adjustments`: a customer's balance changed by a person, with a reason. */
export const adjustmentRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/adjustments',
    {
      scope: 'adjustments:write',
      once: 'around work outside',
      status: 201,
      schema: {
        operationId: 'makeAdjustment',
        summary: 'Add to a customer’s balance or take from it by hand, never more than is available',
        tags,
        body: Type.Object({
          customerId: customerIdSchema,
          amount: amountSchema,
          direction: directionSchema,
          currency: requiredCurrency,
          reason: Type.String({ maxLength: 500, examples: ['Goodwill for a late delivery'] }),
          reference: newReferenceSchema('ticket-4711'),
        }),
        response: responses(201, adjustmentSchema, 401, 402, 403, 404, 409),
      },
    },
    async (request) => {
      const { customerId, ...input } = request.body
      return render(await makeAdjustment(context, tenantOf(request), { customerCode: customerId, ...input }))
    },
  )

  routes.get(
    '/adjustments',
    {
      scope: 'read',
      schema: {
        operationId: 'listAdjustments',
        summary: 'List adjustments, newest first',
        tags,
        querystring: recordedQuery(),
        response: responses(200, Type.Object({ data: Type.Array(adjustmentSchema), ...recordedPage }), 401, 404),
      },
    },
    async (request) => {
      const asked = await readRecordedQuery(context, request, request.query)
      const tenant = tenantOf(request)
      return renderPage(tenant, await listAdjustments(context, tenant, asked), asked.limit, render)
    },
  )

  routes.get(
    '/adjustments/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveAdjustment',
        summary: 'Retrieve an adjustment',
        tags,
        params: recordedParams,
        response: responses(200, adjustmentSchema, 401, 404),
      },
    },
    async (request) => render(await getAdjustment(context, tenantOf(request), request.params.id)),
  )
}

function render(adjustment: Adjustment) {
  return {
    id: adjustment.id,
    reference: adjustment.reference,
    customerId: adjustment.customerCode,
    direction: adjustment.direction,
    amount: Number(adjustment.amount),
    currency: adjustment.currency,
    reason: adjustment.reason,
    ...renderTail(adjustment),
  }
}
