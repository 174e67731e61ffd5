import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openReceiver, type Receiver } from '../receiver.ts'
import { openFaultProxy, type webhookFaults } from './fault-proxy.ts'
import { insertTransaction, pay, sendWebhook } from './live-account.ts'
import { type OpenedAccount, openAccount } from './open-account.ts'
import { records, refusals } from './samples.ts'

// Holds the stub to the samples of the documentation, and the faults to their descriptions.

let opened: OpenedAccount
beforeAll(async () => {
  opened = await openAccount()
})
afterAll(() => opened.close())

async function bytesOf(method: string, path: string, body?: object, key = opened.account.secretKey) {
  const answer = await fetch(`${opened.server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return [answer.status, await answer.text()]
}

describe('the stub of the live service', () => {
  test('refusals are the bytes of the samples', async () => {
    const payment = { email: 'a@example.com', amount: 5000, currency: 'NGN', reference: 'stub-1' }
    await bytesOf('POST', '/transaction/initialize', payment)
    expect(await bytesOf('POST', '/transaction/initialize', payment)).toEqual(refusals.duplicateReference)
    expect(await bytesOf('GET', '/transaction/verify/stub-none')).toEqual(refusals.unknownTransaction)
    expect(await bytesOf('GET', '/balance', undefined, 'sk_live_x')).toEqual(refusals.invalidKey)
    expect(await bytesOf('GET', '/refund/1')).toEqual(refusals.unknownRefund)
    expect(await bytesOf('GET', '/dispute/1')).toEqual(refusals.unknownDispute)
    const codes = { ...payment, reference: 'stub-2', authorization_code: 'AUTH_none' }
    expect(await bytesOf('POST', '/transaction/charge_authorization', codes)).toEqual(refusals.unknownAuthorization)
  })

  test('a record with the values of its sample is the bytes of the sample', async () => {
    opened.account.transactions.push(records.transaction)
    const verified = `{"status":true,"message":"Verification successful","data":${JSON.stringify(records.transaction)}}`
    expect(await bytesOf('GET', '/transaction/verify/re4lyvq3s3')).toEqual([200, verified])
    opened.account.disputes.push(records.dispute)
    const dispute = `{"status":true,"message":"Dispute retrieved","data":${JSON.stringify(records.dispute)}}`
    expect(await bytesOf('GET', '/dispute/358950')).toEqual([200, dispute])
  })

  test('a record of its own has the members of its sample, in their order', async () => {
    insertTransaction(opened.account, { email: 'a@example.com', amount: 5000, reference: 'stub-3' })
    pay(opened.account, 'stub-3')
    const { data } = JSON.parse((await bytesOf('GET', '/transaction/verify/stub-3'))[1] as string)
    expect(Object.keys(data)).toEqual(Object.keys(records.transaction))
    const [, refund] = await bytesOf('POST', '/refund', { transaction: 'stub-3', amount: '2000' })
    expect(Object.keys(JSON.parse(refund as string).data)).toEqual(['transaction', ...Object.keys(records.refund)])
  })

  test('the stub knows nothing of how this project reads or renders', () => {
    for (const file of ['samples.ts', 'live-account.ts', 'live-server.ts', 'fault-proxy.ts']) {
      expect(readFileSync(new URL(file, import.meta.url), 'utf8')).not.toContain('/src/')
    }
  })

  test('a refund filter by a reference finds nothing, as on the real wire', async () => {
    const [, found] = await bytesOf('GET', '/refund?transaction=stub-3')
    expect(JSON.parse(found as string).data).toEqual([])
  })
})

describe('the faults of webhooks', () => {
  let receiver: Receiver
  beforeAll(async () => {
    receiver = await openReceiver()
  })
  afterAll(() => receiver.close())

  test.each([
    ['none', ['1', '2']],
    ['lost', ['2']],
    ['repeated', ['1', '1', '2']],
    ['reordered', ['2', '1']],
    ['cut_after', ['1', '2']],
    ['forged', ['10', '1', '2']],
  ] as const)('a webhook that is %s arrives as %j, together with the next', async (fault, amounts) => {
    receiver.received.splice(0)
    const proxy = await openFaultProxy(new URL(receiver.url).origin)
    const faults = [fault, 'none'] as (typeof webhookFaults)[number][]
    proxy.choose = () => faults.shift() ?? 'none'
    for (const amount of [1, 2]) {
      opened.told.splice(0)
      sendWebhook(opened.account, 'charge.success', { amount })
      const [webhook] = opened.told
      const headers = { 'x-paystack-signature': webhook?.signature ?? '' }
      await fetch(`${proxy.url}/hooks`, { method: 'POST', headers, body: webhook?.body ?? '' }).catch(() => null)
    }
    expect(receiver.received.map(({ body }) => String(JSON.parse(body).data.amount))).toEqual(amounts)
    await proxy.close()
  })
})
