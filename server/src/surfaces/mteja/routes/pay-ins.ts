import { Type } from 'typebox'
import { firstAccountId } from '../../../domain/ledger/accounts.ts'
import { reportPayIn } from '../../../domain/payments/reported-pay-ins.ts'
import { getPayIn, listPayIns, type PayIn, type PayInSource, payInSources } from '../../../domain/wallet/pay-ins.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText, metadataSchema } from '../../http/schemas.ts'
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
import { amountSchema, customerIdSchema, nullableText, responses } from '../schemas.ts'

const tags = ['Pay-ins']

const sourceSchema = Type.Unsafe<PayInSource>({
  type: 'string',
  enum: [...payInSources],
  description: 'How the payer paid',
  examples: ['bank_transfer'],
})

const recordedPayInSchema = Type.Object({
  ...recordedHead,
  customerId: Type.Union([Type.String(), Type.Null()], {
    description: 'Null for money of the merchant',
    examples: ['CUS_xnxdt6s1zg1f4nx'],
  }),
  amount: Type.Integer({ examples: [5000] }),
  currency: Type.String({ examples: ['ZAR'] }),
  source: sourceSchema,
  description: nullableText,
  metadata: Type.Union([metadataSchema, Type.Null()]),
  processor: Type.Unsafe<'manual' | 'paystack'>({
    type: 'string',
    enum: ['manual', 'paystack'],
    description: 'The processor that took the money; manual is money that moved outside any API',
    examples: ['manual'],
  }),
  ...recordedTail,
})

/** `/v1/pay-ins`: money that came outside any API, recorded by hand, in test and in live mode. */
export const payInRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/pay-ins',
    {
      scope: 'pay_ins:write',
      once: 'around work outside',
      status: 201,
      schema: {
        operationId: 'recordPayIn',
        summary: 'Record money that came outside any API, such as a line of a bank statement or cash at a counter',
        description:
          'Without customerId the money is the merchant’s. A denied customer is credited as well. A reference that the merchant’s Paystack account knows is looked up there: the payment must have come as it is recorded. Any name of a payment of this service is refused with 409: it is credited by itself.',
        tags,
        body: Type.Object({
          customerId: Type.Optional(customerIdSchema),
          amount: amountSchema,
          currency: requiredCurrency,
          source: sourceSchema,
          reference: newReferenceSchema('FT26330-0017'),
          description: Type.Optional(freeText(500, { examples: ['Top-up at the counter'] })),
          metadata: Type.Optional(metadataSchema),
        }),
        response: responses(201, recordedPayInSchema, 401, 404, 409),
      },
    },
    async (request) => {
      const { customerId, ...input } = request.body
      return render(await reportPayIn(context, tenantOf(request), { customerCode: customerId, ...input }))
    },
  )

  routes.get(
    '/pay-ins',
    {
      scope: 'read',
      schema: {
        operationId: 'listPayIns',
        summary: 'List the pay-ins that were recorded by hand, newest first',
        tags,
        querystring: recordedQuery(),
        response: responses(200, Type.Object({ data: Type.Array(recordedPayInSchema), ...recordedPage }), 401, 404),
      },
    },
    async (request) => {
      const asked = await readRecordedQuery(context, request, request.query)
      const tenant = tenantOf(request)
      return renderPage(tenant, await listPayIns(context, tenant, asked), asked.limit, render)
    },
  )

  routes.get(
    '/pay-ins/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePayIn',
        summary: 'Retrieve a pay-in that was recorded by hand',
        tags,
        params: recordedParams,
        response: responses(200, recordedPayInSchema, 401, 404),
      },
    },
    async (request) => render(await getPayIn(context, tenantOf(request), request.params.id)),
  )
}

function render(payIn: PayIn) {
  return {
    id: payIn.id,
    reference: payIn.reference,
    customerId: payIn.customerCode,
    amount: Number(payIn.amount),
    currency: payIn.currency,
    source: payIn.source,
    description: payIn.description,
    metadata: payIn.metadata,
    processor: payIn.accountId < firstAccountId ? ('manual' as const) : ('paystack' as const),
    ...renderTail(payIn),
  }
}
