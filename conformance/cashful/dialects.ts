/**
 * How the published Cashful clients write one and the same call on the wire. None of them is on npm, so each is described here
 * by what was seen of it: the headers, what becomes of a member left out, and how text is escaped.
 */
export interface Dialect {
  name: string
  headers: Record<string, string>
  /** Sent with a body only. */
  contentType: string
  writeJson(body: object): string
  writeQueryValue(value: string): string
  /** What a number given as 10 looks like in a query. */
  ten: string
  /** A member of a body that the caller leaves out: not there, or null. */
  unset: undefined | null
}

/** Python's `json.dumps`: a space after each comma and colon, everything outside ASCII escaped. */
function dumpJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dumpJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return `{${members.map(([name, member]) => `${dumpJson(name)}: ${dumpJson(member)}`).join(', ')}}`
  }
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, escapeCodeUnit)
}

const escapeCodeUnit = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Python leaves a slash as it is. */
const quote = (value: string) => encodeURIComponent(value).replaceAll('%2F', '/')

export const dialects: [Dialect, ...Dialect[]] = [
  {
    name: 'Python 0.6.1, 0.8.4',
    headers: {
      'Accept-Encoding': 'identity',
      Accept: 'application/json',
      'User-Agent': 'OpenAPI-Generator/0.8.4/python',
    },
    contentType: 'application/json',
    writeJson: dumpJson,
    writeQueryValue: quote,
    ten: '10.0',
    unset: undefined,
  },
  {
    name: 'TypeScript 0.6.1, 0.8.0',
    headers: {
      accept: '*/*',
      'accept-language': '*',
      'sec-fetch-mode': 'cors',
      'user-agent': 'node',
      'accept-encoding': 'gzip, deflate',
    },
    contentType: 'application/json',
    writeJson: JSON.stringify,
    writeQueryValue: encodeURIComponent,
    ten: '10',
    unset: undefined,
  },
  {
    name: 'Java 0.8.0',
    headers: {
      Accept: 'application/json',
      'Accept-Encoding': 'gzip',
      'User-Agent': 'OpenAPI-Generator/0.8.0/java',
    },
    contentType: 'application/json; charset=utf-8',
    writeJson: JSON.stringify,
    writeQueryValue: encodeURIComponent,
    ten: '10.0',
    unset: undefined,
  },
  {
    name: 'Kotlin 0.9.0',
    headers: { Accept: 'application/json' },
    contentType: 'application/json',
    writeJson: JSON.stringify,
    writeQueryValue: encodeURIComponent,
    ten: '10',
    unset: null,
  },
  {
    name: 'Flutter 0.8.7',
    headers: {},
    contentType: 'application/json',
    writeJson: JSON.stringify,
    writeQueryValue: encodeURIComponent,
    ten: '10',
    unset: null,
  },
]
