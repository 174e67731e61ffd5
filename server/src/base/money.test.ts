import currencyCodes from 'currency-codes'
import { describe, expect, test } from 'vitest'
import { currencies, formatAmount, formatMoney, maxAmount, minorDigits, parseAmount, parseCurrency } from './money.ts'

describe('the currencies', () => {
  /**
   * The package's list is ISO 4217 as of June 2024. This constant holds the later changes: the Caribbean guilder (XCG)
   * replaced the Netherlands Antillean guilder, the euro replaced the Bulgarian lev, ZWG replaced the Zimbabwe dollar
   * of 2009.
   */
  const stale = { withdrawn: ['ANG', 'BGN', 'CUC', 'ZWL'], added: ['XCG'] }

  test.each(currencies)('the currency %s has the minor digits of ISO 4217', (currency) => {
    expect(stale.added).not.toContain(currency)
    expect(minorDigits(currency)).toBe(currencyCodes.code(currency)?.digits)
  })

  test('no currency is a withdrawn one, a fund, a metal or a test code', () => {
    const notMoney = /^X(?!AF|OF|PF|CD|CG)|^(BOV|CHE|CHW|CLF|COU|MXV|USN|UYI|UYW)$/
    for (const currency of currencies) {
      expect(stale.withdrawn).not.toContain(currency)
      expect(currency).not.toMatch(notMoney)
    }
  })

  test('every currency of Africa is a currency of the service', () => {
    const inUse =
      'DZD AOA BWP BIF CVE XAF XOF KMF CDF DJF EGP ERN SZL ETB GMD GHS GNF KES LSL LRD LYD MGA MWK MRU MUR MAD MZN NAD NGN RWF STN SCR SLE SOS ZAR SSP SDG TZS TND UGX ZMW ZWG'
    expect(currencies).toEqual(expect.arrayContaining(inUse.split(' ')))
  })

  test('a currency without coins keeps its minor digits: MGA and SOS have two, although Intl says otherwise', () => {
    expect([minorDigits('MGA'), minorDigits('SOS'), minorDigits('MRU')]).toEqual([2, 2, 2])
    expect([minorDigits('XOF'), minorDigits('UGX'), minorDigits('TND')]).toEqual([0, 0, 3])
  })
})

describe('a currency code', () => {
  test.each([
    ['ZAR', 'ZAR'],
    ['zar', 'ZAR'],
    [' Ngn ', 'NGN'],
  ])('the currency code %j is read as %s', (given, expected) => {
    expect(parseCurrency(given)).toBe(expected)
  })

  test.each(['', 'ZA', 'ZARR', 'XXX', 'ANG', 'constructor', 'toString', '__proto__', 'Z\u0000R', 'ＺＡＲ'])(
    'the currency code %j is refused',
    (given) => {
      expect(() => parseCurrency(given, 'wallet')).toThrow(
        expect.objectContaining({ code: 'invalid_request', field: 'wallet' }),
      )
    },
  )
})

describe('an amount', () => {
  test.each<[number | string, bigint]>([
    [1, 1n],
    [10.0, 10n],
    ['10.0', 10n],
    ['10.000', 10n],
    ['0010', 10n],
    [Number.MAX_SAFE_INTEGER, maxAmount],
    ['9007199254740991', maxAmount],
  ])('the amount %j is read as %s', (given, expected) => {
    expect(parseAmount(given)).toBe(expected)
  })

  test.each([
    0,
    -0,
    '0',
    '0.0',
    -1,
    '-1',
    0.5,
    10.01,
    '10.01',
    Number.MAX_SAFE_INTEGER + 1,
    '9007199254740992',
    '99999999999999999',
    1e21,
    1e-7,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '1e3',
    '0x10',
    '1_000',
    '00000000000000001',
    '1,000',
    '10.',
    '.5',
    '١٠',
  ])('the amount %j is refused', (given) => {
    expect(() => parseAmount(given, 'total')).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'total' }),
    )
  })

  test.each([
    [4950n, 'ZAR', '49.50'],
    [-4950n, 'ZAR', '−49.50'],
    [5n, 'ZAR', '0.05'],
    [-5n, 'TND', '−0.005'],
    [0n, 'ZAR', '0.00'],
    [999n, 'XOF', '999'],
    [4950n, 'XOF', '4,950'],
    [0n, 'XOF', '0'],
    [99999n, 'ZAR', '999.99'],
    [100000n, 'ZAR', '1,000.00'],
    [-123456789n, 'TND', '−123,456.789'],
    [maxAmount, 'ZAR', '90,071,992,547,409.91'],
  ] as const)('an amount of %s minor units of %s is shown as %s', (amount, currency, expected) => {
    expect(formatAmount(amount, currency)).toBe(expected)
    expect(formatMoney(amount, currency)).toBe(`${currency} ${expected}`)
  })
})
