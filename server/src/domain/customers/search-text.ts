import { type Metadata, valuesOf } from './metadata.ts'
import { fullNameOf, type Names } from './names.ts'
import { type PhoneNumber, withPlainDigits } from './phone-numbers.ts'

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
export const foldingMark = '\u0004'

/**
 * Every text that a search looks at, folded, one item a line. A text with an apostrophe, a hyphen or initials is there twice,
 * in parts and as one word, because people write both. So is a text in Arabic letters with blanks: عبد الله is also عبدالله.
 * The name is there without blanks and dots as well: De La Cruz is also dela cruz and delacruz, and St. John is stjohn. A phone
 * number that cannot be read is there as its digits. Names in scripts without blanks are there in pairs.
 */
export function searchTextOf(customer: SearchedFields, number: PhoneNumber | null): string {
  const { email, phone, metadata } = customer
  const name = fullNameOf(customer)
  const phones = phone === null ? [] : [phone, ...dialledAs(phone, number)]
  const lines = [name, ...phones, ...valuesOf(metadata)].filter((item) => item !== '').map(withPlainBlanks)
  const text = lines.join('\n')
  const forms = special.test(text) ? [...new Set(lines.flatMap(formsOf))] : [text.toLowerCase()]
  if (email !== null) forms.push(...(isPlainEmail.test(email) ? [email.toLowerCase()] : formsOf(email)))
  if (/[\s.]/.test(name)) forms.push(withoutBlanks(name))
  forms.push(...pairsOf(name))
  return [foldingMark, ...forms].join('\n')
}

/** The numbers by which a phone is looked for. */
function dialledAs(phone: string, number: PhoneNumber | null): string[] {
  if (number !== null) return [number.e164, number.national]
  const digits = withPlainDigits(phone).replace(/\D/g, '')
  return digits.length < 3 || digits === phone ? [] : [digits]
}

/** Each item is one line, and a blank of any kind is a blank. */
function withPlainBlanks(text: string): string {
  return /[^\S ]/.test(text) ? text.replace(/\s+/g, ' ') : text
}

/** Three characters in a row of a script that is written without blanks. */
const pairedScripts = /[\p{sc=Han}\p{sc=Hang}\p{sc=Hira}\p{sc=Kana}々ー]{3,}/gu

/**
 * Every two characters in a row as a word: 이영희 is also 이영 and 영희. The index of words finds two characters only at the
 * beginning of a word, and in these scripts a given name has two and stands behind the family name.
 */
function pairsOf(name: string): string[] {
  if (!/[^ -~]/.test(name)) return []
  const runs = foldJoined(name).match(pairedScripts) ?? []
  return runs.map((run) => {
    const characters = [...run]
    return characters
      .slice(1)
      .map((character, i) => `${characters[i]}${character}`)
      .join(' ')
  })
}

/** People type the hyphens and dots of an e-mail as they are, so it is there in one form. */
const isPlainEmail = /^[\w.+@-]+$/

/** A name as one word: its letters and digits, folded. */
export function withoutBlanks(text: string): string {
  return foldJoined(text).replace(/[^\p{L}\p{M}\p{N}]/gu, '')
}

/** The forms of a text that a search may ask for. */
function formsOf(text: string): string[] {
  if (!special.test(text)) return [text.toLowerCase()]
  const letters = foldLetters(text)
  const [parts, joined] = [inParts(letters), asOneWord(letters)]
  return arabicWords.test(parts) ? [parts, joined, joined.replaceAll(' ', '')] : [parts, joined]
}

/** Names such as عبد الله are written with a blank and without. A longer text is no name. */
const arabicWords = /^(?=.{1,80}$).*\p{sc=Arab} \p{sc=Arab}/u

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
  ى: 'ي',
  ی: 'ي',
  ة: 'ه',
  ٱ: 'ا',
  ک: 'ك',
}
const letters = new RegExp(`[${Object.keys(plainLetters).join('')}]`, 'g')

/** Signs that stand for an apostrophe, whatever their shape, and signs that stand for a hyphen. */
const separators = /['`´‘’‛′ʹʻʼʽʾʿˈ՚׳ꞌ＇\p{Pd}\u2212]/gu
/** The letter and the dot of an initial: T.J. is also TJ. Other dots, such as those of e-mails, stay. */
const initials = /(?<!\p{L}\p{M}*)(\p{L}\p{M}*)\./gu
/** Stands for each of them while a text is folded: a character that Unicode leaves to private use. */
const separator = '\ue000'
/** Accents of Latin, Greek and Cyrillic letters; the points of Hebrew and the signs of Arabic, which are seldom written. */
const accents =
  /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]|[\u0483-\u0487]|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]|[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]/g
const invisible = /[\p{Cf}\p{Cc}]/gu

/** Without a match, folding only puts a text in lower case. */
const special = /[^ -~\n]|['`,-]| {2}|^ | $|(?<![a-z])[a-z]\./im

/**
 * A text without the differences that people do not type: lower case, no accents, the digits 0 to 9 for those of any script, one
 * blank for blanks of any kind and number, and a blank for an apostrophe, a hyphen, a comma and the dot of an initial. It is the
 * one way in which texts are made comparable, for storing and for asking.
 */
export function fold(text: string): string {
  return special.test(text) ? inParts(foldLetters(text)) : text.toLowerCase()
}

/** Works like `fold`, but apostrophes, hyphens and the dots of initials are left out: O'Brien is obrien. */
export function foldJoined(text: string): string {
  return special.test(text) ? asOneWord(foldLetters(text)) : text.toLowerCase()
}

function inParts(letters: string): string {
  return withoutRepeatedBlanks(letters.replaceAll(separator, ' '))
}

function asOneWord(letters: string): string {
  return withoutRepeatedBlanks(letters.replaceAll(separator, ''))
}

/** Folds all but the separators, which stand as `separator`. */
function foldLetters(text: string): string {
  // Most texts have the letters of ASCII only. The general expressions would fold them in the same way, but slowly.
  if (!/[^ -~]/.test(text)) {
    return text
      .toLowerCase()
      .replace(/['`-]/g, separator)
      .replaceAll(',', ' ')
      .replace(/(?<![a-z])([a-z])\./g, `$1${separator}`)
  }
  const marked = text.replace(separators, separator).replaceAll(',', ' ').replace(initials, `$1${separator}`)
  return withPlainDigits(marked.normalize('NFKD'))
    .replace(/\s+/g, ' ')
    .replace(invisible, '')
    .toLowerCase()
    .replace(accents, '')
    .replace(letters, (letter) => plainLetters[letter] as string)
    .normalize('NFKC')
}

function withoutRepeatedBlanks(text: string): string {
  return text.replace(/ {2,}/g, ' ').trim()
}
