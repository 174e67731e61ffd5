import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { makeTransfers, type Transfer } from '../../../domain/wallet/transfers.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText } from '../../http/schemas.ts'
import { amountSchema, currencySchema, customerIdSchema, responses } from '../schemas.ts'

const outcomeSchema = Type.Union([
  Type.Object({
    status: Type.Literal('completed'),
    id: Type.String(),
    createdAt: Type.String({ format: 'date-time' }),
  }),
  Type.Object({
    status: Type.Literal('refused'),
    error: Type.Object({ code: Type.String(), message: Type.String(), field: Type.Optional(Type.String()) }),
  }),
])

/** `/v1/transfers/batch`: up to a thousand transfers in one commit, each with its own answer. */
export const batchRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/transfers/batch',
    {
      scope: 'money:write',
      once: 'in the posting',
      schema: {
        operationId: 'makeTransfers',
        summary: 'Make up to 1,000 transfers in one commit; a refused transfer does not affect the others',
        description:
          'A line of the wrong shape, such as one without a customer, refuses the whole batch with 400, and nothing is done. A line that the ledger refuses, or whose ' +
          'amount is no whole number of minor units, is refused alone: its outcome says why.',
        tags: ['Transfers'],
        body: Type.Object({
          transfers: Type.Array(
            Type.Object({
              fromCustomerId: customerIdSchema,
              toCustomerId: customerIdSchema,
              amount: amountSchema,
              currency: Type.Optional(currencySchema),
              description: Type.Optional(freeText(500, { examples: ['Payday'] })),
            }),
            { minItems: 1, maxItems: 1000 },
          ),
        }),
        response: responses(
          200,
          Type.Object({
            completed: Type.Integer({ examples: [1] }),
            refused: Type.Integer({ examples: [0] }),
            outcomes: Type.Array(outcomeSchema),
          }),
          401,
          409,
        ),
      },
    },
    async (request, keyed) => {
      const inputs = request.body.transfers.map(({ fromCustomerId, toCustomerId, ...input }) => ({
        fromCustomer: fromCustomerId,
        toCustomer: toCustomerId,
        ...input,
      }))
      const made = await makeTransfers(context, tenantOf(request), inputs, keyed)
      const outcomes = made.outcomes.map(renderOutcome)
      const completed = outcomes.filter((outcome) => outcome.status === 'completed').length
      return { answer: { completed, refused: outcomes.length - completed, outcomes }, replayed: made.replayed }
    },
  )
}

/** A refusal names its line: `transfers.17.toCustomerId` for a member, `transfers.17` for the transfer as a whole. */
function renderOutcome(outcome: Transfer | ServiceError, line: number) {
  if (!(outcome instanceof ServiceError)) {
    return { status: 'completed' as const, id: outcome.id, createdAt: outcome.createdAt.toISOString() }
  }
  const { code, message } = outcome
  const field = ['transfers', line, outcome.field].filter((part) => part !== undefined).join('.')
  return { status: 'refused' as const, error: { code, message: `${field}: ${message}`, field } }
}
