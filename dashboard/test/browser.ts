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

interface Shift {
  value: number
  hadRecentInput: boolean
  sources: { node: Node | null }[]
}

/** What has moved by itself on the screen that is open: the browser's measure, and the texts of what moved. */
export const shiftsOf = (page: Page): Promise<{ sum: number; of: string[] }> =>
  page.evaluate(() => (window as unknown as { shifts: { sum: number; of: string[] } }).shifts)

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
    const shifts = { sum: 0, of: [] as string[] }
    Object.assign(window, { shifts })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as Shift[]) {
        if (entry.hadRecentInput) continue
        shifts.sum += entry.value
        shifts.of.push(...entry.sources.map(({ node }) => (node?.textContent ?? '').slice(0, 60)))
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await page.goto(`${baseUrl}/app${path}`)
  await page.getByLabel('Secret key').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation').waitFor()
  return page
}
