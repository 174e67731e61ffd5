import { once } from 'node:events'
import { connect } from 'node:net'
import { gunzipSync, inflateSync } from 'node:zlib'

/** One HTTP request as a client writes it on the wire. Header names keep their case and order. Only Host is added. */
export interface WireRequest {
  method: string
  /** Path and query exactly as sent. They are not encoded or normalised again. */
  target: string
  headers?: Record<string, string>
  body?: string
  /** The way to mark the end of the body. Default: by `Content-Length`. */
  framing?: 'length' | 'chunked'
}

export interface WireResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** The text after decompression. */
  text: string
  /** The parsed text. Undefined when it is no JSON. */
  json: unknown
}

const answerTimeoutMs = 10_000

/** Sends the bytes of one request over a connection of its own and reads one answer. */
export async function exchange(url: string, request: WireRequest): Promise<WireResponse> {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error(`No answer within ${answerTimeoutMs} ms`)))
  await once(socket, 'connect')
  socket.write(renderRequest(host, request))
  let received = Buffer.alloc(0)
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk])
      const response = parseResponse(received)
      if (response) return response
    }
  } finally {
    socket.destroy()
  }
  throw new Error(`The connection closed before the answer was complete: ${received.toString()}`)
}

/** Exported for the test that compares it with the captured bytes. */
export function renderRequest(host: string, { method, target, headers = {}, body, framing }: WireRequest): string {
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  if (body === undefined) return `${lines.join('\r\n')}\r\n\r\n`
  const bytes = Buffer.byteLength(body)
  if (framing !== 'chunked') return `${lines.join('\r\n')}\r\nContent-Length: ${bytes}\r\n\r\n${body}`
  const chunk = bytes === 0 ? '' : `${bytes.toString(16)}\r\n${body}\r\n`
  return `${lines.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`
}

/** The answer in the bytes so far. Undefined while the answer is incomplete. */
function parseResponse(received: Buffer): WireResponse | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...headerLines] = received.subarray(0, headEnd).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(
    headerLines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const raw = readBody(received.subarray(headEnd + 4), headers)
  if (!raw) return undefined
  const text = decompress(raw, headers['content-encoding']).toString()
  return { status: Number(statusLine.split(' ')[1]), headers, text, json: parseJson(text) }
}

function readBody(rest: Buffer, headers: Record<string, string>): Buffer | undefined {
  if (headers['transfer-encoding'] === 'chunked') return readChunks(rest)
  const length = Number(headers['content-length'] ?? 0)
  return rest.length >= length ? rest.subarray(0, length) : undefined
}

function readChunks(rest: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  for (let position = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', position)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(rest.subarray(position, lineEnd).toString(), 16)
    const start = lineEnd + 2
    if (rest.length < start + size + 2) return undefined
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(rest.subarray(start, start + size))
    position = start + size + 2
  }
}

function decompress(raw: Buffer, encoding: string | undefined): Buffer {
  if (encoding === undefined) return raw
  if (encoding === 'gzip') return gunzipSync(raw)
  if (encoding === 'deflate') return inflateSync(raw)
  throw new Error(`The answer is encoded as ${encoding}, which no client here asks for`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
