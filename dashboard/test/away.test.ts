import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { signedIn } from './browser.ts'
import { type Answers, type Door, openDoor } from './door.ts'
import { browserTest, startPage } from './start-page.ts'

// A server goes away in every way there is. The page says so within seconds, keeps what it shows, and goes on by itself.

const app = startPage()
let door: Door
/** A payment of its own for each test. */
let amount = 10_000

beforeAll(async () => {
  if (app.server) door = await openDoor(app.server.baseUrl)
})
afterAll(() => door?.close())

const sentence = (page: Page) =>
  page
    .getByRole('status')
    .filter({ hasText: 'The server cannot be reached' })
    .or(page.getByRole('alert').filter({ hasText: 'The server cannot be reached' }))
    .first()

async function openThandi(): Promise<Page> {
  onTestFinished(() => door.become('through'))
  const page = await signedIn(
    { browser: app.browser, baseUrl: door.baseUrl },
    app.seeded.keys.support,
    `/customers/${app.seeded.thandi}`,
  )
  onTestFinished(() => page.context().close())
  await page.getByRole('heading', { name: 'Thandi Nkosi' }).waitFor()
  return page
}

/** Money that arrived while the page was blind appears. */
async function sees(page: Page, during: () => Promise<unknown>): Promise<void> {
  amount += 1
  await during()
  await app.seeded.mteja.sandbox.payIn({ customerId: app.seeded.thandi, amount, currency: 'ZAR' })
  await page.getByTitle(`${amount} minor units of ZAR`).first().waitFor({ timeout: 30_000 })
  await sentence(page).waitFor({ state: 'detached' })
}

const ways: Answers[] = ['hangs', 'closed', 502, 503, 'not found', 'a page']

browserTest.each(ways)('the page says that its server is away, and comes back by itself: %s', async (way) => {
  const page = await openThandi()
  door.become(way)
  await sentence(page).waitFor()
  // What was shown stays.
  expect(await page.getByRole('heading', { name: 'Thandi Nkosi' }).count()).toBe(1)
  await sees(page, async () => door.become('through'))
})

browserTest('a page that may not follow events says why, and shows what happens some seconds late', async () => {
  const page = await openThandi()
  door.become('no streams')
  await page.getByText(/^What happens appears here some seconds late/).waitFor()
  amount += 1
  await app.seeded.mteja.sandbox.payIn({ customerId: app.seeded.thandi, amount, currency: 'ZAR' })
  await page.getByTitle(`${amount} minor units of ZAR`).first().waitFor({ timeout: 30_000 })
})

browserTest('a section whose script was never read is waited for, and the page stays', async () => {
  const page = await openThandi()
  await page.route('**/assets/audit-*', (route) => route.abort('connectionrefused'))
  door.become('closed')
  await page.getByRole('link', { name: 'Audit' }).click()
  await sentence(page).waitFor()
  // Longer than the page takes to ask again.
  await page.waitForTimeout(3000)
  expect(await page.getByRole('navigation').count()).toBe(1)
  await page.unroute('**/assets/audit-*')
  door.become('through')
  await page.getByRole('heading', { name: 'Audit' }).waitFor({ timeout: 30_000 })
})

browserTest('a server that is killed and started again is followed again', async () => {
  const page = await openThandi()
  let isUp = false
  const start = async () => {
    if (!isUp) await app.server.start()
    isUp = true
  }
  onTestFinished(start)
  await app.server.kill()
  await sentence(page).waitFor()
  await sees(page, start)
})
