import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../client/test/server.ts'
import { buildPage, needsPage } from '../../scripts/page.mjs'
import { executablePath, openBrowser, signedIn } from './browser.ts'
import { customerTabs, screens } from './screens.ts'
import { type Seed, seed, seedMore } from './seed.ts'

// Each role sees every screen, and no screen asks for what the role may not see.

const hasBrowser = executablePath !== undefined

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

/** What the server refuses, and what breaks, while a tab shows its screens. */
function refusalsOf(page: Page): string[] {
  const refusals: string[] = []
  page.on('response', (response) => {
    if (response.status() >= 400) refusals.push(`${response.status()} ${new URL(response.url()).pathname}`)
  })
  page.on('pageerror', (error) => refusals.push(String(error)))
  return refusals
}

const roles = ['viewer', 'support', 'finance', 'developer', 'owner'] as const

test.skipIf(!hasBrowser).each(roles)('a key of the role %s sees every screen without a refusal', async (role) => {
  const page = await signedIn({ browser, baseUrl: server.baseUrl }, seeded.keys[role])
  const refusals = refusalsOf(page)
  const paths = [...screens, ...customerTabs.map((tab) => `/customers/${seeded.ada}${tab}`)]
  for (const path of paths) {
    await page.goto(`${server.baseUrl}/app${path}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForTimeout(300)
    const alerts = await page.getByRole('alert').allTextContents()
    expect([path, ...alerts, ...refusals]).toEqual([path])
  }
  await page.context().close()
})
