import { type Ask, createAsk } from '../../src/upstream/paystack/ask.ts'
import { type FaultProxy, openFaultProxy } from './fault-proxy.ts'
import { createLiveAccount, type LiveAccount, type Webhook } from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'

/** Longer than a busy machine takes. */
const patientMs = 20_000
/** Shorter than a late answer of the proxy takes. */
const hastyMs = 250

/** A live account behind a proxy, and this service as its client. */
export interface OpenedAccount {
  account: LiveAccount
  server: LiveServer
  proxy: FaultProxy
  ask: Ask
  /** Waits for an answer no longer than a late one takes. */
  hastyAsk: Ask
  /** What was observed of each call: its operation and outcome. */
  observed: string[]
  /** Webhooks that were sent. */
  told: Webhook[]
  close(): Promise<void>
}

export async function openAccount(): Promise<OpenedAccount> {
  const told: Webhook[] = []
  const observed: string[] = []
  const account = createLiveAccount((webhook) => told.push(webhook))
  const server = await openLiveServer(account)
  const proxy = await openFaultProxy(server.url, { lateMs: 2 * hastyMs })
  const { secretKey } = account
  const askWithin = (timeoutMs: number) =>
    createAsk({ secretKey, baseUrl: proxy.url, fetch, timeoutMs }, (operation, outcome) =>
      observed.push(`${operation} ${outcome}`),
    )
  return {
    account,
    server,
    proxy,
    ask: askWithin(patientMs),
    hastyAsk: askWithin(hastyMs),
    observed,
    told,
    async close() {
      await proxy.close()
      await server.close()
    },
  }
}

/** All pages of a list. */
export async function readPages<Row>(pages: AsyncGenerator<Row[]>): Promise<Row[][]> {
  const read: Row[][] = []
  for await (const page of pages) read.push(page)
  return read
}
