import { expect, test } from 'vitest'
import { formatChange, formatMoney, readAmount } from './money.ts'

const format = { locale: 'en-ZA', currencies: ['ZAR'] }
const plain = (text: string) => text.replace(/\s/g, ' ')

test.each([
  [120_450, 'ZAR', 'R 1 204,50'],
  [9_007_199_254_740_991n, 'ZAR', 'R 90 071 992 547 409,91'],
  [-5, 'ZAR', '−R 0,05'],
  [50, 'XOF', 'F CFA 50'],
  [1_234, 'TND', 'TND 1,234'],
] as const)('%s minor units of %s are written exactly, with the decimals of the currency', (amount, currency, text) => {
  expect(plain(formatMoney(amount, currency, format))).toBe(text)
})

test('two currencies that share a sign are told apart by their codes', () => {
  const both = { locale: 'en', currencies: ['USD', 'CAD'] }
  expect(plain(formatMoney(100, 'USD', both))).toBe('USD 1.00')
  expect(plain(formatMoney(100, 'USD', { ...both, currencies: ['USD', 'ZAR'] }))).toBe('$1.00')
})

test('an amount that came in has a plus, and one that went out the minus of typography', () => {
  expect(plain(formatChange(100, 'USD', { locale: 'en', currencies: ['USD'] }))).toBe('+$1.00')
  expect(plain(formatChange(-100, 'USD', { locale: 'en', currencies: ['USD'] }))).toBe('−$1.00')
})

test.each([
  ['1204.50', 'ZAR', 120_450n],
  ['1204,5', 'ZAR', 120_450n],
  [' 1 204 ', 'ZAR', 120_400n],
  ['0.01', 'ZAR', 1n],
  ['50', 'XOF', 50n],
  ['1.204', 'KWD', 1_204n],
  ['1234,567', 'KWD', 1_234_567n],
  ['0,567', 'KWD', 567n],
  ['90071992547409.91', 'ZAR', 9_007_199_254_740_991n],
] as const)('"%s" of %s is read as %s minor units', (text, currency, amount) => {
  expect(readAmount(text, currency)).toEqual({ amount })
})

test.each([
  ['', 'ZAR'],
  ['0', 'ZAR'],
  ['-5', 'ZAR'],
  ['1,204.50', 'ZAR'],
  ['1,204', 'ZAR'],
  ['1,204', 'KWD'],
  ['1.005', 'ZAR'],
  ['1234,567', 'ZAR'],
  ['1,250', 'JPY'],
  ['1,204,567', 'KWD'],
  ['1e3', 'ZAR'],
  ['5.5', 'XOF'],
  ['90071992547409.92', 'ZAR'],
  ['٥', 'ZAR'],
] as const)('"%s" of %s is refused with a sentence', (text, currency) => {
  expect(readAmount(text, currency)).toEqual({ problem: expect.stringMatching(/\.$/) })
})
