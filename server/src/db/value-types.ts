import pg from 'pg'
import parseTimestamp from 'postgres-date'
import { parseLossless } from '../base/lossless-json.ts'

type Parser = (text: string) => unknown

const oid = {
  int8: 20,
  json: 114,
  textArray: 1009,
  int8Array: 1016,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  jsonb: 3802,
}

const parseTextArray = driverParser(oid.textArray)
const keepText: Parser = (text) => text

/**
 * How values come out of the database where `pg` would lose something: a 64-bit integer becomes a bigint (money never
 * passes through a `number`), a date or time without a zone stays text (`pg` would shift it by the machine's zone). A
 * timestamptz becomes a Date as in `pg`, in a third of the time. JSON is parsed so that each number keeps its digits, and each
 * object the order of its members. The rest is `pg`'s own, such as numeric as a string.
 */
const parsers = new Map<number, Parser>([
  [oid.int8, BigInt],
  [oid.int8Array, (text) => (parseTextArray(text) as (string | null)[]).map((item) => item && BigInt(item))],
  [oid.json, parseLossless],
  [oid.jsonb, parseLossless],
  [oid.date, keepText],
  [oid.timestamp, keepText],
  // This CommonJS module exports the function itself, which its types call the default export.
  [oid.timestamptz, parseTimestamp as unknown as Parser],
])

/** The `types` option of a `pg` client. */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: (id: number) => parsers.get(id) ?? driverParser(id),
}

function driverParser(id: number): Parser {
  return pg.types.getTypeParser(id, 'text') as Parser
}
