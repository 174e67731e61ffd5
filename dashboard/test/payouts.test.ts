import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { MtejaClient } from '../../client/src/index.ts'
import { act, browserTest, faults, gone, startPage } from './start-page.ts'

// Money that leaves, a second person who agrees, and the settings of both.

const app = startPage()

/** Begins a payout of Ada's, and fills in a new account. */
async function beginPayout(page: Page, number: string, amount: string): Promise<void> {
  await act(page, 'Pay out …')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Bank or operator').selectOption({ label: 'First National Bank' })
  await dialog.getByLabel('Account number').fill(number)
  await dialog.getByText(/^The bank says/).waitFor()
  await dialog.getByLabel('Amount (ZAR)').fill(amount)
}

const payoutsOf = async (customerId: string) => (await app.seeded.mteja.payouts.list({ customerId }).page()).data

browserTest(
  'a payout names the payee by the word of the bank, is paid once though its answer was lost, and is told',
  async () => {
    const page = await app.signedIn(app.seeded.keys.finance, `/customers/${app.seeded.ada}?tab=payouts`)
    await page.getByText('No money was paid out yet').waitFor()
    await beginPayout(page, '6200112233', '12.50')
    const dialog = page.getByRole('dialog')
    const name = await dialog.getByLabel('Name of the payee').inputValue()
    expect(name).not.toBe('')
    await dialog.getByLabel('Reason').fill('Rent')
    expect(await faults(page)).toEqual([])
    await page.route('**/v1/payouts', async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      await route.fetch()
      await route.abort('connectionreset')
    })
    await dialog.getByRole('button', { name: 'Continue' }).click()
    const sentence = (await dialog.locator('p').first().textContent()) ?? ''
    expect(sentence).toMatch(/^R\s?12,50 of Ada Obi is paid out to .*First National Bank ••2233/)
    expect(sentence).toContain(name)
    await dialog.getByText('This cannot be undone.').waitFor()
    await dialog.getByRole('button', { name: /^Pay out R/ }).click()
    await dialog.getByText('The server cannot be reached.').waitFor()
    await page.unroute('**/v1/payouts')
    await dialog.getByRole('button', { name: /^Pay out R/ }).click()
    await gone(page)
    expect(await payoutsOf(app.seeded.ada)).toHaveLength(1)
    await page.getByRole('button', { name: /Paid ✓.*••2233/ }).click()
    await dialog.getByRole('heading', { name: 'What happened' }).waitFor()
    await dialog.getByText('Not sent yet').waitFor()
    await dialog.getByText('Both sides').waitFor()
    await dialog.getByText('Same name ✓').waitFor()
    expect(await dialog.textContent()).not.toContain('6200112233')
    expect(await faults(page)).toEqual([])
  },
)

browserTest(
  'money that is reserved for a payout is on its way out, says what a person does, and comes back when it is cancelled',
  async () => {
    const page = await app.signedIn(app.seeded.keys.finance, `/customers/${app.seeded.ada}`)
    const cash = page.getByRole('region', { name: 'Cash' })
    await cash.getByText('on its way out').first().waitFor()
    await beginPayout(page, '0000000010', '20')
    await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Pay out R/ })
      .click()
    await gone(page)
    await cash.getByTitle('2000 minor units of ZAR').waitFor()
    await app.goTo(page, '/money?tab=payouts&attention=yes')
    await page.getByRole('button', { name: /Needs you/ }).click()
    const panel = page.getByRole('dialog')
    await panel.getByText('Put money into the account at the processor.', { exact: false }).waitFor()
    await panel.getByRole('button', { name: 'Cancel …' }).click()
    const asked = page.getByRole('dialog', { name: 'Cancel the payout' })
    await asked.getByRole('button', { name: 'Continue' }).click()
    await asked.getByRole('button', { name: /^Cancel the payout of R/ }).click()
    await panel.getByText('Cancelled').first().waitFor()
    await page.getByText('No payout is like this').waitFor()
  },
)

