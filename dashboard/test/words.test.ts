import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { act, browserTest, startPage } from './start-page.ts'

// What the page says before and after money moves is true.

const app = startPage({ hasMore: true })

async function find(page: Page, text: string | undefined, kind: string): Promise<void> {
  await page.getByRole('combobox').fill(text ?? '')
  await page.getByRole('option').filter({ hasText: kind }).first().waitFor()
}

browserTest('a payout to another name than the bank’s, and over a limit, says both before it is made', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, `/customers/${app.seeded.ada}`)
  await act(page, 'Pay out …')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Bank or operator').selectOption({ label: 'First National Bank' })
  await dialog.getByLabel('Account number').fill('6200998877')
  await dialog.getByText(/^The bank says/).waitFor()
  const atBank = await dialog.getByLabel('Name of the payee').inputValue()
  await dialog.getByLabel('Name of the payee').fill('Somebody Else')
  await dialog.getByLabel('Amount (ZAR)').fill('95')
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByText(`The bank says that the account belongs to ${atBank}, and not to Somebody Else.`).waitFor()
  await dialog.getByText(/That is over R\s?90,00, so it waits for a second person first\./).waitFor()
  await dialog.getByRole('button', { name: /^Pay out R/ }).click()
  await page.getByText('It waits for a second person: see Money, Approvals.').waitFor()
})

browserTest('a refund says what the balance will be, and that the customer reads the reason', async () => {
  const page = await app.signedIn(app.seeded.keys.support, `/customers/${app.seeded.ada}`)
  await page
    .getByRole('button', { name: /Bought/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Refund' }).click()
  const dialog = page.getByRole('dialog', { name: 'Refund' })
  await dialog.getByText('The customer reads it on the statement').waitFor()
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByText(/will be available then\. After it/).waitFor()
})

browserTest('the search finds whatever the page lets one copy', async () => {
  const { mteja, keys, ada } = app.seeded
  const [payout] = (await mteja.payouts.list({ customerId: ada, limit: 1 }).page()).data
  const [approval] = (await mteja.approvals.list({ limit: 1 }).page()).data
  const { id } = await mteja.sandbox.createPaymentMethod({ customerId: ada, type: 'card' })
  const page = await app.signedIn(keys.viewer, '/home')
  await find(page, payout?.reference, 'Payout')
  await find(page, payout?.id, payout?.reference ?? '')
  await find(page, approval?.id, 'Approval')
  await find(page, id, 'Payment method')
  await find(page, payout?.processorReference, payout?.reference ?? '')
  const [endpoint] = (await mteja.webhookEndpoints.list({ limit: 1 }).page()).data
  await find(page, endpoint?.id, 'Endpoint')
  // The request of a refusal has changed nothing, so nothing else can be said of it.
  await find(page, '019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e', 'nothing was changed by it')
})

browserTest('a key is offered only the roles that it may give', async () => {
  const page = await app.signedIn(app.seeded.keys.developer, '/developers?tab=keys')
  await page.getByRole('button', { name: 'New key' }).click()
  const offered = await page.getByLabel('Role').locator('option').allTextContents()
  expect(offered.map((each) => each.split(':')[0])).toEqual(['Viewer', 'Developer'])
})

browserTest('an edit that came too late shows what was changed meanwhile, and goes on from there', async () => {
  const { ada, cashful, keys } = app.seeded
  const page = await app.signedIn(keys.support, `/customers/${ada}`)
  await act(page, 'Edit …')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Phone').fill('+27821234599')
  await cashful.customers.update(ada, { email: 'ada.obi@example.com' })
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('Meanwhile somebody else has set the e-mail to “ada.obi@example.com”.').waitFor()
  await dialog.getByRole('button', { name: 'Go on from there' }).click()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  expect(await cashful.customers.retrieve(ada)).toMatchObject({
    email: 'ada.obi@example.com',
    phoneNumber: '+27821234599',
  })
})

browserTest('a payout to an account that was only used for somebody else says whose it was', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, `/customers/${app.seeded.thandi}`)
  await act(page, 'Pay out …')
  const dialog = page.getByRole('dialog')
  const place = dialog.getByLabel('To', { exact: true })
  const others = place.locator('optgroup[label^="Of others"] option')
  await others.first().waitFor({ state: 'attached' })
  const [first = ''] = await others.allTextContents()
  expect(first).toContain('(of Ada Obi)')
  await place.selectOption({ label: first })
  await dialog.getByLabel('Amount (ZAR)').fill('5')
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog
    .getByText('This customer was never paid out to there: the account is that of a payout of Ada Obi.')
    .waitFor()
})

