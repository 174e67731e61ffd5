import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { doCommand } from '../../src/domain/ledger/commands.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { cash, commandsFor } from '../wallets.ts'
import { moveRefund, openDispute, pay, type RefundRow, refundInDashboard, resolveDispute } from './live-account.ts'
import { openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// Money that went to suspense, was assigned to a customer, and goes back by the account that took it.

let api: TestApi
let opened: ReconciledAccount
/** Who gets the money, and the movement that brought it to suspense. */
let owner: string
let suspendedId: string

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})

/** A top-up of 3,000 under the reference `order-1`, whose customer was deleted before the money came. */
beforeEach(async () => {
  opened = await openReconciledAccount(api)
  const { ask, account, open } = opened
  await open()
  const asked = { email: 'gone@example.com', amount: 3_000, currency: 'NGN', metadata: { purpose: 'wallet_topup' } }
  await ask('POST', '/transaction/initialize', { ...asked, reference: 'order-1' })
  const gone = (await ask('GET', '/customer/gone@example.com')).json().data.customer_code
  expect((await ask('DELETE', '/api/canary/customers/bulk', { ids: [gone] })).statusCode).toBeLessThan(300)
  pay(account, account.transactions.at(-1)?.reference as string)
  await opened.tellAll()
  await opened.settleDue()
  ;[{ id: suspendedId }] = (await ask('GET', '/v1/suspense')).json().data
  owner = (await ask('POST', '/customer', { email: 'ada@example.com' })).json().data.customer_code
  return opened.close
})

const assign = async () =>
  (await opened.ask('POST', `/v1/suspense/${suspendedId}/assign`, { customerId: owner })).json()
const refund = (transactionId: string, amount?: number) =>
  opened.ask('POST', '/v1/refunds', { transactionId, ...(amount === undefined ? {} : { amount }) })
const verify = async () => (await opened.ask('GET', '/transaction/verify/order-1')).json().data.status
const lastRefund = () => opened.account.refunds.at(-1) as RefundRow
async function end(status: 'processed' | 'failed') {
  // Of one moment no refund is the newer one.
  api.service.clock.advance(1000)
  moveRefund(opened.account, lastRefund(), status)
  await opened.tellAll()
  await opened.settleDue()
}
async function balance() {
  const { balances } = (await opened.ask('GET', `/v1/customers/${owner}/balances`)).json()
  const { posted, held, owed } = balances.find(({ currency }: { currency: string }) => currency === 'NGN')
  return [posted, held, owed]
}
async function expectAgreement() {
  expect((await opened.books())['outside/2'] ?? 0).toBe(-opened.account.balance())
  expect((await opened.reconcile()).status).toBe('agreed')
  expect(await opened.named()).toEqual([])
}

test('goes back through the processor, in parts, and verify and every name of it tell so', async () => {
  expect((await refund('order-1', 1_000)).statusCode).toBe(400)
  const { transactionId: assignedId } = (await assign()).decision ?? (await assign())
  expect(await verify()).toBe('success')
  const first = (await refund('order-1', 1_000)).json()
  expect(first).toMatchObject({ transactionId: suspendedId, amount: 1_000 })
  expect([await balance(), await verify()]).toEqual([[3_000, 1_000, 0], 'reversal-pending'])
  expect(opened.account.refunds).toMatchObject([{ amount: 1_000 }])
  const deleted = await opened.ask('DELETE', '/api/canary/customers/bulk', { ids: [owner] })
  expect(deleted.body).toContain('refund')
  await end('processed')
  expect([await balance(), await verify()]).toEqual([[2_000, 0, 0], 'success'])
  await expectAgreement()

  expect((await refund(assignedId, 2_001)).json()).toMatchObject({ error: { code: 'refund_exceeded' } })
  const second = (await refund(assignedId)).json()
  expect(second).toMatchObject({ transactionId: suspendedId, amount: 2_000 })
  await end('failed')
  expect([await balance(), await verify()]).toEqual([[2_000, 0, 0], 'success'])
  const third = (await opened.ask('POST', '/refund', { transaction: 'order-1', amount: 2_000 })).json()
  expect(third).toMatchObject({ status: true, data: { amount: 2_000 } })
  await opened.settleDue()
  await end('processed')
  expect([await balance(), await verify()]).toEqual([[0, 0, 0], 'reversed'])
  await expectAgreement()

  for (const name of ['order-1', suspendedId, assignedId]) {
    const { data } = (await opened.ask('GET', `/v1/refunds?transactionId=${name}`)).json()
    expect(data.map(({ amount, state, customerId }: Record<string, unknown>) => [amount, state, customerId])).toEqual([
      [2_000, 'processed', owner],
      [2_000, 'failed', owner],
      [1_000, 'processed', owner],
    ])
  }
  const moved = (await opened.ask('GET', '/v1/transactions?reference=order-1')).json().data
  // Of one instant any may come first.
  expect(moved.map(({ kind, amount }: Record<string, unknown>) => `${kind} ${amount}`).sort()).toEqual([
    'assigned 3000',
    'refund 1000',
    'refund 2000',
    'suspended 3000',
  ])
  expect(moved.every(({ payment }: { payment?: { reference: string } }) => payment?.reference === 'order-1')).toBe(true)
})

