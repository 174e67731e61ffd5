import { expect } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { askDueQuestions, settleDueDisputes } from '../../src/domain/payments/dispute-lookups.ts'
import { settleDueCharges } from '../../src/domain/payments/due-charges.ts'
import { settleDuePayments } from '../../src/domain/payments/due-payments.ts'
import { settleDueRefunds } from '../../src/domain/payments/refunds.ts'
import { advanceDuePayouts } from '../../src/domain/payouts/advancing.ts'
import { continueReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { chooseProviders } from '../../src/start/providers.ts'
import type { TestApi } from '../api.ts'
import { addTestKey, createTestTenant } from '../service.ts'
import { openFaultProxy } from './fault-proxy.ts'
import {
  createLiveAccount,
  insertTransaction,
  pay,
  type TransactionRow,
  type TransferRow,
  type Webhook,
} from './live-account.ts'
import { openLiveServer } from './live-server.ts'

export const email = 'ada@example.com'
export const minuteMs = 60_000
export const dayMs = 24 * 60 * minuteMs

/** A difference, as `/v1/differences` has it. */
export interface NamedDifference {
  id: string
  kind: string
  subject: string
  amount: number
  ours: number | null
  theirs: number | null
  status: string
  advice: string
}

export type ReconciledAccount = Awaited<ReturnType<typeof openReconciledAccount>>

/** A tenant in live mode whose money a live account takes, behind a proxy; with what a test does to the two. */
export async function openReconciledAccount(api: TestApi) {
  const told: Webhook[] = []
  const account = createLiveAccount((webhook) => told.push(webhook), api.service.clock)
  const server = await openLiveServer(account)
  const proxy = await openFaultProxy(server.url)
  Object.assign(
    api.service,
    chooseProviders(api.service, { sandboxDelayMs: 1000, upstreamPaystack: undefined, paystackUrl: proxy.url }),
  )
  const { merchant } = await createTestTenant(api.service, { currencies: ['NGN', 'ZAR'] })
  const tenant = await addTestKey(api.service, merchant, 'live')

  const ask = (method: string, path: string, body?: object) => api.call(method, path, body, tenant.secret)

  async function choose(body = {}) {
    const chosen = { processor: 'paystack', secretKey: account.secretKey, ...body }
    expect((await ask('PUT', '/v1/processors/in', chosen)).statusCode).toBe(200)
  }

  async function tellAll(webhooks = told.splice(0)) {
    for (const { body, signature } of webhooks) {
      const headers = { 'content-type': 'application/json', 'x-paystack-signature': signature }
      const url = `/webhooks/paystack/${tenant.merchant.code}/live`
      await api.app.inject({ method: 'POST', url, headers, payload: body })
    }
  }

  async function settleDue() {
    const { service } = api
    await settleDueCharges(service)
    await settleDuePayments(service)
    await settleDueRefunds(service)
    await askDueQuestions(service)
    await settleDueDisputes(service)
  }

  /** Asks for a payment on the account's page. Answers the account's row of it. */
  async function begin(reference: string, amount = 10_000, payer = email): Promise<TransactionRow> {
    const metadata = { purpose: 'wallet_topup' }
    const asked = { email: payer, amount, currency: 'NGN', metadata, reference }
    expect((await ask('POST', '/transaction/initialize', asked)).statusCode).toBe(200)
    return account.transactions.at(-1) as TransactionRow
  }

  /** A wallet that was filled on the account's page. */
  async function topUp(reference = 'order-1', amount = 10_000): Promise<TransactionRow> {
    const row = await begin(reference, amount)
    pay(account, row.reference)
    await tellAll()
    await settleDue()
    return row
  }

  /** A payment of a customer who is deleted before the money comes. */
  async function suspend(reference: string, amount: number): Promise<TransactionRow> {
    const row = await begin(reference, amount, 'gone@example.com')
    const gone = (await ask('GET', '/customer/gone@example.com')).json().data.customer_code
    await ask('DELETE', '/api/canary/customers/bulk', { ids: [gone] })
    pay(account, row.reference)
    await tellAll()
    await settleDue()
    return row
  }

  /**
   * A refund of `order-1` whose answer is lost, before or after the account did it, and that is settled by hand while the account cannot be
   * asked; with null it is not settled. Answers both calls, the second null where it was not made.
   */
  async function refundLost(amount: number, when: 'cut_before' | 'cut_after', outcome: 'processed' | 'failed' | null) {
    proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? when : 'none')
    const made = await ask('POST', '/v1/refunds', { transactionId: 'order-1', amount })
    proxy.choose = () => 'cut_before'
    const words = { outcome, proof: 'Ticket 88121', reason: 'The answer was lost' }
    const isSettled = made.statusCode === 201 && outcome !== null
    const settled = isSettled ? await ask('POST', `/v1/refunds/${made.json().id}/settle`, words) : null
    proxy.choose = () => 'none'
    return { made, settled }
  }

  /** A sale of a shop on the same account, which nobody has asked for here. */
  function sell(reference: string, amount = 3_000): TransactionRow {
    insertTransaction(account, { email: 'shop@example.com', amount, reference })
    const row = pay(account, reference)
    told.splice(0)
    return row
  }

  /** Works on a reconciliation to its end. */
  async function reconcile(body = {}) {
    // What was made this very moment is compared the next time.
    api.service.clock.advance(1000)
    let answer = (await ask('POST', '/v1/reconciliations', body)).json()
    for (let i = 0; i < 20 && answer.status === 'running'; i += 1) {
      await continueReconciliations(api.service)
      answer = (await ask('GET', `/v1/reconciliations/${answer.id}`)).json()
      api.service.clock.advance(1000)
    }
    return answer
  }

  /** The first one, which says what the account had before. */
  async function open() {
    const first = await reconcile()
    expect(first).toMatchObject({ status: 'agreed', failure: null })
    api.service.clock.advance(minuteMs)
    return first
  }

  const differences = async (query = 'status=open') =>
    (await ask('GET', `/v1/differences?${query}`)).json().data as NamedDifference[]
  const named = async (query?: string) =>
    (await differences(query)).map(({ kind, subject, amount }) => [kind, subject, amount])

  async function books(): Promise<Record<string, number>> {
    const rows = await api.service.db.query<{ name: string; posted: bigint }>(sql`
      select a.kind || case when a.kind = 'outside' then '/' || a.party_id else '' end as name, sum(a.posted)::bigint as posted
      from ledger_accounts a
      where a.merchant_id = ${tenant.merchant.id} and a.mode = 'live'
      group by 1
      having sum(a.posted) <> 0
    `)
    return Object.fromEntries(rows.map(({ name, posted }) => [name, Number(posted)]))
  }

  /** The key of the account sends money out, too. */
  async function chooseOut() {
    const { service } = api
    const sealed = service.vault.seal(account.secretKey, 'processor account')
    const now = service.clock.now()
    await service.db.query(sql`
      insert into processor_accounts (
        merchant_id, id, mode, direction, processor, credentials, hint, cut_over_at, created_at, updated_at
      )
      values (${tenant.merchant.id}, 9, 'live', 'out', 'paystack', ${sealed}, '4567', ${now}, ${now}, ${now})
    `)
  }

  /** A payout that the account has, and has not decided about. */
  async function payOut(): Promise<TransferRow> {
    await topUp('order-1', 1_000_000)
    const { data } = (await ask('GET', '/customer')).json()
    const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0100000001', accountName: 'Tolu' }
    const wanted = {
      customerId: data[0].customer_code,
      amount: 100_000,
      currency: 'NGN',
      destination,
      reference: 'wages',
    }
    const made = await ask('POST', '/v1/payouts', wanted)
    expect(made.statusCode, made.body).toBe(201)
    await advanceDuePayouts(api.service)
    return account.transfers.at(-1) as TransferRow
  }

  async function close() {
    await proxy.close()
    await server.close()
  }

  await choose()
  return {
    ...{
      account,
      server,
      proxy,
      tenant,
      told,
      ask,
      choose,
      tellAll,
      settleDue,
      begin,
      topUp,
      suspend,
      refundLost,
      sell,
    },
    ...{ reconcile, open, differences, named, books, chooseOut, payOut, close },
  }
}