browserTest('the history names the payee and the bank of a payout', async () => {
  const page = await app.signedIn(app.seeded.keys.viewer, `/customers/${app.seeded.ada}`)
  await page
    .getByText(/^Paid out to ADA OBI, First National Bank ••2233/)
    .first()
    .waitFor()
})

browserTest('Home shows waiting approvals only to a role that may decide them', async () => {
  const viewer = await app.signedIn(app.seeded.keys.viewer, '/home')
  await viewer.getByText(/new in 7 days/).waitFor()
  expect(await viewer.getByText(/^Waiting for/).count()).toBe(0)
  const owner = await app.signedIn(app.seeded.keys.owner, '/money?tab=approvals')
  await owner.getByText(/for another person than you/).waitFor()
  await owner.getByRole('button', { name: 'Show what waits for anybody' }).click()
  await owner
    .getByRole('button', { name: /Payout to/ })
    .first()
    .waitFor()
})

browserTest('a new person without an e-mail is told so', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, '/developers?tab=people')
  await page.getByRole('button', { name: 'New person' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Olu Ade')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('Type the e-mail: it tells two people of one name apart.').waitFor()
})

browserTest('the audit tells a change in words: from what to what, and what was refused', async () => {
  const { mteja, keys, ada } = app.seeded
  await app.seeded.paystack.customers.setRiskAction({ customer: ada, risk_action: 'allow' })
  await mteja.reconciliations.create({}).catch(() => {})
  const page = await app.signedIn(keys.viewer, '/audit')
  const rows = page.locator('button.tr')
  await rows.filter({ hasText: 'Compare the processor with the books' }).waitFor()
  expect(await rows.filter({ hasText: 'Compare the processor with the books' }).count()).toBe(1)
  await rows.filter({ hasText: 'refused ✕' }).waitFor()
  await rows.filter({ hasText: 'Set the risk action to allow' }).click()
  await page.getByRole('dialog').getByText('default → allow').waitFor()
})

browserTest('payouts are narrowed to a customer who is found by a part of the name', async () => {
  const page = await app.signedIn(app.seeded.keys.viewer, '/money?tab=payouts')
  await page.getByRole('combobox', { name: 'Customer', exact: true }).fill('thandi')
  await page.getByRole('option', { name: /Thandi Nkosi/ }).click()
  await page.getByText('No payout is like this').waitFor()
  expect(page.url()).toContain(`customer=${app.seeded.thandi}`)
  await page.getByRole('button', { name: 'All customers' }).click()
  await page
    .getByRole('button', { name: /ADA OBI/ })
    .first()
    .waitFor()
})

browserTest('a former key that its account refuses is shown, with the key that asks instead', async () => {
  const page = await app.signedIn(app.seeded.keys.owner)
  const refused = {
    keyHint: 'a1b2',
    lastError: 'Invalid key',
    lastErrorAt: '2026-01-15T10:30:00.000Z',
    replacedAt: '2026-01-15T10:00:00.000Z',
    askedBy: null,
  }
  await page.route('**/v1/processors', async (route) => {
    const answer = await route.fetch()
    const { data } = await answer.json()
    const accounts = data.map((each: object, at: number) => (at === 0 ? { ...each, refusedKeys: [refused] } : each))
    await route.fulfill({ response: answer, json: { data: accounts } })
  })
  await app.goTo(page, '/money?tab=settings')
  await page.getByText(/^The former key …a1b2 is refused by its account/).waitFor()
})
