import { randomUUID } from 'node:crypto'
import http from 'node:http'
import { buffer } from 'node:stream/consumers'
import { onTestFinished, vi } from 'vitest'
import { listenAnywhere } from '../proxies.ts'
import { refusals } from './samples.ts'

/** What goes wrong with a request on its way. */
export type Fault =
  | 'none'
  /** The connection breaks before the server gets the request. */
  | 'cut_before'
  /** The server does its work, and the connection breaks before its answer. */
  | 'cut_after'
  /** The server does its work, and the answer is an error of a proxy. */
  | 'fail_after'
  /** The server does its work, and the answer is an error of the server. */
  | 'oops_after'
  /** The server does its work, and the answer is a page. */
  | 'unreadable'
  /** The server does its work, and no answer comes for as long as the caller waits. */
  | 'late'
  /** The server gets the request twice; the answer is the second one. */
  | 'repeated'
  /** The server never gets the request: there were too many. */
  | 'limited'
  /** A webhook that is acknowledged and never arrives. */
  | 'lost'
  /** A webhook that arrives after the next one. */
  | 'reordered'
  /** A webhook that arrives, and before it another that says more was paid, without a signature of its own. */
  | 'forged'

/** Faults of requests to the account. Each leaves open, or seems to leave open, whether the work was done. */
export const requestFaults = [
  ...(['cut_before', 'cut_after', 'fail_after', 'oops_after', 'unreadable', 'late', 'repeated', 'limited'] as const),
] as const satisfies Fault[]

export const webhookFaults = ['cut_after', 'repeated', 'lost', 'reordered', 'forged'] as const satisfies Fault[]

/** A proxy in front of a server, with faults that a test chooses. */
export interface FaultProxy {
  url: string
  /** Chooses the fault of each request. Default: none. */
  choose: (request: { method: string; path: string }) => Fault
  /** Told of each request whose answer will not come, by its `x-call`: a caller need not wait until a clock says so. */
  onLate: (call: string | undefined) => void
  /** The faults that happened, in order. */
  happened: Fault[]
  close(): Promise<void>
}

/** Faults of one kind in a part of the requests, the same for the same seed. */
export function chooseSometimes(random: () => number, faults: readonly Fault[], part: number): () => Fault {
  return () => (random() < part ? (faults[Math.floor(random() * faults.length)] as Fault) : 'none')
}

/** As `send`, with a time-out at the moment at which the proxy holds the answer back. */
export function giveUpWhenLate(proxy: FaultProxy, send: typeof fetch = fetch): typeof fetch {
  const waiting = new Map<string, AbortController>()
  proxy.onLate = (call = '') => waiting.get(call)?.abort(new DOMException('the answer is late', 'TimeoutError'))
  return async (url, { headers, signal, ...init } = {}) => {
    const call = randomUUID()
    const late = new AbortController()
    waiting.set(call, late)
    const signals = signal ? [signal, late.signal] : [late.signal]
    const named = new Headers(headers)
    named.set('x-call', call)
    return send(url, { ...init, headers: named, signal: AbortSignal.any(signals) })
  }
}

/** Until the test ends, this process waits for no late answer. */
export function waitForNothingLate(proxy: FaultProxy): void {
  vi.stubGlobal('fetch', giveUpWhenLate(proxy))
  onTestFinished(() => {
    vi.unstubAllGlobals()
  })
}

interface Passed {
  status: number
  headers: Record<string, string>
  body: Buffer
}

export async function openFaultProxy(origin: string): Promise<FaultProxy> {
  /** Webhooks that wait for the next one. */
  const held: (() => Promise<unknown>)[] = []

  const server = http.createServer(async (request, response) => {
    const { method = 'GET', url: path = '/' } = request
    const body = await buffer(request)
    const pass = (sent: Buffer = body) => forward(origin, request, sent)
    const fault = proxy.choose({ method, path })
    proxy.happened.push(fault)
    try {
      const answer = await suffer(fault, pass, body)
      if (fault === 'late') return proxy.onLate(request.headers['x-call']?.toString())
      // Before the answer, so that a test that has it may look.
      if (fault !== 'reordered') for (const release of held.splice(0)) await release()
      if (answer === null) response.destroy()
      else response.writeHead(answer.status, answer.headers).end(answer.body)
    } catch {
      response.destroy()
    }
  })

  async function suffer(fault: Fault, pass: (sent?: Buffer) => Promise<Passed>, body: Buffer): Promise<Passed | null> {
    switch (fault) {
      case 'cut_before':
        return null
      case 'limited':
        return json(refusals.rateLimited, { 'x-ratelimit-reset': '0.05', 'x-ratelimit-remaining': '0' })
      case 'lost':
        return json([200, '{}'])
      case 'reordered':
        held.push(() => pass())
        return json([200, '{}'])
      case 'forged':
        await pass(Buffer.from(body.toString().replace(/"amount":"?\d+/, (amount) => `${amount}0`)))
        return pass()
      case 'repeated':
        await pass()
        return pass()
      case 'cut_after':
        await pass()
        return null
      case 'fail_after':
        await pass()
        return { status: 502, headers: { 'content-type': 'text/html' }, body: Buffer.from('<h1>Bad Gateway</h1>') }
      case 'oops_after':
        await pass()
        return json(refusals.oops)
      case 'unreadable':
        await pass()
        return { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<h1>Welcome</h1>') }
      default:
        return pass()
    }
  }

  const url = await listenAnywhere(server)
  const proxy: FaultProxy = {
    url,
    choose: () => 'none',
    onLate: () => {},
    happened: [],
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return proxy
}

function json([status, body]: readonly [number, string], headers: Record<string, string> = {}): Passed {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(body) }
}

async function forward(origin: string, request: http.IncomingMessage, body: Buffer): Promise<Passed> {
  const { method = 'GET', url, headers } = request
  const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...rest } = headers
  const answer = await fetch(`${origin}${url}`, {
    method,
    headers: rest as Record<string, string>,
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  })
  const kept = ['content-type', 'x-ratelimit-reset'].flatMap((name) => {
    const value = answer.headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return { status: answer.status, headers: Object.fromEntries(kept), body: Buffer.from(await answer.arrayBuffer()) }
}
