import type { LookupFunction } from 'node:net'
import { Agent, request as send } from 'undici'
import { createNameResolver, type ResolveName } from './names.ts'
import { isWithinReach, literalAddress, type Reach } from './reach.ts'

export interface WebhookRequest {
  url: string
  headers: Record<string, string>
  body: string
  /** The time for everything: to connect, to be answered and to read the answer. */
  timeoutMs: number
  reach: Reach
}

/** The answer, whatever its status, or the reason why there was no answer, in a few words. */
export type WebhookAnswer =
  | { status: number; headers: Record<string, string>; body: string; durationMs: number }
  | { error: string; durationMs: number }

/** Posts to an address that belongs to somebody else. Never throws. */
export interface WebhookSender {
  send(request: WebhookRequest): Promise<WebhookAnswer>
  close(): Promise<void>
}

/** The part of the context that webhooks add. */
export interface SenderChoice {
  readonly webhookSender: WebhookSender
}

/** How much of an answer's body is kept, in bytes from its beginning. At most one read more is received. */
const keptBytes = 2_000

/**
 * A sender that connects only to addresses within reach. A name is resolved once, each of its addresses is checked,
 * and the connection is made to a checked address. Redirects are not followed.
 */
export function createWebhookSender(resolve: ResolveName = createNameResolver()): WebhookSender {
  const agents = { public: createAgent('public', resolve), local: createAgent('local', resolve) }
  return {
    async send({ url, headers, body, timeoutMs, reach }) {
      const startedAt = performance.now()
      const durationMs = () => Math.round(performance.now() - startedAt)
      try {
        refuseLiteral(url, reach)
        const signal = AbortSignal.timeout(timeoutMs)
        const response = await send(url, { method: 'POST', headers, body, signal, dispatcher: agents[reach] })
        const text = await readBeginning(response.body)
        return {
          status: response.statusCode,
          headers: flatten(response.headers),
          body: text,
          durationMs: durationMs(),
        }
      } catch (error) {
        return { error: explain(error as Error, timeoutMs), durationMs: durationMs() }
      }
    },
    async close() {
      await Promise.all([agents.public.destroy(), agents.local.destroy()])
    },
  }
}

class OutOfReachError extends Error {
  override readonly name = 'OutOfReachError'
}

function createAgent(reach: Reach, resolve: ResolveName): Agent {
  return new Agent({
    connect: { lookup: checkedLookup(reach, resolve), timeout: 10_000 },
    pipelining: 1,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 4_000,
    maxHeaderSize: 16_384,
  })
}

function checkedLookup(reach: Reach, resolve: ResolveName): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const refused = addresses.find(({ address }) => !isWithinReach(address, reach))
        if (refused !== undefined) return callback(outOfReach(`${hostname} is ${refused.address}, which`, reach), '')
        if (options.all) return callback(null, addresses)
        callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
      },
      (error) => callback(error, ''),
    )
  }
}

/** A connection to a literal address makes no look-up, so the address is checked here. */
function refuseLiteral(url: string, reach: Reach): void {
  const address = literalAddress(new URL(url))
  if (address !== null && !isWithinReach(address, reach)) throw outOfReach(address, reach)
}

function outOfReach(what: string, reach: Reach): OutOfReachError {
  return new OutOfReachError(
    reach === 'public' ? `${what} is no address of the public Internet` : `${what} is an address that is never sent to`,
  )
}

async function readBeginning(body: AsyncIterable<Buffer> & { destroy(): void }): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    // Leaving the loop destroys the stream, and with it the connection, if there is more.
    if (length > keptBytes) break
  }
  // PostgreSQL keeps no text with a zero byte.
  return Buffer.concat(chunks).subarray(0, keptBytes).toString('utf8').replaceAll('\0', '\uFFFD')
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

function explain(error: Error & { code?: string }, timeoutMs: number): string {
  if (error.name === 'TimeoutError') return `No answer within ${timeoutMs / 1000} s`
  if (error instanceof OutOfReachError) return error.message
  return texts[error.code ?? ''] ?? `The request failed (${error.code ?? error.name})`
}

const texts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The connection was refused',
  ECONNRESET: 'The connection was reset',
  ENOTFOUND: 'The name was not found',
  EAI_AGAIN: 'The name could not be looked up',
  UND_ERR_SOCKET: 'The connection was closed before there was an answer',
  UND_ERR_CONNECT_TIMEOUT: 'No connection within 10 s',
  UND_ERR_HEADERS_OVERFLOW: 'The headers of the answer were too large',
}
