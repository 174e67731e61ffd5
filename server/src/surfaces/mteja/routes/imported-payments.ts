import { Type } from 'typebox'
import { type ImportedPayment, listImportedPayments } from '../../../domain/payments/imported-payments.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import { customerIdSchema, date, nullableText, responses } from '../schemas.ts'

const id = '019aa8a3-1c2d-7a4b-8c5d-6e7f0a1b2c3d'

const importedPaymentSchema = Type.Object({
  id: Type.String({ examples: [id] }),
  reference: Type.String({ examples: ['re4lyvq3s3'] }),
  customerId: customerIdSchema,
  status: Type.Unsafe<ImportedPayment['status']>({
    type: 'string',
    enum: ['succeeded', 'reversed'],
    description: 'As the account told it when it was imported',
    examples: ['succeeded'],
  }),
  amount: Type.Integer({ examples: [40333] }),
  currency: Type.String({ examples: ['NGN'] }),
  fee: Type.Union([Type.Integer(), Type.Null()], { description: 'What the account kept', examples: [605] }),
  channel: { ...nullableText, description: 'The account’s word for how it was paid', examples: ['card'] },
  processorId: Type.String({ description: 'The account’s own id of it', examples: ['4099260516'] }),
  paidAt: date,
  createdAt: { ...date, description: 'When it was imported' },
})

/** `/v1/imported-payments`: what an account at a processor took before its cut-over. No money of it is in the books. */
export const importedPaymentRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/imported-payments',
    {
      scope: 'read',
      schema: {
        operationId: 'listImportedPayments',
        summary: 'List payments of before the cut-over, newest first',
        tags: ['Imported payments'],
        querystring: Type.Object({
          customerId: Type.Optional(customerIdSchema),
          reference: Type.Optional(Type.String({ maxLength: 100, examples: ['re4lyvq3s3'] })),
          ...idStepQuery(id),
        }),
        response: responses(
          200,
          Type.Object({ data: Type.Array(importedPaymentSchema), nextBefore: nextBeforeSchema }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const { customerId, reference, ...query } = request.query
      const step = readIdStep(query)
      const filter = { customer: customerId, reference }
      const found = await listImportedPayments(context, tenantOf(request), filter, step)
      return {
        data: found.map(render),
        nextBefore: found.length < step.limit ? null : (found.at(-1)?.id ?? null),
      }
    },
  )
}

function render(payment: ImportedPayment) {
  const { id, reference, customerCode, status, amount, currency, fee, channel, outsideId } = payment
  return {
    id,
    reference,
    customerId: customerCode,
    status,
    amount: Number(amount),
    currency,
    fee: fee === null ? null : Number(fee),
    channel,
    processorId: outsideId,
    paidAt: payment.paidAt.toISOString(),
    createdAt: payment.createdAt.toISOString(),
  }
}