browserTest('a payout that a person pays is settled by hand, with its proof and the fee of the bank', async () => {
  const { mteja, ada } = app.seeded
  await mteja.processors.set('out', { processor: 'manual' })
  const { id } = await mteja.payouts.create({
    customerId: ada,
    amount: 3000,
    currency: 'ZAR',
    destination: { type: 'bank_account', bankCode: '250655', accountNumber: '6200778899', accountName: 'ADA OBI' },
    reference: 'by-hand-1',
  })
  const page = await app.signedIn(app.seeded.keys.finance, `/money?tab=payouts&payout=${id}`)
  const panel = page.getByRole('dialog')
  await panel.getByRole('button', { name: 'Settle by hand …' }).click()
  const asked = page.getByRole('dialog', { name: 'Settle by hand' })
  await asked.getByRole('button', { name: 'Continue' }).click()
  await asked.getByText('Name the transfer at the bank.').waitFor()
  await asked.getByLabel('Name of the transfer at the bank').fill('FT26330-0017')
  await asked.getByLabel(/What the bank has kept/).fill('1.50')
  await asked.getByRole('button', { name: 'Continue' }).click()
  await asked.getByRole('button', { name: /as paid$/ }).click()
  await asked.waitFor({ state: 'detached' })
  await panel.getByText('FT26330-0017').waitFor()
  expect(await mteja.payouts.retrieve(id)).toMatchObject({ proof: 'FT26330-0017' })
  await mteja.processors.set('out', { processor: 'sandbox' })
})

browserTest('a payout that was paid late needs nobody any more once a person has said what was found', async () => {
  const { mteja, ada } = app.seeded
  const { id } = await mteja.payouts.create({
    customerId: ada,
    amount: 1200,
    currency: 'ZAR',
    destination: { type: 'bank_account', bankCode: '250655', accountNumber: '6200778811', accountName: 'ADA OBI' },
    reference: 'paid-late',
  })
  await expect.poll(async () => (await mteja.payouts.retrieve(id)).state, { timeout: 15_000 }).toBe('paid')
  let sent: unknown
  const page = await app.signedIn(app.seeded.keys.finance, '/money?tab=payouts')
  // No payout of the sandbox is paid after it was released. The answer is as it is then.
  await page.route(`**/v1/payouts/${id}`, async (route) => {
    const payout = await (await route.fetch()).json()
    const needsAttention =
      sent === undefined ? { code: 'late', reason: 'It was paid after its money was released' } : null
    await route.fulfill({ json: { ...payout, needsAttention } })
  })
  await page.route(`**/v1/payouts/${id}/settle`, async (route) => {
    sent = route.request().postDataJSON()
    await route.fulfill({ json: await mteja.payouts.retrieve(id) })
  })
  await app.goTo(page, `/money?tab=payouts&payout=${id}`)
  const panel = page.getByRole('dialog')
  await panel.getByRole('button', { name: 'Looked at …' }).click()
  const asked = page.getByRole('dialog', { name: 'Looked at' })
  await asked.getByRole('button', { name: 'Continue' }).click()
  await asked.getByText('Say what was found.').waitFor()
  await asked.getByLabel('What was found').fill('It was not paid again')
  await asked.getByRole('button', { name: 'Continue' }).click()
  await asked.getByText('No money moves.', { exact: false }).waitFor()
  await asked.getByRole('button', { name: /^Nothing more to do for R/ }).click()
  await asked.waitFor({ state: 'detached' })
  expect(sent).toEqual({ outcome: 'paid', proof: 'It was not paid again' })
  await expect.poll(() => panel.getByRole('button', { name: 'Looked at …' }).count(), { timeout: 15_000 }).toBe(0)
})

