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
