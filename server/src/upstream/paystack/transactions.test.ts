import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decline, pay } from '../../../test/paystack/live-account.ts'
import { type OpenedAccount, openAccount, readPages } from '../../../test/paystack/open-account.ts'
import { records } from '../../../test/paystack/samples.ts'
import { systemRandom } from '../../base/ids.ts'
import { parseLossless } from '../../base/lossless-json.ts'
import { createCharge, submitStep } from './charges.ts'
import type { Members } from './reading.ts'
import { markerIn, newAccountReference, newMarker } from './references.ts'
import {
  chargeAuthorization,
  fetchTransaction,
  initializeTransaction,
  listTransactions,
  readTransaction,
  verifyTransaction,
} from './transactions.ts'

let opened: OpenedAccount
beforeAll(async () => {
  opened = await openAccount()
})
afterAll(() => opened.close())

const wanted = () => ({
  reference: newAccountReference(systemRandom),
  marker: newMarker(systemRandom),
  email: 'ada@example.com',
  amount: 500_000n,
  currency: 'NGN' as const,
})

describe('a payment at the account', () => {
  test('a payment is begun under our reference and marker, paid on the account’s page, and verified', async () => {
    const own = wanted()
    expect(own.reference).toMatch(/^[a-z0-9-]{16,50}$/)
    const begun = await initializeTransaction(opened.ask, { ...own, metadata: { cart: 7 }, channels: ['card'] })
    expect(begun).toMatchObject({ is: 'exists', thing: { reference: own.reference } })
    expect((begun as { thing: { authorizationUrl: string } }).thing.authorizationUrl).toMatch(/^https:\/\/checkout/)
    expect(await verifyTransaction(opened.ask, own.reference)).toMatchObject({
      status: 'abandoned',
      paidAt: null,
      authorization: null,
    })
    const { id } = pay(opened.account, own.reference)
    const paid = await verifyTransaction(opened.ask, own.reference)
    expect(paid).toMatchObject({ id: BigInt(id), mode: 'live', status: 'success', amount: 500_000n, fees: 7_500n })
    expect(paid?.metadata).toEqual({ cart: 7, mteja: own.marker })
    expect(markerIn(paid?.metadata ?? null)).toBe(own.marker)
    expect(paid?.authorization).toMatchObject({ code: 'AUTH_ekk8t49ogj', reusable: true, last4: '4081' })
    expect(await fetchTransaction(opened.ask, BigInt(id))).toEqual(paid)
  })

  test('a reference is taken once, and one that is unknown is none', async () => {
    const own = wanted()
    await initializeTransaction(opened.ask, own)
    expect(await initializeTransaction(opened.ask, own)).toEqual({ is: 'exists', thing: null })
    expect(await verifyTransaction(opened.ask, 'mteja-of-nobody-000000')).toBeNull()
    expect(await fetchTransaction(opened.ask, 1n)).toBeNull()
  })

  test.each([
    ['Transaction ID or reference is invalid', 'not_found'],
    ['There is no transaction 4711', 'not_found'],
    ['Transaction not found', 'transaction_not_found'],
  ])('an id that the account does not know is none, in any of its words: %s', async (message, code) => {
    const answer = (body: object) => async () => ({ status: 404, body, retryAfterMs: null })
    expect(await fetchTransaction(answer({ status: false, message, code }), 4711n)).toBeNull()
    await expect(fetchTransaction(answer({ message: 'not found' }), 4711n)).rejects.toThrow('fetch_transaction')
  })

  test.each([
    ['pays', { is: 'conclusive', thing: { status: 'success' } }],
    ['declines', { is: 'conclusive', thing: { status: 'failed', gatewayResponse: 'Declined' } }],
    ['takes_its_time', { is: 'exists', thing: { status: 'processing', authorizationUrl: null } }],
    ['asks', { is: 'exists', thing: { status: 'paused', authorizationUrl: expect.stringMatching(/^https:/) } }],
  ] as const)('a saved instrument that %s is told apart', async (behaviour, result) => {
    const code = `AUTH_${behaviour}`
    opened.account.authorizations.set(code, { email: 'ada@example.com', behaviour })
    expect(await chargeAuthorization(opened.ask, { ...wanted(), authorizationCode: code })).toMatchObject(result)
  })

  test('a saved instrument that is unknown, or another customer’s, is refused with the account’s sentence', async () => {
    expect(await chargeAuthorization(opened.ask, { ...wanted(), authorizationCode: 'AUTH_none' })).toMatchObject({
      is: 'refused',
      reason: 'Authorization code is invalid',
    })
    const own = { ...wanted(), email: 'eve@example.com', authorizationCode: 'AUTH_pays' }
    expect(await chargeAuthorization(opened.ask, own)).toMatchObject({
      is: 'refused',
      reason: expect.stringMatching(/^Email does not match/),
    })
    expect(await verifyTransaction(opened.ask, own.reference)).toBeNull()
  })

  test('mobile money asks the payer, and takes the next step', async () => {
    const phone = '0551234987'
    const offline = await createCharge(opened.ask, {
      ...wanted(),
      instrument: { type: 'mobile_money', phone, provider: 'mtn' },
    })
    expect(offline).toMatchObject({
      is: 'exists',
      thing: { status: 'pay_offline', text: expect.stringMatching(/mobile phone/) },
    })
    const own = wanted()
    const asked = await createCharge(opened.ask, {
      ...own,
      instrument: { type: 'mobile_money', phone, provider: 'vod' },
    })
    expect(asked).toMatchObject({ is: 'exists', thing: { status: 'send_otp' } })
    expect(await submitStep(opened.ask, own.reference, { step: 'otp', otp: '123456' })).toMatchObject({
      is: 'conclusive',
      thing: { status: 'success' },
    })
    const other = wanted()
    await createCharge(opened.ask, { ...other, instrument: { type: 'mobile_money', phone, provider: 'vod' } })
    expect(await submitStep(opened.ask, other.reference, { step: 'otp', otp: '000000' })).toMatchObject({
      is: 'conclusive',
      thing: { status: 'failed', text: 'Token Authorization Not Successful' },
    })
    expect(await submitStep(opened.ask, 'mteja-of-nobody-000000', { step: 'otp', otp: '123456' })).toMatchObject({
      is: 'refused',
      reason: 'Transaction reference is invalid',
    })
  })

  test('a bank transfer is told the account to send the money to', async () => {
    const own = { ...wanted(), instrument: { type: 'bank_transfer', expiresAt: null } as const }
    expect(await createCharge(opened.ask, own)).toMatchObject({
      is: 'exists',
      thing: {
        status: 'pending_bank_transfer',
        account: {
          number: '1230001644',
          name: 'PAYSTACK CHECKOUT',
          bank: { slug: 'test-bank', name: 'Test Bank' },
          expiresAt: expect.any(Date),
        },
      },
    })
  })

  test('the payments of an account are read page by page, in a period and a status', async () => {
    for (let i = 0; i < 120; i++) await initializeTransaction(opened.ask, wanted())
    const own = wanted()
    await initializeTransaction(opened.ask, own)
    decline(opened.account, own.reference)
    const pages = await readPages(listTransactions(opened.ask, { from: new Date(0), to: new Date() }))
    expect(pages.map((page) => page.length)).toEqual([100, opened.account.transactions.length - 100])
    const references = new Set(pages.flat().map(({ reference }) => reference))
    expect(references.size).toBe(opened.account.transactions.length)
    const failed = (await readPages(listTransactions(opened.ask, { status: 'failed' }))).flat()
    expect(failed.map(({ reference }) => reference)).toContain(own.reference)
  })
})