browserTest('limits that somebody else has changed meanwhile are not overwritten, and a higher one waits', async () => {
  const page = await app.signedIn(app.seeded.keys.owner, '/money?tab=settings')
  const form = page.getByRole('form', { name: 'Limits' })
  const field = form.getByLabel('ZAR: an amount over')
  await field.fill('90')
  await app.seeded.mteja.approvals.updateSettings({ limits: [{ currency: 'ZAR', amountOver: 8000 }] })
  await form.getByRole('button', { name: 'Save the limits' }).click()
  await form.getByText('Somebody else has changed this meanwhile').waitFor()
  expect((await app.seeded.mteja.approvals.retrieveSettings()).limits).toMatchObject([{ amountOver: 8000 }])
  await form.getByRole('button', { name: 'Show them as they are now' }).click()
  await expect.poll(() => field.inputValue()).toBe('80.00')
  await field.fill('50')
  await form.getByRole('button', { name: 'Save the limits' }).click()
  await page.getByText('The limits were saved.').waitFor()
  await field.fill('500')
  await form.getByRole('button', { name: 'Save the limits' }).click()
  await form.getByRole('link', { name: 'waits for a second person' }).click()
  await page.getByRole('dialog').getByText('As they would be').waitFor()
  await page.getByRole('dialog').getByText('Only a person approves', { exact: false }).waitFor()
  expect(await faults(page)).toEqual([])
})

browserTest(
  'a payout is approved where it is shown, and looser settings of payouts wait for a second person',
  async () => {
    const { mteja, ada } = app.seeded
    await mteja.approvals.updateSettings({ limits: [{ currency: 'ZAR', amountOver: 5000 }] })
    const { id } = await mteja.payouts.create({
      customerId: ada,
      amount: 6000,
      currency: 'ZAR',
      destination: { type: 'bank_account', bankCode: '250655', accountNumber: '6200778822', accountName: 'ADA OBI' },
      reference: 'over-the-limit',
    })
    const page = await app.signedIn(app.seeded.keys.finance, `/money?tab=payouts&payout=${id}`)
    const panel = page.getByRole('dialog')
    await panel.getByRole('button', { name: 'Approve …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Approve', exact: true })
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('button', { name: /^Approve R/ }).click()
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(async () => (await mteja.payouts.retrieve(id)).state, { timeout: 15_000 }).toBe('paid')
    await expect.poll(() => panel.getByRole('button', { name: 'Approve …' }).count(), { timeout: 15_000 }).toBe(0)

    await mteja.payouts.updateSettings({ coolDownHours: 2 })
    const owner = await app.signedIn(app.seeded.keys.owner, '/money?tab=settings')
    const form = owner.getByRole('form', { name: 'Payouts' })
    await form.getByLabel('Hours for which a payout to a new recipient waits').fill('0')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByRole('link', { name: 'waits for a second person' }).click()
    await owner.getByRole('dialog').getByText('2 hours → 0 hours').waitFor()
    expect(await faults(owner)).toEqual([])
    const { coolDownHours, waitingApprovalId } = await mteja.payouts.retrieveSettings()
    expect(coolDownHours).toBe(2)
    const ben = new MtejaClient({ baseUrl: app.server.baseUrl, token: app.seeded.keys.finance })
    await ben.approvals.approve(waitingApprovalId as string)
    expect(await mteja.payouts.retrieveSettings()).toMatchObject({ coolDownHours: 0, waitingApprovalId: null })
  },
)

