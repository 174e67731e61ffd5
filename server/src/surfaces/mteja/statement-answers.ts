import { Type } from 'typebox'
import { csvText } from '../../base/csv.ts'
import { isoWithOffset } from '../../base/time-zones.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { Statement, StatementEntry } from '../../domain/wallet/statements.ts'
import { date, nullableText, timeZoneSchema } from './schemas.ts'

/** A statement as JSON. */
export const statementSchema = Type.Object({
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  currency: Type.String({ examples: ['ZAR'] }),
  from: Type.String({ ...date, description: 'The first instant of the period' }),
  to: Type.String({ ...date, description: 'The first instant after the period' }),
  timeZone: timeZoneSchema,
  openingBalance: Type.Integer({ examples: [0] }),
  closingBalance: Type.Integer({ examples: [4950] }),
  totalIn: Type.Integer({ examples: [5000] }),
  totalOut: Type.Integer({ examples: [50] }),
  entryCount: Type.Integer({ examples: [2] }),
  entries: Type.Array(
    Type.Object({
      number: Type.Integer({ examples: [1] }),
      transactionId: Type.String(),
      kind: Type.String({ examples: ['pay_in'] }),
      amount: Type.Integer({ examples: [5000] }),
      balanceAfter: Type.Integer({ examples: [5000] }),
      description: nullableText,
      createdAt: date,
    }),
    { description: 'Oldest first; at most 1,000 entries with a number above `after`' },
  ),
  nextAfter: Type.Union([Type.Integer(), Type.Null()], {
    description: 'To get the next entries, send this value as `after`; null if there are no more',
  }),
})

export function renderStatement({ merchant }: Tenant, statement: Statement) {
  return {
    currency: statement.currency,
    from: statement.from.toISOString(),
    to: statement.until.toISOString(),
    timeZone: merchant.timeZone,
    openingBalance: Number(statement.openingBalance),
    closingBalance: Number(statement.closingBalance),
    totalIn: Number(statement.totalIn),
    totalOut: Number(statement.totalOut),
    entryCount: statement.entryCount,
  }
}

export function renderEntry(entry: StatementEntry) {
  return {
    number: Number(entry.number),
    transactionId: entry.transactionId,
    kind: entry.kind,
    amount: Number(entry.amount),
    balanceAfter: Number(entry.balanceAfter),
    description: entry.description,
    createdAt: entry.createdAt.toISOString(),
  }
}

/** A statement as CSV. People open the file as a table, so its times are the merchant's. The offset says which instant is meant. */
export async function* csvOf(
  { merchant }: Tenant,
  statement: Statement,
  entries: AsyncIterable<StatementEntry>,
): AsyncGenerator<string> {
  const time = (instant: Date) => isoWithOffset(instant, merchant.timeZone)
  yield 'number,createdAt,transactionId,kind,description,amount,balanceAfter,currency\r\n'
  yield `,${time(statement.from)},,opening_balance,,,${statement.openingBalance},${statement.currency}\r\n`
  for await (const entry of entries) {
    const { number, createdAt, transactionId, kind, description, amount, balanceAfter } = entry
    const cells = [number, time(createdAt), transactionId, kind, csvText(description ?? ''), amount, balanceAfter]
    yield `${cells.join(',')},${statement.currency}\r\n`
  }
  yield `,${time(statement.until)},,closing_balance,,,${statement.closingBalance},${statement.currency}\r\n`
}
