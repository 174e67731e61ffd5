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
  /** The header with the credential. */
  credential: 'Authorization' | 'x-api-key'
  /** Of a release from 0.9.0 on: it filters and sorts, and records events. */
  isNew: boolean
  /** It can change and delete several customers. The Kotlin client can neither write the request nor read the answer. */
  hasBulk: boolean
  /** Null for a client that sends no `Accept` to an operation that documents no body of the answer. */
  acceptNothing?: null
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

const before090 = { credential: 'Authorization', isNew: false, hasBulk: false } as const
const from090 = { credential: 'Authorization', isNew: true, hasBulk: true } as const

const typeScript = {
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
} as const

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
    ...before090,
  },
  {
    name: 'Python 0.9.0',
    headers: {
      'Accept-Encoding': 'identity',
      Accept: 'application/json',
      'User-Agent': 'OpenAPI-Generator/0.9.0/python',
    },
    contentType: 'application/json',
    writeJson: dumpJson,
    writeQueryValue: quote,
    ten: '10.0',
    unset: undefined,
    ...from090,
    acceptNothing: null,
  },
  {
    name: 'TypeScript 0.6.1, 0.8.0',
    ...typeScript,
    ...before090,
  },
  {
    name: 'TypeScript 0.9.0',
    ...typeScript,
    ...from090,
  },
  {
    name: 'TypeScript 0.9.1',
    ...typeScript,
    ...from090,
    credential: 'x-api-key',
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
    ...before090,
  },
  {
    name: 'Java 0.9.0',
    headers: {
      Accept: 'application/json',
      'Accept-Encoding': 'gzip',
      'User-Agent': 'OpenAPI-Generator/0.9.0/java',
    },
    contentType: 'application/json; charset=utf-8',
    writeJson: JSON.stringify,
    writeQueryValue: encodeURIComponent,
    ten: '10.0',
    unset: undefined,
    ...from090,
  },
  {
    name: '.NET 0.9.0',
    headers: { Accept: 'application/json', 'User-Agent': 'OpenAPI-Generator/0.9.0/csharp' },
    contentType: 'application/json; charset=utf-8',
    writeJson: JSON.stringify,
    writeQueryValue: encodeURIComponent,
    ten: '10.0',
    unset: undefined,
    ...from090,
    acceptNothing: null,
  },
  {
    name: 'Kotlin 0.9.0',
    headers: { Accept: 'application/json' },
    contentType: 'application/json',
    writeJson: JSON.stringify,
    writeQueryValue: encodeURIComponent,
    ten: '10',
    unset: null,
    ...from090,
    hasBulk: false,
  },
  {
    name: 'Flutter 0.8.7',
    headers: {},
    contentType: 'application/json',
    writeJson: JSON.stringify,
    writeQueryValue: encodeURIComponent,
    ten: '10',
    unset: null,
    ...before090,
  },
]
