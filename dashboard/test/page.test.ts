import type { Page } from 'playwright-core'
import { beforeAll, expect } from 'vitest'
import { screens } from './screens.ts'
import { hostileName } from './seed.ts'
import { act, browserTest, faults, gone, startPage } from './start-page.ts'

// What the page shows and does, in one tab that is signed in.

const app = startPage({ customers: 8 })
let page: Page
/** Everything that the browser complained about, and every host that it asked. */
const complaints: string[] = []
const hosts = new Set<string>()

beforeAll(async () => {
  if (!app.browser) return
  page = await openPage()
  await signIn(page, app.seeded.keys.owner)
})

async function openPage(): Promise<Page> {
  const context = await app.browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-ZA' })
  const opened = await context.newPage()
  opened.setDefaultTimeout(15_000)
  opened.on('console', (message) => {
    // A refusal that a test asks for is told by the browser as well, and so is the end of a revoked key's stream.
    if (message.type() === 'error' && !/status of 4\d\d|ERR_INCOMPLETE_CHUNKED/.test(message.text()))
      complaints.push(message.text())
  })
  opened.on('pageerror', (error) => complaints.push(String(error)))
  opened.on('request', (request) => hosts.add(new URL(request.url()).host))
  return opened
}

async function signIn(on: Page, key: string, path = ''): Promise<void> {
  await on.goto(`${app.server.baseUrl}/app${path}`)
  await on.getByLabel('Secret key').fill(key)
  await on.getByRole('button', { name: 'Sign in' }).click()
  await on.getByRole('navigation').waitFor()
}

/** Fills the form in, reads the sentence, and presses the button that repeats it. */
async function confirm(button: string | RegExp): Promise<string> {
  await page.getByRole('button', { name: 'Continue' }).click()
  const sentence = (await page.getByRole('dialog').locator('p').first().textContent()) ?? ''
  await page.getByRole('button', { name: button }).click()
  return sentence
}

browserTest('a key that is none is refused with the server’s words, and a right one opens the merchant', async () => {
  const other = await openPage()
  await other.goto(`${app.server.baseUrl}/`)
  await other.getByLabel('Secret key').fill('sk_test_nobody')
  await other.getByRole('button', { name: 'Sign in' }).click()
  await other.getByRole('alert').getByText('not valid').waitFor()
  expect(await faults(other)).toEqual([])
  await signIn(other, app.seeded.keys.owner)
  await other.getByText('Mteja · Lipa Ltd').waitFor()
  await other.getByText('Test mode').waitFor()
  expect(other.url()).not.toContain('sk_test')
  expect(await other.evaluate('JSON.stringify(localStorage)')).not.toContain('sk_')
  await other.context().close()
})

browserTest('a customer is found by half a phone number, and the history of their money is told in words', async () => {
  await page.keyboard.press('/')
  await page.getByRole('combobox').fill('4567')
  await page.getByRole('option', { name: /Ada Obi/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Ada Obi' }).waitFor()
  await page.getByText('Received from Thandi Nkosi').waitFor()
  await page.getByText('Sent to Thandi Nkosi').waitFor()
  expect(await faults(page)).toEqual([])
  await page.getByText('Received from Thandi Nkosi').click()
  await page.getByText('Both sides').waitFor()
  expect(page.url()).toContain('entry=')
  expect(await faults(page)).toEqual([])
  await page.keyboard.press('Escape')
  await gone(page)
})

browserTest('a new customer is paid in, sends to another, and is refused once denied', async () => {
  await app.goTo(page, '/customers?new')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Neo Molefe')
  await dialog.getByLabel('Phone').fill('082 765 4321')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'Neo Molefe' }).waitFor()

  await act(page, 'Pay in (test money) …')
  await page.getByLabel('Amount (ZAR)').fill('1,204.50')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('Type the amount in digits').waitFor()
  await page.getByLabel('Amount (ZAR)').fill('1204,50')
  const paidIn = await confirm(/^Pay in/)
  await gone(page)
  expect(paidIn).toContain('Neo Molefe')
  await page.getByTitle('120450 minor units of ZAR').first().waitFor()

  await act(page, 'Send to another customer …')
  await page.getByLabel('To', { exact: true }).fill('thandi')
  await dialog.getByRole('option', { name: /Thandi Nkosi/ }).click()
  await page.getByLabel('Amount (ZAR)').fill('50')
  await confirm(/^Send R/)
  await gone(page)
  await page.getByText('Sent to Thandi Nkosi').waitFor()

  await act(page, 'Allow, deny or default …')
  await page.getByRole('button', { name: 'Deny', exact: true }).click()
  await page.getByText('denied ✕').waitFor()
  await act(page, 'Purchase …')
  await page.getByLabel('Product').fill('airtime')
  await page.getByLabel('Amount (ZAR)').fill('10')
  await confirm(/^Take R/)
  await page
    .getByRole('alert')
    .getByText(/denied/)
    .waitFor()
  await page.getByRole('alert').getByText('Request').waitFor()
  await page.keyboard.press('Escape')
  await gone(page)

  await act(page, 'Allow, deny or default …')
  await page.getByRole('button', { name: 'Set to default' }).click()
  await page.getByText('default risk').waitFor()
  await page.getByRole('button', { name: 'Undo' }).last().click()
  await page.getByText('denied ✕').waitFor()
})

