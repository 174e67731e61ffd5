/**
 * The way in which each published Cashful client writes one and the same call on the wire. None of the clients is on
 * npm, so each is described by observation: its headers, its treatment of a missing member, and its escaping of text.
 */
export interface Dialect {
  name: string
  headers: Record<string, string>
  /** Sent only with a body. */
  contentType: string
  writeJson(body: object): string
  writeQueryValue(value: string): string
  /** The number 10 as the client writes it in a query. */
  ten: string
  /** The form of a body's member that the caller leaves out: not there, or null. */
  unset: undefined | null
}

/** Python's `json.dumps`: a space after each comma and colon, and every character outside ASCII escaped. */
function dumpJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dumpJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return `{${members.map(([name, member]) => `${dumpJson(name)}: ${dumpJson(member)}`).join(', ')}}`
  }
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, escapeCodeUnit)
}

const escapeCodeUnit = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Python does not escape a slash. */
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
