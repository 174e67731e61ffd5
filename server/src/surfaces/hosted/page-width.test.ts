import { existsSync } from 'node:fs'
import process from 'node:process'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'
import { maxAmount } from '../../base/money.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

// Tested only where a browser is installed, because nothing but a browser can lay out a page.
const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome', process.env.CHROMIUM_PATH ?? ''].find(existsSync)

/** The narrowest telephone that pages are made for, in pixels. */
const width = 360
const longWord = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(5).slice(0, 150)
const longName = `Duka la Zawadi ${longWord}`
const email = `${'a'.repeat(60)}@${'b'.repeat(60)}.example`
const reference = 'order-17_'.repeat(10)
let made = 0
const cancelUrl = `https://shop.example/${'basket'.repeat(50)}`

let api: TestApi
let tenant: TestTenant
let origin: string
let browser: Browser
let page: Page
let customerId: string

beforeAll(async () => {
  if (executablePath === undefined) return
  api = await openTestApi({ pageFolder: new URL('nothing/', import.meta.url) })
  tenant = await createTestTenant(api.service, { name: longName, country: 'NG', currencies: ['ZAR', 'NGN'] })
  origin = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const args = ['--no-sandbox', '--disable-gpu', '--disable-sync']
  browser = await chromium.launch({ executablePath, args, timeout: 0 })
  page = await browser.newPage({ viewport: { width, height: 640 }, isMobile: true, javaScriptEnabled: false })
  page.setDefaultTimeout(0)
  const given = { email, name: `${longWord} ${longWord}`.slice(0, 200), phoneNumber: '+2348031234567', metadata: {} }
  customerId = (await send('/api/canary/customers', given)).id
})
afterAll(async () => {
  await browser?.close()
  await api?.close()
})

async function send(path: string, body: object) {
  const answer = await api.call('POST', path, body, tenant.secret)
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.body}`)
  return answer.json()
}

const pathOf = (url: string) => new URL(url).pathname
const openPay = async () => {
  const asked = {
    email,
    amount: String(maxAmount),
    currency: 'ZAR',
    reference: `${reference}${made++}`,
  }
  const { data } = await send('/transaction/initialize', { ...asked, metadata: { cancel_action: cancelUrl } })
  return pathOf(data.authorization_url)
}
const openCheckout = async (more: object = {}) => {
  const lineItems = [
    { name: longWord, amount: Number(maxAmount), currency: 'ZAR', quantity: 1 },
    { name: 'Bread and butter', amount: 1, currency: 'ZAR', quantity: 1_000_000 },
  ]
  const body = { totalAmount: Number(maxAmount), currency: 'ZAR', lineItems, cancelUrl, metadata: {}, ...more }
  return pathOf((await send('/api/canary/checkout/sessions', body)).sessionUrl)
}
const openMandate = async () => {
  const { data } = await send('/customer/authorization/initialize', { email, channel: 'direct_debit' })
  return pathOf(data.redirect_url)
}
const openStatement = async () => {
  const amount = Number(maxAmount)
  await send('/v1/sandbox/pay-ins', { customerId, amount, currency: 'NGN', description: longWord })
  const spent = { customerId, currency: 'NGN', amount, productId: 'airtime', quantity: 1, description: longWord }
  await send('/api/canary/purchases', spent)
  return pathOf(
    (
      await send(`/v1/customers/${customerId}/statement-links`, {
        from: '2026-01-01',
        to: '2026-01-31',
        currency: 'NGN',
      })
    ).url,
  )
}

/** What a browser shows after a form was sent, as the page of this server. */
async function submit(path: string, fields: Record<string, string>) {
  const answer = await api.app.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  })
  return answer
}
const card = (number: string) => ({ method: 'card', number, expiry: '12/30', cvv: '408' })

/** Reads the width of the page, and the texts that reach beyond its right edge. The script is text: it runs in the browser. */
const measuring = `(() => {
  document.querySelectorAll('details').forEach((each) => each.setAttribute('open', ''))
  const beyond = []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const range = document.createRange()
    range.selectNodeContents(texts.currentNode)
    if (range.getBoundingClientRect().right > ${width}) beyond.push(range.toString().trim().slice(0, 100))
  }
  return { width: document.documentElement.scrollWidth, beyond: beyond.filter(Boolean) }
})()`

const measure = () => page.evaluate(measuring)

const fits = { width, beyond: [] }

const pages: [string, () => Promise<string>][] = [
  ['start page', async () => '/app'],
  ['pay page', openPay],
  [
    'pay page of a declined payment',
    async () => {
      const path = await openPay()
      await submit(path, card('4084080000005408'))
      return path
    },
  ],
  [
    'page of a paid payment',
    async () => {
      const path = await openPay()
      await submit(path, card('4084084084084081'))
      return path
    },
  ],
  [
    'page of a payment under way',
    async () => {
      const path = await openPay()
      await submit(path, card('4084080000060007'))
      return path
    },
  ],
  ['checkout page', openCheckout],
  ['checkout page for cards only', () => openCheckout({ hostedCheckoutConfig: { methods: ['card'] } })],
  ['mandate page', openMandate],
  [
    'page of an approved mandate',
    async () => {
      const path = await openMandate()
      await submit(path, { accountNumber: '0123456789', bankCode: '058' })
      return path
    },
  ],
  ['statement', openStatement],
  ['page of a link that opens nothing', async () => `/pay/${longWord.slice(0, 90)}`],
]

test.skipIf(executablePath === undefined).each(pages)(
  `the %s is no wider than ${width} pixels, with the longest names and amounts`,
  async (_name, open) => {
    const path = await open()
    await page.goto(`${origin}${path}`)
    expect(await page.locator('main').count(), path).toBe(1)
    expect(await measure()).toEqual(fits)
  },
)

test.skipIf(executablePath === undefined).each([
  ['pay page', openPay, { method: 'mobile_money', phone: 'x'.repeat(40) }],
  ['checkout page', openCheckout, { method: 'card', number: '1', expiry: '13/30', cvv: 'x' }],
  ['mandate page', openMandate, { accountNumber: 'x'.repeat(40), bankCode: '' }],
])(`the faults of a form on the %s are no wider than ${width} pixels`, async (_name, open, fields) => {
  const path = await open()
  const { statusCode, body } = await submit(path, fields as Record<string, string>)
  expect(statusCode).toBe(400)
  await page.setContent(body)
  expect(await measure()).toEqual(fits)
})