browserTest('what happens elsewhere appears by itself, and an identity check is followed to its end', async () => {
  const { id } = await app.seeded.cashful.customers.create({ email: 'uchenna@example.com', metadata: {} })
  await app.goTo(page, `/customers/${id}?tab=identity`)
  await page.getByRole('button', { name: /credential that succeeds/ }).click()
  await page.getByRole('button', { name: 'Start the check' }).click()
  await page.getByText('Identified ✓', { exact: true }).waitFor()
  await page.getByRole('heading', { name: 'Uchenna Okoro' }).waitFor()
  await app.seeded.mteja.sandbox.payIn({ customerId: id, amount: 7_700, currency: 'ZAR' })
  await page.getByTitle('7700 minor units of ZAR').first().waitFor()
})

browserTest('a hostile name and hostile metadata are texts', async () => {
  await app.goTo(page, '/customers?q=hostile')
  await page.getByRole('link').filter({ hasText: hostileName }).click()
  await page.getByRole('tab', { name: 'Metadata' }).click()
  await page.getByText('<script>alert(1)</script>').first().waitFor()
  expect(await page.locator('main img, main script').count()).toBe(0)
})

browserTest('metadata is changed member by member, and a stale edit is refused', async () => {
  await app.goTo(page, `/customers/${app.seeded.ada}?tab=metadata`)
  await page.getByRole('button', { name: 'Change tier' }).click()
  await page.getByLabel('Value').fill('platinum')
  await app.seeded.cashful.customers.update(app.seeded.ada, { metadata: { branch: 'Sandton' } })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Somebody else has changed this meanwhile').waitFor()
  expect((await app.seeded.cashful.customers.retrieve(app.seeded.ada)).metadata).toMatchObject({
    tier: 'gold',
    branch: 'Sandton',
  })
  await page.getByText('Sandton').first().waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('“tier” was saved.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect
    .poll(async () => (await app.seeded.cashful.customers.retrieve(app.seeded.ada)).metadata, { timeout: 20_000 })
    .toMatchObject({ tier: 'gold', branch: 'Sandton' })
})

browserTest.each(screens)('%s has no fault that an automatic reader finds, and fits a telephone', async (path) => {
  await app.goTo(page, path)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.waitForTimeout(200)
  expect(await faults(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 780 })
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  await page.setViewportSize({ width: 1280, height: 900 })
})

browserTest('a viewer is offered nothing that their key may not do', async () => {
  const other = await openPage()
  await signIn(other, app.seeded.keys.viewer, `/customers/${app.seeded.ada}`)
  await other.getByRole('button', { name: 'Act' }).click()
  await other.getByText(/^For more you need the scope/).waitFor()
  expect(await other.getByRole('menuitem').allTextContents()).toEqual(['Statement …', 'Everything stored, as a file …'])
  await other.context().close()
})

browserTest('a key that is revoked signs its person out with a sentence', async () => {
  const key = await app.seeded.mteja.apiKeys.create({ role: 'support' })
  const other = await openPage()
  await signIn(other, key.secret)
  await app.seeded.mteja.apiKeys.revoke(key.id)
  await other.getByText('Your key is no longer accepted').waitFor()
  expect(await other.evaluate('sessionStorage.length')).toBe(0)
  await other.context().close()
})

browserTest('a tab that is loaded again asks what its key may do by now', async () => {
  const key = await app.seeded.mteja.apiKeys.create({ role: 'support' })
  const other = await openPage()
  await signIn(other, key.secret, '/customers')
  await other.getByRole('heading', { name: 'Customers' }).waitFor()
  await other.reload()
  await other.getByRole('link', { name: 'Mteja · Lipa Ltd' }).waitFor()
  await other.goto('about:blank')
  await app.seeded.mteja.apiKeys.revoke(key.id)
  await other.goto(`${app.server.baseUrl}/app/customers`)
  await other.getByText('Your key is no longer accepted').waitFor()
  await other.context().close()
})

/** What a browser must read before the first screen works. */
const mostScriptBytes = 250_000

browserTest('the script of the first screen is at most 250 kB packed', async () => {
  const other = await openPage()
  const sizes: number[] = []
  other.on('response', async (response) => {
    if (response.url().endsWith('.js')) sizes.push(Number((await response.allHeaders())['content-length']))
  })
  await signIn(other, app.seeded.keys.owner)
  await other.getByRole('heading', { name: 'Needs you' }).waitFor()
  expect(sizes.length).toBeGreaterThan(0)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(mostScriptBytes)
  await other.context().close()
})

browserTest('the page asked nobody but its server, and the browser had nothing to complain about', () => {
  expect([...hosts]).toEqual([new URL(app.server.baseUrl).host])
  expect(complaints).toEqual([])
})
