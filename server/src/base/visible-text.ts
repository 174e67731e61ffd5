import { ServiceError } from './errors.ts'

/** The invisible characters that people meet, which get into a text by copying. */
const names: Readonly<Record<string, string>> = {
  '\u00a0': 'NO-BREAK SPACE',
  '\u00ad': 'SOFT HYPHEN',
  '\u034f': 'COMBINING GRAPHEME JOINER',
  '\u061c': 'ARABIC LETTER MARK',
  '\u180e': 'MONGOLIAN VOWEL SEPARATOR',
  '\u200b': 'ZERO WIDTH SPACE',
  '\u200c': 'ZERO WIDTH NON-JOINER',
  '\u200d': 'ZERO WIDTH JOINER',
  '\u200e': 'LEFT-TO-RIGHT MARK',
  '\u200f': 'RIGHT-TO-LEFT MARK',
  '\u2028': 'LINE SEPARATOR',
  '\u2029': 'PARAGRAPH SEPARATOR',
  '\u202a': 'LEFT-TO-RIGHT EMBEDDING',
  '\u202b': 'RIGHT-TO-LEFT EMBEDDING',
  '\u202c': 'POP DIRECTIONAL FORMATTING',
  '\u202d': 'LEFT-TO-RIGHT OVERRIDE',
  '\u202e': 'RIGHT-TO-LEFT OVERRIDE',
  '\u2060': 'WORD JOINER',
  '\u2066': 'LEFT-TO-RIGHT ISOLATE',
  '\u2067': 'RIGHT-TO-LEFT ISOLATE',
  '\u2068': 'FIRST STRONG ISOLATE',
  '\u2069': 'POP DIRECTIONAL ISOLATE',
  '\u2800': 'BRAILLE PATTERN BLANK',
  '\u3164': 'HANGUL FILLER',
  '\ufe0f': 'VARIATION SELECTOR-16',
  '\ufeff': 'BYTE ORDER MARK',
}

/**
 * Characters that nobody sees, and characters that have no meaning, which Unicode leaves to private use or will never give to
 * anybody: two texts that differ only by them look the same. A character that this Unicode does not know may be of a later one.
 * Blanks, tabs and new lines are seen. Scripts such as Arabic and Devanagari spell some words with a joiner or a non-joiner
 * between two letters, so they may have it there. So may an emoji and a letter of Mongolian have their selectors.
 */
const invisible =
  /(?![\t\n\r]|(?<=[\p{L}\p{M}])(?<![\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}])[\u200c\u200d](?=\p{L})|(?<=\p{Extended_Pictographic})\ufe0f|(?<=\p{sc=Mong})[\u180b-\u180d\u180f])(?:[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2800])/u

const meaningless = /[\p{Co}\p{Noncharacter_Code_Point}]/u

/** Blanks that nobody types. */
const oddBlank = /[^\S \t\n\r]/u

/** A character in a message: its code and name where it cannot be seen or looks like a blank, otherwise the character. */
export function describeCharacter(character: string): string {
  return /^[\p{C}\p{Default_Ignorable_Code_Point}\p{M}\p{Z}\u2800]/u.test(character) && character !== ' '
    ? nameOf(character)
    : JSON.stringify(character)
}

/** A text in a message, with the codes of characters that cannot be seen: `a<U+200B>b`. */
export function escapeInvisible(text: string): string {
  if (plain.test(text)) return text
  return text.replace(unseen, (character) => `<${codeOf(character)}>`)
}

const unseen = /(?![\t\n\r]|\u200c|\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Noncharacter_Code_Point}\u2800\u3164]/gu

/** All of it printable ASCII, as most texts are. */
const plain = /^[\x20-\x7e]*$/

/** Throws `invalid_request`, with the name of the character, for a text with a character that nobody sees. */
export function refuseInvisible(text: string | null | undefined, field: string): void {
  if (text === null || text === undefined || plain.test(text)) return
  const [character] = invisible.exec(text) ?? []
  if (character === undefined) return
  const kind = meaningless.test(character) ? 'a character without a meaning' : 'an invisible character'
  const message = `${field} has ${kind}, ${nameOf(character)}; send it without this character`
  throw new ServiceError('invalid_request', message, field)
}

/** Throws `invalid_request` for a name with a character that nobody sees, wherever it stands. */
export function refuseHidden(text: string, field: string): void {
  const [character] = plain.test(text) ? [] : (hidden.exec(text) ?? [])
  if (character === undefined) return
  const message = `${field} has a character that nobody sees, ${nameOf(character)}; send it without this character`
  throw new ServiceError('invalid_request', message, field)
}

const hidden =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\u2800]/u

/** The name of the first character that nobody sees or types as it is, such as a byte order mark; null for a plain text. */
export function findOddCharacter(text: string): string | null {
  if (plain.test(text)) return null
  const [character] = invisible.exec(text) ?? oddBlank.exec(text) ?? []
  return character === undefined ? null : nameOf(character)
}

/** `U+200B ZERO WIDTH SPACE` */
function nameOf(character: string): string {
  return names[character] === undefined ? codeOf(character) : `${codeOf(character)} ${names[character]}`
}

function codeOf(character: string): string {
  return `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`
}
