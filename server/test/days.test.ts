import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from './api.ts'
import { createTestTenant, type TestTenant } from './service.ts'

// Days are the merchant's, and the last day of a period is in the period: on every surface.

const adminKey = 'operator-0123456789'

let api: TestApi
let tenant: TestTenant
let ada: string

beforeAll(async () => {
  api = await openTestApi({ adminKey })
})
afterAll(() => api.close())

const get = (path: string) => api.call('GET', path, undefined, tenant.secret)
async function send(path: string, body: object) {
  const answer = await api.call('POST', path, body, tenant.secret)
  expect([answer.statusCode, answer.body]).toEqual([expect.toSatisfy((status) => status < 300), expect.anything()])
  return answer.json()
}
const addCustomer = async (email: string) =>
  (await send('/api/canary/customers', { phoneNumber: '+2348031234567', email })).id as string

/** Moves the clock, which tests of this file only move forward. */
function waitUntil(instant: string): void {
  const { clock } = api.service
  clock.advance(Date.parse(instant) - clock.now().getTime())
}

async function begin(merchant: { country: string; timeZone?: string }): Promise<void> {
  tenant = await createTestTenant(api.service, { ...merchant, currencies: ['NGN'] })
  ada = await addCustomer('ada@example.com')
}

describe('a merchant in Lagos asks for November', () => {
  const amounts = Array.from({ length: 32 }, (_, i) => 100 + i)

  /** Pays in at the last and at the first moment of each day of November, by the clocks of Lagos, and a moment outside. */
  beforeAll(async () => {
    waitUntil('2026-10-15T00:00:00Z')
    await begin({ country: 'NG' })
    await send('/v1/webhook-endpoints', { url: 'https://example.com/hook' })
    waitUntil('2026-10-31T22:59:59.999Z')
    await payIn(amounts[0] as number)
    for (let day = 1; day <= 30; day++) {
      waitUntil(`2026-${day === 1 ? '10-31' : `11-${String(day - 1).padStart(2, '0')}`}T23:00:00.000Z`)
      await payIn(amounts[day] as number)
    }
    waitUntil('2026-11-30T22:59:59.999Z')
    await addCustomer('last@example.com')
    await send('/transaction/initialize', { email: 'last@example.com', amount: 5000 })
    waitUntil('2026-11-30T23:00:00.000Z')
    await payIn(amounts[31] as number)
    await addCustomer('late@example.com')
    await send('/transaction/initialize', { email: 'late@example.com', amount: 6000 })
  })
  const payIn = (amount: number) => send('/v1/sandbox/pay-ins', { customerId: ada, amount })

  const november = amounts.slice(1, 31)

  test('the statement has all thirty days, and says which days they are', async () => {
    const statement = (await get(`/v1/customers/${ada}/statement?from=2026-11-01&to=2026-11-30`)).json()
    expect(statement).toMatchObject({
      from: '2026-10-31T23:00:00.000Z',
      to: '2026-11-30T23:00:00.000Z',
      timeZone: 'Africa/Lagos',
      openingBalance: 100,
      entryCount: 30,
    })
    expect(statement.entries.map((each: { amount: number }) => each.amount)).toEqual(november)
  })

  test('the statement’s table has the times of Lagos', async () => {
    const { body } = await get(`/v1/customers/${ada}/statement?from=2026-11-01&to=2026-11-30&format=csv`)
    const lines = body.trim().split('\r\n')
    expect(lines).toHaveLength(33)
    expect(lines[1]).toMatch(/^,2026-11-01T00:00:00.000\+01:00,,opening_balance/)
    expect(lines.slice(2, -1).map((line: string) => line.split(',')[1])).toEqual(
      november.map((_, i) => `2026-11-${String(i + 1).padStart(2, '0')}T00:00:00.000+01:00`),
    )
    expect(lines.at(-1)).toMatch(/^,2026-12-01T00:00:00.000\+01:00,,closing_balance/)
  })

  test('the balance at the last day is the closing balance of the statement until that day', async () => {
    for (const day of [
      '2026-11-30',
      '2026-11-15',
      '2026-11-15T00:00:00%2B01:00',
      '2026-11-14T23:00:00.001Z',
      '2026-10-01',
    ]) {
      const statement = (await get(`/v1/customers/${ada}/statement?from=2026-01-01&to=${day}`)).json()
      const { balances, at, timeZone } = (await get(`/v1/customers/${ada}/balances?at=${day}`)).json()
      expect([balances[0].posted, at, timeZone]).toEqual([statement.closingBalance, statement.to, 'Africa/Lagos'])
    }
  })

  test('every other list of every surface has the last day too, and not the day after', async () => {
    const period = 'from=2026-11-01&to=2026-11-30'
    const emails = (items: { email: string }[]) => items.map((each) => each.email)
    expect(emails((await get(`/customer?${period}`)).json().data)).toEqual(['last@example.com'])
    expect(emails((await get(`/customer?${period}&use_cursor=true`)).json().data)).toEqual(['last@example.com'])
    const amountsOf = (items: { amount: number }[]) => items.map((each) => each.amount)
    expect(amountsOf((await get(`/transaction?${period}`)).json().data)).toEqual([5000])
    expect(amountsOf((await get(`/transaction?${period}&use_cursor=true`)).json().data)).toEqual([5000])
    for (const path of ['/v1/events', '/v1/deliveries']) {
      const page = (await get(`${path}?${period}&limit=100`)).json()
      expect([path, page.data.length]).toEqual([path, 31])
    }
    const events = (await get('/api/canary/events?startDate=2026-11-01&endDate=2026-11-30&limit=100')).json()
    expect(events.pagination.total).toBe(31)
  })

  test('the analytics of the day count by the days of Lagos', async () => {
    const { transactions } = (await get('/api/canary/analytics')).json()
    expect(transactions.breakdown).toEqual([
      ...amounts.slice(2, 31).map((sum, i) => ({ date: `2026-11-${String(i + 2).padStart(2, '0')}`, count: 1, sum })),
      { date: '2026-12-01', count: 1, sum: amounts[31] },
    ])
  })
})

