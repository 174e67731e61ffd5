import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { bareNumber, parsePhoneNumber, phoneDigits } from './phone-numbers.ts'
import { fold, foldJoined, withoutBlanks } from './search-text.ts'

/**
 * The condition that a customer `m` matches a search, beginning with `and`. Every word is looked for, wherever it stands:
 * "Ojukwu Chukwuemeka" finds Chukwuemeka Ojukwu. The whole text is looked for as well, and a phone number as the number that
 * it is, however it was typed.
 */
export function searchCondition({ merchant }: Tenant, search: string): Sql {
  const typed = bareNumber(search)
  const digits = phoneDigits(typed)
  const phone = phoneLike.test(typed) ? parsePhoneNumber(typed, merchant.country) : null
  const numbers = [...new Set([digits, phone?.e164])].filter((number) => typeof number === 'string')
  // The groups of a phone number say little alone: 082 and 123 are in many numbers.
  const words = digits === null ? typed.split(/[\s,]+/) : [typed]
  // A part of a text that begins and ends inside of words: "da Ob" finds Ada Obi, and "de la cruz" finds Delacruz.
  const whole =
    words.length > 1 ? [...new Set([fold(typed), withoutBlanks(typed)])].filter((text) => [...text].length > 2) : []
  const others = [...numbers, ...whole].map((text) => sql`or m.search_text like ${containing(text)}`)
  return sql`and (${wordsCondition(words)} ${others.reduce(both, nothing)})`
}

/**
 * The longest words are looked for in the index, and the rest in the rows found, so that there are few statements to prepare,
 * however many words are asked for. Without a word nothing is looked for, and nothing is found.
 */
function wordsCondition(words: readonly string[]): Sql {
  const wanted = words.map(formsOf).filter((forms) => forms.length > 0)
  if (wanted.length === 0) return sql`false`
  wanted.sort((a, b) => lengthOf(b) - lengthOf(a))
  const indexed = wanted.slice(0, 2).map(formCondition)
  const rest = wanted.slice(2).map(formPattern)
  return sql`${indexed.reduce((a, b) => sql`${a} and ${b}`)} ${rest.length === 0 ? nothing : sql`and m.search_text ~ all(${rest}::text[])`}`
}

/** The forms in which a word may be stored: in parts, as one word, and as a server before 0023 wrote it. */
function formsOf(word: string): string[] {
  const folded = fold(word)
  return folded === '' ? [] : [...new Set([folded, foldJoined(word), word.trim().toLowerCase()])]
}

function lengthOf(forms: readonly string[]): number {
  return Math.min(...forms.map((form) => form.length))
}

/** A plain text is compared faster than a pattern. */
function formCondition(forms: readonly string[]): Sql {
  const [form = '', other] = forms
  if (other === undefined && !isShort(form)) return sql`m.search_text like ${containing(form)}`
  return sql`m.search_text ~ ${formPattern(forms)}`
}

function formPattern(forms: readonly string[]): string {
  return forms.map((form) => (isShort(form) ? beginningOfWord(form) : escaped(form))).join('|')
}

function both(a: Sql, b: Sql): Sql {
  return sql`${a} ${b}`
}

/** Begins as a phone number, and has as many digits as a short one. */
const phoneLike = /^[\s+(]*\d(?:\D*\d){6}/

/** The index holds every three characters in a row, counting two blanks before each word. */
function isShort(text: string): boolean {
  return [...text].length < 3 && /[\p{L}\p{N}]/u.test(text)
}

/** Lists a few characters that separate words, because a class such as \W would not use the index. */
function beginningOfWord(text: string): string {
  return `(^|[ \n@._+'"/#&,;:()-])${escaped(text)}`
}

/** A pattern for exactly this text. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '\\$&')
}

function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}
