import { expect, test } from 'vitest'
import { mentionsNumber } from '../idempotency/mentions.ts'
import { mentionsPhone } from './mentioned-phones.ts'

const has = mentionsPhone(['ada@example.com', '+27827654391'])

test.each([
  '{"phone":"+27827654391"}',
  '{"phone":"+27 82 765 4391"}',
  '{"to":["082 765 4391"]}',
  '{"text":"call 0827654391, please"}',
  '{"p":27827654391}',
  '{"p":"0027 (82) 765-4391"}',
  '{"p":"+27 (0)82 765 4391"}',
  '{"p":"82.765.4391"}',
  '{"p":"٠٨٢٧٦٥٤٣٩١"}',
])('a phone number is found in %s', (text) => {
  expect(has(text)).toBe(true)
})

test.each([
  '{"phone":"+27827654392"}',
  '{"amount":7654391}',
  '{"a":1,"b":27827}',
  '{"id":"127827654391"}',
  '{"id":"278276543910"}',
  '{}',
])('another number is no phone number of the customer: %s', (text) => {
  expect(has(text)).toBe(false)
})

test('the number of a customer is found under any name, but where it may be an amount', () => {
  for (const data of [{ c: 835235034 }, { a: [{ user_id: '835235034' }] }, { '835235034': true }])
    expect(mentionsNumber(835235034n, data)).toBe(true)
  expect(mentionsNumber(835235034n, { c: 835235035, text: '1835235034' })).toBe(false)
  expect(mentionsNumber(17n, { amount: 17 })).toBe(false)
  expect(mentionsNumber(17n, { customerId: 17 })).toBe(true)
})
