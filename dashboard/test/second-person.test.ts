import { expect } from 'vitest'
import { browserTest, faults, startPage } from './start-page.ts'

// A second person sees by what to decide, wherever they decide.

const app = startPage()

const destination = (accountNumber: string, accountName = 'ADA OBI') => ({
  type: 'bank_account' as const,
  bankCode: '250655',
  accountNumber,
  accountName,
})

browserTest(
  'whoever decides about a payout that was settled by hand sees its proof, reason and fee in its panel and in the dialogs',
  async () => {
    const { mteja, ada, keys } = app.seeded
    await mteja.approvals.updateSettings({ limits: [{ currency: 'ZAR', amountOver: 9_000 }] })
    await mteja.processors.set('out', { processor: 'manual' })
    const { id } = await mteja.payouts.create({
      customerId: ada,
      amount: 4100,
      currency: 'ZAR',
      destination: destination('6200776001'),
      reference: 'by-hand-2',
    })
    await expect.poll(async () => (await mteja.payouts.retrieve(id)).processor, { timeout: 15_000 }).toBe('manual')
    const path = `/money?tab=payouts&payout=${id}`
    const viewer = await app.signedIn(keys.viewer, path)
    await viewer.getByRole('dialog').getByText('••6001').waitFor()
    expect(await viewer.getByRole('dialog').textContent()).not.toContain('6200776001')
    const page = await app.signedIn(keys.finance, path)
    const panel = page.getByRole('dialog', { name: 'Payout', exact: true })
    await panel.getByRole('button', { name: '6200776001' }).waitFor()
    await panel.getByRole('button', { name: 'Settle by hand …' }).waitFor()

    await mteja.payouts.settle(id, { outcome: 'paid', proof: 'FT26330-0042', reason: 'At the counter', fee: 150 })
    await page.reload()
    const found = panel.getByRole('region', { name: 'Waits for a second person' })
    for (const part of ['FT26330-0042', 'At the counter', /R\s?1,50/]) await found.getByText(part).waitFor()
    expect(await panel.getByRole('button', { name: 'Cancel …' }).count()).toBe(0)
    expect(await panel.getByRole('button', { name: 'Settle by hand …' }).count()).toBe(0)
    expect(await faults(page)).toEqual([])

    for (const [button, title] of [
      ['Deny …', 'Deny'],
      ['Approve …', 'Approve'],
    ] as const) {
      await panel.getByRole('button', { name: button }).click()
      const dialog = page.getByRole('dialog', { name: title, exact: true })
      for (const part of ['FT26330-0042', 'At the counter', /R\s?1,50/]) await dialog.getByText(part).waitFor()
      expect(await faults(page)).toEqual([])
      await dialog.getByRole('button', { name: 'Continue' }).click()
      await dialog.getByText(/Proof: FT26330-0042\. Reason: At the counter\. Kept by the bank: R\s?1,50\./).waitFor()
      if (title === 'Approve') await dialog.getByRole('button', { name: /^Approve R/ }).click()
      else await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    await expect.poll(async () => (await mteja.payouts.retrieve(id)).state, { timeout: 15_000 }).toBe('paid')
    await mteja.processors.set('out', { processor: 'sandbox' })
  },
)

browserTest(
  'whoever approves a payout reads the name at the bank, and that a person may be the one who pays',
  async () => {
    const { mteja, ada, keys } = app.seeded
    await mteja.payouts.updateSettings({ nameDifferences: 'approval' })
    const { id } = await mteja.payouts.create({
      customerId: ada,
      amount: 1500,
      currency: 'ZAR',
      destination: destination('6200776002', 'Somebody Else'),
      reference: 'other-name',
    })
    await expect
      .poll(async () => (await mteja.payouts.retrieve(id)).state, { timeout: 15_000 })
      .toBe('awaiting_approval')
    const { nameCheck } = (await mteja.payouts.retrieve(id)).destination
    const page = await app.signedIn(keys.finance, `/money?tab=payouts&payout=${id}`)
    const panel = page.getByRole('dialog', { name: 'Payout', exact: true })
    await panel.getByRole('button', { name: 'Approve …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Approve', exact: true })
    await dialog.getByText('Another name ✕').waitFor()
    await dialog.getByText('The bank does not confirm the name of the payee.').waitFor()
    await dialog.getByRole('button', { name: 'Continue' }).click()
    const sentence = dialog.locator('p').first()
    await sentence.getByText(/or a person pays it where the processor is manual\./).waitFor()
    expect(await sentence.textContent()).toContain(
      `The bank says that the account belongs to ${nameCheck?.nameAtBank}, and not to Somebody Else.`,
    )
    await dialog.getByRole('button', { name: /^Approve R/ }).click()
    await expect.poll(async () => (await mteja.payouts.retrieve(id)).state, { timeout: 15_000 }).toBe('paid')
  },
)
