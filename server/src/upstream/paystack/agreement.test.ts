import { describe, expect, test } from 'vitest'
import { records } from '../../../test/paystack/samples.ts'
import { type ExpectedPayment, findDisagreements } from './agreement.ts'
import { markMetadata } from './references.ts'
import { readTransaction } from './transactions.ts'

const marker = 'abcdefghijklmnopqrstuvwx'
const expected: ExpectedPayment = { amount: 40_333n, currency: 'NGN', mode: 'live', marker }
const found = (own: object = {}) => readTransaction({ ...records.transaction, metadata: markMetadata(marker), ...own })

describe('a verified payment and the one expected', () => {
  test('a payment agrees when its status, amount, currency, domain and marker agree', () => {
    expect(findDisagreements(expected, found())).toEqual([])
    expect(findDisagreements(expected, found({ metadata: JSON.stringify({ cart: 1, mteja: marker }) }))).toEqual([])
  })

  test.each([
    ['status', { status: 'abandoned' }],
    ['status', { status: 'reversed' }],
    ['status', { status: 'reversal-pending' }],
    ['amount', { amount: 40_332 }],
    ['amount', { amount: 40_334 }],
    ['currency', { currency: 'GHS' }],
    ['domain', { domain: 'test' }],
    ['marker', { metadata: markMetadata('another') }],
    ['marker', { metadata: '' }],
    ['marker', { metadata: null }],
    ['marker', { metadata: 0 }],
  ])('a payment disagrees by its %s alone: %j', (name, own) => {
    expect(findDisagreements(expected, found(own))).toEqual([name])
  })

  test('the amount asked for counts where the payer bears the fee, and never less is taken for it', () => {
    // 30,050 were asked for, and the fee was 10,283.
    const byPayer: ExpectedPayment = { ...expected, amount: 30_050n }
    expect(findDisagreements(byPayer, found())).toEqual([])
    expect(findDisagreements(byPayer, found({ requested_amount: 30_051 }))).toEqual(['amount'])
    expect(findDisagreements(byPayer, found({ requested_amount: null }))).toEqual(['amount'])
    expect(findDisagreements(byPayer, found({ fees: 10_282 }))).toEqual(['amount'])
    // While the fee is not known the amount that was asked for says so alone.
    expect(findDisagreements(byPayer, found({ fees: null }))).toEqual([])
    expect(findDisagreements(byPayer, found({ fees: null, amount: 30_049 }))).toEqual(['amount'])
    expect(findDisagreements(byPayer, found({ fees: null, requested_amount: null }))).toEqual(['amount'])
    expect(findDisagreements(byPayer, found({ amount: 30_049 }))).toEqual(['amount'])
  })

  test('all that disagrees is named', () => {
    const own = { status: 'failed', amount: 1, currency: 'GHS', domain: 'test', metadata: '' }
    expect(findDisagreements(expected, found(own))).toEqual(['status', 'amount', 'currency', 'domain', 'marker'])
  })
})
