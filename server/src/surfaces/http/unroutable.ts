import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../../base/errors.ts'
import { problemOf } from './problem.ts'

/** A request, and the answer to it. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** The answer of a surface to errors that come before any of its routes is found. */
export interface Envelope {
  /** The beginning of the surface's addresses; empty for the root. */
  readonly prefix: '' | `/${string}`
  /** The body of the answer. */
  renderUnreadable(status: number, message: string): unknown
  /** Sends the page for an address that names nothing, where people and not programs ask. */
  sendUnknown?(reply: FastifyReply): FastifyReply
  /** The page that tells the message, where people and not programs ask. */
  renderPage?(status: number, message: string): WrittenAnswer
}

/** An answer that is written by hand, because there is no request for the application. */
export interface WrittenAnswer {
  headers: Readonly<Record<string, string>>
  body: string
}

/** The answer of the surface to which an address belongs, for errors that come before any surface is reached. */
export function renderInEnvelope(
  envelopes: readonly Envelope[],
  path: string,
  status: number,
  message: string,
): string {
  return JSON.stringify(envelopeOf(envelopes, path)?.renderUnreadable(status, message) ?? { message })
}

function renderByHand(envelopes: readonly Envelope[], path: string, status: number, message: string): WrittenAnswer {
  return (
    envelopeOf(envelopes, path)?.renderPage?.(status, message) ?? {
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: renderInEnvelope(envelopes, path, status, message),
    }
  )
}

/** The surface with the longest prefix that the path begins with. */
function envelopeOf(envelopes: readonly Envelope[], address: string): Envelope | undefined {
  const path = plainAddress(address)
  const [longestFirst] = envelopes
    // Everything is below the root, even the path `*`.
    .filter(({ prefix }) => prefix === '' || (path.startsWith(prefix) && /^(\/|\?|$)/.test(path.slice(prefix.length))))
    .sort((a, b) => b.prefix.length - a.prefix.length)
  return longestFirst
}

/** The address as the router reads it: `//v1//merchant` and `/%76%31/merchant` are addresses of `/v1`. */
function plainAddress(address: string): string {
  return address
    .replace(/\?.*/s, '')
    .replace(/%([2-7][0-9a-f])/gi, (code, hex) => {
      const letter = String.fromCharCode(Number.parseInt(hex, 16))
      return /[\w.~-]/.test(letter) ? letter : code
    })
    .replace(/\/{2,}/g, '/')
}

/** The refusals that a request can meet outside any surface. Everything else is a fault of the server. */
const statusOutside: Partial<Record<ErrorCode, number>> = {
  invalid_request: 400,
  unauthorized: 401,
  not_found: 404,
  too_large: 413,
  busy: 503,
}

/** Answers the problem of a request that belongs to no surface, such as one for the health of the server, in the envelope of its address. */
export function answerProblem(
  envelopes: readonly Envelope[],
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const problem = problemOf(error)
  if (!problem.expected) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
  const status = statusOutside[problem.code] ?? 500
  if (problem.code === 'busy' && !reply.hasHeader('retry-after')) reply.header('retry-after', '1')
  return reply
    .status(status)
    .type('application/json; charset=utf-8')
    .serializer((text: string) => text)
    .send(renderInEnvelope(envelopes, request.url.split('?')[0] as string, status, problem.message))
}

const undecodable = 'The address has a percent sign that encodes nothing'

/** Answers a path that cannot be decoded (`%zz`). */
export function answerUnroutable(envelopes: readonly Envelope[], request: FastifyRequest, reply: FastifyReply): void {
  const path = request.raw.url ?? ''
  // No hook runs for an address for which no route could be looked up.
  reply
    .header('x-request-id', request.id)
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'no-store')
    .serializer((text: string) => text)
  const { sendUnknown } = envelopeOf(envelopes, path) ?? {}
  if (sendUnknown !== undefined) {
    sendUnknown(reply)
    return
  }
  reply
    .status(400)
    .type('application/json; charset=utf-8')
    .send(renderInEnvelope(envelopes, path, 400, undecodable))
}

/** Answers a request whose header `Expect` asks for something that is not known. */
export function answerUnexpected(envelopes: readonly Envelope[], { request, response }: Exchange): void {
  const message = 'The header Expect is not understood; send the request without it'
  const { headers, body } = renderByHand(envelopes, request.url ?? '', 417, message)
  response
    .writeHead(417, {
      ...headers,
      'content-length': Buffer.byteLength(body),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'x-request-id': callersId(request.headers['x-request-id']) ?? randomUUID(),
      connection: 'close',
    })
    .end(body)
}

const unreadable: Record<string, { status: number; message: string }> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are larger than 16 KiB' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time' },
}

/** A caller that does not close its side of the connection loses it after this time, in which a slow one has read the answer. */
const lingerMs = 5000