browserTest(
  'a payout of which the processor cannot say how it ended is settled by a person, with a reason',
  async () => {
    const { mteja, ada } = app.seeded
    const { id } = await mteja.payouts.create({
      customerId: ada,
      amount: 1100,
      currency: 'ZAR',
      destination: { type: 'bank_account', bankCode: '250655', accountNumber: '0000000008', accountName: 'ADA OBI' },
      reference: 'without-an-end',
    })
    const page = await app.signedIn(app.seeded.keys.finance, '/money?tab=payouts')
    // A processor that cannot say how a payout ended is believed for an hour. The answer is as it is after that hour.
    let sent: unknown
    await page.route(`**/v1/payouts/${id}`, async (route) => {
      const payout = await (await route.fetch()).json()
      const needsAttention = {
        code: 'unknown',
        sentence: 'The processor cannot say how it ended.',
        since: payout.createdAt,
      }
      await route.fulfill({ json: sent === undefined ? { ...payout, needsAttention } : { ...payout, proof: 'said' } })
    })
    await page.route(`**/v1/payouts/${id}/settle`, async (route) => {
      sent = route.request().postDataJSON()
      await route.fulfill({ json: await mteja.payouts.retrieve(id) })
    })
    await app.goTo(page, `/money?tab=payouts&payout=${id}`)
    const panel = page.getByRole('dialog')
    await panel.getByRole('button', { name: 'Settle by hand …' }).click()
    const asked = page.getByRole('dialog', { name: 'Settle by hand' })
    await asked.getByText('Look there first.', { exact: false }).waitFor()
    await asked.getByLabel('How it ended').selectOption('failed')
    await asked.getByLabel('What shows that it was not paid').fill('No transfer in the account of 3 March')
    await asked.getByRole('button', { name: 'Continue' }).click()
    await asked.getByText('Say why it is settled by hand.').waitFor()
    await asked.getByLabel('Why it is settled by hand').fill('The bank has never seen it')
    await asked.getByRole('button', { name: 'Continue' }).click()
    await asked.getByText('can be spent at once', { exact: false }).waitFor()
    await asked.getByRole('button', { name: /as not paid$/ }).click()
    await asked.waitFor({ state: 'detached' })
    expect(sent).toEqual({
      outcome: 'failed',
      proof: 'No transfer in the account of 3 March',
      reason: 'The bank has never seen it',
    })
    await panel.getByText('Settled by hand', { exact: true }).waitFor()
  },
)

browserTest(
  'the settings of payouts, payments and disputes are saved, and those that changed meanwhile are not',
  async () => {
    const { mteja } = app.seeded
    const page = await app.signedIn(app.seeded.keys.owner, '/money?tab=settings')
    const payouts = page.getByRole('form', { name: 'Payouts' })
    await payouts.getByLabel('Hours for which a payout to a new recipient waits').fill('many')
    await payouts.getByRole('button', { name: 'Save' }).click()
    await payouts.getByText('Type the hours as a whole number').waitFor()
    await payouts.getByLabel('Hours for which a payout to a new recipient waits').fill('0')
    await payouts.getByLabel('Fees of the processor').selectOption('owner')
    await payouts.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved, for what begins from now on.').first().waitFor()
    expect(await mteja.payouts.retrieveSettings()).toMatchObject({ feesBorneBy: 'owner', coolDownHours: 0 })
    await mteja.payouts.updateSettings({ feesBorneBy: 'merchant' })
    const payments = page.getByRole('form', { name: 'Payments' })
    await payments.getByLabel('Payments whose metadata names no purpose').selectOption('wallet_topup')
    await payments.getByRole('button', { name: 'Save' }).click()
    await expect
      .poll(async () => (await mteja.paymentSettings.retrieve()).knownCustomers, { timeout: 15_000 })
      .toBe('wallet_topup')
    const disputes = page.getByRole('form', { name: 'Disputes' })
    await disputes.getByLabel('An open dispute reserves', { exact: false }).check()
    await mteja.disputes.updateSettings({ borneBy: 'merchant' })
    await disputes.getByRole('button', { name: 'Save' }).click()
    await disputes.getByText('Somebody else has changed this meanwhile').waitFor()
    expect(await mteja.disputes.retrieveSettings()).toMatchObject({ borneBy: 'merchant', holdsAmount: false })
    expect(await faults(page)).toEqual([])
    const viewer = await app.signedIn(app.seeded.keys.viewer, '/money?tab=settings')
    await viewer.getByText('Money that a payer takes back is your loss.').waitFor()
  },
)

browserTest('an owner chooses who sends the money, and pauses all sending, which the first screen says', async () => {
  const { mteja } = app.seeded
  const page = await app.signedIn(app.seeded.keys.owner, '/money?tab=settings')
  const part = page.getByRole('region', { name: 'Processors' })
  await part.getByRole('button', { name: 'Choose …' }).last().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Processor').selectOption('paystack')
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByText('Give the secret key of the account.').waitFor()
  await dialog.getByLabel('Processor').selectOption('manual')
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByRole('button', { name: 'Choose this processor' }).click()
  await part.getByText('People, outside any API').waitFor()
  await mteja.processors.set('out', { processor: 'sandbox' })
  await part.getByRole('button', { name: 'Pause all sending …' }).click()
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByRole('button', { name: 'Pause all sending' }).click()
  await part.getByText('Nothing is sent: no payout', { exact: false }).waitFor()
  expect(await faults(page)).toEqual([])
  await app.goTo(page, '/home')
  await page.getByRole('link', { name: /Nothing is sent/ }).click()
  await part.getByRole('button', { name: 'Let sending go on …' }).click()
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByRole('button', { name: 'Let sending go on' }).click()
  await part.getByRole('button', { name: 'Pause all sending …' }).waitFor()
  expect((await mteja.processors.list()).data).toMatchObject([{ pause: null }, { processor: 'sandbox' }])
})

