import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SignatureError, verifyCashfulWebhook, verifyPaystackWebhook } from '../index.ts'

const sign = (hash: string, key: string | Buffer, text: string) => createHmac(hash, key).update(text)

describe('a webhook of Paystack’s', () => {
  const secret = 'sk_test_4f7k2m9x0c1v8b3n5a6q'
  const body = JSON.stringify({
    event: 'customeridentification.failed',
    data: { customer_id: 82796315, customer_code: 'CUS_x', email: 'a@b.co', identification: {}, reason: 'Ñandú' },
  })
  const signature = sign('sha512', secret, body).digest('hex')
  const headers = { 'x-paystack-signature': signature }

  test('a signed webhook in Paystack’s style gives its event', async () => {
    const event = await verifyPaystackWebhook({ body, headers, secrets: secret })
    if (event.event !== 'customeridentification.failed') throw new Error('not narrowed')
    expect(event.data.reason).toBe('Ñandú')
  })

  test.each([
    ['bytes', new TextEncoder().encode(body), headers],
    ['a Buffer, which is a view', Buffer.from(body), headers],
    ['Headers', body, new Headers(headers)],
    ['a header of another case', body, { 'X-Paystack-Signature': signature }],
    ['a header as a list', body, { 'x-paystack-signature': [signature] }],
    ['an upper-case signature', body, { 'x-paystack-signature': signature.toUpperCase() }],
  ])('a webhook in Paystack’s style is accepted with %s', async (_name, given, headers) => {
    await expect(verifyPaystackWebhook({ body: given, headers, secrets: secret })).resolves.toBeDefined()
  })

  test('a webhook in Paystack’s style is accepted when one of several secrets signed it', async () => {
    const secrets = ['sk_test_another', secret]
    await expect(verifyPaystackWebhook({ body, headers, secrets })).resolves.toBeDefined()
  })

  test.each([
    ['another secret', body, headers, 'sk_test_another'],
    ['another body', `${body} `, headers, secret],
    ['no signature', body, {}, secret],
    ['an empty signature', body, { 'x-paystack-signature': '' }, secret],
    ['a signature that is cut', body, { 'x-paystack-signature': signature.slice(2) }, secret],
    ['a signature that is no hex', body, { 'x-paystack-signature': 'zz' }, secret],
    ['no secrets', body, headers, []],
  ])('a webhook in Paystack’s style is refused with %s', async (_name, body, headers, secrets) => {
    await expect(verifyPaystackWebhook({ body, headers, secrets })).rejects.toBeInstanceOf(SignatureError)
  })

  test('an empty secret for Paystack’s style is a TypeError, because the caller made a mistake', async () => {
    await expect(verifyPaystackWebhook({ body, headers, secrets: '' })).rejects.toBeInstanceOf(TypeError)
  })

  test.each(['no JSON', 'null', '{}', '{"event":7,"data":{}}'])(
    'a signed body %s in Paystack’s style is refused, because it is no event',
    async (text) => {
      const headers = { 'x-paystack-signature': sign('sha512', secret, text).digest('hex') }
      await expect(verifyPaystackWebhook({ body: text, headers, secrets: secret })).rejects.toBeInstanceOf(
        SignatureError,
      )
    },
  )
})

describe('a webhook of Cashful’s, by Standard Webhooks', () => {
  // From the specification's own reference implementations.
  const vector = {
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1614265330,
    body: '{"test": 2432232314}',
    signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }
  const secret = vector.secret
  const now = 1_700_000_000_000
  const body = JSON.stringify({
    type: 'transfer.completed',
    timestamp: '2026-01-15T10:30:00.000Z',
    data: { id: 'transfer_1' },
  })

  function headersOf(text = body, at = now / 1000, key = secret) {
    const signature = sign('sha256', Buffer.from(key.slice(6), 'base64'), `msg_1.${at}.${text}`).digest('base64')
    return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` }
  }

  test('the sample of the Standard Webhooks specification has the signature we compute', async () => {
    const headers = {
      'webhook-id': vector.id,
      'webhook-timestamp': String(vector.timestamp),
      'webhook-signature': vector.signature,
    }
    const call = verifyCashfulWebhook({ body: vector.body, headers, secrets: secret, now: vector.timestamp * 1000 })
    await expect(call).rejects.toThrow('is signed, but its body is no event')
  })

  test('a signed webhook in Cashful’s style gives its event', async () => {
    const event = await verifyCashfulWebhook({ body, headers: headersOf(), secrets: secret, now })
    if (event.type !== 'transfer.completed') throw new Error('not narrowed')
    expect(event.data.id).toBe('transfer_1')
  })

  test('a webhook in Cashful’s style is accepted when one of several secrets made one of its signatures', async () => {
    const other = `whsec_${Buffer.from('another secret').toString('base64')}`
    const headers = headersOf()
    headers['webhook-signature'] =
      `v1a,xyz v1,!!! ${headersOf(body, now / 1000, other)['webhook-signature']} ${headers['webhook-signature']}`
    await expect(verifyCashfulWebhook({ body, headers, secrets: secret, now })).resolves.toBeDefined()
    await expect(
      verifyCashfulWebhook({ body, headers: headersOf(), secrets: [other, secret], now }),
    ).resolves.toBeDefined()
  })

  test.each([-300, 300])(
    'a webhook in Cashful’s style may be %i seconds from now, and not a second more',
    async (seconds) => {
      const verify = (at: number) => verifyCashfulWebhook({ body, headers: headersOf(body, at), secrets: secret, now })
      await expect(verify(now / 1000 + seconds)).resolves.toBeDefined()
      await expect(verify(now / 1000 + seconds + Math.sign(seconds))).rejects.toBeInstanceOf(SignatureError)
    },
  )

  test.each(['', 'soon', 'NaN'])('a webhook in Cashful’s style with the time %j is refused', async (time) => {
    const headers = { ...headersOf(), 'webhook-timestamp': time }
    await expect(verifyCashfulWebhook({ body, headers, secrets: secret, now })).rejects.toBeInstanceOf(SignatureError)
  })

  test('a webhook in Cashful’s style is refused when its id, time, body or version was changed', async () => {
    const good = headersOf()
    const forged = [
      { headers: { ...good, 'webhook-id': 'msg_2' } },
      { headers: { ...good, 'webhook-timestamp': String(now / 1000 + 1) } },
      { headers: good, body: `${body} ` },
      { headers: { ...good, 'webhook-signature': good['webhook-signature'].replace('v1,', 'v2,') } },
      { headers: { ...good, 'webhook-signature': '' } },
    ]
    for (const each of forged) {
      await expect(verifyCashfulWebhook({ body, ...each, secrets: secret, now })).rejects.toBeInstanceOf(SignatureError)
    }
  })

  test('a secret for Cashful’s style that is no base64 is a TypeError, because the caller made a mistake', async () => {
    const call = verifyCashfulWebhook({ body, headers: headersOf(), secrets: 'whsec_%%', now })
    await expect(call).rejects.toBeInstanceOf(TypeError)
  })
})