test('only what the account had not taken before goes back, and a dispute takes no more than what is left', async () => {
  const { account } = opened
  const { reference } = account.transactions.at(-1) as { reference: string }
  refundInDashboard(account, reference, 500)
  await opened.tellAll()
  await opened.settleDue()
  await assign()
  expect(await balance()).toEqual([2_500, 0, 0])
  expect((await refund('order-1', 2_501)).json()).toMatchObject({ error: { code: 'refund_exceeded' } })
  expect((await refund('order-1', 1_000)).statusCode).toBe(201)
  await end('processed')
  const dispute = openDispute(account, reference)
  dispute.refund_amount = 1_500
  await opened.tellAll()
  await opened.settleDue()
  expect((await refund('order-1', 1)).json()).toMatchObject({ error: { code: 'refund_exceeded' } })
  resolveDispute(account, dispute, 'auto-accepted')
  await opened.tellAll()
  await opened.settleDue()
  expect(await balance()).toEqual([0, 0, 0])
  await expectAgreement()
})

test('of many refunds at once no more goes back than came', async () => {
  await assign()
  const answers = await Promise.all(Array.from({ length: 6 }, () => refund('order-1', 1_000)))
  expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 201, 201, 409, 409, 409])
  expect(await balance()).toEqual([3_000, 3_000, 0])
  for (const row of opened.account.refunds) moveRefund(opened.account, row, 'processed')
  await opened.tellAll()
  await opened.settleDue()
  expect(await balance()).toEqual([0, 0, 0])
  await expectAgreement()
})

describe('with holdsAmount an open dispute reserves assigned money', () => {
  const told = async () => {
    await opened.tellAll()
    await opened.settleDue()
  }
  const dispute = async (amount: number) => {
    const row = openDispute(opened.account, opened.account.transactions.at(-1)?.reference as string)
    row.refund_amount = amount
    await told()
    return row
  }
  beforeEach(async () => {
    const changed = await opened.ask('PATCH', '/v1/dispute-settings', { holdsAmount: true })
    expect(changed.json()).toMatchObject({ holdsAmount: true })
  })

  test.each([
    ['before', 'auto-accepted', [1_500, 0, 0]],
    ['before', 'declined', [3_000, 0, 0]],
    ['after', 'auto-accepted', [1_500, 0, 0]],
    ['after', 'declined', [3_000, 0, 0]],
  ] as const)('that is assigned %s it is opened, until it is %s', async (when, resolution, left) => {
    if (when === 'before') await assign()
    const row = await dispute(1_500)
    if (when === 'after') expect(await balance().catch(() => [0, 0, 0])).toEqual([0, 0, 0])
    if (when === 'after') await assign()
    expect(await balance()).toEqual([3_000, 1_500, 0])
    const [shown] = (await opened.ask('GET', `/v1/disputes?customerId=${owner}`)).json().data
    expect(shown).toMatchObject({ state: 'open', amount: 1_500 })
    expect((await refund('order-1', 1_501)).json()).toMatchObject({ error: { code: 'refund_exceeded' } })
    resolveDispute(opened.account, row, resolution)
    await told()
    expect(await balance()).toEqual(left)
    await expectAgreement()
    // Decided again and again: the money moves, and the hold is gone.
    for (const again of ['declined', 'auto-accepted', 'declined'] as const) {
      resolveDispute(opened.account, row, again)
      await told()
      expect(await balance()).toEqual([again === 'declined' ? 3_000 : 1_500, 0, 0])
    }
    await expectAgreement()
  })

  test('as far as refunds and the account have left it', async () => {
    await assign()
    expect((await refund('order-1', 1_000)).statusCode).toBe(201)
    await end('processed')
    await opened.ask('POST', '/v1/pay-ins', {
      ...{ customerId: owner, amount: 5_000, currency: 'NGN', source: 'cash', reference: 'counter' },
    })
    const row = await dispute(3_000)
    expect(await balance()).toEqual([7_000, 2_000, 0])
    resolveDispute(opened.account, row, 'declined')
    await told()
    expect(await balance()).toEqual([7_000, 0, 0])
  })

  test('and no more than was assigned, where the account had taken a part before', async () => {
    refundInDashboard(opened.account, opened.account.transactions.at(-1)?.reference as string, 500)
    await told()
    await assign()
    await opened.ask('POST', '/v1/pay-ins', {
      ...{ customerId: owner, amount: 5_000, currency: 'NGN', source: 'cash', reference: 'counter' },
    })
    await dispute(3_000)
    expect(await balance()).toEqual([7_500, 2_500, 0])
  })

  test('and is the dispute of its new owner then, and of no other money', async () => {
    await dispute(1_500)
    opened.sell('T-shirt-7')
    await opened.reconcile()
    await dispute(3_000)
    await assign()
    const { data } = (await opened.ask('GET', '/v1/disputes')).json()
    expect(data.map(({ amount, customerId }: Record<string, unknown>) => [amount, customerId])).toEqual([
      [3_000, null],
      [1_500, owner],
    ])
  })

  test('and nothing where the account takes it out of suspense, or the merchant bears disputes', async () => {
    const row = await dispute(1_500)
    resolveDispute(opened.account, row, 'auto-accepted')
    await told()
    await opened.ask('PATCH', '/v1/dispute-settings', { borneBy: 'merchant' })
    await dispute(1_000)
    await assign()
    expect(await balance()).toEqual([1_500, 0, 0])
  })
})

