/**
 * JSON that comes back as it came. `JSON.parse` changes some values without a word: 9007199254740993 becomes …992, 1.10 becomes
 * 1.1, and a member named "10" moves before "b". Here such a number keeps its text, and such an object keeps the order of its
 * members. `JSON.stringify` and serializers that ask for an object's entries write both as they came. To all other code the
 * values are ordinary.
 */

// ECMAScript 2026. The types do not have these yet.
const json = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): boolean
  parse(text: string, reviver: (name: string, value: unknown, context: { source?: string }) => unknown): unknown
}

/**
 * Numbers that `JSON.parse` and `JSON.stringify` may change: of sixteen digits or more, with an exponent, with a zero at the end
 * of the fraction, below a millionth, and minus zero. Names that may move: those that begin with a digit, also with one that is
 * written as an escape. A match may be inside of a string, so the exact test comes after. Together they take half the time of
 * JSON.parse.
 */
const suspectNumber =
  /[:,[\s]-?\d(?:[\d.]{15}|\d*(?:\.\d+)?[eE]|\d*\.\d*0(?=[\s,}\]])|(?<=0)\.0{6}|(?<=-0)(?=[\s,}\]]))/
const suspectName = /[{,]\s*"(?:\d|\\u003)/
const bareNumber = /^\s*-?\d/

/** A string of JSON, and the colon if the string is a name. */
const stringOrName = /("(?:[^"\\]|\\.)*")(\s*:)?/g

/** Names of which objects put the numeric ones first, whatever the order in the text. */
const arrayIndex = /^(?:0|[1-9]\d{0,9})$/

/** Whether `JSON.parse` might change the text. It never does if this is false. */
export function mayLose(text: string): boolean {
  return suspectNumber.test(text) || suspectName.test(text) || bareNumber.test(text)
}

/** Like `JSON.parse`, without losing anything. Throws SyntaxError. A name that comes twice has its last value. */
export function parseLossless(text: string): unknown {
  return mayLose(text) ? parseExactly(text) : JSON.parse(text)
}

function parseExactly(text: string): unknown {
  // Broken JSON is refused before it is changed.
  JSON.parse(text)
  // With a mark before each name, no name is a number, so that objects keep the order of the text.
  const marked = text.replace(stringOrName, (whole, string: string, colon) =>
    colon ? `"_${string.slice(1)}${colon}` : whole,
  )
  return json.parse(marked, (_name, value, { source }) => {
    if (typeof value === 'number')
      return source === undefined || String(value) === source ? value : json.rawJSON(source)
    return isObject(value)
      ? orderedObject(Object.entries(value).map(([name, member]) => [name.slice(1), member]))
      : value
  })
}

/** Two characters of an escape that is none of these, and the escapes of a NUL and of half a surrogate pair. */
const escapes = /\\(?:u(?:d[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}|(0000|d[89a-f][\da-f]{2}))|.)/gis

/**
 * The text of JSON with U+FFFD for each character that PostgreSQL cannot store, in values and in names: NUL and half a surrogate
 * pair. Only escapes write these, in a text that was read from bytes.
 */
export function replaceUnstorable(text: string): string {
  return text.replace(escapes, (whole, unstorable) => (unstorable === undefined ? whole : '\\ufffd'))
}

/** An object whose members are in this order, the numeric names among them. */
export function orderedObject(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object = Object.fromEntries(entries)
  const names = [...new Set(entries.map(([name]) => name))]
  if (!names.some((name) => arrayIndex.test(name))) return object
  // Frozen, because the names would no longer fit after a change.
  return new Proxy(Object.freeze(object), { ownKeys: () => names })
}

/** The text of a number that JavaScript would change, as `parseLossless` gives it. Null for any other value. */
export function numberText(value: unknown): string | null {
  return json.isRawJSON(value) ? JSON.stringify(value) : null
}

/**
 * The number of a decimal text, if JavaScript has exactly this number: 1.10, 1e2 and 007 are read, 0.9999999999999999999 and
 * 9007199254740993 are not. Null for any other text.
 */
export function exactNumber(text: string): number | null {
  const digits = digitsOf(text)
  if (digits === null) return null
  const number = Number(text)
  return digitsOf(String(number)) === digits ? number : null
}

/** A number with this text, which `JSON.stringify` writes as it is. The text itself, if it is no number of JSON. */
export function quotedNumber(text: string): unknown {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? json.rawJSON(text) : text
}

const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/** Sign, digits and exponent in one form, whatever the spelling: `-12e-1` for -1.20. Null for a text that is no number. */
function digitsOf(text: string): string | null {
  const [, sign, whole = '', fraction = '', exponent = '0'] = decimal.exec(text) ?? []
  if (sign === undefined || whole + fraction === '') return null
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  let end = digits.length
  while (digits[end - 1] === '0') end--
  const power = Number(exponent) - fraction.length + (digits.length - end)
  return `${sign === '-' ? '-' : ''}${digits.slice(0, end)}e${power}`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value)
}
