import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { settled, shiftsOf } from './browser.ts'
import { act, browserTest, gone, startPage } from './start-page.ts'

// What a person of each role comes for, from the sign-in on, and what happens when the key goes away.

const app = startPage()

/** A program of the merchant that takes webhooks. */
async function openReceiver() {
  const bodies: string[] = []
  const program = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += String(part)
    bodies.push(body)
    response.writeHead(204).end()
  })
  await new Promise<void>((ready) => program.listen(0, '127.0.0.1', ready))
  const { port } = program.address() as AddressInfo
  const close = () => new Promise((done) => program.close(done))
  return { url: `http://127.0.0.1:${port}/hooks`, bodies, close }
}

browserTest(
  'support finds a customer by half a phone number, sees what happened, denies with a reason and takes it back',
  async () => {
    const page = await app.signedIn(app.seeded.keys.support)
    await page.keyboard.press('/')
    await page.getByRole('combobox').fill('4567')
    await page.getByRole('option', { name: /Ada Obi/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('Received from Thandi Nkosi').waitFor()
    await act(page, 'Allow, deny or default …')
    await page.getByLabel('Reason').fill('Phone reported stolen')
    await page.getByRole('button', { name: 'Deny', exact: true }).click()
    await gone(page)
    await page.getByText('“Phone reported stolen”').waitFor()
    // The colleague who looks for denied customers finds them.
    await app.goTo(page, '/customers?risk=deny')
    await page.getByRole('link', { name: /Ada Obi/ }).waitFor()
    await page.goBack()
    await act(page, 'Allow, deny or default …')
    await page.getByRole('button', { name: 'Set to default' }).click()
    await page.getByText('default risk').waitFor()
  },
)

browserTest('finance sees whether it adds up, what moved, and answers a dispute', async () => {
  const { cashful, mteja, paystack } = app.seeded
  const customer = await cashful.customers.create({ name: 'Sizwe Dube', email: 'sizwe@example.com', metadata: {} })
  const { authorizationCode } = await mteja.sandbox.createPaymentMethod({ customerId: customer.id, type: 'card' })
  const charged = await paystack.transactions.chargeAuthorization({
    email: 'sizwe@example.com',
    amount: 5000,
    currency: 'ZAR',
    authorization_code: authorizationCode,
  })
  await mteja.sandbox.dispute({ reference: charged.reference, reason: 'Not mine', amount: 3000 })
  const page = await app.signedIn(app.seeded.keys.finance, '/money')
  await page.getByText('Owed to customers, and held for them').waitFor()
  await page.getByText('held in full ✓').first().waitFor()
  await page.getByRole('article', { name: 'Purchase' }).waitFor()
  await page.getByRole('tab', { name: 'Disputes' }).click()
  await page.getByRole('button', { name: /Not mine/ }).click()
  await page.getByRole('button', { name: 'Accept …' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: /^Accept R/ }).click()
  await page.getByRole('dialog').getByText('Lost ✕').waitFor()
})

browserTest('a viewer sees the customer, the money and the deliveries, and is offered nothing else', async () => {
  const page = await app.signedIn(app.seeded.keys.viewer, `/customers/${app.seeded.ada}`)
  await page.getByText('Received from Thandi Nkosi').waitFor()
  await page.getByRole('button', { name: 'Act ▾' }).click()
  expect(await page.getByRole('menuitem').allTextContents()).toEqual(['Statement …', 'Everything stored, as a file …'])
  await page.keyboard.press('Escape')
  await page.getByText('Bought').first().click()
  const panel = page.getByRole('dialog')
  await panel.getByText('Both sides').waitFor()
  await panel.getByText('You need the scope refunds:write').waitFor()
  expect(await panel.getByRole('button', { name: /Refund|Reverse/ }).count()).toBe(0)
  await app.goTo(page, '/money?tab=settings')
  await page.getByText('You need the scope settings').waitFor()
  expect(await page.getByRole('main').getByRole('button', { name: /Save/ }).count()).toBe(0)
  await app.goTo(page, '/money?tab=approvals')
  await page.getByText('You need the scope approve').waitFor()
  await app.goTo(page, '/developers?tab=keys')
  await page.getByRole('heading', { name: 'Developers' }).waitFor()
  expect(await page.getByRole('button', { name: 'New key' }).count()).toBe(0)
})

browserTest('an owner sees growth and trouble on one screen, and makes a key for a role', async () => {
  const page = await app.signedIn(app.seeded.keys.owner)
  await page.getByRole('heading', { name: 'Lipa Ltd' }).waitFor()
  await page.getByRole('heading', { name: 'Needs you' }).waitFor()
  await page.getByText(/new in 7 days/).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await page.getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Till in Soweto')
  await dialog.getByLabel('Role').selectOption('support')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const secret = (await dialog.locator('pre').textContent()) ?? ''
  expect(secret).toMatch(/^sk_test_/)
  await dialog.getByRole('button', { name: 'I have it' }).click()
  await gone(page)
  const keys = await app.seeded.mteja.apiKeys.list().page()
  expect(keys.data.find(({ name }) => name === 'Till in Soweto')).toMatchObject({ role: 'support' })
  await page.getByText('Till in Soweto').waitFor()
})

browserTest('money that may have moved already is sent again as it was, and moves once', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, `/customers/${app.seeded.thandi}`)
  const dialog = page.getByRole('dialog')
  const press = (name: string | RegExp) => dialog.getByRole('button', { name, exact: true }).click()
  await act(page, 'Send to another customer …')
  await dialog.getByLabel('To', { exact: true }).fill('Ada')
  await dialog.getByRole('option', { name: /Ada Obi/ }).click()
  await dialog.getByLabel('Amount (ZAR)').fill('9000')
  await press('Continue')
  await press(/^Send R/)
  await dialog.getByRole('alert').waitFor()
  // A refusal moves nothing: the form can be changed.
  await press('Back')
  await dialog.getByLabel('Amount (ZAR)').fill('7.77')
  await page.route('**/transfers', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    await route.fetch()
    await route.abort('connectionreset')
  })
  await press('Continue')
  await press(/^Send R/)
  await dialog.getByText('The server cannot be reached.').waitFor()
  await page.unroute('**/transfers')
  expect(await dialog.getByRole('button').allTextContents()).toEqual(['', expect.stringMatching(/^Send R/), 'Close'])
  await press(/^Send R/)
  await gone(page)
  const sent = await app.seeded.cashful.transfers.list().page()
  expect(sent.data.filter(({ amount }) => amount === 777)).toHaveLength(1)
})