test('money that nobody had asked for here is given back in the account alone', async () => {
  opened.sell('T-shirt-7')
  await opened.reconcile()
  const { data } = (await opened.ask('GET', '/v1/suspense?open=true')).json()
  const shop = data.find(
    ({ details }: { details: { processorReference: string } }) => details.processorReference === 'T-shirt-7',
  )
  expect((await opened.ask('POST', `/v1/suspense/${shop.id}/assign`, { customerId: owner })).statusCode).toBe(200)
  expect((await refund(shop.id)).json()).toMatchObject({ error: { code: 'not_available' } })
})

test('money that nobody had asked for here is listed by the account’s name of it, unless a person has recorded that name', async () => {
  opened.sell('shop-9')
  await opened.reconcile()
  const list = async (name: string) => {
    const answer = await opened.ask('GET', `/v1/transactions?reference=${name}`)
    return (answer.json().data?.map(({ kind }: { kind: string }) => kind) as string[])?.sort() ?? answer.statusCode
  }
  expect(await list('shop-9')).toEqual(['suspended'])
  const [{ id }] = (await opened.ask('GET', '/v1/suspense')).json().data
  expect((await opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId: owner })).statusCode).toBe(200)
  expect(await list('shop-9')).toEqual(['assigned', 'suspended'])
  expect([await list('SHOP-9'), await list('shop-8')]).toEqual([404, 404])
  const refused = await refund('shop-9')
  expect([refused.statusCode, refused.json().error.message]).toEqual([
    403,
    expect.stringContaining('give it back there'),
  ])
  const line = { amount: 3_000, currency: 'NGN', source: 'cash', reference: 'shop-10' }
  expect((await opened.ask('POST', '/v1/pay-ins', line)).statusCode).toBe(201)
  opened.sell('shop-10')
  await opened.reconcile()
  expect(await list('shop-10')).toEqual(['pay_in'])
})

test('the ledger gives it back to where it had come from, and nowhere else', async () => {
  await assign()
  const { data } = (await opened.ask('GET', `/v1/customers/${owner}/entries`)).json()
  const originalId = data[0].transactionId.replace(/^txn_/, '')
  const make = commandsFor(api.service)
  for (const to of [{ kind: 'outside', at: 3n }, { kind: 'outside' }, { kind: 'suspense' }] as const) {
    const wrong = { ...make.giveBack(originalId, to, cash(owner), 10n), currency: 'NGN' } as const
    await expect(doCommand(api.service, opened.tenant, wrong)).rejects.toMatchObject({ code: 'MT004' })
  }
})
