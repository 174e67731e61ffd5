import { readFileSync } from 'node:fs'
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FailureLog } from '../base/failure-log.ts'
import type { Meter } from '../base/meter.ts'
import { type Arriving, type Exchange, pathIn } from '../surfaces/http/unroutable.ts'
import { CallerConnections } from './caller-connections.ts'
import { HalfHeads } from './half-heads.ts'
import { RequestLines } from './request-lines.ts'

export interface HttpLimits {
  /** A request must have arrived within this time, its body included. A caller who reads nothing of an answer for this time loses it. */
  requestTimeoutMs: number
  /** The body of a request that needs no credential must have arrived within this time; default 10 seconds. */
  keylessTimeoutMs?: number
  /** Connections that callers may hold at once. */
  maxConnections: number
}

/** An idle connection is kept for this time. Longer than the 60 seconds of most balancers, so that the balancer closes it first. */
const keepAliveMs = 72_000
/** A request's headers must have arrived within this time. */
const headersTimeoutMs = 20_000
/** While the server closes, a request has this time to arrive, and an answer has it to be read. */
const lastMomentsMs = 1000
/** The caller of a request that did not arrive has this time to read the refusal. */
const lastWordMs = 300
const lookMs = 50
/** More are let in, to take the place of others or to be closed: Node may let in so many before it has closed the first. */
const mostAtOnce = 64
/** One address may hold this part of all connections without a valid credential. */
const shareOfAddress = 1 / 4

/**
 * The HTTP servers of one application, with limits for callers that hold connections. Fastify asks for a server for each
 * address that the name it listens on stands for.
 */
export class HttpServers {
  readonly #limits: HttpLimits
  readonly #failures: FailureLog
  readonly #refused
  readonly #displaced
  readonly #callers: CallerConnections
  readonly #servers: http.Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #lines = new RequestLines()
  /** The last request of each connection. */
  readonly #exchanges = new WeakMap<Socket, Exchange & { previous: Exchange | undefined }>()
  /** Connections that are given up with half of a request, and its path. The application is handed nothing more of them. */
  readonly #halves = new WeakMap<Socket, string | undefined>()
  readonly #heads = new HalfHeads()

