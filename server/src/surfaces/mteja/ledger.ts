import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { type ExportedEntry, exportEntries } from '../../domain/ledger/export.ts'
import { verifyLedger } from '../../domain/ledger/verify.ts'
import { getMerchant } from '../../domain/merchants.ts'
import type { Service } from '../../service.ts'
import { csvText } from '../http/csv.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { responses } from './schemas.ts'

const tags = ['Operator']

/** `/v1/ledger`: the operator checks the books of all merchants, or takes them away. Both are read while they are sent. */
export const ledgerRoutes: FastifyPluginAsyncTypebox<SurfaceContext> = async (app, { service }) => {
  app.get(
    '/ledger/verification',
    {
      schema: {
        // For the command line, which reads the stream; not a call for a client.
        hide: true,
        operationId: 'verifyLedger',
        summary: 'Derive every balance from its entries once more: progress as JSON lines, the last one is the result',
        tags,
        response: responses(200, Type.Any({ description: 'JSON lines' }), 401, 404),
      },
    },
    (_request, reply) => sendText(reply, 'application/x-ndjson', verificationLines(service)),
  )

  app.get(
    '/ledger/entries',
    {
      schema: {
        hide: true,
        operationId: 'exportEntries',
        summary: 'Every entry, as JSON lines or CSV',
        tags,
        querystring: Type.Object({
          merchant: Type.Optional(
            Type.String({ description: 'Of one merchant only', examples: ['mer_3k1f9x0c2v8b7n6'] }),
          ),
          format: Type.Optional(
            Type.Unsafe<'jsonl' | 'csv'>({ type: 'string', enum: ['jsonl', 'csv'], examples: ['csv'] }),
          ),
        }),
        response: responses(200, Type.Any({ description: 'JSON lines or CSV' }), 400, 401, 404),
      },
    },
    async (request, reply) => {
      const { merchant, format = 'jsonl' } = request.query
      const merchantId = merchant === undefined ? undefined : (await getMerchant(service, merchant)).id
      const pages = exportEntries(service.db, merchantId)
      if (format === 'csv') return sendText(reply, 'text/csv; charset=utf-8', csvPages(pages))
      return sendText(reply, 'application/x-ndjson', jsonPages(pages))
    },
  )
}

/** Sent as it is made, and no faster than it is taken. */
function sendText(reply: FastifyReply, type: string, parts: AsyncIterable<string>): never {
  reply.serializer((text: string) => text)
  return reply.type(type).send(Readable.from(parts)) as never
}

async function* verificationLines(service: Service): AsyncGenerator<string> {
  const steps = verifyLedger(service.db)
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
