import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../client/test/server.ts'
import { buildPage, needsPage } from '../../scripts/page.mjs'
import { executablePath, openBrowser, signedIn as signInto } from './browser.ts'
import { type Seed, seed, seedMore } from './seed.ts'

// What the page says before and after money moves is true.

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
  await seedMore(seeded)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

const signedIn = (key: string, path?: string) => signInto({ browser, baseUrl: server.baseUrl }, key, path)

async function find(page: Page, text: string | undefined, kind: string): Promise<void> {
  await page.getByRole('combobox').fill(text ?? '')
  await page.getByRole('option').filter({ hasText: kind }).first().waitFor()
}

browserTest('a payout to another name than the bank’s, and over a limit, says both before it is made', async () => {
  const page = await signedIn(seeded.keys.owner, `/customers/${seeded.ada}`)
  await page.getByRole('button', { name: 'Act ▾' }).click()
  await page.getByRole('menuitem', { name: 'Pay out …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Bank or operator').selectOption({ label: 'First National Bank' })
  await dialog.getByLabel('Account number').fill('6200998877')
  await dialog.getByText(/^The bank says/).waitFor()
  const atBank = await dialog.getByLabel('Name of the payee').inputValue()
  await dialog.getByLabel('Name of the payee').fill('Somebody Else')
  await dialog.getByLabel('Amount (ZAR)').fill('95')
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByText(`The bank says that the account belongs to ${atBank}, and not to Somebody Else.`).waitFor()
  await dialog.getByText(/That is over R\s?90,00, so it waits for a second person first\./).waitFor()
  await dialog.getByRole('button', { name: /^Pay out R/ }).click()
  await page.getByText('It waits for a second person: see Money, Approvals.').waitFor()
  await page.context().close()
})

browserTest('a refund says what the balance will be, and that the customer reads the reason', async () => {
  const page = await signedIn(seeded.keys.support, `/customers/${seeded.ada}`)
  await page
    .getByRole('button', { name: /Bought/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Refund' }).click()
  const dialog = page.getByRole('dialog', { name: 'Refund' })
  await dialog.getByText('The customer reads it on the statement').waitFor()
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByText(/will be available then\. After it/).waitFor()
  await page.context().close()
})

browserTest('the search finds whatever the page lets one copy', async () => {
  const { mteja, keys, ada } = seeded
  const [payout] = (await mteja.payouts.list({ customerId: ada, limit: 1 }).page()).data
  const [approval] = (await mteja.approvals.list({ limit: 1 }).page()).data
  const { id } = await mteja.sandbox.createPaymentMethod({ customerId: ada, type: 'card' })
  const page = await signedIn(keys.viewer, '/home')
  await find(page, payout?.reference, 'Payout')
  await find(page, payout?.id, payout?.reference ?? '')
  await find(page, approval?.id, 'Approval')
  await find(page, id, 'Payment method')
  await page.context().close()
})

browserTest('a key is offered only the roles that it may give', async () => {
  const page = await signedIn(seeded.keys.developer, '/developers?tab=keys')
  await page.getByRole('button', { name: 'New key' }).click()
  const offered = await page.getByLabel('Role').locator('option').allTextContents()
  expect(offered.map((each) => each.split(':')[0])).toEqual(['Viewer', 'Developer'])
  await page.context().close()
})

browserTest('an edit that came too late shows what was changed meanwhile, and goes on from there', async () => {
  const { ada, cashful, keys } = seeded
  const page = await signedIn(keys.support, `/customers/${ada}`)
  await page.getByRole('button', { name: 'Act ▾' }).click()
  await page.getByRole('menuitem', { name: 'Edit …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Phone').fill('+27821234599')
  await cashful.customers.update(ada, { email: 'ada.obi@example.com' })
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('Meanwhile somebody else has set the e-mail to “ada.obi@example.com”.').waitFor()
  await dialog.getByRole('button', { name: 'Go on from there' }).click()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  expect(await cashful.customers.retrieve(ada)).toMatchObject({
    email: 'ada.obi@example.com',
    phoneNumber: '+27821234599',
  })
  await page.context().close()
})
