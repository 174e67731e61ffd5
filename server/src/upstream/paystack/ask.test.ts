import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Fault } from '../../../test/paystack/fault-proxy.ts'
import { type OpenedAccount, openAccount } from '../../../test/paystack/open-account.ts'
import { freePort } from '../../../test/server-process.ts'
import { createAsk } from './ask.ts'
import { optionalWords, readDate, readMetadata, Unreadable } from './reading.ts'
import { initializeTransaction, verifyTransaction } from './transactions.ts'

let opened: OpenedAccount
beforeAll(async () => {
  opened = await openAccount()
})
afterAll(() => opened.close())
beforeEach(() => {
  opened.proxy.choose = () => 'none'
  opened.observed.splice(0)
  opened.server.asked.splice(0)
})

let number = 0
const wanted = () => {
  number += 1
  const reference = `mteja-ask-${number}-aaaaaaaa`
  return { reference, marker: 'm', email: 'a@example.com', amount: 5000n, currency: 'NGN' as const }
}

describe('a call to the account', () => {
  test.each<[Fault, string, string, number]>([
    ['cut_before', 'unknown', 'unreachable', 0],
    ['cut_after', 'unknown', 'unreachable', 1],
    ['fail_after', 'unknown', 'failed', 1],
    ['oops_after', 'unknown', 'failed', 1],
    ['unreadable', 'unknown', 'malformed', 1],
    ['late', 'unknown', 'timed_out', 1],
    ['limited', 'not_sent', 'refused', 0],
    ['repeated', 'exists', 'refused', 2],
  ])('a request that suffers %s is %s to its caller', async (fault, is, outcome, arrived) => {
    opened.proxy.choose = () => fault
    const ask = fault === 'late' ? opened.hastyAsk : opened.ask
    const result = await initializeTransaction(ask, wanted())
    expect(result.is).toBe(is)
    expect(opened.observed.map((each) => each.split(' ')[1])).toEqual([outcome])
    expect(opened.server.asked).toHaveLength(arrived)
  })

  test('each text of an answer can be stored, also in a name, and in metadata that are a text of JSON', async () => {
    const text = String.raw`{"message":"a\u0000b","data":{"\ud800":{"metadata":"{\"c\":\"d\\u0000\"}"}}}`
    const { secretKey, baseUrl } = { ...opened.account, baseUrl: opened.proxy.url }
    const ask = createAsk({ secretKey, baseUrl, fetch: async () => new Response(text) })
    const { body } = await ask({ operation: 'any', method: 'GET', path: '/any' })
    expect(body).toEqual({ message: 'a\ufffdb', data: { '\ufffd': { metadata: String.raw`{"c":"d\u0000"}` } } })
    const { metadata } = (body.data as Record<string, { metadata: unknown }>)['\ufffd'] ?? {}
    expect(readMetadata(metadata)).toEqual({ c: 'd\ufffd' })
  })

  test.each([
    [() => readDate({ at: '0000-01-01T00:00:00Z' }, 'at')],
    [() => readDate({ at: '9999-12-31T23:00:00-05:00' }, 'at')],
  ])('a time that the database does not have is not read: %s', (read) => {
    expect(read).toThrow(Unreadable)
  })

  test('words for a person are cut, and not within a character', () => {
    expect(optionalWords({ message: `${'x'.repeat(499)}😀` }, 'message')).toBe(`${'x'.repeat(499)}\ufffd`)
  })

  test('a limit says how long the account is to be left alone', async () => {
    opened.proxy.choose = () => 'limited'
    expect(await initializeTransaction(opened.ask, wanted())).toMatchObject({ is: 'not_sent', retryAfterMs: 50 })
  })

  test('a server that is not there has got nothing', async () => {
    const { secretKey } = opened.account
    for (const baseUrl of [`http://127.0.0.1:${await freePort()}`, `http://localhost:${await freePort()}`]) {
      const ask = createAsk({ secretKey, baseUrl, fetch })
      expect(await initializeTransaction(ask, wanted())).toMatchObject({
        is: 'not_sent',
        cause: { outcome: 'not_connected' },
      })
      await expect(verifyTransaction(ask, 'any')).rejects.toMatchObject({ outcome: 'not_connected' })
    }
  })

  test('a key that is refused has sent nothing, and a question with it throws', async () => {
    const ask = createAsk({ secretKey: 'sk_live_another', baseUrl: opened.proxy.url, fetch })
    expect(await initializeTransaction(ask, wanted())).toMatchObject({ is: 'not_sent', cause: { status: 401 } })
    await expect(verifyTransaction(ask, 'any')).rejects.toMatchObject({ outcome: 'refused', status: 401 })
  })
})
