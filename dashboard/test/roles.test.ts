import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { settled } from './browser.ts'
import { customerTabs, screens } from './screens.ts'
import { browserTest, startPage } from './start-page.ts'

// Each role sees every screen, and no screen asks for what the role may not see.

const app = startPage({ hasMore: true })

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

browserTest.each(roles)('a key of the role %s sees every screen without a refusal', async (role) => {
  const page = await app.signedIn(app.seeded.keys[role])
  const refusals = refusalsOf(page)
  const paths = [...screens, ...customerTabs.map((tab) => `/customers/${app.seeded.ada}${tab}`)]
  for (const path of paths) {
    await app.goTo(page, path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await settled(page, 150)
    const alerts = await page.getByRole('alert').allTextContents()
    expect([path, ...alerts, ...refusals]).toEqual([path])
  }
})
