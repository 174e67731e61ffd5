import { expect, test } from 'vitest'
import { changesOf, isExact, readMember } from './metadata-members.ts'

test.each([
  ['gold', 'gold'],
  ['12', 12],
  ['"007"', '007'],
  ['007', '007'],
  ['true', true],
  ['{"points":120}', { points: 120 }],
  ['{"points":', '{"points":'],
  ['12345678901234567890', '12345678901234567890'],
  ['[12345678901234567890]', '[12345678901234567890]'],
])('%s is stored as %j', (text, value) => {
  expect(readMember(text)).toEqual(value)
})

test('a number that a browser has rounded is found wherever it is', () => {
  expect([isExact({ a: [1, 'x', null] }), isExact({ a: [2 ** 60] }), isExact(0.5)]).toEqual([true, false, true])
})

test('changes are taken back member by member: a new member is removed', () => {
  expect(changesOf({ tier: 'gold', branch: 'Soweto' }, { tier: 'silver', other: 1 })).toEqual({
    tier: 'silver',
    branch: null,
  })
})
