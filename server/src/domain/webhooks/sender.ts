import type { LookupFunction } from 'node:net'
import { Agent, request as send } from 'undici'
import type { Mode } from '../merchants/tenant.ts'
import { createNameResolver, type ResolveName } from './names.ts'
import { isPublic, isWithinReach, literalAddress, type ReachPolicy } from './reach.ts'

export interface WebhookRequest {
  url: string
  headers: Record<string, string>
  body: string
  /** The time for everything: to connect, to be answered and to read the answer. */
  timeoutMs: number
  mode: Mode
}

/** The answer, whatever its status, or the reason why there was no answer, in a few words. */
export type WebhookAnswer =
  | { status: number; headers: Record<string, string>; body: string; durationMs: number }
  | { error: string; durationMs: number }

/** Posts to an address that belongs to somebody else. Never throws. */
export interface WebhookSender {
  send(request: WebhookRequest): Promise<WebhookAnswer>
  /** Whether deliveries of the mode may go to an IP address. */
  mayReach(address: string, mode: Mode): boolean
  close(): Promise<void>
}

/** The part of the context that webhooks add. */
export interface SenderChoice {
  readonly webhookSender: WebhookSender
}

/** How much of an answer's body is kept, in bytes from its beginning. At most one read more is received. */
const keptBytes = 2_000

/** An address that webhooks of the mode may go to. */
type MayReach = (address: string) => boolean

/** A way to send: the connections to the addresses it may reach. */
interface Route {
  mayReach: MayReach
  agent: Agent
  /** Whether the tenant may read the answer. Inside a company's network it may be somebody else's secret. */
  isAnswerShown: boolean
}

/**
 * A sender that connects only to addresses within reach. A name is resolved once, each of its addresses is checked,
 * and the connection is made to a checked address. Redirects are not followed.
 */
export function createWebhookSender(policy: ReachPolicy, resolve: ResolveName = createNameResolver()): WebhookSender {
  const open = (mayReach: MayReach, isAnswerShown: boolean): Route => {
    return { mayReach, isAnswerShown, agent: createAgent(mayReach, resolve) }
  }
  const internet = open(isPublic, true)
  const own = (mode: Mode, isAnswerShown: boolean) =>
    open((address) => isWithinReach(address, policy, mode), isAnswerShown)
  const isLimited = policy.networks.length === 0
  const routes: Record<Mode, Route[]> = {
    live: isLimited ? [internet] : [internet, own('live', false)],
    test:
      policy.reach === 'local'
        ? [own('test', true)]
        : policy.reach === 'public' && isLimited
          ? [internet]
          : [internet, own('test', false)],
  }
  return {
    mayReach: (address, mode) => isWithinReach(address, policy, mode),
    async send({ url, headers, body, timeoutMs, mode }) {
      const startedAt = performance.now()
      const durationMs = () => Math.round(performance.now() - startedAt)
      const signal = AbortSignal.timeout(timeoutMs)
      const sendBy = async ({ mayReach, agent, isAnswerShown }: Route): Promise<WebhookAnswer> => {
        refuseLiteral(url, mayReach)
        const response = await send(url, { method: 'POST', headers, body, signal, dispatcher: agent })
        const text = await readBeginning(response.body)
        const shown = isAnswerShown ? { headers: flatten(response.headers), body: text } : { headers: {}, body: '' }
        return { status: response.statusCode, ...shown, durationMs: durationMs() }
      }
      const [first, second] = routes[mode] as [Route, Route?]
      try {
        return await sendBy(first).catch((error: unknown) => {
          if (second === undefined || !(error instanceof OutOfReachError)) throw error
          return sendBy(second)
        })
      } catch (error) {
        return {
          error: explain(error as Error, { timeoutMs, url, isNameTold: policy.reach === 'local' && mode === 'test' }),
          durationMs: durationMs(),
        }
      }
    },
    async close() {
      const all = new Set([...routes.live, ...routes.test, internet])
      await Promise.all([...all].map(({ agent }) => agent.destroy()))
    },
  }
}

class OutOfReachError extends Error {
  override readonly name = 'OutOfReachError'
}

function createAgent(mayReach: MayReach, resolve: ResolveName): Agent {
  return new Agent({
    connect: { lookup: checkedLookup(mayReach, resolve), timeout: 10_000 },
    pipelining: 1,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 4_000,
    maxHeaderSize: 16_384,
  })
}

function checkedLookup(mayReach: MayReach, resolve: ResolveName): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        // The tenant is not told what a name of the operator's network leads to.
        if (!addresses.every(({ address }) => mayReach(address)))
          return callback(new OutOfReachError(notReached(hostname)), '')
        if (options.all) return callback(null, addresses)
        callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
      },
      (error) => callback(error, ''),
    )
  }
}

/** A connection to a literal address makes no look-up, so the address is checked here. */
function refuseLiteral(url: string, mayReach: MayReach): void {
  const address = literalAddress(new URL(url))
  if (address !== null && !mayReach(address)) {
    throw new OutOfReachError(`${address} is an address that webhooks are not sent to`)
  }
}

/** One sentence for both, because the tenant is not told which names there are in the operator's network. */
function notReached(name: string): string {
  return `${name} was not found, or leads to an address that webhooks are not sent to`
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

function explain(
  error: Error & { code?: string },
  { timeoutMs, url, isNameTold }: { timeoutMs: number; url: string; isNameTold: boolean },
): string {
  if (error.name === 'TimeoutError') return `No answer within ${timeoutMs / 1000} s`
  if (error instanceof OutOfReachError) return error.message
  if (error.code === 'ENOTFOUND' && !isNameTold) return notReached(new URL(url).hostname)
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
