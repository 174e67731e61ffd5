import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished, type TestAPI, test } from 'vitest'
import { type StartedServer, startServer } from '../../client/test/server.ts'
import { executablePath, openBrowser, signedIn } from './browser.ts'
import { type Seed, seed, seedMore } from './seed.ts'

/** The page of a started server with a merchant of its own. */
export interface PageOfTests {
  server: StartedServer
  seeded: Seed
  browser: Browser
  /** Opens a tab in which somebody has signed in with a key, at an address below /app. It is closed when the test ends. */
  signedIn(key: string, path?: string): Promise<Page>
  /** Goes to an address below /app. */
  goTo(page: Page, path: string): Promise<unknown>
}

/** A test that runs only where a browser is installed, because nothing but a browser can run the page. */
export const browserTest = test.skipIf(executablePath === undefined) as TestAPI

/**
 * Starts a server, seeds it and opens a browser for the tests of one file. The object is filled in before the first test.
 *
 * @param customers besides Ada, Thandi and the one with the hostile name
 * @param hasMore also a dispute, limits and payouts in many states. Default false
 */
export function startPage({ customers = 3, hasMore = false } = {}): PageOfTests {
  const app = {
    async signedIn(key, path) {
      const page = await signedIn({ browser: app.browser, baseUrl: app.server.baseUrl }, key, path)
      onTestFinished(() => page.context().close())
      return page
    },
    goTo: (page, path) => page.goto(`${app.server.baseUrl}/app${path}`),
  } as PageOfTests
  beforeAll(async () => {
    if (executablePath === undefined) return
    app.server = await startServer()
    app.seeded = await seed(app.server, customers)
    if (hasMore) await seedMore(app.seeded)
    app.browser = await openBrowser()
  })
  afterAll(async () => {
    await app.browser?.close()
    await app.server?.close()
  })
  return app
}

/** Until no dialog is open. */
export const gone = (page: Page) => page.getByRole('dialog').waitFor({ state: 'detached' })

/** Presses an item of the menu of a customer. */
export async function act(page: Page, label: string): Promise<void> {
  await page.getByRole('button', { name: 'Act ▾' }).click()
  await page.getByRole('menuitem', { name: label }).click()
}

/** The faults that an automatic reader finds. */
export async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
