import { expect, test } from 'vitest'
import { useWalletApi } from '../../../test/wallet-api.ts'

const wallet = useWalletApi()

const period = { from: '2026-01-01', to: '2026-01-31' }
const lifetimeMs = 15 * 60 * 1000

async function link(body: object = period, customer = wallet.ada) {
  return wallet.send('POST', `/v1/customers/${customer}/statement-links`, body)
}

/** Opens an address as a browser does: without a key. */
const open = (url: string) => wallet.api.app.inject({ method: 'GET', url: new URL(url).pathname })

async function openedToken(): Promise<string> {
  await wallet.payIn(wallet.ada, 5000)
  const answer = await link()
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json().url.split('/').at(-1)
}

const openToken = (token: string) => open(`http://x/statement/${token}`)

test('a link opens the statement in a browser, without a key in the address or in a header', async () => {
  await wallet.payIn(wallet.ada, 5000)
  const made = await link()
  const { url, expiresAt } = made.json()
  expect([made.statusCode, url]).toEqual([
    201,
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:9000\/statement\/[\w-]+$/),
  ])
  expect(Date.parse(expiresAt) - wallet.api.service.clock.now().getTime()).toBe(lifetimeMs)
  expect(url).not.toContain(wallet.tenant.secret)
  const page = await open(url)
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  expect(page.body).toContain('1 to 31 January 2026')
  expect(page.body).toContain('+50.00')
  expect(page.body.endsWith('</html>\n')).toBe(true)
})

test('the page of a link is kept by no cache, names no referrer, and loads and runs nothing', async () => {
  const { headers, body } = await openToken(await openedToken())
  expect(headers).toMatchObject({ 'cache-control': 'no-store, no-transform', 'referrer-policy': 'no-referrer' })
  expect(headers['content-security-policy']).toContain("default-src 'none'")
  expect(body).not.toMatch(/<script|src=|<link|@import|url\(|href=/)
})

test('the page of a link shows what the same statement shows to a caller with a key', async () => {
  const page = await openToken(await openedToken())
  const query = `from=${period.from}&to=${period.to}&format=html`
  expect(page.body).toBe((await wallet.get(`/v1/customers/${wallet.ada}/statement?${query}`)).body)
})

test('a link says nothing about the customer, the merchant or the period', async () => {
  const bytes = Buffer.from(await openedToken(), 'base64url').toString('latin1')
  expect(bytes).not.toContain(wallet.ada)
  expect(bytes).not.toMatch(/ZAR|test/)
})

test('a link opens for fifteen minutes', async () => {
  const token = await openedToken()
  wallet.api.service.clock.advance(lifetimeMs - 1)
  expect((await openToken(token)).statusCode).toBe(200)
  wallet.api.service.clock.advance(1)
  const late = await openToken(token)
  expect([late.statusCode, late.body]).toEqual([404, expect.stringContaining('Ask for a new link')])
})

test('a link opens no more once the key of its maker is revoked', async () => {
  const token = await openedToken()
  const { data } = (await wallet.get('/v1/api-keys')).json()
  for (const { id } of data) await wallet.send('DELETE', `/v1/api-keys/${id}`)
  expect((await openToken(token)).statusCode).toBe(404)
})

test('a link opens one statement: of its customer, its currency and its period', async () => {
  await wallet.payIn(wallet.ada, 5000)
  await wallet.payIn(wallet.ada, 77, 'XOF')
  await wallet.payIn(wallet.ben, 4321)
  const { url } = (await link({ ...period, currency: 'XOF' })).json()
  const { body } = await wallet.api.app.inject({
    method: 'GET',
    url: `${new URL(url).pathname}?from=2000-01-01&to=2100-01-01&currency=ZAR&customerId=${wallet.ben}`,
  })
  expect(body).toContain('<dt>Closing balance</dt><dd class="amount"><strong>XOF 77</strong></dd>')
  expect(body).not.toMatch(/50\.00|43\.21/)
})

test('a link of which any byte is changed, cut or added opens nothing', async () => {
  const token = await openedToken()
  const bytes = Buffer.from(token, 'base64url')
  const spoilt = [...bytes.keys()].map((i) => {
    const copy = Buffer.from(bytes)
    copy[i] = (copy[i] as number) ^ 1
    return copy
  })
  spoilt.push(bytes.subarray(0, -1), bytes.subarray(1), Buffer.concat([bytes, Buffer.from([0])]), Buffer.alloc(0))
  for (const each of spoilt) {
    const path = each.length === 0 ? '0' : each.toString('base64url')
    expect([path, (await openToken(path)).statusCode]).toEqual([path, 404])
  }
})

test('a text that the vault sealed for another purpose opens nothing', async () => {
  const sealed = (purpose: string) =>
    wallet.api.service.vault
      .seal(JSON.stringify([wallet.tenant.merchant.id, 'test', wallet.ada, 'ZAR', 0, 4e12, 4e12, null]), purpose)
      .toString('base64url')
  await wallet.payIn(wallet.ada, 5000)
  for (const purpose of ['account', 'answer', 'signing-key', '']) {
    expect([purpose, (await openToken(sealed(purpose))).statusCode]).toEqual([purpose, 404])
  }
  expect((await openToken(sealed('statement-link'))).statusCode).toBe(200)
})

test.each(['%00', 'x'.repeat(400), '%3Cscript%3E', 'null', '..%2f..', '__proto__'])(
  'the address /statement/%s answers 404 with a page',
  async (token) => {
    const answer = await wallet.api.app.inject({ method: 'GET', url: `/statement/${token}` })
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
    expect(answer.body).not.toContain('<script')
  },
)

test('a link that is asked for again under its key is the same link', async () => {
  await wallet.payIn(wallet.ada, 5000)
  const path = `/v1/customers/${wallet.ada}/statement-links`
  const [first, again] = [
    await wallet.send('POST', path, period, 'link-1'),
    await wallet.send('POST', path, period, 'link-1'),
  ]
  expect(again.json()).toEqual(first.json())
  expect(again.headers['idempotent-replayed']).toBe('true')
})

test.each([
  [{ from: '2026-02-01', to: '2026-01-01' }, 400, 'invalid_request'],
  [{ from: '2026-01-01' }, 400, 'invalid_request'],
  [{ from: 'x', to: '2026-01-01' }, 400, 'invalid_request'],
  [{ ...period, currency: 'KES' }, 400, 'currency_not_held'],
  [{ ...period, currency: 'USD' }, 400, 'currency_not_held'],
])('a link to the statement %j is refused', async (body, status, code) => {
  await wallet.payIn(wallet.ada, 5000)
  const answer = await link(body)
  expect([answer.statusCode, answer.json().error.code]).toEqual([status, code])
})
