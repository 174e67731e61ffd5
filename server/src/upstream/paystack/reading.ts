import { fromHundredths, toHundredths } from '../../base/hundredths.ts'
import { numberText, replaceUnstorable } from '../../base/lossless-json.ts'
import { type Currency, currencies, maxAmount } from '../../base/money.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import { type Answer, unusable } from './ask.ts'

/*
 * Answers are read strictly: a member that is missing, or is not what the contract says, is never guessed. The readers
 * throw `Unreadable`, which `understand` turns into an `UpstreamError`. A member that no decision needs is read by `readAside`: it is
 * unknown where it cannot be read.
 */

/** The members of a JSON object. */
export type Members = Record<string, unknown>

/** Names the member of an answer that cannot be read, without its value. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  readonly member: string
  constructor(member: string) {
    super(`"${member}" is missing or malformed`)
    this.member = member
  }
}

/** Reads an answer. Throws `UpstreamError` with the outcome `malformed` for an answer that cannot be read. */
export function understand<Thing>(operation: string, status: number | null, read: () => Thing): Thing {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof Unreadable) throw new UpstreamError(operation, 'malformed', status, { cause })
    throw cause
  }
}

/** Reads the data of a success. Throws `UpstreamError` for every other answer. */
export function readSuccess<Thing>(operation: string, { status, body }: Answer, read: (data: unknown) => Thing): Thing {
  if (status >= 300) throw unusable(operation, status)
  return understand(operation, status, () => {
    if (body.status !== true) throw new Unreadable('status')
    return read(body.data)
  })
}

export function readMembers(value: unknown, name = 'data'): Members {
  if (isMembers(value)) return value
  throw new Unreadable(name)
}

/** An object that is in an answer only sometimes: null where it is missing, null or empty. */
export function optionalMembers(members: Members, name: string): Members | null {
  const value = members[name] ?? null
  if (value === null || (isMembers(value) && Object.keys(value).length === 0)) return null
  return readMembers(value, name)
}

export function readList<Row>(value: unknown, name: string, readRow: (row: Members) => Row): Row[] {
  if (!Array.isArray(value)) throw new Unreadable(name)
  return value.map((row) => readRow(readMembers(row, name)))
}

export function readText(members: Members, name: string): string {
  const value = members[name]
  if (typeof value === 'string' && value !== '') return value
  throw new Unreadable(name)
}

/**
 * Reads a member that no decision needs. One that cannot be read is unknown: money that came is not held up by it.
 *
 * @param unread gets the names of the members that cannot be read
 */
export function readAside<Thing>(read: () => Thing, unread: string[] = []): Thing | null {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    unread.push(error.member)
    return null
  }
}

/** Null where it is missing, null or empty. */
export function optionalText(members: Members, name: string): string | null {
  const value = members[name] ?? ''
  if (typeof value !== 'string') throw new Unreadable(name)
  return value === '' ? null : value
}

/** Words for a person, of which the first 500 characters are kept. Null where they are missing, null or empty. */
export function optionalWords(members: Members, name: string): string | null {
  const text = optionalText(members, name)
  return text === null ? null : cutText(text)
}

const maxWords = 500

/** The first characters of a text, without half of the last one. */
export function cutText(text: string, length = maxWords): string {
  return text.slice(0, length).toWellFormed()
}

export function readBoolean(members: Members, name: string): boolean {
  const value = members[name]
  if (typeof value === 'boolean') return value
  throw new Unreadable(name)
}

export function readOneOf<Word extends string>(members: Members, name: string, words: readonly Word[]): Word {
  const value = members[name]
  if ((words as readonly unknown[]).includes(value)) return value as Word
  throw new Unreadable(name)
}

/** A number of the account, up to 64 bits, also as a text of digits. */
export function readId(members: Members, name: string): bigint {
  const digits = digitsOf(members[name])
  if (digits !== null && !digits.startsWith('-')) return BigInt(digits)
  throw new Unreadable(name)
}

/** Null where it is missing or null. */
export function optionalId(members: Members, name: string): bigint | null {
  return members[name] === undefined || members[name] === null ? null : readId(members, name)
}

/** Mode is our word for Paystack's domain. */
export function readMode(members: Members): Mode {
  return readOneOf(members, 'domain', ['test', 'live'])
}

export function readCurrency(members: Members): Currency {
  return readOneOf(members, 'currency', currencies)
}

/** Hundredths, also as a text of digits, as minor units from 0 to the largest amount. */
export function readAmount(members: Members, name: string, currency: Currency): bigint {
  const amount = readSignedAmount(members, name, currency)
  if (amount < 0n) throw new Unreadable(name)
  return amount
}

/** Null where it is missing or null. */
export function optionalAmount(members: Members, name: string, currency: Currency): bigint | null {
  return members[name] === undefined || members[name] === null ? null : readAmount(members, name, currency)
}

/** Hundredths as minor units, also below zero. More than any ledger holds is no amount. */
export function readSignedAmount(members: Members, name: string, currency: Currency): bigint {
  const digits = digitsOf(members[name])
  const minor = digits === null ? null : fromHundredths(BigInt(digits), currency)
  if (minor === null || minor > maxAmount || minor < -maxAmount) throw new Unreadable(name)
  return minor
}

/** Minor units as the wire's hundredths. Throws `RangeError` for a currency that has thousandths. */
export function renderAmount(amount: bigint, currency: Currency): number {
  const hundredths = toHundredths(amount, currency)
  if (hundredths !== null && hundredths <= Number.MAX_SAFE_INTEGER) return Number(hundredths)
  throw new RangeError(`${amount} minor units of ${currency} cannot be told to Paystack, which counts hundredths`)
}

/** The first of these members that is there. Paystack spells some dates in two ways. Null where none is. */
export function optionalDate(members: Members, ...names: string[]): Date | null {
  const name = names.find((each) => members[each] !== undefined && members[each] !== null)
  return name === undefined ? null : readDate(members, name)
}

export function readDate(members: Members, ...names: string[]): Date {
  const name = names.find((each) => members[each] !== undefined) ?? names.join(', ')
  const value = members[name]
  const date = typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value) ? new Date(value) : null
  // The year may be another one in universal time, and the database has no year 0.
  if (date === null || !(date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999)) throw new Unreadable(name)
  return date
}

/** Metadata is told as an object, as its JSON text, and as `""`, 0 or null where there is none. */
export function readMetadata(value: unknown): Members | null {
  if (isMembers(value)) return value
  if (typeof value !== 'string') return null
  try {
    const parsed: unknown = JSON.parse(replaceUnstorable(value))
    return isMembers(parsed) ? parsed : null
  } catch {
    return null
  }
}

/** The digits of a whole number, exactly. */
function digitsOf(value: unknown): string | null {
  const text = typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : numberText(value)
  return text !== null && /^-?\d{1,20}$/.test(text) ? text : null
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && numberText(value) === null
}