describe('periods of other clocks', () => {
  test('a merchant’s time zone is that of its country, or another that was chosen', async () => {
    const zoneOf = async (merchant: { country: string; timeZone?: string }) => {
      await begin(merchant)
      return (await get(`/v1/customers/${ada}/balances`)).json().timeZone
    }
    expect(await zoneOf({ country: 'KE' })).toBe('Africa/Nairobi')
    expect(await zoneOf({ country: 'KE', timeZone: 'europe/london' })).toBe('Europe/London')
    await expect(createTestTenant(api.service, { timeZone: 'Africa/Nowhere' })).rejects.toThrow(
      'timeZone must be the IANA name of a time zone, such as Africa/Lagos, not "Africa/Nowhere"',
    )
  })

  test('a day with 23 or 25 hours is a whole day', async () => {
    await begin({ country: 'EG' })
    const statement = async (day: string) => (await get(`/v1/customers/${ada}/statement?from=${day}&to=${day}`)).json()
    expect(await statement('2027-04-30')).toMatchObject({
      from: '2027-04-29T22:00:00.000Z',
      to: '2027-04-30T21:00:00.000Z',
    })
    expect(await statement('2027-10-28')).toMatchObject({
      from: '2027-10-27T21:00:00.000Z',
      to: '2027-10-28T22:00:00.000Z',
    })
  })

  test('the analytics of a month in which clocks changed have each of its days once', async () => {
    await begin({ country: 'EG' })
    waitUntil('2027-10-01T12:00:00Z')
    for (let day = 0; day < 35; day++) {
      await send('/v1/sandbox/pay-ins', { customerId: ada, amount: 1 })
      api.service.clock.advance(day === 34 ? 0 : 24 * 60 * 60 * 1000)
    }
    const { breakdown } = (await get('/api/canary/analytics')).json().transactions
    expect(new Set(breakdown.map((each: { date: string }) => each.date)).size).toBe(30)
    expect(breakdown.map((each: { count: number }) => each.count)).toEqual(Array(30).fill(1))
    expect([breakdown[0].date, breakdown[29].date]).toEqual(['2027-10-06', '2027-11-04'])
  })
})

