// Measures the page: the script of the first screen, the time until it can be used, and long tasks while 10,000 rows are scrolled. By hand:
//   node dashboard/test/speed.ts
import type { Browser, Page } from 'playwright-core'
import { startServer } from '../../client/test/server.ts'
import { buildPage, needsPage } from '../../scripts/page.mjs'
import { openBrowser, signedIn } from './browser.ts'
import { type Seed, seed } from './seed.ts'

const rows = 10_000

/** The list of customers as a server with 10,000 of them would answer it. */
async function answerRows(page: Page): Promise<void> {
  await page.route('**/v1/customers?*', (route) => {
    const query = new URL(route.request().url()).searchParams
    const offset = Number(query.get('offset') ?? 0)
    const length = Math.min(Number(query.get('limit') ?? 50), rows - offset)
    const data = Array.from({ length }, (_, at) => customer(offset + at))
    return route.fulfill({ json: { data, total: rows } })
  })
}

const customer = (number: number) => ({
  id: `CUS_${String(number).padStart(15, '0')}`,
  name: `Thabo Nkosi ${number}`,
  email: `customer${number}@example.com`,
  phoneNumber: `+2782${String(1_000_000 + number)}`,
  identified: number % 3 === 0,
  riskAction: number % 50 === 0 ? 'deny' : 'default',
  balances: [{ currency: 'ZAR', posted: number * 100, held: 0, available: number * 100, owed: 0 }],
  createdAt: '2026-03-03T10:00:00.000Z',
  updatedAt: '2026-03-03T10:00:00.000Z',
})

interface Task {
  /** Milliseconds from begin to end. */
  ms: number
  /** Milliseconds of the processor: a busy machine lets a task wait in its middle. */
  ownMs: number
}

interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  dur?: number
  tdur?: number
  args: { name?: string }
}

/** The tasks of more than 50 ms by the clock of the wall or of the processor, of the thread that draws the page. */
function longTasksOf(trace: Buffer): Task[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  const ofThread = Map.groupBy(traceEvents, ({ pid, tid }) => `${pid} ${tid}`)
  const busy = (events: TraceEvent[]) => events.reduce((sum, { tdur = 0 }) => sum + tdur, 0)
  const drawing = [...ofThread.values()]
    .filter((events) => events.some(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain'))
    .toSorted((a, b) => busy(b) - busy(a))[0]
  return (drawing ?? [])
    .filter(({ name, ph }) => ph === 'X' && name.endsWith('RunTask'))
    .map(({ dur = 0, tdur = 0 }) => ({ ms: dur / 1000, ownMs: tdur / 1000 }))
    .filter(({ ms }) => ms > 50)
}

/** Scrolls from the first row to the last, and says which tasks kept the page busy. */
async function scroll(browser: Browser, page: Page): Promise<{ longTasks: Task[]; frames: number; ms: number }> {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] })
  const walked = await page.evaluate(async () => {
    const begin = performance.now()
    let frames = 0
    const end = () => document.documentElement.scrollHeight - innerHeight
    while (scrollY < end() - 1) {
      scrollBy(0, 600)
      frames += 1
      await new Promise(requestAnimationFrame)
    }
    return { frames, ms: Math.round(performance.now() - begin) }
  })
  return { longTasks: longTasksOf(await browser.stopTracing()), ...walked }
}

/** Milliseconds from the navigation until the first screen has its numbers, by somebody who has signed in. */
async function open(browser: Browser, baseUrl: string, key: string) {
  const page = await signedIn({ browser, baseUrl }, key)
  let bytes = 0
  page.on('response', async (response) => {
    if (response.url().endsWith('.js')) bytes += Number((await response.allHeaders())['content-length'] ?? 0)
  })
  await page.reload()
  await page.getByText(/new in 7 days/).waitFor()
  const ms = await page.evaluate(() => Math.round(performance.now()))
  return { page, bytes, ms }
}

if (needsPage()) await buildPage()
const server = await startServer()
const browser = await openBrowser()
try {
  const seeded: Seed = await seed(server, 3)
  const { page, bytes, ms } = await open(browser, server.baseUrl, seeded.keys.owner)
  console.log(`first screen: ${bytes.toLocaleString()} bytes of packed script, usable after ${ms} ms`)
  await answerRows(page)
  await page.goto(`${server.baseUrl}/app/customers`)
  await page.getByText(/^10\W000 found/).waitFor()
  const { longTasks, frames, ms: scrolled } = await scroll(browser, page)
  const worst = (member: keyof Task) => Math.round(Math.max(0, ...longTasks.map((task) => task[member])))
  const own = longTasks.filter(({ ownMs }) => ownMs > 50)
  console.log(
    `${rows} rows in ${frames} frames and ${scrolled} ms: ${own.length} tasks of more than 50 ms of the processor, ` +
      `the longest ${worst('ownMs')} ms; ${longTasks.length} by the clock of the wall, the longest ${worst('ms')} ms`,
  )
} finally {
  await browser.close()
  await server.close()
}
