import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../client/test/server.ts'
import { buildPage, needsPage } from '../../scripts/page.mjs'
import { executablePath, openBrowser } from './browser.ts'
import { type Seed, seed } from './seed.ts'

// What a person of each role comes for, from the sign-in on, and what happens when the server or the key goes away.

const hasBrowser = executablePath !== undefined
const browserTest = test.skipIf(!hasBrowser)

let server: StartedServer
let seeded: Seed
let browser: Browser

beforeAll(async () => {
  if (!hasBrowser) return
  if (needsPage()) expect(await buildPage()).toBe(0)
  server = await startServer()
  seeded = await seed(server, 3)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

async function signedIn(key: string, path = ''): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-ZA' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  // The browser's own measure: the sum of all shifts that nobody caused by a press.
  await page.addInitScript(() => {
    const shifts = { sum: 0 }
    Object.assign(window, { shifts })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[]) {
        if (!entry.hadRecentInput) shifts.sum += entry.value
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await page.goto(`${server.baseUrl}/app${path}`)
  await page.getByLabel('Secret key').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation').waitFor()
  return page
}

const gone = (page: Page) => page.getByRole('dialog').waitFor({ state: 'detached' })

browserTest(
  'support finds a customer by half a phone number, sees what happened, denies with a reason and takes it back',
  async () => {
    const page = await signedIn(seeded.keys.support)
    await page.keyboard.press('/')
    await page.getByRole('combobox').fill('4567')
    await page.getByRole('option', { name: /Ada Obi/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('Received from Thandi Nkosi').waitFor()
    await page.getByRole('button', { name: 'Act' }).click()
    await page.getByRole('menuitem', { name: 'Allow, deny or default …' }).click()
    await page.getByLabel('Reason').fill('Phone reported stolen')
    await page.getByRole('button', { name: 'Deny', exact: true }).click()
    await gone(page)
    await page.getByText('“Phone reported stolen”').waitFor()
    // The colleague who looks for denied customers finds them.
    await page.goto(`${server.baseUrl}/app/customers?risk=deny`)
    await page.getByRole('link', { name: /Ada Obi/ }).waitFor()
    await page.goBack()
    await page.getByRole('button', { name: 'Act' }).click()
    await page.getByRole('menuitem', { name: 'Allow, deny or default …' }).click()
    await page.getByRole('button', { name: 'Set to default' }).click()
    await page.getByText('default risk').waitFor()
    await page.context().close()
  },
)

browserTest('finance sees whether it adds up, what moved, and answers a dispute', async () => {
  const { cashful, mteja, paystack } = seeded
  const customer = await cashful.customers.create({ name: 'Sizwe Dube', email: 'sizwe@example.com', metadata: {} })
  const { authorizationCode } = await mteja.sandbox.createPaymentMethod({ customerId: customer.id, type: 'card' })
  const charged = await paystack.transactions.chargeAuthorization({
    email: 'sizwe@example.com',
    amount: 5000,
    currency: 'ZAR',
    authorization_code: authorizationCode,
  })
  await mteja.sandbox.dispute({ reference: charged.reference, reason: 'Not mine', amount: 3000 })
  const page = await signedIn(seeded.keys.finance, '/money')
  await page.getByText('Owed to customers, and held for them').waitFor()
  await page.getByText('held in full ✓').first().waitFor()
  await page.getByRole('article', { name: 'Purchase' }).waitFor()
  await page.getByRole('tab', { name: 'Disputes' }).click()
  await page.getByRole('button', { name: /Not mine/ }).click()
  await page.getByRole('button', { name: 'Accept …' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: /^Accept R/ }).click()
  await page.getByRole('dialog').getByText('Lost ✕').waitFor()
  await page.context().close()
})

browserTest('money that may have moved already is sent again as it was, and moves once', async () => {
  const page = await signedIn(seeded.keys.owner, `/customers/${seeded.thandi}`)
  const dialog = page.getByRole('dialog')
  const press = (name: string | RegExp) => dialog.getByRole('button', { name, exact: true }).click()
  await page.getByRole('button', { name: 'Act' }).click()
  await page.getByRole('menuitem', { name: 'Send to another customer …' }).click()
  await dialog.getByLabel('To', { exact: true }).fill('Ada')
  await dialog.getByRole('button', { name: /Ada Obi/ }).click()
  await dialog.getByLabel('Amount (ZAR)').fill('9000')
  await press('Continue')
  await press(/^Send R/)
  await dialog.getByRole('alert').waitFor()
  // A refusal moves nothing: the form can be changed.
  await press('Back')
  await dialog.getByLabel('Amount (ZAR)').fill('7.77')
  await page.route('**/transfers', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    await route.fetch()
    await route.abort('connectionreset')
  })
  await press('Continue')
  await press(/^Send R/)
  await dialog.getByText('The server cannot be reached.').waitFor()
  await page.unroute('**/transfers')
  expect(await dialog.getByRole('button').allTextContents()).toEqual(['', expect.stringMatching(/^Send R/), 'Close'])
  await press(/^Send R/)
  await gone(page)
  const sent = await seeded.cashful.transfers.list().page()
  expect(sent.data.filter(({ amount }) => amount === 777)).toHaveLength(1)
  await page.context().close()
})

browserTest('a developer finds a request by its id, and what it did', async () => {
  const { data } = await seeded.mteja.audit.list({ action: 'transfer', limit: 1 }).page()
  const requestId = data[0]?.requestId ?? ''
  const page = await signedIn(seeded.keys.developer)
  await page.getByRole('combobox').fill(requestId)
  await page.getByRole('option', { name: /Request/ }).click()
  await page.getByRole('heading', { name: 'What it did' }).waitFor()
  await page.getByRole('link', { name: /transfer\.completed/ }).waitFor()
  await page.context().close()
})

browserTest('nothing moves while a screen loads: the browser’s own measure is 0', async () => {
  const page = await signedIn(seeded.keys.owner)
  const found: Record<string, number> = {}
  for (const path of [
    '/home',
    '/customers',
    '/customers?money=yes',
    `/customers/${seeded.ada}`,
    `/customers/${seeded.ada}?tab=methods`,
    '/money?tab=overview',
    '/money?tab=purchases',
    '/money?tab=disputes',
    '/developers?tab=keys',
    '/developers?tab=events',
    '/audit',
  ]) {
    await page.goto(`${server.baseUrl}/app${path}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForTimeout(1200)
    found[path] = await page.evaluate(() => (window as unknown as { shifts: { sum: number } }).shifts.sum)
  }
  expect(Object.entries(found).filter(([, sum]) => sum > 0)).toEqual([])
  await page.context().close()
})

browserTest('a server that goes away and comes back is followed again, and what happened is shown', async () => {
  const page = await signedIn(seeded.keys.support, `/customers/${seeded.thandi}`)
  await page.getByRole('heading', { name: 'Thandi Nkosi' }).waitFor()
  await server.kill()
  await page
    .getByText(/The server cannot be reached/)
    .first()
    .waitFor({ timeout: 60_000 })
  await server.start()
  await seeded.mteja.sandbox.payIn({ customerId: seeded.thandi, amount: 12_345, currency: 'ZAR' })
  await page.getByTitle('12345 minor units of ZAR').first().waitFor({ timeout: 60_000 })
  await page.context().close()
})

browserTest('a session that is left open until its key has expired ends with a sentence', async () => {
  const expiresAt = new Date(Date.now() + 8000).toISOString()
  const { secret } = await seeded.mteja.apiKeys.create({ role: 'support', expiresAt })
  const page = await signedIn(secret, '/customers')
  await page.getByText('Your key is no longer accepted').waitFor({ timeout: 60_000 })
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
  await page.context().close()
})
