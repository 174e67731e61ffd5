import { type Metadata, valuesOf } from './metadata.ts'
import { fullNameOf, type Names } from './names.ts'
import type { PhoneNumber } from './phone-numbers.ts'

/** The members of a customer that a search looks at. */
export interface SearchedFields extends Names {
  email: string | null
  phone: string | null
  metadata: Metadata | null
}

/**
 * Begins each search text that was folded by the rules of this file. When `fold` changes, the next control character takes its
 * place, with a migration that makes the index `customers_unfolded` for it. Texts without the mark are then folded again in
 * the background. The mark is no letter, so the index of words does not hold it.
 */
export const foldingMark = '\u0001'

/**
 * Every text that a search looks at, folded, one item a line. A name with an apostrophe or a hyphen is there twice, in parts
 * and as one word, because people write both.
 */
export function searchTextOf(customer: SearchedFields, number: PhoneNumber | null): string {
  const name = fullNameOf(customer)
  const items = [name, customer.email, customer.phone, number?.e164, number?.national, ...valuesOf(customer.metadata)]
  const lines = items.filter((item) => typeof item === 'string').filter((item) => item !== '')
  const text = lines.join('\n')
  if (!special.test(text)) return `${foldingMark}\n${text.toLowerCase()}`
  return [foldingMark, ...lines.map(fold), ...(separated.test(name) ? [foldJoined(name)] : [])].join('\n')
}

/** Letters that are no other letter with a mark, with the letters that people type for them. */
const plainLetters: Readonly<Record<string, string>> = {
  æ: 'ae',
  ð: 'd',
  ø: 'o',
  þ: 'th',
  ß: 'ss',
  đ: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ŋ: 'n',
  œ: 'oe',
  ŧ: 't',
  ƒ: 'f',
  ƙ: 'k',
  ƴ: 'y',
  ǝ: 'e',
  ɓ: 'b',
  ɔ: 'o',
  ɖ: 'd',
  ɗ: 'd',
  ə: 'e',
  ɛ: 'e',
  ɣ: 'g',
  ɩ: 'i',
  ɲ: 'n',
  ʊ: 'u',
  ʋ: 'v',
  ς: 'σ',
}
const letters = new RegExp(`[${Object.keys(plainLetters).join('')}]`, 'g')

/** Signs that stand for an apostrophe, whatever their shape, and signs that stand for a hyphen. */
const apostrophes = /['`´‘’‛′ʹʻʼʽʾʿˈ՚ꞌ＇]/g
const hyphens = /[\p{Pd}\u2212]/gu
/** Has a sign of either kind. */
const separated = new RegExp(`${apostrophes.source}|${hyphens.source}`, 'u')
/** Accents, but not the vowels that scripts of India write as marks. */
const marks = /(?=\p{sc=Inherited})\p{M}/gu
const invisible = /[\p{Cf}\p{Cc}]/gu

/** Without a match, folding only puts a text in lower case. */
const special = /[^ -~\n]|['`,-]| {2}|^ | $/m

/**
 * A text without the differences that people do not type: lower case, no accents, one blank for blanks of any kind and number,
 * and a blank for an apostrophe, a hyphen and a comma. It is the one way in which texts are made comparable, for storing and
 * for asking.
 */
export function fold(text: string): string {
  if (!special.test(text)) return text.toLowerCase()
  return foldLetters(text.replace(apostrophes, ' ').replace(hyphens, ' ').replaceAll(',', ' '))
}

/** Works like `fold`, but apostrophes and hyphens are left out: O'Brien is obrien. */
export function foldJoined(text: string): string {
  if (!special.test(text)) return text.toLowerCase()
  return foldLetters(text.replace(apostrophes, '').replace(hyphens, '').replaceAll(',', ' '))
}

function foldLetters(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\s+/g, ' ')
    .replace(invisible, '')
    .toLowerCase()
    .replace(marks, '')
    .replace(letters, (letter) => plainLetters[letter] as string)
    .normalize('NFKC')
    .trim()
}
