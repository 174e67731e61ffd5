import type { Recipient } from './recipients.ts'

/**
 * How the name that was given for an account compares with the name at its bank. `close_match`: they have words in common, or differ
 * by a letter. `no_name`: none was given. `no_account`: the bank knows no such account. `unavailable`: the bank could not be asked.
 */
export const nameResults = ['match', 'close_match', 'no_match', 'no_name', 'no_account', 'unavailable'] as const
export type NameResult = (typeof nameResults)[number]

/** The comparison of a given name with the name at the bank. */
export interface NameCheck {
  result: NameResult
  /** Null where the bank has said none. */
  nameAtBank: string | null
  checkedAt: Date
}

type Checked = Pick<Recipient, 'name' | 'accountNumber' | 'nameAtBank' | 'nameAnswer' | 'nameAskedAt'>

/** Null while no bank was asked, and where none can be. */
export function nameCheckOf({ name, accountNumber, nameAtBank, nameAnswer, nameAskedAt }: Checked): NameCheck | null {
  if (nameAnswer === null || nameAskedAt === null) return null
  if (nameAtBank === null)
    return { result: nameAnswer === 'found' ? 'unavailable' : nameAnswer, nameAtBank, checkedAt: nameAskedAt }
  // An account without a name bears its number as one.
  const result = name === null || name === accountNumber ? 'no_name' : compareNames(name, nameAtBank)
  return { result, nameAtBank, checkedAt: nameAskedAt }
}

/**
 * Compares two names of a person or a company. The order of the words, capitals, accents, punctuation and titles do not count, and banks
 * shorten the words for a company. Two names are close where all words of the shorter one, two at least, are in the other, as a word, as its
 * first letter or, of four letters and more, but for one letter; and one of them at least is more than a letter in both.
 */
export function compareNames(given: string, atBank: string): Extract<NameResult, 'match' | 'close_match' | 'no_match'> {
  const [one, other] = [wordsOf(given), wordsOf(atBank)]
  if (one.length === 0 || other.length === 0) return 'no_match'
  if (one.join(' ') === other.join(' ') || [...one].sort().join(' ') === [...other].sort().join(' ')) return 'match'
  if (one.join('') === other.join('')) return 'match'
  const [shorter, longer] = one.length <= other.length ? [one, other] : [other, one]
  return areWithin(shorter, longer) ? 'close_match' : 'no_match'
}

/** Titles say nothing of who it is. */
const titles: ReadonlySet<string> = new Set([
  'mr',
  'mrs',
  'ms',
  'miss',
  'dr',
  'prof',
  'chief',
  'alhaji',
  'alhaja',
  'hon',
  'rev',
  'engr',
])

const shortForms: Readonly<Record<string, string>> = {
  limited: 'ltd',
  company: 'co',
  enterprises: 'ent',
  enterprise: 'ent',
  incorporated: 'inc',
  corporation: 'corp',
  proprietary: 'pty',
  nigeria: 'nig',
  and: '',
}

function wordsOf(name: string): string[] {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/['’`.]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
  const named = words.filter((word) => !titles.has(word))
  return (named.length === 0 ? words : named).map((word) => shortForms[word] ?? word).filter((word) => word !== '')
}

function areWithin(shorter: readonly string[], longer: readonly string[]): boolean {
  const left = [...longer]
  let whole = 0
  // Words first: a first letter may stand for any word that is left.
  for (const word of [...shorter].sort((one, other) => other.length - one.length)) {
    const at = placeOf(word, left)
    if (at === -1) return false
    if (word.length > 1 && (left[at] as string).length > 1) whole += 1
    left.splice(at, 1)
  }
  return whole >= 2 || (whole === 1 && shorter.length > 1)
}

function placeOf(word: string, left: readonly string[]): number {
  const same = left.indexOf(word)
  if (same !== -1) return same
  return left.findIndex(
    (other) => isFirstLetter(word, other) || isFirstLetter(other, word) || areOneLetterApart(word, other),
  )
}

function isFirstLetter(letter: string, word: string): boolean {
  return letter.length === 1 && word.startsWith(letter)
}

/** Whether one letter is another, missing, or changed places with its neighbour. Short words differ by one letter and mean another person. */
function areOneLetterApart(one: string, other: string): boolean {
  if (Math.max(one.length, other.length) < 4 || Math.abs(one.length - other.length) > 1) return false
  let start = 0
  while (start < Math.min(one.length, other.length) && one[start] === other[start]) start += 1
  const [restOne, restOther] = [one.slice(start), other.slice(start)]
  return (
    restOne.slice(1) === restOther.slice(1) ||
    restOne.slice(1) === restOther ||
    restOne === restOther.slice(1) ||
    (restOne[0] === restOther[1] && restOne[1] === restOther[0] && restOne.slice(2) === restOther.slice(2))
  )
}