describe('days that do not exist', () => {
  beforeEach(() => begin({ country: 'NG' }))

  test.each([
    ['/v1/customers/ADA/statement', 'from', '&to=2026-12-01'],
    ['/v1/customers/ADA/statement', 'to', '&from=2026-01-01'],
    ['/v1/customers/ADA/balances', 'at', ''],
    ['/v1/events', 'from', ''],
    ['/v1/events', 'to', ''],
    ['/v1/deliveries', 'from', ''],
    ['/v1/deliveries', 'to', ''],
    ['/customer', 'from', ''],
    ['/customer', 'to', '&use_cursor=true'],
    ['/transaction', 'from', ''],
    ['/transfer', 'from', ''],
    ['/transaction', 'to', '&use_cursor=true'],
    ['/transaction/totals', 'to', ''],
    ['/api/canary/balance/history', 'startDate', ''],
    ['/api/canary/balance/history', 'endDate', ''],
    ['/api/canary/events', 'startDate', ''],
    ['/api/canary/events', 'endDate', ''],
  ])('%s refuses a day of %s that does not exist', async (path, name, rest) => {
    for (const day of ['2026-02-30', '2026-11-31T00:00:00Z', '2027-02-29 10:00']) {
      const answer = await get(`${path.replace('ADA', ada)}?${name}=${encodeURIComponent(day)}${rest}`)
      // Paystack's own words for both faults of a date.
      const words = /^\/(customer|transaction|transfer)/.test(path)
        ? `Invalid '${name}' date passed`
        : `${name} must be a day and a time that exist, not \\"${day}\\"`
      expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining(words)])
    }
  })

  test('expiries and filters in bodies refuse a day that does not exist', async () => {
    const refused = async (path: string, body: object, field: string) => {
      const answer = await api.call('POST', path, body, tenant.secret)
      expect([answer.statusCode, answer.body]).toEqual([
        400,
        expect.stringContaining(`${field} must be a day and a time`),
      ])
    }
    const expiresAt = '2028-02-30T10:00:00Z'
    await refused('/v1/holds', { customerId: ada, amount: 1, expiresAt }, 'expiresAt')
    const intent = { customerId: ada, amount: 500, currency: 'NGN', expiresAt }
    await refused('/api/canary/payment-intents', intent, 'expiresAt')
    await refused('/v1/deliveries/resend', { from: '2026-02-30' }, 'from')
  })

  test('a key whose expiry is a day can be used until the end of this day, however it is made', async () => {
    const day = new Date(api.service.clock.now().getTime() + 2 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10)
    const end = `${day}T23:00:00.000Z`
    const made = await send('/v1/api-keys', { expiresAt: day })
    const replacing = await send(`/v1/api-keys/${made.id}/replace`, { expiresAt: day })
    const merchant = `/v1/merchants/${tenant.merchant.code}/api-keys`
    const given = (await api.call('POST', merchant, { mode: 'test', expiresAt: day }, adminKey)).json()
    expect([made.expiresAt, replacing.expiresAt, given.expiresAt]).toEqual([end, end, end])
  })

  test('an expiry without an offset is read by the merchant’s clocks', async () => {
    const tomorrow = new Date(api.service.clock.now().getTime() + 24 * 60 * 60 * 1000).toISOString().slice(0, 10)
    const intent = await send('/api/canary/payment-intents', {
      customerId: ada,
      amount: 500,
      currency: 'NGN',
      expiresAt: `${tomorrow}T23:30:00`,
    })
    expect(intent.expiresAt).toBe(`${tomorrow}T22:30:00.000Z`)
  })
})
