import { type Ask, createAsk } from '../../src/upstream/paystack/ask.ts'
import { type FaultProxy, giveUpWhenLate, openFaultProxy } from './fault-proxy.ts'
import { createLiveAccount, type LiveAccount, type Webhook } from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'

/** Longer than a busy machine takes. */
const patientMs = 120_000

/** A live account behind a proxy, and this service as its client. */
export interface OpenedAccount {
  account: LiveAccount
  server: LiveServer
  proxy: FaultProxy
  ask: Ask
  /** Its time is over as soon as the proxy holds an answer back, on a machine of any speed. */
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
  const proxy = await openFaultProxy(server.url)
  const { secretKey } = account
  const askBy = (fetchIt: typeof fetch) =>
    createAsk({ secretKey, baseUrl: proxy.url, fetch: fetchIt, timeoutMs: patientMs }, (operation, outcome) =>
      observed.push(`${operation} ${outcome}`),
    )
  return {
    account,
    server,
    proxy,
    ask: askBy(fetch),
    hastyAsk: askBy(giveUpWhenLate(proxy)),
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