browserTest(
  'a new user does everything once, from the first customer to the printed statement, without reading a document',
  async () => {
    const { mteja, keys } = app.seeded
    const receiver = await openReceiver()
    await mteja.webhookEndpoints.create({ url: receiver.url })
    await mteja.approvals.updateSettings({ limits: [{ currency: 'ZAR', amountOver: 5000 }] })
    const page = await app.signedIn(keys.owner, '/customers')
    const dialog = page.getByRole('dialog')
    const begin = async (label: string) => {
      await page.getByRole('button', { name: 'Act ▾' }).click()
      await page.getByRole('menuitem', { name: label }).click()
    }
    const confirm = async (button: RegExp) => {
      await dialog.getByRole('button', { name: 'Continue' }).click()
      await dialog.getByRole('button', { name: button }).click()
    }

    await page.getByRole('button', { name: 'New customer' }).click()
    await dialog.getByLabel('Name').fill('Uchenna Okoro')
    await dialog.getByLabel('E-mail').fill('uche@example.com')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'Uchenna Okoro' }).waitFor()

    await begin('Pay in (test money) …')
    await dialog.getByLabel('Amount (ZAR)').fill('300')
    await confirm(/^Pay in R/)
    await gone(page)
    const chart = page.getByRole('img', { name: /^Balance in ZAR/ })
    await expect.poll(() => chart.getAttribute('aria-label')).toMatch(/300,00 in 1 step/)
    await begin('Send to another customer …')
    await dialog.getByLabel('To', { exact: true }).fill('thandi')
    await dialog.getByRole('option', { name: /Thandi Nkosi/ }).click()
    await dialog.getByLabel('Amount (ZAR)').fill('50')
    await confirm(/^Send R/)
    await gone(page)
    await expect.poll(() => chart.getAttribute('aria-label')).toMatch(/250,00 in 2 steps/)
    await begin('Purchase …')
    await dialog.getByLabel('Product').fill('airtime')
    await dialog.getByLabel('Amount (ZAR)').fill('20')
    await confirm(/^Take R/)
    await gone(page)

    await page.getByRole('tab', { name: 'Identity' }).click()
    await page.getByRole('button', { name: /credential that succeeds/ }).click()
    await page.getByRole('button', { name: 'Start the check' }).click()
    await page.getByText('Identified ✓', { exact: true }).waitFor()

    await begin('Allow, deny or default …')
    await dialog.getByLabel('Reason').fill('Reported by the bank')
    await dialog.getByRole('button', { name: 'Deny', exact: true }).click()
    await gone(page)
    await begin('Purchase …')
    await dialog.getByLabel('Product').fill('airtime')
    await dialog.getByLabel('Amount (ZAR)').fill('10')
    await confirm(/^Take R/)
    await dialog
      .getByRole('alert')
      .getByText(/denied/)
      .waitFor()
    await page.keyboard.press('Escape')
    await gone(page)

    await page.getByRole('tab', { name: 'Money' }).click()
    await page.getByText('Bought').click()
    await dialog.getByRole('button', { name: 'Refund', exact: true }).click()
    const refund = page.getByRole('dialog', { name: 'Refund' })
    await refund.getByRole('button', { name: 'Continue' }).click()
    await refund.getByRole('button', { name: /^Refund R/ }).click()
    await refund.waitFor({ state: 'detached' })
    await dialog.getByText('Given back', { exact: true }).first().waitFor()
    await page.keyboard.press('Escape')
    await gone(page)

    await begin('Allow, deny or default …')
    await dialog.getByRole('button', { name: 'Set to default' }).click()
    await gone(page)
    await begin('Pay out …')
    await dialog.getByLabel('Bank or operator').selectOption({ label: 'First National Bank' })
    await dialog.getByLabel('Account number').fill('6200112233')
    await dialog.getByText(/^The bank says/).waitFor()
    await dialog.getByLabel('Amount (ZAR)').fill('100')
    await confirm(/^Pay out R/)
    await gone(page)
    await page.getByRole('tab', { name: 'Payouts' }).click()
    await page.getByRole('button', { name: /Waits for approval/ }).waitFor()
    const second = await app.signedIn(keys.finance, '/money?tab=approvals')
    await second.getByRole('button', { name: /Payout to/ }).click()
    await second.getByRole('button', { name: 'Approve …' }).click()
    await second.getByRole('button', { name: 'Continue' }).click()
    await second.getByRole('button', { name: /^Approve R/ }).click()
    await second.getByText('Approved ✓').waitFor()
    // The screen of the first person follows by itself.
    await page.getByRole('button', { name: /Paid ✓/ }).waitFor()

    await page.getByRole('tab', { name: 'Events and webhooks' }).click()
    await page.getByRole('button', { name: /Delivered ✓ payout\.completed/ }).click()
    const count = receiver.bodies.length
    await dialog.getByRole('button', { name: 'Send again' }).click()
    await dialog.getByRole('heading', { name: /^Attempt 2: answered 204 ✓/ }).waitFor()
    expect(receiver.bodies.slice(count).some((body) => body.includes('payout.completed'))).toBe(true)
    await page.keyboard.press('Escape')
    await gone(page)

    await begin('Statement …')
    await dialog.getByRole('button', { name: 'Make a link' }).click()
    const [statement] = await Promise.all([
      page.context().waitForEvent('page'),
      dialog.getByRole('link', { name: 'Open the statement' }).click(),
    ])
    await statement.getByText('Uchenna Okoro').first().waitFor()
    await statement.getByText('Lipa Ltd').first().waitFor()
    const pdf = await statement.pdf()
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    await receiver.close()
  },
)

