import { Type } from 'typebox'
import { csvText } from '../../../base/csv.ts'
import type { Context } from '../../../domain/context.ts'
import { type ExportedEntry, exportEntries } from '../../../domain/ledger/export.ts'
import { verifyLedger } from '../../../domain/ledger/verify/index.ts'
import { getMerchant } from '../../../domain/merchants/merchants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { sendText } from '../../http/send-text.ts'
import { accountKindWords, date, modeSchema, nullableText, transactionKindWords } from '../schemas.ts'
import { jsonLines, streams } from '../streams.ts'

const tags = ['Operator']
const count = Type.Integer({ examples: [2] })

/** A line of a verification. */
const verificationLineSchema = Type.Union([
  Type.Object({
    progress: Type.Object({
      done: Type.Integer({ description: 'The number of rows checked so far', examples: [2000] }),
      total: Type.Integer({ description: 'The approximate number of rows', examples: [5000] }),
    }),
  }),
  Type.Object({
    result: Type.Union([
      Type.Object({
        isSound: Type.Literal(true),
        entries: count,
        transactions: count,
        accounts: count,
        holds: count,
        customers: count,
      }),
      Type.Object({
        isSound: Type.Literal(false),
        wrong: Type.String({
          description: 'The first row that is wrong, and its fault',
          examples: ['ledger account 7 of merchant 100001 has -99 posted, but its entries add up to -100'],
        }),
      }),
    ]),
  }),
])

/** A line of an export. */
const exportedEntrySchema = Type.Object({
  merchant: Type.String({ examples: ['mer_3k1f9x0c2v8b7n6'] }),
  mode: modeSchema,
  createdAt: date,
  transactionId: Type.String({ examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }),
  kind: Type.String({ description: transactionKindWords }),
  accountId: Type.Integer({ examples: [7] }),
  accountKind: Type.String({ description: accountKindWords }),
  customer: nullableText,
  number: Type.Integer({ description: 'The number of the entry: 1, 2, 3 … within the account', examples: [1] }),
  amount: Type.Integer({ description: 'Minor units; a negative amount left the account', examples: [-250] }),
  balanceAfter: Type.Integer({ examples: [4750] }),
  currency: Type.String({ examples: ['ZAR'] }),
  description: nullableText,
  details: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  reversesId: nullableText,
  holdId: nullableText,
})

const csvSchema = Type.String({
  description: 'The same fields as columns; the first line has their names',
  examples: ['merchant,mode,createdAt,transactionId,kind,…'],
})

/** `/v1/ledger`: the operator verifies or exports the books of all merchants. Both are read while they are sent. */
export const ledgerRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/ledger/verification',
    {
      scope: 'operator',
      schema: {
        operationId: 'verifyLedger',
        summary:
          'Verify the ledger: derive every balance from its entries again; the answer is JSON lines of progress, the last line is the result',
        tags,
        response: streams({ [jsonLines]: verificationLineSchema }, 401, 404),
      },
    },
    (_request, reply) => sendText(reply, jsonLines, verificationLines(context)),
  )

  routes.get(
    '/ledger/entries',
    {
      scope: 'operator',
      schema: {
        operationId: 'exportEntries',
        summary: 'Export every entry, as JSON lines or CSV',
        tags,
        querystring: Type.Object({
          merchant: Type.Optional(
            Type.String({ description: 'Only the entries of this merchant', examples: ['mer_3k1f9x0c2v8b7n6'] }),
          ),
          format: Type.Optional(
            Type.Unsafe<'jsonl' | 'csv'>({ type: 'string', enum: ['jsonl', 'csv'], examples: ['csv'] }),
          ),
        }),
        response: streams({ [jsonLines]: exportedEntrySchema, 'text/csv': csvSchema }, 401, 404),
      },
    },
    async (request, reply) => {
      const { merchant, format = 'jsonl' } = request.query
      const merchantId = merchant === undefined ? undefined : (await getMerchant(context, merchant)).id
      const pages = exportEntries(context.db.unhurried, merchantId)
      if (format === 'csv') return sendText(reply, 'text/csv; charset=utf-8', csvPages(pages))
      return sendText(reply, jsonLines, jsonPages(pages))
    },
  )
}

async function* verificationLines(context: Context): AsyncGenerator<string> {
  const steps = verifyLedger(context.db.unhurried)
  for (;;) {
    const step = await steps.next()
    yield `${JSON.stringify(step.done ? { result: step.value } : { progress: step.value })}\n`
    if (step.done) return
  }
}

async function* jsonPages(pages: AsyncIterable<ExportedEntry[]>): AsyncGenerator<string> {
  for await (const entries of pages) yield entries.map((entry) => `${JSON.stringify(renderEntry(entry))}\n`).join('')
}

const columns = [
  'merchant',
  'mode',
  'createdAt',
  'transactionId',
  'kind',
  'accountId',
  'accountKind',
  'customer',
  'number',
  'amount',
  'balanceAfter',
  'currency',
  'description',
  'details',
  'reversesId',
  'holdId',
] as const

async function* csvPages(pages: AsyncIterable<ExportedEntry[]>): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`
  for await (const entries of pages) yield entries.map((entry) => `${csvLine(renderEntry(entry))}\r\n`).join('')
}

function csvLine(entry: ReturnType<typeof renderEntry>): string {
  return columns
    .map((name) => {
      const value = entry[name]
      if (value === null) return ''
      if (typeof value === 'number') return String(value)
      return csvText(typeof value === 'string' ? value : JSON.stringify(value))
    })
    .join(',')
}

/** Amounts, balances, numbers and ids are exact as JSON numbers. */
function renderEntry({ accountId, number, amount, balanceAfter, createdAt, ...rest }: ExportedEntry) {
  return {
    ...rest,
    accountId: Number(accountId),
    number: Number(number),
    amount: Number(amount),
    balanceAfter: Number(balanceAfter),
    createdAt: createdAt.toISOString(),
  }
}