browserTest(
  'what the owner asks for waits: the nav counts it for another person, who approves it, and denies another with a reason',
  async () => {
    const { mteja, ada } = app.seeded
    const asked = (reference: string, amount: number) =>
      mteja.adjustments.make({
        customerId: ada,
        amount,
        currency: 'ZAR',
        direction: 'credit',
        reason: 'Goodwill',
        reference,
      })
    await asked('ticket-1', 7000)
    await asked('ticket-2', 7100)
    const page = await app.signedIn(app.seeded.keys.finance, '/money?tab=approvals')
    await page.getByRole('navigation').getByText('wait for you').waitFor({ state: 'attached' })
    await page.getByRole('button', { name: /70,00/ }).click()
    const panel = page.getByRole('dialog', { name: 'Approval' })
    await panel.getByText('The amount is over the limit.').waitFor()
    await panel.getByRole('button', { name: 'Approve …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Approve', exact: true })
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByText('add to the balance, R', { exact: false }).waitFor()
    await dialog.getByRole('button', { name: /^Approve R/ }).click()
    await panel.getByText('Approved ✓').waitFor()
    await page.keyboard.press('Escape')
    await gone(page)
    await page.getByRole('button', { name: /71,00/ }).click()
    await panel.getByRole('button', { name: 'Deny …' }).click()
    const denial = page.getByRole('dialog', { name: 'Deny', exact: true })
    await denial.getByLabel('Reason (optional)').fill('The ticket says 7')
    await denial.getByRole('button', { name: 'Continue' }).click()
    await denial.getByRole('button', { name: 'Deny', exact: true }).click()
    await panel.getByText('The ticket says 7').waitFor()
    const decided = (await mteja.approvals.list({ kind: 'adjustment' }).page()).data
    expect(decided.map(({ status }) => status)).toEqual(['denied', 'approved'])
  },
)

browserTest(
  'what this key has asked for says who approves it, and in test mode the sandbox stands in for them',
  async () => {
    const { mteja, ada, keys } = app.seeded
    await mteja.approvals.updateSettings({ limits: [{ currency: 'ZAR', amountOver: 1 }] })
    await mteja.adjustments.make({
      customerId: ada,
      amount: 7200,
      currency: 'ZAR',
      direction: 'credit',
      reason: 'Goodwill',
      reference: 'ticket-3',
    })
    const page = await app.signedIn(keys.owner, '/home')
    await page.getByRole('link', { name: /Waiting for another person than you: \d/ }).click()
    await page.getByRole('button', { name: /72,00/ }).click()
    const panel = page.getByRole('dialog', { name: 'Approval' })
    await panel.getByText('Only a person approves', { exact: false }).waitFor()
    expect(await panel.getByRole('button', { name: 'Approve …' }).count()).toBe(0)
    await panel.getByRole('button', { name: 'Approve as another person …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Approve as another person' })
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('button', { name: /^Approve R/ }).click()
    await panel.getByText('Approved ✓').waitFor()
    expect(await faults(page)).toEqual([])
  },
)

browserTest('a recipient is stopped, and taken back', async () => {
  const page = await app.signedIn(app.seeded.keys.finance, '/money?tab=payouts&of=recipients')
  const list = page.getByRole('main')
  await list.getByText('••8899').waitFor()
  await list.getByRole('button', { name: /^Stop/ }).first().click()
  await page.getByRole('button', { name: 'Undo' }).click()
  await list.getByText('••8899').waitFor()
  expect(await faults(page)).toEqual([])
})
