import { expect, test } from 'vitest'
import { mentions } from '../idempotency/mentions.ts'
import { mentionsNumber, mentionsPhone } from './mentioned-numbers.ts'

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
  '{"p":"０８２７６５４３９１"}',
  '"order 17 082 765 4391"',
  '"ID 8001015009087 082 765 4391 ok"',
  '"082 765 4391 2026-11-29"',
  '"2026-11-29 0827654391"',
  '"0827650009/0827654391"',
  '"082\u2011765\u20114391"',
  '"082\u2212765\u22124391"',
  '"082·765·4391"',
  '"082_765_4391"',
  '"082,765,4391"',
  '["082","765","4391"]',
  '["082", "765", "4391"]',
  '"082\\n765\\t4391"',
  '"https://shop.example/?p=%2B27%2082%20765%204391"',
])('a phone number is found in %s', (text) => {
  expect(has(text)).toBe(true)
})

test.each([
  '{"phone":"+27827654392"}',
  '{"amount":7654391}',
  '{"a":1,"b":27827}',
  '{"id":"127827654391"}',
  '{"id":"278276543910"}',
  '"order 17 082 765 4392"',
  '"082 765 43910 2026-11-29"',
  '"order 1082 765 4391"',
  '"082 765 a 4391"',
  '{"a":"082","b":"765","c":"4391"}',
  '[827,65439]',
  '{}',
])('another number is no phone number of the customer: %s', (text) => {
  expect(has(text)).toBe(false)
})

test('a number that was given in the form of no country is found as it was given, with any separators', () => {
  const hasGiven = mentionsPhone(['0803-123-4567'])
  expect(hasGiven('"order 2: 0803 123 4567"')).toBe(true)
  expect(hasGiven('"order 2: 0803 123 4568"')).toBe(false)
  expect(mentionsPhone(['0800'])('"0800"')).toBe(false)
})

test('the trunk code of a country is read with its number', () => {
  const hasRussian = mentionsPhone(['+79161234567'])
  for (const text of ['"8 (916) 123-45-67"', '"89161234567"', '"+7 916 123 45 67"', '"916 1234567"'])
    expect(hasRussian(text), text).toBe(true)
})

test.each([
  { c: 835235034 },
  { a: [{ user_id: '835235034' }] },
  { '835235034': true },
  'customer 835235034',
  '#835235034',
  'id=835235034',
  '835235034.0',
  'customers 1,835235034,2',
  '٨٣٥٢٣٥٠٣٤',
])('the number of a customer is found in %j', (data) => {
  expect(mentionsNumber(835235034n)(JSON.stringify(data), data)).toBe(true)
})

test.each([{ c: 835235035, text: '1835235034' }, '8352350345', '835235034.5', '1.835235034', '835 235 034 5'])(
  'another number is no number of the customer: %j',
  (data) => {
    expect(mentionsNumber(835235034n)(JSON.stringify(data), data)).toBe(false)
  },
)

test('a number that may be an amount is a customer’s where a member says so', () => {
  const has17 = (data: unknown) => mentionsNumber(17n)(JSON.stringify(data), data)
  for (const data of [{ amount: 17 }, 'customer 17', { customerNote: 'bought 17 shoes' }, { customerId: '17.5' }])
    expect(has17(data)).toBe(false)
  for (const data of [{ customerId: 17 }, { customer: '#17' }, { customer: { id: '17.0' } }])
    expect(has17(data)).toBe(true)
})

test('a code and an e-mail are found in any case and form, and another address is another', () => {
  const names = mentions('CUS_beplqabcdefghij', ['ada@example.com'])
  for (const text of [
    'cus_beplqabcdefghij',
    'for CUS_BEPLQABCDEFGHIJ.',
    'CUS%5Fbeplqabcdefghij',
    'ada＠example.com',
    'ＡＤＡ@example．com',
    'ada@exam\u00adple.com',
    '{"text":"to:\\nada@example.com"}',
  ])
    expect(names(text), text).toBe(true)
  for (const text of ['CUS_beplqabcdefghik', 'ada+1@example.com', '1ada@example.com', 'ada@example.community'])
    expect(names(text), text).toBe(false)
})

test('a long text of digits and separators is read at once', () => {
  const names = mentionsPhone(['+27827654391'])
  const begunAt = performance.now()
  for (const part of ['0', '0 ', '8', '27 ', '8     2     7     ', '82765439', '-']) {
    names(part.repeat(100_000))
    mentionsNumber(835235034n)(part.repeat(100_000), null)
  }
  expect(performance.now() - begunAt).toBeLessThan(5000)
})
