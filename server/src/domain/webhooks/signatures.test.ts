import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { signAsPaystack, signAsStandard } from './signatures.ts'

const body = JSON.stringify({ event: 'charge.success', data: { name: 'Zoë / ✓', amount: 100 } })
const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const other = `whsec_${Buffer.alloc(24, 8).toString('base64')}`

test('Paystack’s signature is the one its users compute, of the bytes and of the parsed body written again', () => {
  const headers = signAsPaystack('sk_test_1', { id: 'evt_1', body, now: new Date() })
  for (const text of [body, JSON.stringify(JSON.parse(body))]) {
    const hash = createHmac('sha512', 'sk_test_1').update(text).digest('hex')
    expect(headers['x-paystack-signature']).toBe(hash)
  }
})

test('the package standardwebhooks accepts the signature, with either secret while both are valid', () => {
  const headers = signAsStandard([secret, other], { id: 'evt_1', body, now: new Date() })
  for (const each of [secret, other]) expect(new Webhook(each).verify(body, headers)).toEqual(JSON.parse(body))
})

test('the package standardwebhooks refuses another body, secret, id or an old time', () => {
  const headers = signAsStandard([secret], { id: 'evt_1', body, now: new Date() })
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow()
  expect(() => new Webhook(other).verify(body, headers)).toThrow()
  expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'evt_2' })).toThrow()
  const old = signAsStandard([secret], { id: 'evt_1', body, now: new Date(Date.now() - 3_600_000) })
  expect(() => new Webhook(secret).verify(body, old)).toThrow()
})
