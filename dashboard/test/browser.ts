import { existsSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium, type Page, type Request } from 'playwright-core'

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
  follow(page)
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

interface Traffic {
  open: Set<Request>
  lastAt: number
}
const traffic = new WeakMap<Page, Traffic>()

/** Counts what a tab asks for. The stream of events has no end, so it is not counted. */
function follow(page: Page): void {
  const seen: Traffic = { open: new Set(), lastAt: Date.now() }
  traffic.set(page, seen)
  const end = (request: Request) => {
    seen.open.delete(request)
    seen.lastAt = Date.now()
  }
  page.on('request', (request) => {
    if (request.url().includes('/v1/events/stream')) return
    seen.open.add(request)
    seen.lastAt = Date.now()
  })
  page.on('requestfinished', end).on('requestfailed', end)
}

/** Waits until a tab that somebody signed in to has every answer, and has asked for nothing more for a while. */
export async function settled(page: Page, quietMs = 60): Promise<void> {
  const { open, lastAt } = traffic.get(page) ?? { open: new Set(), lastAt: 0 }
  const rest = open.size > 0 ? quietMs : lastAt + quietMs - Date.now()
  if (rest <= 0) return
  await sleep(rest)
  return settled(page, quietMs)
}