/**
 * Sockets that have their answer. Node reports an error for each further piece of the same request. Closing the socket
 * while such pieces are unread would reset the connection, and a reset can overtake the answer.
 */
const answered = new WeakSet<Socket>()

/**
 * Answers bytes that are not an HTTP request, headers that are too large, and a request that did not arrive in time. The
 * answer is written by hand, because there is no request yet, or none that is complete.
 *
 * @param last the last request of the connection: the request that did not arrive, if its headers did
 */
export function answerUnreadable(
  envelopes: readonly Envelope[],
  error: ConnectionError,
  socket: Socket,
  known: Arriving,
): void {
  const { last, previous, head, pathOfHalf } = known
  if (answered.has(socket) && error.code !== 'ECONNRESET') return
  const arriving = last?.request.complete === false ? last : undefined
  const before = arriving === undefined ? last : previous
  if (error.code !== 'ECONNRESET' && before !== undefined && !before.response.writableFinished) {
    // What came before is answered first: it may have moved money.
    answered.add(socket)
    before.response.once('close', () => {
      answered.delete(socket)
      answerUnreadable(envelopes, error, socket, known)
    })
    return
  }
  // A second answer to one request would be read as the answer to the next.
  if (error.code === 'ECONNRESET' || !socket.writable || arriving?.response.headersSent) {
    socket.destroy()
    return
  }
  const { status, message } = unreadable[error.code] ?? { status: 400, message: 'This is not an HTTP request' }
  const came = head ?? (last === undefined ? firstBytes(error) : '')
  // After bytes that are no HTTP nothing is read any more. Of a request that is late, the rest may come.
  const half = arriving === undefined && error.rawPacket === undefined ? pathOfHalf() : pathIn(came)
  const path = arriving?.request.url ?? half ?? ''
  writeAnswer(socket, status, renderByHand(envelopes, path, status, message), idOf(arriving, came))
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

/** What is known of a request that is arriving over a connection. */
export interface Arriving {
  /** The last request of the connection whose headers have come. */
  last: Exchange | undefined
  /** The request before that one. */
  previous: Exchange | undefined
  /** The bytes that have come of the headers of the next one; undefined where there are none, or none known. */
  head: string | undefined
  /** Finds out the path of a request of whose headers a part has come; undefined where there is none, or none to be known. */
  pathOfHalf: () => string | undefined
}

/** The sentence of a server that closes. */
export const closingMessage = 'The server is closing; try again in a moment'

/**
 * Answers a request that is still arriving when a server that closes waits for it no longer. Answers whether there was one: a
 * request of which not even the headers have come has an answer too, in the envelope of its path as far as that is known.
 */
export function answerClosing(
  envelopes: readonly Envelope[],
  socket: Socket,
  { last, head, pathOfHalf }: Arriving,
): boolean {
  if (!socket.writable || answered.has(socket)) return false
  const isBodyMissing = last !== undefined && !last.request.complete
  if (isBodyMissing && last.response.headersSent) return false
  // Nothing but a part of headers has come over a connection without a request.
  const path = isBodyMissing
    ? last.request.url
    : (pathOfHalf() ?? (last === undefined && socket.bytesRead > 0 ? '' : undefined))
  if (path === undefined) return false
  const { headers, body } = renderByHand(envelopes, path, 503, closingMessage)
  const id = idOf(isBodyMissing ? last : undefined, head ?? '')
  writeAnswer(socket, 503, { headers: { ...headers, 'retry-after': '1' }, body }, id)
  return true
}

/** The path that the first line of a request has; undefined where no part of one has come. */
export function pathIn(head: string): string | undefined {
  return /^[A-Z]+ (?:https?:\/\/[^/\s]*)?(\S+)/i.exec(head)?.[1]
}

/** A caller's own id, where it is fit to be logged and echoed. */
export function callersId(given: string | string[] | undefined): string | undefined {
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : undefined
}

/** The caller's id of a request, of which perhaps only a part of the headers has come; else a new one. */
function idOf(arriving: Exchange | undefined, head: string): string {
  if (arriving !== undefined) return callersId(arriving.request.headers['x-request-id']) ?? randomUUID()
  const [lines = ''] = head.split(/(?<=\n)\r?\n/)
  const ids = [...lines.matchAll(/^x-request-id:([^\n]*)\n/gim)]
  return (ids.length === 1 ? callersId(ids[0]?.[1]?.trim()) : undefined) ?? randomUUID()
}

function writeAnswer(socket: Socket, status: number, { headers, body }: WrittenAnswer, id: string): void {
  answered.add(socket)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}` +
      `x-content-type-options: nosniff\r\ncache-control: no-store\r\nx-request-id: ${id}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

/** Node gives the packet as a Buffer, although its type says otherwise. */
function firstBytes(error: ConnectionError): string {
  const packet: unknown = error.rawPacket
  return Buffer.isBuffer(packet) ? packet.subarray(0, 2000).toString('latin1') : ''
}
