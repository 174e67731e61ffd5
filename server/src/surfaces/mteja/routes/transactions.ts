import { Type } from 'typebox'
import { findMovements, findTransactionId } from '../../../domain/payments/transaction-names.ts'
import { getTransaction, readTransactions, type Transaction } from '../../../domain/payments/transactions.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { doerSchema, renderDoer } from '../doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep, transactionName } from '../names.ts'
import { accountKindWords, date, nullableText, responses, transactionKindWords } from '../schemas.ts'

const tags = ['Transactions']
const id = '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'

const entrySchema = Type.Object({
  account: Type.String({
    description: accountKindWords,
    examples: ['customer_cash'],
  }),
  customerId: Type.Union([Type.String(), Type.Null()], {
    description: 'The customer whose cash it is, or who owes; null for any other account of the merchant',
    examples: ['CUS_xnxdt6s1zg1f4nx'],
  }),
  number: Type.Integer({ description: 'Its place in the account’s history: 1, 2, 3 …', examples: [3] }),
  amount: Type.Integer({ description: 'A negative amount left the account', examples: [-50] }),
  balanceAfter: Type.Integer({ description: 'The posted balance of the account', examples: [4950] }),
})

const paymentSchema = Type.Object({
  paymentIntentId: Type.String({ examples: ['pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3e'] }),
  checkoutSessionId: nullableText,
  reference: Type.Union([Type.String(), Type.Null()], {
    description: 'The merchant’s reference; null for a payment intent of Cashful’s API',
    examples: ['order-17'],
  }),
  number: Type.Union([Type.Integer(), Type.Null()], { description: 'The id on Paystack’s API', examples: [314159270] }),
  status: nullableText,
  metadata: Type.Unknown({ description: 'As it was given: an object, a text or null' }),
})

const transactionSchema = Type.Object({
  id: Type.String({ examples: [id] }),
  kind: Type.String({
    description: transactionKindWords,
    examples: ['purchase'],
  }),
  amount: Type.Integer({ examples: [50] }),
  currency: Type.String({ examples: ['ZAR'] }),
  description: nullableText,
  details: Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    description: 'Stored with the movement, such as the product of a purchase',
    examples: [{ productId: 'airtime' }],
  }),
  entries: Type.Array(entrySchema, { description: 'Both sides: the payer, then the receiver' }),
  reference: Type.Union([Type.String(), Type.Null()], { description: 'The reference of its payment' }),
  payment: Type.Union([paymentSchema, Type.Null()], {
    description: 'The payment from outside that it is, or that it gives back',
  }),
  holdId: Type.Union([Type.String(), Type.Null()], {
    description: 'The hold that it captures, or whose capture it gives back',
  }),
  refundedTransactionId: Type.Union([Type.String(), Type.Null()], {
    description: 'For a refund or reversal: the transaction that it gives back',
  }),
  refundedAmount: Type.Integer({ description: 'The sum of its refunds and reversals', examples: [0] }),
  by: doerSchema,
  requestId: nullableText,
  createdAt: date,
})

/** `/v1/transactions`: one ledger transaction with both sides, and everything that moved under a reference. */
export const transactionRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/transactions',
    {
      scope: 'read',
      schema: {
        operationId: 'listTransactions',
        summary:
          'List everything that moved under a reference, newest first: the payment, its refunds, reversals and chargebacks, and what a person decided about its money in suspense',
        tags,
        querystring: Type.Object({
          reference: Type.String({
            maxLength: 200,
            description:
              'The reference of a payment, or any other name of it: its number on Paystack’s API, pi_…, checkout_sess_…, txn_…; ' +
              'or the id of a hold, for its captures',
            examples: ['order-17'],
          }),
          ...idStepQuery(id),
        }),
        response: responses(
          200,
          Type.Object({ data: Type.Array(transactionSchema), nextBefore: nextBeforeSchema }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { reference, ...query } = request.query
      const step = readIdStep(query)
      const ids = await findMovements(context, tenant, reference, step)
      const found = await readTransactions(context, tenant, ids)
      return {
        data: found.map(renderTransaction),
        nextBefore: ids.length < step.limit ? null : (ids.at(-1) ?? null),
      }
    },
  )

  routes.get(
    '/transactions/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveTransaction',
        summary: 'Retrieve a transaction with both sides and everything that it is related to',
        tags,
        params: Type.Object({ id: transactionName }),
        response: responses(200, transactionSchema, 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return renderTransaction(
        await getTransaction(context, tenant, await findTransactionId(context, tenant, request.params.id)),
      )
    },
  )
}

function renderTransaction(transaction: Transaction) {
  const { payment } = transaction
  return {
    id: transaction.id,
    kind: transaction.kind,
    amount: Number(transaction.amount),
    currency: transaction.currency,
    description: transaction.description,
    details: transaction.details,
    entries: transaction.entries.map((entry) => ({
      account: entry.accountKind,
      customerId: entry.customer,
      number: Number(entry.number),
      amount: Number(entry.amount),
      balanceAfter: Number(entry.balanceAfter),
    })),
    reference: payment?.reference ?? null,
    payment: payment === null ? null : { ...payment, number: payment.number === null ? null : Number(payment.number) },
    holdId: transaction.holdId,
    refundedTransactionId: transaction.reversesId,
    refundedAmount: Number(transaction.givenBack),
    by: renderDoer(transaction.by),
    requestId: transaction.requestId,
    createdAt: transaction.createdAt.toISOString(),
  }
}
