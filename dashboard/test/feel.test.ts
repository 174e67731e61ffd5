import type { Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import { settled, shiftsOf } from './browser.ts'
import { act, browserTest, gone, startPage } from './start-page.ts'

// How it feels: where the focus is, what Back does, what stays in sight, and that nothing moves by itself.

const app = startPage({ customers: 30 })

/** What has the focus, in words: its role or tag, and its name. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const active = document.activeElement
    const label = active?.id ? document.querySelector(`label[for="${CSS.escape(active.id)}"]`) : null
    const name = active?.getAttribute('aria-label') ?? label?.textContent ?? active?.textContent
    return `${active?.tagName} ${(name ?? '').slice(0, 40)}`
  })
const hasFocus = (page: Page, what: RegExp | string) => expect.poll(() => focused(page)).toMatch(what)

browserTest('the strip of test mode stays in sight with the head, at every width', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, `/customers/${app.seeded.ada}`)
  await page.getByText('Received from Thandi Nkosi').waitFor()
  for (const width of [360, 900, 1280, 1600]) {
    await page.setViewportSize({ width, height: 400 })
    await page.evaluate(() => window.scrollTo(0, 300))
    expect(await page.evaluate(() => window.scrollY)).toBeGreaterThan(100)
    expect((await page.getByText('Test mode').boundingBox())?.y).toBe(0)
    expect((await page.getByRole('banner').boundingBox())?.y).toBe(28)
  }
})

browserTest('the focus is never lost: a screen gives it to its heading, a dialog back to what opened it', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, '/home')
  const dialog = page.getByRole('dialog')
  await page.getByRole('heading', { name: 'Needs you' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('c')
  await hasFocus(page, 'H1 Customers')
  await page.getByRole('link', { name: /Ada Obi/ }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Ada Obi' }).waitFor()
  await hasFocus(page, 'H1 Ada Obi')

  await page.getByRole('button', { name: 'Act ▾' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Send to another customer …' }).click()
  await dialog.getByLabel('To', { exact: true }).fill('thandi')
  await dialog.getByRole('option', { name: /Thandi Nkosi/, selected: true }).waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await hasFocus(page, /^INPUT Amount/)
  await page.keyboard.type('50')
  await page.keyboard.press('Enter')
  await hasFocus(page, 'BUTTON Back')
  await page.keyboard.press('Enter')
  await hasFocus(page, /^INPUT Amount/)
  await page.keyboard.press('Escape')
  await gone(page)
  await hasFocus(page, 'BUTTON Act')

  const row = page.getByRole('button', { name: /Bought/ }).first()
  await row.focus()
  await page.keyboard.press('Enter')
  await dialog.getByText('Both sides').waitFor()
  await page.keyboard.press('Escape')
  await gone(page)
  await hasFocus(page, /^BUTTON .*Bought/)

  await page.goBack()
  await page.getByRole('heading', { name: 'Customers' }).waitFor()
  await hasFocus(page, /^A Ada Obi/)
})

browserTest('the focus is not lost while the server works, nor when it refuses', async () => {
  const { ada, thandi, keys, cashful } = app.seeded
  const page = await app.signedIn(keys.owner, `/customers/${ada}`)
  const dialog = page.getByRole('dialog')
  await act(page, 'Purchase …')
  await dialog.getByLabel('Product').fill('a house')
  await dialog.getByLabel('Amount (ZAR)').fill('999999')
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByText(/so the server will refuse/).waitFor()
  await page.route('**/purchases', async (route) => {
    await new Promise((done) => setTimeout(done, 500))
    await route.continue()
  })
  await dialog.getByRole('button', { name: /^Take R/ }).click()
  await hasFocus(page, /^SECTION|^DIV|^BUTTON Take/)
  await dialog.getByRole('alert').waitFor()
  await hasFocus(page, /^BUTTON Take R/)
  await page.keyboard.press('Escape')
  await gone(page)

  await act(page, 'Statement …')
  await dialog.getByRole('button', { name: 'Make a link' }).click()
  await hasFocus(page, 'A Open the statement')
  await page.keyboard.press('Escape')
  await gone(page)

  await act(page, 'Edit …')
  await dialog.getByLabel('Phone').fill('+27821234599')
  await cashful.customers.update(ada, { email: 'ada.obi@example.com' })
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText(/^Meanwhile somebody else/).waitFor()
  await hasFocus(page, 'BUTTON Save')
  await dialog.getByRole('button', { name: 'Go on from there' }).click()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await gone(page)
  // What is told lies on nothing that is read or typed.
  const notice = await page.getByText('Saved.').boundingBox()
  expect((notice?.x ?? 0) + (notice?.width ?? 999)).toBeLessThan(200)
  expect(notice?.y).toBeGreaterThan(700)

  await app.goTo(page, `/customers/${thandi}?tab=identity`)
  await page.getByRole('button', { name: /credential that succeeds/ }).click()
  await page.getByRole('button', { name: 'Start the check' }).click()
  await page.getByText('Identified ✓', { exact: true }).waitFor()
  await hasFocus(page, 'H1 ')
})

