import { expect, test } from 'vitest'
import { currencies, minorDigits as digitsOfServer } from '../../server/src/base/money.ts'
import { minorDigits, toBigInt, toDecimal, toMinorUnits } from './money.ts'

test('every currency of the server has the same number of digits in the client', () => {
  expect(Object.fromEntries(currencies.map((each) => [each, minorDigits(each)]))).toEqual(
    Object.fromEntries(currencies.map((each) => [each, digitsOfServer(each)])),
  )
})

test.each(['', 'zar', 'XXX', 'ZA', 'R ZM', 'ZAR ZMW'])('%j is refused as a currency', (currency) => {
  expect(() => minorDigits(currency)).toThrow(RangeError)
})

test.each([
  ['49.50', 'ZAR', 4950n],
  ['49.5', 'ZAR', 4950n],
  ['49', 'ZAR', 4900n],
  ['0.07', 'NGN', 7n],
  ['-1.2', 'NGN', -120n],
  ['1500', 'XOF', 1500n],
  ['1.234', 'TND', 1234n],
  ['90071992547409.93', 'ZAR', 9_007_199_254_740_993n],
])('%s %s is %s minor units, and converts back', (decimal, currency, units) => {
  expect(toMinorUnits(decimal, currency)).toBe(units)
  expect(toMinorUnits(toDecimal(units, currency), currency)).toBe(units)
})

test.each(['', ' 1', '1,000', '1.234', '.5', '5.', '1e3', 'NaN', '0x10', '--1'])(
  '%j is refused as an amount of ZAR',
  (text) => {
    expect(() => toMinorUnits(text, 'ZAR')).toThrow(RangeError)
  },
)

test('minor units are shown with all digits of their currency', () => {
  expect([toDecimal(5, 'ZAR'), toDecimal(-5n, 'ZAR'), toDecimal(0, 'TND'), toDecimal(12, 'XOF')]).toEqual([
    '0.05',
    '-0.05',
    '0.000',
    '12',
  ])
})

test('a number that is not exact is refused as an amount', () => {
  for (const number of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => toBigInt(number)).toThrow(RangeError)
    expect(() => toDecimal(number, 'ZAR')).toThrow(RangeError)
  }
})