  /** @param proxies addresses and networks of proxies, or `loopback`: one of their addresses stands for many callers */
  constructor(
    limits: HttpLimits,
    { failures, meter }: { failures: FailureLog; meter: Meter },
    proxies: readonly string[] = [],
  ) {
    this.#limits = limits
    this.#failures = failures
    this.#refused = meter.counter('http_connections_refused_total', {})
    this.#displaced = meter.counter('http_connections_displaced_total', {})
    const most = Math.max(1, Math.floor(limits.maxConnections * shareOfAddress))
    this.#callers = new CallerConnections(most, proxies, {
      isWorking: (socket) => this.#isWorking(socket),
      lapseMs: limits.requestTimeoutMs,
    })
  }

  /** @param refuse answers a request with an `Expect` that is not known */
  make(answer: RequestListener, refuse: (exchange: Exchange) => void): http.Server {
    const { requestTimeoutMs, maxConnections } = this.#limits
    const options = {
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      // By default Node looks twice a minute, so that a request of a minute would have up to one and a half.
      connectionsCheckingInterval: Math.min(1000, Math.ceil(requestTimeoutMs / 4)),
      keepAliveTimeout: keepAliveMs,
      // The application refuses such a request in the envelope of its address.
      requireHostHeader: false,
    }
    const server = http.createServer(options, (request, response) => {
      if (this.#halves.has(request.socket)) return void this.#halves.set(request.socket, request.url)
      this.#heads.end(request.socket)
      this.#noteExchange(request, response)
      this.#lines.add(request.socket, response, () => answer(request, response))
    })
    server.on('checkExpectation', (request, response) => refuse({ request, response }))
    // Node would close the connection at once, and lose the answers to the requests before.
    server.on('connect', (request, socket) => server.emit('clientError', noProxy(request), socket))
    server.maxConnections = maxConnections + mostAtOnce
    // Told of a connection over which nothing has gone for this time.
    server.setTimeout(requestTimeoutMs, (socket) => {
      const exchange = this.#exchanges.get(socket)
      // Where a request is still arriving, its own time counts.
      if (exchange === undefined || !exchange.request.complete) return
      if (exchange.response.writableFinished || socket.writableLength > 0) socket.destroy()
    })
    server.on('connection', (socket: Socket) => {
      this.#heads.follow(socket, () => this.#exchanges.get(socket)?.request)
      this.#admit(socket)
    })
    server.on('drop', () => this.#note(this.#refused))
    this.#servers.push(server)
    return server
  }

  #noteExchange(request: IncomingMessage, response: ServerResponse): void {
    const { request: lastRequest, response: lastResponse } = this.#exchanges.get(request.socket) ?? {}
    const previous = lastRequest && lastResponse && { request: lastRequest, response: lastResponse }
    this.#exchanges.set(request.socket, { request, response, previous })
  }

  /**
   * Lets a connection in. Where too many are open, the oldest one without a credential is closed for it, else the oldest of whoever
   * has the most with a credential, so that somebody who only holds connections keeps nobody out. One at work is not closed: where
   * there is no other, the new connection is.
   */
  #admit(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    const isBeyondShare = this.#callers.add(socket)
    if (!isBeyondShare && this.#sockets.size <= this.#limits.maxConnections) {
      this.#failures.worked('connections')
      return
    }
    const other = isBeyondShare
      ? this.#callers.oldestBeside(socket)
      : (this.#callers.oldestBut(socket) ?? this.#callers.oldestOfMost())
    this.#close(other ?? socket)
    this.#note(other === undefined ? this.#refused : this.#displaced, isBeyondShare)
  }

  #close(socket: Socket): void {
    // At once, because the socket tells of its end only after all connections that wait have been let in.
    this.#sockets.delete(socket)
    this.#callers.remove(socket)
    socket.destroy()
  }

  #note(closed: { add(count: number): void }, isBeyondShare = false): void {
    closed.add(1)
    const reason = isBeyondShare
      ? 'one address has its share of them without a key'
      : `all ${this.#limits.maxConnections} are taken`
    this.#failures.failed('connections', { reason })
  }

  /** Whether a call has arrived over the connection whose answer is not sent yet. */
  #isWorking(socket: Socket): boolean {
    const { request, response } = this.#exchanges.get(socket) ?? {}
    return request?.complete === true && response?.writableFinished === false
  }

  /** The request that is arriving over a connection. Whoever asks for the path of a half has given the connection up. */
  arrivingOver(socket: Socket): Arriving {
    return {
      last: this.#exchanges.get(socket),
      previous: this.#exchanges.get(socket)?.previous,
      head: this.#heads.of(socket),
      pathOfHalf: () => this.#pathOfHalf(socket),
    }
  }

  /**
   * Where the beginning of a half is not known, because it came together with the request before, Node's parser is handed the end of
   * headers: the rest of what has come is a request then, unless it breaks off within a name. Empty for one without a path.
   */
  #pathOfHalf(socket: Socket): string | undefined {
    const { parser } = socket as Socket & { parser?: { execute(bytes: Buffer): unknown } | null }
    if (this.#halves.has(socket)) return this.#halves.get(socket)
    const path = pathIn(this.#heads.of(socket) ?? '')
    this.#halves.set(socket, path)
    if (path === undefined && parser?.execute(Buffer.from('\r\n\r\n')) instanceof Error) this.#halves.set(socket, '')
    return this.#halves.get(socket)
  }

  /**
   * From now on closes each connection that has no call under way, because Node waits for connections to fall idle and to
   * time out. A request that is still arriving has a second to arrive, and an answer has a second to be read from the
   * moment it begins. The answered function ends this.
   *
   * @param refuse answers a request that did not arrive in its second, and says whether there was one
   */
  closeConnections(refuse: (socket: Socket) => boolean = () => false): () => void {
    const begunAt = performance.now()
    const answersBegunAt = new Map<ServerResponse, number>()
    const refused = new WeakSet<Socket>()
    const timer = setInterval(() => {
      for (const server of this.#servers) server.closeIdleConnections()
      const now = performance.now()
      for (const socket of this.#sockets) {
        const { response } = this.#exchanges.get(socket) ?? {}
        let since = begunAt
        if (response !== undefined && this.#isWorking(socket)) {
          if (!response.headersSent) continue
          since = answersBegunAt.get(response) ?? now
          answersBegunAt.set(response, since)
        }
        if (now - since < lastMomentsMs || refused.has(socket)) continue
        if (!refuse(socket)) socket.destroy()
        else {
          refused.add(socket)
          setTimeout(() => socket.destroy(), lastWordMs)
        }
      }
    }, lookMs)
    return () => clearInterval(timer)
  }
}

/** The fault of a request with the method CONNECT. */
function noProxy({ url }: IncomingMessage): Error {
  return Object.assign(new Error(`This server is no proxy to ${url}`), { code: 'HPE_INVALID_METHOD' })
}

/**
 * Descriptors that are kept from callers: the files of the embedded database (some 150), webhooks under way (at most 256),
 * calls to upstreams, the log.
 */
const reserve = 512
/** Where the system tells no limit. */
const defaultLimit = 1024

/**
 * The number of connections that callers may hold: the limit of the process for open files, without the files and sockets
 * that the server needs for itself. A server without a descriptor left cannot open the files of its own database.
 *
 * @param poolSize connections to the database
 */
export function allowedConnections(poolSize: number, limit: number = descriptorLimit()): number {
  return Math.max(limit - reserve - poolSize, Math.floor(limit / 4), 1)
}

/** The limit of the process for open files. Node has raised it as far as it may. */
function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? []
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? defaultLimit)
  } catch {
    return limitByReport()
  }
}

/** On systems without /proc. */
function limitByReport(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } }
  const soft = userLimits?.open_files?.soft ?? defaultLimit
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : soft
}
