import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type StartedServer, startServer } from '../../client/test/server.ts'
import { buildPage, needsPage } from '../../scripts/page.mjs'
import { executablePath, openBrowser, signedIn } from './browser.ts'
import { type Answers, type Door, openDoor } from './door.ts'
import { type Seed, seed } from './seed.ts'

// A server goes away in every way there is. The page says so within seconds, keeps what it shows, and goes on by itself.

const hasBrowser = executablePath !== undefined
const browserTest = test.skipIf(!hasBrowser)

let server: StartedServer
let door: Door
let seeded: Seed
let browser: Browser
/** A payment of its own for each test. */
let amount = 10_000

beforeAll(async () => {
  if (!hasBrowser) return
  if (needsPage()) expect(await buildPage()).toBe(0)
  server = await startServer()
  seeded = await seed(server, 3)
  door = await openDoor(server.baseUrl)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await door?.close()
  await server?.close()
})

const sentence = (page: Page) =>
  page
    .getByRole('status')
    .filter({ hasText: 'The server cannot be reached' })
    .or(page.getByRole('alert').filter({ hasText: 'The server cannot be reached' }))
    .first()

async function openThandi(): Promise<Page> {
  onTestFinished(() => door.become('through'))
  const page = await signedIn({ browser, baseUrl: door.baseUrl }, seeded.keys.support, `/customers/${seeded.thandi}`)
  onTestFinished(() => page.context().close())
  await page.getByRole('heading', { name: 'Thandi Nkosi' }).waitFor()
  return page
}

/** Money that arrived while the page was blind appears. */
async function sees(page: Page, during: () => Promise<unknown>): Promise<void> {
  amount += 1
  await during()
  await seeded.mteja.sandbox.payIn({ customerId: seeded.thandi, amount, currency: 'ZAR' })
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
  await seeded.mteja.sandbox.payIn({ customerId: seeded.thandi, amount, currency: 'ZAR' })
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
    if (!isUp) await server.start()
    isUp = true
  }
  onTestFinished(start)
  await server.kill()
  await sentence(page).waitFor()
  await sees(page, start)
})