browserTest('Back closes what is open and leaves the screen, and never opens a form that is done', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, `/customers`)
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'New customer' }).click()
  await dialog.getByLabel('Name').fill('Naledi Mokoena')
  await page.goBack()
  await gone(page)
  expect(page.url()).toMatch(/\/app\/customers$/)
  await page.getByRole('button', { name: 'New customer' }).click()
  await dialog.getByLabel('Name').fill('Naledi Mokoena')
  await dialog.getByLabel('E-mail').fill('naledi@example.com')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'Naledi Mokoena' }).waitFor()

  // A dialog that the address does not name.
  await act(page, 'Purchase …')
  await dialog.getByLabel('Product').fill('airtime')
  await page.goBack()
  await gone(page)
  await page.getByRole('heading', { name: 'Naledi Mokoena' }).waitFor()
  // Closed in another way it leaves nothing behind in the history.
  await act(page, 'Statement …')
  await page.keyboard.press('Escape')
  await gone(page)
  await page.waitForTimeout(200)
  await page.goBack()
  await page.getByRole('heading', { name: 'Customers' }).waitFor()
  await page.waitForTimeout(200)
  expect(await dialog.count()).toBe(0)

  // A panel is closed by Back as by Escape, and each is one step.
  await app.goTo(page, `/customers/${app.seeded.ada}`)
  for (const close of [() => page.goBack(), () => page.keyboard.press('Escape')]) {
    await page
      .getByRole('button', { name: /Bought/ })
      .first()
      .click()
    await dialog.getByText('Both sides').waitFor()
    await close()
    await gone(page)
    expect(page.url()).not.toContain('entry=')
  }
  await page.goBack()
  await page.getByRole('heading', { name: 'Customers' }).waitFor()
})

browserTest('a secret that is shown once stays when one goes back', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, '/developers?tab=keys')
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByRole('button', { name: 'Make the key' }).click()
  await page.getByText('it is shown this once').waitFor()
  await page.goBack()
  await page.waitForTimeout(200)
  await page.getByText('it is shown this once').waitFor()
  await page.getByRole('button', { name: 'I have it' }).click()
  await gone(page)
  await page.getByRole('heading', { name: 'Developers' }).waitFor()
})

