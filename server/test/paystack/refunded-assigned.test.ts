import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { doCommand } from '../../src/domain/ledger/commands.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { cash, commandsFor } from '../wallets.ts'
import { moveRefund, openDispute, pay, type RefundRow, refundInDashboard, resolveDispute } from './live-account.ts'
import { openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// Money that went to suspense, was assigned to a customer, and goes back by the account that took it.

interface Refund {
  amount: number
}

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
async function balance(customer = owner) {
  const { balances } = (await opened.ask('GET', `/v1/customers/${customer}/balances`)).json()
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

describe('of a payment whose money is in two parts, because the account took one in suspense and brought it back', () => {
  const other = 'ben@example.com'
  let second: { id: string; assignedId: string; owner: string }
  /** The first part is of 1,500 and Ada's; the second of 1,500 and Ben's. */
  beforeEach(async () => {
    const { account, ask } = opened
    refundInDashboard(account, account.transactions.at(-1)?.reference as string, 1_500)
    await opened.tellAll()
    await opened.settleDue()
    await assign()
    await end('failed')
    const [{ id }] = (await ask('GET', '/v1/suspense?open=true')).json().data
    const ben = (await ask('POST', '/customer', { email: other })).json().data.customer_code
    const { transactionId: assignedId } = (await ask('POST', `/v1/suspense/${id}/assign`, { customerId: ben })).json()
    second = { id, assignedId: assignedId.replace(/^txn_/, ''), owner: ben }
    expect(await both()).toEqual([1_500, 0, 0, 1_500, 0, 0])
    expect(await verify()).toBe('success')
  })
  const both = async () => {
    const [ada, ben] = [await balance(), await balance(second.owner)]
    return [...ada, ...ben]
  }
  const refusal = async (transactionId: string, amount?: number) => (await refund(transactionId, amount)).json().error

  test('each goes back by its own names, from its own owner, and the payment is reversed once both have', async () => {
    const first = (await refund(second.assignedId, 1_000)).json()
    expect(first).toMatchObject({ transactionId: second.id, amount: 1_000 })
    expect([await both(), await verify()]).toEqual([[1_500, 0, 0, 1_500, 1_000, 0], 'reversal-pending'])
    expect((await refusal(second.id, 501)).code).toBe('refund_exceeded')
    await end('processed')
    expect([await both(), await verify()]).toEqual([[1_500, 0, 0, 500, 0, 0], 'success'])
    expect((await refund(second.id)).json()).toMatchObject({ transactionId: second.id, amount: 500 })
    await end('processed')
    expect((await refusal(second.assignedId)).code).toBe('refund_exceeded')
    expect(await verify()).toBe('success')
    expect((await refund('order-1')).json()).toMatchObject({ transactionId: suspendedId, amount: 1_500 })
    await end('processed')
    expect([await both(), await verify()]).toEqual([[0, 0, 0, 0, 0, 0], 'reversed'])
    expect((await refusal('order-1')).code).toBe('refund_exceeded')
    await expectAgreement()

    const listed = async (name: string) =>
      (await opened.ask('GET', `/v1/refunds?transactionId=${name}`)).json().data.map(({ amount }: Refund) => amount)
    expect(await listed('order-1')).toEqual([1_500, 500, 1_000])
    expect(await listed(suspendedId)).toEqual([1_500, 500, 1_000])
    expect(await listed(second.id)).toEqual([500, 1_000])
    expect(await listed(second.assignedId)).toEqual([500, 1_000])
    const { id } = (await opened.ask('GET', '/transaction/verify/order-1')).json().data
    const onTheWire = (await opened.ask('GET', `/refund?transaction=${id}`)).json()
    expect(onTheWire.data.map(({ amount }: Refund) => amount)).toEqual([1_500, 500, 1_000])
    expect(onTheWire.meta.partialAmountLeft).toBe(0)
  })

  test('by the name of the payment the first part with so much left goes back, and nothing where that is unclear', async () => {
    expect(await refusal('order-1')).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(`txn_${second.assignedId} (1500 minor units left)`),
    })
    expect((await refusal('order-1', 1_501)).code).toBe('refund_exceeded')
    const once = () =>
      api.app.inject({
        method: 'POST',
        url: '/v1/refunds',
        headers: { authorization: `Bearer ${opened.tenant.secret}`, 'idempotency-key': 'once' },
        payload: { transactionId: 'order-1', amount: 1_000 },
      })
    const { id } = (await once()).json()
    expect(await both()).toEqual([1_500, 1_000, 0, 1_500, 0, 0])
    // The first part has not got so much any more.
    expect((await once()).json()).toMatchObject({
      id,
      transactionId: suspendedId,
    })
    expect(await both()).toEqual([1_500, 1_000, 0, 1_500, 0, 0])
    const wire = (await opened.ask('POST', '/refund', { transaction: 'order-1', amount: 1_000 })).json()
    expect(wire).toMatchObject({ status: true, data: { amount: 1_000 } })
    expect(await both()).toEqual([1_500, 1_000, 0, 1_500, 1_000, 0])
    expect((await refusal('order-1', 501)).code).toBe('refund_exceeded')
    expect((await refund('order-1', 500)).json()).toMatchObject({ transactionId: suspendedId })
    expect((await refund('order-1')).json()).toMatchObject({ transactionId: second.id, amount: 500 })
    await opened.settleDue()
    for (const row of opened.account.refunds.filter(({ status }) => status !== 'failed')) {
      moveRefund(opened.account, row, 'processed')
    }
    await opened.tellAll()
    await opened.settleDue()
    expect([await both(), await verify()]).toEqual([[0, 0, 0, 0, 0, 0], 'reversed'])
    await expectAgreement()
  })

  test('of many refunds of both at once no more goes back than came', async () => {
    const names = ['order-1', suspendedId, second.id, second.assignedId]
    const answers = await Promise.all([...names, ...names].map((name) => refund(name, 700)))
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 201, 201, 201, 409, 409, 409, 409])
    expect(await both()).toEqual([1_500, 1_400, 0, 1_500, 1_400, 0])
  })

  test('one that is disputed, or was taken back, leaves the other what the account still has', async () => {
    const { account } = opened
    const dispute = openDispute(account, account.transactions.at(-1)?.reference as string)
    dispute.refund_amount = 2_000
    await opened.tellAll()
    await opened.settleDue()
    expect((await refusal(second.id, 1_001)).code).toBe('refund_exceeded')
    expect((await refund(second.id, 400)).statusCode).toBe(201)
    expect((await refusal('order-1', 601)).code).toBe('refund_exceeded')
    resolveDispute(account, dispute, 'declined')
    await opened.tellAll()
    await opened.settleDue()
    expect((await refund('order-1', 1_500)).json()).toMatchObject({ transactionId: suspendedId })
    expect((await refund(second.id, 1_100)).statusCode).toBe(201)
    expect((await refusal(second.id, 1)).code).toBe('refund_exceeded')
  })
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