describe('an answer about a payment', () => {
  const read = (own: Members = {}) => readTransaction({ ...records.transaction, ...own })

  test('the sample of the documentation is read as it stands', () => {
    expect(read()).toMatchObject({
      id: 4099260516n,
      mode: 'live',
      amount: 40_333n,
      requestedAmount: 30_050n,
      fees: 10_283n,
      currency: 'NGN',
      metadata: null,
      authorization: null,
      paidAt: new Date('2024-08-22T09:15:02.000Z'),
    })
  })

  test('an id of 64 bits stays what it is', () => {
    const text = JSON.stringify(records.transaction).replace('4099260516', '18446744073709551615')
    expect(readTransaction(parseLossless(text) as Members).id).toBe(18_446_744_073_709_551_615n)
  })

  test('hundredths are minor units of the currency, and are never rounded', () => {
    const francs = { currency: 'XOF', amount: 5_000, requested_amount: 5_000, fees: 100 }
    expect(read(francs)).toMatchObject({ amount: 50n, requestedAmount: 50n, fees: 1n })
    expect(() => read({ ...francs, amount: 5_050 })).toThrow('"amount"')
    expect(() => read({ currency: 'TND' })).toThrow('"amount"')
  })

  test.each([
    ['id', undefined],
    ['id', 1.5],
    ['domain', 'both'],
    ['status', 'paid'],
    ['status', null],
    ['reference', ''],
    ['amount', null],
    ['amount', '12.5'],
    ['amount', -1],
    ['currency', 'ngn'],
  ])('a payment whose %s is %j is not guessed', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(`"${name}"`)
  })

  test.each([
    ['fees', 'none', 'fees'],
    ['fees', -5, 'fees'],
    ['fees', 1.5, 'fees'],
    ['channel', 7, 'channel'],
    ['authorization', 'AUTH_x', 'authorization'],
    ['customer', [], 'customer'],
  ] as const)('a payment whose %s is %j is read, and that is unknown', (name, value, member) => {
    expect(read({ [name]: value })).toMatchObject({ [member]: null, unread: [name] })
  })

  test('a payment whose time cannot be read was not paid before it was made', () => {
    const paid = read({ paid_at: 'yesterday' })
    expect(paid).toMatchObject({ paidAt: paid.createdAt, unread: ['paid_at'] })
    expect(paid.createdAt).toBeInstanceOf(Date)
  })

  test('an amount that has thousandths is not sent', async () => {
    expect(() => initializeTransaction(opened.ask, { ...wanted(), currency: 'TND' })).toThrow(RangeError)
  })
})