browserTest('a developer finds a request by its id, and what it did', async () => {
  const { data } = await app.seeded.mteja.audit.list({ action: 'transfer', limit: 1 }).page()
  const requestId = data[0]?.requestId ?? ''
  const page = await app.signedIn(app.seeded.keys.developer)
  await page.getByRole('combobox').fill(requestId)
  await page.getByRole('option', { name: /Request/ }).click()
  await page.getByRole('heading', { name: 'What it did' }).waitFor()
  await page.getByRole('link', { name: /transfer\.completed/ }).waitFor()
})

browserTest('nothing moves while a screen loads: the browser’s own measure is 0', async () => {
  const page = await app.signedIn(app.seeded.keys.owner)
  const found: Record<string, Awaited<ReturnType<typeof shiftsOf>>> = {}
  for (const path of [
    '/home',
    '/customers',
    '/customers?money=yes',
    `/customers/${app.seeded.ada}`,
    `/customers/${app.seeded.ada}?tab=methods`,
    '/money?tab=overview',
    '/money?tab=purchases',
    '/money?tab=disputes',
    '/developers?tab=keys',
    '/developers?tab=events',
    '/audit',
  ]) {
    await app.goTo(page, path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await settled(page, 300)
    found[path] = await shiftsOf(page)
  }
  expect(Object.entries(found).filter(([, { sum }]) => sum > 0)).toEqual([])
})

browserTest('a session that is left open until its key has expired ends with a sentence', async () => {
  const expiresAt = new Date(Date.now() + 8000).toISOString()
  const { secret } = await app.seeded.mteja.apiKeys.create({ role: 'support', expiresAt })
  const page = await app.signedIn(secret, '/customers')
  await page.getByText('Your key is no longer accepted').waitFor({ timeout: 60_000 })
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
})
