// Takes pictures of every screen at three widths in both schemes, to be looked at one by one. By hand:
//   node dashboard/test/pictures.ts [part of a screen's name] …
import { mkdirSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { startServer } from '../../client/test/server.ts'
import { buildPage, needsPage } from '../../scripts/page.mjs'
import { openBrowser } from './browser.ts'
import { type Seed, seed, seedMore } from './seed.ts'

const folder = fileURLToPath(new URL('../pictures', import.meta.url))
const widths = [360, 900, 1600] as const
const schemes = ['light', 'dark'] as const

type Screen = [name: string, path: (seed: Seed) => string, act?: (page: Page) => Promise<unknown>]

const open = (label: string) => async (page: Page) => {
  await page.getByRole('button', { name: 'Act' }).click()
  await page.getByRole('menuitem', { name: label }).click()
}

const screens: Screen[] = [
  ['home', () => '/home'],
  ['customers', () => '/customers'],
  ['customers-found', () => '/customers?q=amina'],
  ['customers-chosen', () => '/customers?money=yes&risk=default'],
  ['customers-none', () => '/customers?q=nobody-has-this'],
  ['customers-new', () => '/customers?new'],
  ['find', () => '/customers', (page) => page.getByRole('combobox', { name: /^Search/ }).fill('ada')],
  ['customer', ({ ada }) => `/customers/${ada}`],
  ['customer-act', ({ ada }) => `/customers/${ada}`, (page) => page.getByRole('button', { name: 'Act' }).click()],
  ['customer-entry', ({ ada }) => `/customers/${ada}`, (page) => page.getByText('Bought').first().click()],
  ['customer-payouts', ({ ada }) => `/customers/${ada}?tab=payouts`],
  ['customer-methods', ({ ada }) => `/customers/${ada}?tab=methods`],
  ['customer-accounts', ({ ada }) => `/customers/${ada}?tab=accounts`],
  ['customer-identity', ({ ada }) => `/customers/${ada}?tab=identity`],
  ['customer-holds', ({ ada }) => `/customers/${ada}?tab=holds`],
  ['customer-webhooks', ({ ada }) => `/customers/${ada}?tab=webhooks`],
  ['customer-metadata', ({ ada }) => `/customers/${ada}?tab=metadata`],
  ['customer-trail', ({ ada }) => `/customers/${ada}?tab=trail`],
  ['money-overview', () => '/money?tab=overview'],
  ['money-disputes', () => '/money?tab=disputes'],
  ['money-dispute', () => '/money?tab=disputes', (page) => page.locator('button.tr').first().click()],
  ['money-payments', () => '/money?tab=payments'],
  ['money-pay-ins', () => '/money?tab=pay-ins'],
  ['money-purchases', () => '/money?tab=purchases'],
  ['money-transfers', () => '/money?tab=transfers'],
  ['money-payouts', () => '/money?tab=payouts'],
  ['money-payout', () => '/money?tab=payouts', (page) => page.getByRole('button', { name: /Paid ✓/ }).click()],
  [
    'money-payout-needed',
    () => '/money?tab=payouts&attention=yes',
    (page) =>
      page
        .getByRole('button', { name: /Needs you/ })
        .first()
        .click(),
  ],
  ['money-recipients', () => '/money?tab=payouts&of=recipients'],
  ['money-approvals', () => '/money?tab=approvals&which=waiting'],
  [
    'money-approval',
    () => '/money?tab=approvals&which=waiting',
    (page) => page.getByRole('button', { name: /Payout to/ }).click(),
  ],
  ['money-settings', () => '/money?tab=settings'],
  ['money-refunds', () => '/money?tab=refunds'],
  ['money-suspense', () => '/money?tab=suspense'],
  ['money-reconciliation', () => '/money?tab=reconciliation'],
  ['money-balance', () => '/money?tab=balance'],
  ['developers-keys', () => '/developers?tab=keys'],
  ['developers-people', () => '/developers?tab=people'],
  ['developers-endpoints', () => '/developers?tab=endpoints'],
  ['developers-deliveries', () => '/developers?tab=deliveries'],
  ['developers-delivery', () => '/developers?tab=deliveries', (page) => page.locator('button.tr').first().click()],
  ['developers-events', () => '/developers?tab=events'],
  ['developers-requests', () => '/developers?tab=requests'],
  ['developers-sandbox', () => '/developers?tab=sandbox'],
  ['developers-snippets', () => '/developers?tab=snippets'],
  ['audit', () => '/audit'],
  ['audit-entry', () => '/audit', (page) => page.locator('button.tr').first().click()],
  ['customer-pay-out', ({ ada }) => `/customers/${ada}`, open('Pay out …')],
  ['customer-statement', ({ ada }) => `/customers/${ada}`, open('Statement …')],
  [
    'customer-transfer',
    ({ ada }) => `/customers/${ada}`,
    async (page) => {
      await open('Send to another customer …')(page)
      await page.getByLabel('To', { exact: true }).fill('thandi')
      await page
        .getByRole('dialog')
        .getByRole('option', { name: /Thandi Nkosi/ })
        .click()
      await page.getByLabel('Amount (ZAR)').fill('50')
      await page.getByRole('button', { name: 'Continue' }).click()
    },
  ],
]

/** Pages that are not part of the operator's page, by their names. */
async function pagesOutside({ mteja, cashful, paystack, ada }: Seed): Promise<[name: string, url: string][]> {
  const statement = await mteja.customers.statementLink(ada, { from: '2026-01-01', to: '2030-12-31', currency: 'ZAR' })
  const session = await cashful.checkoutSessions.create({
    mode: 'payment',
    customerId: ada,
    totalAmount: 45_000,
    currency: 'ZAR',
    lineItems: [{ name: 'Solar lamp', quantity: 2, amount: 22_500, currency: 'ZAR' }],
  })
  const opened = await paystack.transactions.initialize({ email: 'ada@example.com', amount: 12_345, currency: 'ZAR' })
  const mandate = await paystack.customers.initializeAuthorization({
    email: 'ada@example.com',
    channel: 'direct_debit',
  })
  return [
    ['outside-statement', statement.url],
    ['outside-checkout', session.sessionUrl],
    ['outside-pay', opened.authorization_url],
    ['outside-authorize', mandate.redirect_url],
    ['outside-docs', '/docs'],
  ]
}

const wanted = process.argv.slice(2)
/** Such as `360-light 900-dark`; default all. */
const chosen = process.env.PICTURES?.split(' ')
if (needsPage()) await buildPage()
const server = await startServer()
const browser = await openBrowser()
try {
  const seeded = await seed(server)
  await seedMore(seeded)
  const outside = await pagesOutside(seeded)
  mkdirSync(folder, { recursive: true })
  for (const scheme of schemes) {
    for (const width of widths) {
      if (chosen !== undefined && !chosen.includes(`${width}-${scheme}`)) continue
      const context = await browser.newContext({
        viewport: { width, height: width < 500 ? 780 : 900 },
        colorScheme: scheme,
      })
      const page = await context.newPage()
      page.setDefaultTimeout(15_000)
      page.on('console', (message) => message.type() === 'error' && console.log(scheme, width, message.text()))
      page.on('pageerror', (error) => console.log(scheme, width, error.stack))
      await page.goto(`${server.baseUrl}/app`)
      const take = async (name: string) => {
        await page.screenshot({ path: `${folder}/${name}-${width}-${scheme}.png` })
        const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
        if (wide !== 0) console.log(`${name} at ${width} scrolls sideways by ${wide}`)
      }
      if (wanted.length === 0) await take('sign-in')
      for (const [name, url] of outside) {
        if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue
        await page.goto(new URL(url, server.baseUrl).href)
        await page.waitForTimeout(400)
        await take(name)
        if (name !== 'outside-statement') continue
        await page.emulateMedia({ media: 'print' })
        await take(`${name}-printed`)
        await page.emulateMedia({ media: 'screen' })
      }
      await page.goto(`${server.baseUrl}/app`)
      await page.getByLabel('Secret key').fill(seeded.keys.owner)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('navigation').waitFor()
      for (const [name, path, act] of screens) {
        if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue
        try {
          await page.goto(`${server.baseUrl}/app${path(seeded)}`)
          await page.getByRole('navigation').waitFor()
          // The stream of events never ends, so the network is never idle.
          await page.waitForTimeout(350)
          await act?.(page)
          await page.waitForTimeout(act === undefined ? 50 : 350)
          await take(name)
        } catch (error) {
          console.log(`${name} ${width} ${scheme}: ${(error as Error).message.split('\n').slice(0, 4).join(' ')}`)
        }
      }
      await context.close()
    }
  }
} finally {
  await browser.close()
  await server.close()
}