browserTest('nothing moves while answers take their time, on a telephone and on a desk', async () => {
  const page = await app.signedIn(app.seeded.keys.owner)
  let asked = 0
  await page.route(/\/(v1|api|customer|transaction|bank)\b/, async (route) => {
    asked += 1
    await new Promise((done) => setTimeout(done, 200 + ((asked * 370) % 900)))
    await route.continue().catch(() => {})
  })
  const found: Record<string, Awaited<ReturnType<typeof shiftsOf>>> = {}
  for (const [width, height] of [
    [360, 780],
    [1280, 900],
  ] as const) {
    await page.setViewportSize({ width, height })
    for (const path of [
      '/home',
      '/customers',
      `/customers/${app.seeded.ada}`,
      '/money?tab=payouts',
      '/money?tab=transfers',
      '/developers?tab=keys',
      '/developers?tab=deliveries',
      '/audit',
    ]) {
      await app.goTo(page, path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await settled(page, 300)
      found[`${width} ${path}`] = await shiftsOf(page)
    }
  }
  expect(Object.entries(found).filter(([, { sum }]) => sum > 0)).toEqual([])
})

browserTest('times in words grow older on a screen that is left open', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, '/developers?tab=sandbox')
  await page.clock.install({ time: new Date() })
  await app.seeded.mteja.sandbox.payIn({ customerId: app.seeded.thandi, amount: 4_100, currency: 'ZAR' })
  await app.goTo(page, '/home')
  const time = page.locator('time').first()
  await time.waitFor()
  await page.clock.runFor(180_000)
  expect(await time.textContent()).toMatch(/[23] min/)
})

browserTest('what waits for a person is counted on the tab, and the section leads there', async () => {
  const { mteja } = app.seeded
  await mteja.approvals.updateSettings({ limits: [{ currency: 'ZAR', amountOver: 9_000 }] })
  onTestFinished(async () => void (await mteja.approvals.updateSettings({ limits: [] }).catch(() => {})))
  const page = await app.signedIn(app.seeded.keys.finance, '/money?tab=overview')
  const tabs = page.getByRole('tablist')
  await page.getByRole('tab', { name: 'Approvals' }).waitFor()
  const place = await tabs.boundingBox()
  const destination = {
    type: 'bank_account',
    bankCode: '250655',
    accountNumber: '6200445566',
    accountName: 'ADA OBI',
  } as const
  await mteja.payouts.create({
    customerId: app.seeded.ada,
    amount: 9_500,
    currency: 'ZAR',
    destination,
    reference: 'feel-1',
  })
  await page.getByRole('link', { name: 'Money 1 wait for you' }).waitFor()
  // The tabs stay where they are: one row, and nothing below moves.
  expect(await tabs.boundingBox()).toEqual(place)
  expect(place?.height).toBeLessThan(45)
  await app.goTo(page, '/home')
  await page.getByRole('link', { name: 'Money 1 wait for you' }).click()
  await page.getByRole('tab', { name: 'Approvals 1 wait for you', selected: true }).waitFor()
  await page.getByRole('button', { name: 'Ben Okoro: menu' }).waitFor()
})

browserTest('limits are shown for the currencies in use, and another one can be added', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, '/money?tab=settings')
  const form = page.getByRole('form', { name: 'Limits' })
  await form.getByLabel('ZAR: an amount over').waitFor()
  expect(await form.getByRole('textbox').count()).toBe(4)
  await form.getByLabel('Another currency').selectOption('XOF')
  await form.getByLabel('XOF: an amount over').fill('1000')
  expect(await form.getByRole('textbox').count()).toBe(6)
})

browserTest('the row of a delivery follows what its panel learns', async () => {
  const page = await app.signedIn(app.seeded.keys.developer)
  const rows = page.locator('button.tr')
  await app.goTo(page, '/developers?tab=deliveries')
  await rows.first().waitFor()
  let isDelivered = false
  await page.route(/\/v1\/deliveries/, async (route) => {
    if (route.request().url().includes('/v1/deliveries/dlv_')) isDelivered = true
    const answer = await route.fetch()
    const text = await answer.text()
    const body = isDelivered ? text.replaceAll(/"status":"(pending|failed)"/g, '"status":"delivered"') : text
    await route.fulfill({ response: answer, body })
  })
  await rows.first().click()
  await page.getByRole('dialog').getByText('Delivered ✓').waitFor()
  await rows.first().getByText('Delivered ✓').waitFor()
})
