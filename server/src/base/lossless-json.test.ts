import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mayLose, numberText, orderedObject, parseLossless, replaceUnstorable } from './lossless-json.ts'

const rewritten = (text: string) => JSON.stringify(parseLossless(text))

describe('JSON that JavaScript would change', () => {
  test.each([
    '9007199254740993',
    '12345678901234567890',
    '-9223372036854775808',
    '1.10',
    '1.0',
    '-0',
    '0.10000000000000000000000001',
    '1e2',
    '1E+400',
    '0.0000001',
    '[1.50,{"a":-1.00}]',
    '{"10":"a","9":"b"}',
    '{"b":1,"2":{"1":0,"0":1},"a":2}',
    '{"__proto__":{"1":1,"0":2},"a":1}',
    '{"text":"\\"1\\":1.10, {","id":175928847299117063}',
  ])('%s comes back as it came', (text) => {
    expect(rewritten(text)).toBe(text)
  })

  test('a name that is written with escapes keeps its place too', () => {
    expect(rewritten('{"b":0,"\\u0031\\u0030":1,"\\u0039":2}')).toBe('{"b":0,"10":1,"9":2}')
  })

  test('any JSON comes back as it came', () => {
    const digits = fc.stringMatching(/^\d{0,30}$/)
    const number = fc
      .record({
        sign: fc.constantFrom('', '-'),
        whole: fc.stringMatching(/^(0|[1-9]\d{0,25})$/),
        fraction: fc.option(digits.filter((text) => text !== '')),
        exponent: fc.option(fc.stringMatching(/^[eE][+-]?\d{1,3}$/)),
      })
      .map(({ sign, whole, fraction, exponent }) => `${sign}${whole}${fraction ? `.${fraction}` : ''}${exponent ?? ''}`)
    const string = fc.oneof(fc.string({ unit: 'binary' }), digits).map((text) => JSON.stringify(text))
    const { value } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        number,
        string,
        fc.constantFrom('true', 'false', 'null'),
        fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
        fc
          .uniqueArray(fc.tuple(string, tie('value')), { maxLength: 5, selector: ([name]) => name })
          .map((members) => `{${members.map(([name, member]) => `${name}:${member}`).join(',')}}`),
      ),
    }))
    fc.assert(
      fc.property(value, (text) => rewritten(text) === text),
      { numRuns: 3000 },
    )
  })
})

test.each([
  '{"a":1,"b":[1.5,"x"],"c":{"d":null}}',
  '{"id":"9007199254740993x","at":"2026-01-01T10:11:12.500Z","uuid":"019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d"}',
  '[0,10,200,-3000,123456789012345,0.5,12.25,"x"]',
])('%s is read by JSON.parse alone', (text) => {
  expect(mayLose(text)).toBe(false)
})

describe('JSON of another party', () => {
  test.each([
    ['{"name":"ADA\\u0000OBI"}', '{"name":"ADA\ufffdOBI"}'],
    ['{"a\\u0000":[{"\\uD800":1.10}]}', '{"a\ufffd":[{"\ufffd":1.10}]}'],
    ['["\\ud83d\\ude00\\ud83d","\\udE00\\ud83D","😀\\udc00"]', '["😀\ufffd","\ufffd\ufffd","😀\ufffd"]'],
    ['["\\\\u0000","\\\\\\u0000","\\\\ud800","\\n"]', '["\\\\u0000","\\\\\ufffd","\\\\ud800","\\n"]'],
  ])('has no character that cannot be stored: %s', (text, clean) => {
    expect(rewritten(replaceUnstorable(text))).toBe(clean)
  })

  test('is else as it came, and always can be stored', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\0', '\ud83d', '\ude00', '\\', 'u0000', '\\ud800'),
    )
    const text = fc.array(part).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (each) => {
        const read = JSON.parse(replaceUnstorable(JSON.stringify({ [each]: each })))
        const clean = each.toWellFormed().replaceAll('\0', '\ufffd')
        expect(read).toEqual({ [clean]: clean })
      }),
      { numRuns: 3000 },
    )
  })
})

test('broken JSON is refused, also if it has numbers that JavaScript would change', () => {
  for (const text of ['{"a":1.10', '{"1":1.10,}', '{"1" 1.10}', '01.10', '1.10 2'])
    expect(() => parseLossless(text)).toThrow(SyntaxError)
})

test('values are ordinary to code that reads them', () => {
  const value = parseLossless('{"b":{"c":7},"10":"a","9":[1.10]}') as Record<string, unknown>
  expect(Object.keys(value)).toEqual(['b', '10', '9'])
  expect([value['10'], Object.hasOwn(value, '9'), 'x' in value]).toEqual(['a', true, false])
  expect(value.b).toEqual({ c: 7 })
  expect(numberText((value['9'] as unknown[])[0])).toBe('1.10')
  expect(numberText(7)).toBeNull()
})

test('the last of two members with one name counts, at the place of the first', () => {
  expect(
    JSON.stringify(
      orderedObject([
        ['2', 'a'],
        ['1', 'b'],
        ['2', 'c'],
      ]),
    ),
  ).toBe('{"2":"c","1":"b"}')
})
