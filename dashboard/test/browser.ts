import { existsSync } from 'node:fs'
import process from 'node:process'
import { type Browser, chromium, type Page } from 'playwright-core'

/** The browser of this machine; nothing where none is installed. */
export const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome', process.env.CHROMIUM_PATH ?? ''].find(
  existsSync,
)

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath ?? '', args, timeout: 0 })
}

/** A tab of its own in which somebody has signed in with a key, at an address below /app. */
export async function signedIn(
  { browser, baseUrl }: { browser: Browser; baseUrl: string },
  key: string,
  path = '',
): Promise<Page> {
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
  await page.goto(`${baseUrl}/app${path}`)
  await page.getByLabel('Secret key').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation').waitFor()
  return page
}
