import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { hire } from '../../../test/people.ts'
import { type Scripted, scriptPayouts } from '../../../test/scripted-payouts.ts'
import {
  addTestKey,
  createTestTenant,
  openTestService,
  type TestService,
  type TestTenant,
} from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets, type Ledger, requestOf } from '../../../test/wallets.ts'
import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { maxAmount } from '../../base/money.ts'
import type { OwnedDb } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { getApproval } from '../approvals/approval-records.ts'
import { changeApprovalSettings } from '../approvals/approval-settings.ts'
import { decideApproval } from '../approvals/decisions.ts'
import { inTransaction } from '../context.ts'
import { deleteCustomers } from '../customers/customer-deletion.ts'
import { createCustomer } from '../customers/customers.ts'
import { setRiskAction } from '../customers/risk-actions.ts'
import { getBalance } from '../ledger/balances.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { eraseCustomer } from '../personal-data/erasure.ts'
import { listHolds } from '../wallet/holds.ts'
import { getMerchantBalance } from '../wallet/merchant-balances.ts'
import { advanceDuePayouts, advancePayout, takePayoutNotice } from './advancing.ts'
import { cancelPayout } from './payout-decisions.ts'
import { decidePayout } from './payout-ending.ts'
import type { ToldPayout } from './payout-events.ts'
import type { AskOutcome, PayoutProcessor, PayoutsContext, SendOutcome } from './payout-processor.ts'
import { getPayout } from './payout-records.ts'
import { changePayoutSettings } from './payout-settings.ts'
import { settlePayout } from './payout-settlements.ts'
import { openStates, payoutArrows, payoutStates } from './payout-states.ts'
import { createPayout, createPayouts, type NewPayout } from './payouts.ts'
import { createRecipient, getRecipient, updateRecipient } from './recipients.ts'

let service: TestService
let tenant: TestTenant
let ada: string
let ledger: Ledger
const make = () => commandsFor(service)

beforeAll(async () => {
  service = await openTestService()
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})
beforeEach(async () => {
  tenant = await createTestTenant(service)
  ada = (await createCustomer(service, tenant, { email: 'ada@example.com' })).customer.code
  ledger = createLedger(service)
  await ledger(tenant, make().payIn(ada, 1000n))
})

const scripted = (send: Scripted['send'], ask?: Scripted['ask']) => scriptPayouts(service, send, ask)

const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', name: 'Ada' } as const
let count = 0
const wanted = (more: Partial<NewPayout> = {}): NewPayout => ({
  customerCode: ada,
  amount: 300,
  destination,
  reference: `ref-${count++}`,
  ...more,
})
const pay = async (context: PayoutsContext = service, more: Partial<NewPayout> = {}) =>
  (await createPayout(context, tenant, wanted(more), null)).payout
const funds = async () => {
  const { posted, held, owed } = await getBalance(service, tenant, ada, 'ZAR')
  return { posted, held, owed }
}
const settled = { posted: 1000n, held: 0n, owed: 0n }
const paid = (fee: bigint | null = 0n) => ({ is: 'conclusive', end: { status: 'paid', fee } }) as const
const failed = { is: 'conclusive', end: { status: 'failed', code: 'closed', reason: 'Account closed' } } as const
const returned = { is: 'conclusive', end: { status: 'returned', reason: 'Sent back', fee: null } } as const
const processorFees = async () => {
  const [row] = await service.db.query<{ posted: bigint }>(sql`
    select posted from ledger_accounts where merchant_id = ${tenant.merchant.id} and kind = 'processor_fees' and currency = 'ZAR'
  `)
  return row?.posted ?? 0n
}
const toldTypes = async () =>
  (
    await service.db.query<{ type: string }>(sql`
      select type from events where merchant_id = ${tenant.merchant.id} and type like 'payout.%' order by id
    `)
  ).map(({ type }) => type)
const stateOf = async (id: string) => (await getPayout(service, tenant, id)).state

test('the states of payouts, and their arrows, are those of the document', () => {
  const document = readFileSync(new URL('../../../../docs/payouts.md', import.meta.url), 'utf8')
  const rows = [...document.matchAll(/^\| (?:`(\w+)`)? ?\| `(\w+)` \|/gm)].map(([, from, to]) => `${from} > ${to}`)
  const arrows = payoutStates.flatMap((from) => payoutArrows[from].map((to) => `${from} > ${to}`))
  const beginnings = rows.filter((row) => row.startsWith('undefined'))
  expect(beginnings).toEqual(['undefined > awaiting_approval', 'undefined > pending'])
  expect(rows.filter((row) => !row.startsWith('undefined')).toSorted()).toEqual(arrows.toSorted())
})

describe('making a payout', () => {
  test('reserves its money, which no list of holds shows, and nothing is sent yet', async () => {
    const payout = await pay()
    expect(payout).toMatchObject({ state: 'pending', amount: 300n, customerCode: ada, sendCount: 0 })
    expect(payout.sentReference).toMatch(/^[a-z0-9]{24}$/)
    expect(await funds()).toEqual({ posted: 1000n, held: 300n, owed: 0n })
    const [customer] = await service.db.query<{ id: bigint }>(sql`
      select id from customers where merchant_id = ${tenant.merchant.id} and code = ${ada}
    `)
    const holds = await listHolds(service, tenant, { id: customer?.id as bigint }, { limit: 10, offset: 0 })
    expect(holds).toEqual({ items: [], total: 0 })
  })

  test('of the merchant reserves money of the merchant', async () => {
    await ledger(tenant, make().purchase(ada, 400n))
    const payout = await pay(service, { customerCode: undefined })
    expect((await getMerchantBalance(service, tenant, 'ZAR')).held).toBe(300n)
    await advancePayout(service, tenant, payout.id)
    expect(await getMerchantBalance(service, tenant, 'ZAR')).toMatchObject({ posted: 100n, held: 0n })
  })

  test('with the same reference and content answers the first payout, and with another content is refused', async () => {
    const input = wanted()
    const first = await createPayout(service, tenant, input, null)
    const again = await createPayout(service, tenant, input, null)
    expect([first.replayed, again.replayed, again.payout.id]).toEqual([false, true, first.payout.id])
    for (const other of [{ amount: 301 }, { reason: 'x' }, { customerCode: undefined }, { metadata: { a: 1 } }]) {
      await expect(createPayout(service, tenant, { ...input, ...other }, null)).rejects.toMatchObject({
        code: 'reference_taken',
      })
    }
    const elsewhere = { ...input, destination: { ...destination, accountNumber: '0123456780' } }
    await expect(createPayout(service, tenant, elsewhere, null)).rejects.toMatchObject({ code: 'reference_taken' })
    // The name belongs to the recipient, who may have got it from another payout.
    const otherName = { ...input, destination: { ...destination, name: 'Somebody Else' } }
    expect(await createPayout(service, tenant, otherName, null)).toMatchObject({
      replayed: true,
      payout: { id: first.payout.id, recipient: { name: 'Ada' } },
    })
    expect((await funds()).held).toBe(300n)
    const other = await createRecipient(service, tenant, { ...destination, accountNumber: '0123456788' })
    const named = (recipientCode: string) =>
      createPayout(service, tenant, { ...input, destination: { recipientCode } }, null)
    expect(await named(first.payout.recipient.code)).toMatchObject({ replayed: true, payout: { id: first.payout.id } })
    await expect(named(other.code)).rejects.toMatchObject({ code: 'reference_taken' })
  })

  test('in the other mode, or of another merchant, is another one under the same reference', async () => {
    const input = wanted()
    await createPayout(service, tenant, input, null)
    for (const who of [await addTestKey(service, tenant.merchant, 'live'), await createTestTenant(service)]) {
      const [customerCode] = (await createWallets(service, who, 1)) as [string]
      await ledger(who, make().payIn(customerCode, 300n))
      const made = await createPayout(service, who, { ...input, customerCode }, null)
      expect(made).toMatchObject({ replayed: false, payout: { customerCode } })
    }
  })

  test('whose customer is erased is answered to nobody, unlike the payouts of others', async () => {
    const script = scripted(paid(), paid())
    const neighbour = await createTestTenant(service)
    const spent = wanted({ amount: 1000 })
    const again = () => createPayout(script.context, tenant, spent, null)
    const { payout } = await again()
    await advancePayout(script.context, tenant, payout.id)
    // A customer of the same number.
    await (service.db as OwnedDb).asOwner((owner) =>
      owner.execute(
        `update merchant_ids set last_id = ${Number(payout.customerId) - 1} where merchant_id = ${neighbour.merchant.id}`,
      ),
    )
    const [code] = (await createWallets(service, neighbour, 1)) as [string]
    await inTransaction(service, (tx) => eraseCustomer({ ...service, ...tx }, neighbour, code))
    expect(await again()).toMatchObject({ replayed: true, payout: { id: payout.id } })
    await inTransaction(service, (tx) => eraseCustomer({ ...service, ...tx }, tenant, ada))
    await expect(again()).rejects.toMatchObject({ code: 'customer_not_found' })
  })

  test('many times at once with one reference, on two servers, makes one payout', async () => {
    const input = wanted()
    const servers = [{ ...service }, { ...service }]
    const made = await Promise.all(
      Array.from({ length: 16 }, (_, i) => createPayout(servers[i % 2] as PayoutsContext, tenant, input, null)),
    )
    expect(new Set(made.map(({ payout }) => payout.id)).size).toBe(1)
    expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect((await funds()).held).toBe(300n)
  })

  test('answers each as it is read later, whoever asks and wherever it goes', async () => {
    const script = scripted({ is: 'unknown' })
    script.fee = 7n
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy: 'owner' }))
    const asker = await hire(service, tenant, 'Asker')
    const at = (accountNumber: string) => ({ ...destination, accountNumber })
    const idle = await createRecipient(service, tenant, {
      ...at('0200000001'),
      email: 'a@example.com',
      metadata: { a: 1 },
    })
    await inTransaction(service, (tx) => updateRecipient(tx, tenant, idle.code, { isActive: false }))
    const named = await createRecipient(service, tenant, { ...at('0200000002'), description: 'Rent' })
    await ledger(tenant, make().purchase(ada, 300n))
    const shared = { ...at('0200000003'), email: 'b@example.com', description: 'Wages', metadata: { b: [null, 'é'] } }
    const inputs = [
      wanted({ amount: 10, destination: shared, metadata: { order: 'x', deep: { 1: true } }, reason: 'Wages' }),
      wanted({ amount: 10, destination: { ...shared, name: 'Somebody Else', email: undefined } }),
      wanted({ amount: 10, destination: at('0200000001') }),
      wanted({ amount: 10, destination: { recipientCode: named.code } }),
      wanted({ amount: 10, customerCode: undefined, isSentByMaker: true, code: 'TRF_mine' }),
      wanted({ amount: 5000, destination: at('0200000004') }),
    ]
    const one = { ...inputs[0], reference: 'alone', destination: at('0200000005') } as NewPayout
    const made = [
      ...(await createPayouts(script.context, asker, inputs)),
      await createPayout(script.context, tenant, one, null),
    ].flatMap((each) => (each instanceof ServiceError ? [] : each.payout))
    expect(made).toHaveLength(6)
    for (const payout of made) expect(payout).toStrictEqual(await getPayout(service, tenant, payout.id))
    expect(made[1]?.recipient).toStrictEqual(made[0]?.recipient)
    expect(made[0]?.by).toMatchObject({ personName: 'Asker' })
  })

  test('takes the next numbers, with its recipient or without, in the order in which many are asked for', async () => {
    const first = await pay(service, { amount: 10 })
    const inputs = [0, 1, 1, 2].map((i) =>
      wanted({ amount: 10, destination: { ...destination, accountNumber: `020000000${i}` } }),
    )
    const made = (await createPayouts(service, tenant, inputs)).flatMap((each) =>
      each instanceof ServiceError ? [] : each.payout,
    )
    const last = await pay(service, { amount: 10 })
    const wireIds = [first, ...made, last].map(({ wireId }) => wireId)
    expect(wireIds).toEqual(wireIds.toSorted((a, b) => Number(a - b)))
    const taken = new Set([...wireIds, ...made.map(({ recipient }) => recipient.id)])
    expect(taken.size).toBe(9)
    expect(last.wireId - first.wireId).toBe(8n)
  })

  test('of a customer who was deleted is kept out by the database', async () => {
    const { id } = await pay()
    const { customer } = await createCustomer(service, tenant, { email: 'gone@example.com' })
    await deleteCustomers(service, tenant, [customer.code])
    const copied = service.db.query(sql`
      insert into payouts (
        merchant_id, id, mode, wire_id, code, reference, sent_reference, customer_id, recipient_id, amount, currency, fee_borne_by,
        estimated_fee, state, created_at, updated_at
      )
      select
        merchant_id, ${uuidV7(service.random, service.clock.now())}::uuid, mode, wire_id + 1000, 'TRF_copy', 'copy', 'copy',
        ${customer.id}::bigint, recipient_id, amount, currency, fee_borne_by, estimated_fee, state, created_at, updated_at
      from payouts
      where merchant_id = ${tenant.merchant.id} and id = ${id}
    `)
    await expect(copied).rejects.toMatchObject({ code: 'MT005' })
  })

  test('with a key is done once, and the key of another request is refused', async () => {
    const input = wanted()
    const request = requestOf('payout-1', { reference: input.reference })
    const first = await createPayout(service, tenant, input, request)
    expect(await createPayout(service, tenant, input, request)).toMatchObject({ replayed: true, payout: first.payout })
    // A caller who names no reference gets another one each time.
    expect(await createPayout(service, tenant, wanted(), request)).toMatchObject({
      replayed: true,
      payout: first.payout,
    })
    const other = createPayout(service, tenant, wanted(), requestOf('payout-1', { reference: 'other' }))
    await expect(other).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  })

  test('is refused for missing money, a denied or unknown customer and an inactive recipient, and frees the reference', async () => {
    const input = wanted({ amount: 1001 })
    await expect(createPayout(service, tenant, input, null)).rejects.toMatchObject({ code: 'insufficient_funds' })
    await createPayout(service, tenant, { ...input, amount: 1 }, null)
    const unknown = pay(service, { customerCode: 'CUS_nobody' })
    await expect(unknown).rejects.toMatchObject({ code: 'customer_not_found' })
    const recipient = await createRecipient(service, tenant, { ...destination, accountNumber: '0123456781' })
    await inTransaction(service, (tx) => updateRecipient(tx, tenant, recipient.code, { isActive: false }))
    const inactive = pay(service, { destination: { recipientCode: recipient.code } })
    await expect(inactive).rejects.toMatchObject({ code: 'recipient_inactive' })
    await expect(pay(service, { destination: { recipientCode: 'RCP_x' } })).rejects.toMatchObject({
      code: 'recipient_not_found',
    })
    await deny()
    await expect(pay()).rejects.toMatchObject({ code: 'customer_denied' })
  })

  test('of an amount that is too large with its expected fee is refused', async () => {
    const script = scripted({ is: 'unknown' })
    script.fee = 1n
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy: 'owner' }))
    const largest = { amount: '9007199254740991' }
    await expect(pay(script.context, largest)).rejects.toMatchObject({ code: 'invalid_request', field: 'amount' })
    await expect(pay(script.context, { amount: '9007199254740990' })).rejects.toMatchObject({
      code: 'insufficient_funds',
    })
  })

  test('many at once answers for each, also for the refused', async () => {
    const inputs = [wanted(), wanted({ amount: 5000 }), wanted({ amount: 200 }), wanted({ amount: 0 })]
    const answers = await createPayouts(service, tenant, inputs)
    expect(answers.map((each) => (each instanceof ServiceError ? each.code : each.payout.amount))).toEqual([
      300n,
      'insufficient_funds',
      200n,
      'invalid_request',
    ])
  })
})

const deny = () => inTransaction(service, (tx) => setRiskAction(tx, tenant, { code: ada }, { riskAction: 'deny' }))

describe('the same account', () => {
  test('is the same recipient, which keeps its details and is active again', async () => {
    const first = await createRecipient(service, tenant, { ...destination, email: 'a@example.com' })
    await inTransaction(service, (tx) => updateRecipient(tx, tenant, first.code, { isActive: false }))
    const again = await createRecipient(service, tenant, { ...destination, name: 'Other' })
    expect(again).toMatchObject({ code: first.code, name: 'Ada', email: 'a@example.com', isActive: true })
    const { recipient } = await pay()
    expect(recipient.code).toBe(first.code)
    expect(await getRecipient(service, tenant, String(first.id))).toMatchObject({ code: first.code, isActive: true })
  })

  test('differs in nothing: a payout goes where it says, beside recipients that are almost the same', async () => {
    await ledger(tenant, make().payIn(ada, 100n, { currency: 'NGN' }))
    const known = await createRecipient(service, tenant, destination)
    const [neighbour, live] = [await createTestTenant(service), await addTestKey(service, tenant.merchant, 'live')]
    for (const other of [neighbour, live]) await createRecipient(service, other, { ...destination, name: 'Other' })
    const places: [NewPayout['destination'], currency?: string][] = [
      [{ ...destination, accountNumber: '0123456788' }],
      [{ ...destination, accountNumber: '0123456790' }],
      [{ ...destination, bankCode: '057' }],
      [{ ...destination, bankCode: '059' }],
      [destination, 'NGN'],
      [{ ...destination, type: 'mobile_money', bankCode: 'MTN' }],
      [destination],
    ]
    // Each is found again as well, and also when they are asked for together.
    const alone = async () => {
      const codes: string[] = []
      for (const [to, currency = 'ZAR'] of places) {
        const { recipient } = await pay(service, { amount: 1, destination: to, currency })
        expect(recipient).toMatchObject({ ...to, currency })
        codes.push(recipient.code)
      }
      return codes
    }
    const codes = await alone()
    expect(new Set(codes).size).toBe(places.length)
    expect(codes.at(-1)).toBe(known.code)
    expect(await alone()).toEqual(codes)
    const inputs = places.map(([to, currency = 'ZAR']) => wanted({ amount: 1, destination: to, currency }))
    const fresh = wanted({ amount: 1, destination: { ...destination, accountNumber: '0123456700' } })
    const together = await createPayouts(service, tenant, [fresh, ...inputs])
    const named = together.map((each) => (each instanceof ServiceError ? each.code : each.payout.recipient.code))
    expect(named.slice(1)).toEqual(codes)
    expect(codes).not.toContain(named[0])
  })

  test('is named by the code of its recipient, and nobody else’s code names one', async () => {
    const [first, second] = [
      await createRecipient(service, tenant, destination),
      await createRecipient(service, tenant, { ...destination, accountNumber: '0123456788' }),
    ]
    const [neighbour, live] = [await createTestTenant(service), await addTestKey(service, tenant.merchant, 'live')]
    for (const { code } of [second, first]) {
      expect((await pay(service, { amount: 1, destination: { recipientCode: code } })).recipient.code).toBe(code)
    }
    for (const other of [neighbour, live]) {
      const { code } = await createRecipient(service, other, destination)
      const paying = pay(service, { amount: 1, destination: { recipientCode: code } })
      await expect(paying).rejects.toMatchObject({ code: 'recipient_not_found' })
    }
    const dear = pay(service, { currency: 'NGN', destination: { recipientCode: first.code } })
    await expect(dear).rejects.toMatchObject({ code: 'invalid_request', field: 'destination.recipientId' })
  })
})

describe('a refused payout', () => {
  const recipientsOf = async () =>
    service.db.query<{ name: string; active: boolean }>(sql`
      select name, active from recipients where merchant_id = ${tenant.merchant.id} order by id
    `)

  test('leaves no recipient, and activates none, alone and beside payouts that are made', async () => {
    const off = await createRecipient(service, tenant, { ...destination, accountNumber: '0123456700', name: 'Off' })
    await inTransaction(service, (tx) => updateRecipient(tx, tenant, off.code, { isActive: false }))
    const to = (accountNumber: string, name: string) => ({ destination: { ...destination, accountNumber, name } })
    await expect(pay(service, { ...to('0123456701', 'A'), amount: 5000 })).rejects.toMatchObject({
      code: 'insufficient_funds',
    })
    await expect(pay(service, { ...to('0123456702', 'B'), customerCode: 'CUS_nobody' })).rejects.toMatchObject({
      code: 'customer_not_found',
    })
    await expect(pay(service, { ...to('0123456700', 'Off'), amount: 5000 })).rejects.toThrow(ServiceError)
    expect(await recipientsOf()).toEqual([{ name: 'Off', active: false }])

    const answers = await createPayouts(service, tenant, [
      wanted({ ...to('0123456703', 'C'), amount: 5000 }),
      wanted({ ...to('0123456704', 'D'), amount: 100 }),
      wanted({ ...to('0123456704', 'D again'), amount: 100 }),
      wanted({ ...to('0123456700', 'Off'), amount: 100 }),
    ])
    expect(answers.map((each) => (each instanceof ServiceError ? each.code : each.payout.recipient.name))).toEqual([
      ...['insufficient_funds', 'D', 'D', 'Off'],
    ])
    expect(await recipientsOf()).toEqual([
      { name: 'Off', active: true },
      { name: 'D', active: true },
    ])
    await deny()
    await expect(pay(service, to('0123456705', 'E'))).rejects.toMatchObject({ code: 'customer_denied' })
    expect(await recipientsOf()).toHaveLength(2)
  })

  test('many payouts at once to one new account make one recipient', async () => {
    const account = { ...destination, accountNumber: '0123456710' }
    const make = (i: number) => pay({ ...service }, { destination: account, amount: 10 + i })
    const made = await Promise.all([...Array(12).keys()].map(make))
    expect(new Set(made.map(({ recipient }) => recipient.code)).size).toBe(1)
    expect(await recipientsOf()).toHaveLength(1)
  })
})

describe('of two transactions at once that make the same new recipient', () => {
  test('the second finds the first one’s', async () => {
    const its = { ...destination, accountNumber: '0123456799' }
    const other = { ...destination, accountNumber: '0123456798' }
    let second: Promise<string[]> | undefined
    const codesIn = (order: (typeof its)[], then?: () => Promise<void>) =>
      inTransaction(service, async (tx) => {
        const codes: string[] = []
        for (const each of order) {
          codes.push((await createRecipient(tx, tenant, each)).code)
          if (codes.length === 1) await then?.()
        }
        return codes
      })
    const first = await codesIn([its, other], async () => {
      second = codesIn([its, other])
      await new Promise((resolve) => setTimeout(resolve, 200))
    })
    expect(await second).toEqual(first)
  })
})

describe('a payout', () => {
  test('is paid once the processor says so when it is asked, and then has left the balance', async () => {
    const script = scripted(paid(), paid(25n))
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', fee: 25n, movementId: id })
    expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
    await advancePayout(script.context, tenant, id)
    expect(script.sent).toHaveLength(1)
  })

  test('is not paid because of what an answer to the order says', async () => {
    const script = scripted(paid(), { is: 'exists', attention: null })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    expect(await stateOf(id)).toBe('sent')
    expect((await funds()).held).toBe(300n)
  })

  test('of which the owner bears the fee takes it out of the hold, and what was held too much is released', async () => {
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy: 'owner' }))
    const script = scripted(paid(), paid(25n))
    script.fee = 50n
    const { id } = await pay(script.context)
    expect((await funds()).held).toBe(350n)
    await advancePayout(script.context, tenant, id)
    expect(await funds()).toEqual({ posted: 675n, held: 0n, owed: 0n })
    script.ask = paid(80n)
    await advancePayout(script.context, tenant, (await pay(script.context)).id)
    expect(await funds()).toEqual({ posted: 295n, held: 0n, owed: 0n })
  })

  test('of which many end at the same time share commits, and each has its own fee', async () => {
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy: 'owner' }))
    const script = scripted(paid())
    script.fee = 5n
    const made = await Promise.all(Array.from({ length: 12 }, () => pay(script.context, { amount: 10 })))
    expect((await funds()).held).toBe(180n)
    // Below, at and above the expected one.
    let fee = 0n
    script.ask = async () => paid(fee++)
    await Promise.all(made.map(({ id }) => advancePayout(script.context, tenant, id)))
    const ended = await Promise.all(made.map(({ id }) => getPayout(service, tenant, id)))
    expect(ended.map(({ state }) => state)).toEqual(made.map(() => 'paid'))
    expect(new Set(ended.map((payout) => payout.fee)).size).toBe(12)
    expect(ended.map(({ bookedFee }) => bookedFee)).toEqual(ended.map((payout) => payout.fee))
    const fees = ended.reduce((sum, payout) => sum + (payout.fee ?? 0n), 0n)
    expect(await funds()).toEqual({ posted: 1000n - 120n - fees, held: 0n, owed: 0n })
    const told = (await toldTypes()).filter((type) => type === 'payout.completed')
    expect(told).toHaveLength(12)
    const [row] = await service.db.query<{ commits: number }>(sql`
      select count(distinct xmin::text)::integer as commits from ledger_transactions
      where merchant_id = ${tenant.merchant.id} and kind = 'payout'
    `)
    expect(row?.commits).toBeLessThan(12)
  })

  test.each([
    ['merchant', 0n, 25n, 700n, -25n],
    ['owner', 50n, 25n, 675n, 0n],
    ['owner', 50n, 80n, 620n, 0n],
  ] as const)(
    'whose fee is known later books it then, once: borne by the %s, expected %s, in truth %s',
    async (feesBorneBy, estimate, fee, left, fees) => {
      await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy }))
      const script = scripted(paid(), paid(null))
      script.fee = estimate
      script.returnLooksMs = [1000, 60_000]
      const { id } = await pay(script.context)
      await advancePayout(script.context, tenant, id)
      expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', fee: null, bookedFee: estimate })
      expect(await funds()).toEqual({ posted: 700n - estimate, held: 0n, owed: 0n })
      script.ask = paid(fee)
      await Promise.all([1, 2, 3].map(() => advancePayout({ ...script.context }, tenant, id)))
      await advancePayout(script.context, tenant, id)
      expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', fee, bookedFee: fee })
      expect(await funds()).toEqual({ posted: left, held: 0n, owed: 0n })
      expect(await processorFees()).toBe(fees)
    },
  )

  test('whose fee the ledger refuses beside it is paid, and its fee is booked when it can be', async () => {
    const told: string[] = []
    const failures = { ...service.failures, failed: (what: string) => void told.push(what) }
    const script = scriptPayouts({ ...service, failures }, paid(), paid(2000n))
    script.fee = maxAmount
    await advancePayout(script.context, tenant, (await pay(script.context)).id)
    const fee = maxAmount - 1000n
    script.ask = paid(fee)
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', fee, bookedFee: 0n })
    expect(told).toEqual(['fee of a payout'])
    expect(await funds()).toEqual({ posted: 400n, held: 0n, owed: 0n })
    await expect(advancePayout(script.context, tenant, id)).rejects.toMatchObject({ code: 'balance_limit' })
    await ledger(tenant, {
      ...{ action: 'book', kind: 'processor_fee_returned', id: uuidV7(service.random, service.clock.now()) },
      ...{ currency: 'ZAR', amount: 2000n, from: { kind: 'outside', at: 7n }, to: { kind: 'processor_fees' } },
      ...{ description: null, event: null, request: null },
    })
    for (let times = 0; times < 2; times++) await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ bookedFee: fee })
    expect(await processorFees()).toBe(-fee)
  })

  test('whose fee is beyond reason is paid without it, until its processor tells another', async () => {
    const script = scripted(paid(), paid(10n ** 15n))
    const { id } = await pay(script.context)
    for (let times = 0; times < 2; times++) await advancePayout(script.context, tenant, id)
    const odd = { state: 'paid', fee: null, bookedFee: 0n, attention: 'fee' }
    expect(await getPayout(service, tenant, id)).toMatchObject(odd)
    const told = await service.db.query(sql`
      select id from events where merchant_id = ${tenant.merchant.id} and type = 'payout.needs_attention'
    `)
    expect([told.length, await processorFees()]).toEqual([1, 0n])
    script.ask = paid(25n)
    await advancePayout(script.context, tenant, id)
    const right = { fee: 25n, bookedFee: 25n, attention: null, attentionReason: null }
    expect(await getPayout(service, tenant, id)).toMatchObject(right)
    expect(await processorFees()).toBe(-25n)
  })

  test('that is refused or fails releases its money, and repays what is owed first', async () => {
    const refused = scripted({ is: 'refused', code: 'account_invalid', reason: 'Account number is invalid' })
    const first = await pay(refused.context)
    await advancePayout(refused.context, tenant, first.id)
    expect(await getPayout(service, tenant, first.id)).toMatchObject({ state: 'failed', stateCode: 'account_invalid' })
    expect(await funds()).toEqual(settled)
    const script = scripted({ is: 'exists', attention: null }, failed)
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    await ledger(tenant, make().chargeBack(ada, 900n))
    expect(await funds()).toEqual({ posted: 300n, held: 300n, owed: 200n })
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'failed', stateReason: 'Account closed' })
    expect(await funds()).toEqual({ posted: 100n, held: 0n, owed: 0n })
  })

  test('that was surely not sent is pending again, and may be cancelled', async () => {
    const script = scripted({ is: 'not_sent', why: 'short_of_funds', waitMs: 5000 })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({
      state: 'pending',
      stateCode: 'short_of_funds',
      attention: 'short_of_funds',
      accountId: null,
    })
    expect(await cancelPayout(service, tenant, id)).toMatchObject({ state: 'cancelled' })
    expect(await cancelPayout(service, tenant, id)).toMatchObject({ state: 'cancelled' })
    expect(await funds()).toEqual(settled)
    await advancePayout(script.context, tenant, id)
    expect(script.sent).toHaveLength(1)
  })

  test('that waits for the same again and again is told of once, and its sendings are counted on', async () => {
    const script = scripted({ is: 'not_sent', why: 'short_of_funds', waitMs: 1000 })
    const { id } = await pay(script.context)
    for (let times = 0; times < 5; times++) {
      await advancePayout(script.context, tenant, id)
      service.clock.advance(2_000)
    }
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'pending', sendCount: 5, unsentCount: 5 })
    expect(await toldTypes()).toEqual(['payout.pending', 'payout.sending', 'payout.needs_attention'])
    script.send = { is: 'not_sent', why: 'no_connection', waitMs: 1000 }
    for (let times = 0; times < 2; times++) await advancePayout(script.context, tenant, id)
    expect((await toldTypes()).slice(3)).toEqual(['payout.pending'])
    // Of those sendings nothing has arrived, so the refusal of this one is believed.
    script.send = { is: 'refused', code: 'closed', reason: 'Closed' }
    await advancePayout(script.context, tenant, id)
    expect([await stateOf(id), await funds()]).toEqual(['failed', settled])
  })

  test('that a slow server was about to send, and that was put back and sent by another, is not sent by the first', async () => {
    const fast = scripted({ is: 'not_sent', why: 'no_connection', waitMs: 0 })
    const { id } = await pay(fast.context)
    let answer: () => void = () => {}
    const slow = scripted({ is: 'exists', attention: null })
    let statements = 0
    const query: typeof service.db.query = async (statement) => {
      const isBeginning = ++statements === 3
      const rows = await service.db.query(statement)
      // The slow server has committed that it sends, and does not know it yet.
      if (isBeginning) await new Promise<void>((resolve) => (answer = resolve))
      return rows as never
    }
    const db = new Proxy(service.db, { get: (of, key) => (key === 'query' ? query : Reflect.get(of, key)) })
    const late = advancePayout({ ...slow.context, db }, tenant, id)
    await expect.poll(() => stateOf(id)).toBe('sending')
    service.clock.advance(60_000)
    await service.db.query(sql`
      update payouts set state = 'pending', processor = null, account_id = null, unsent_count = send_count, sent_at = null
      where merchant_id = ${tenant.merchant.id} and id = ${id}
    `)
    fast.send = { is: 'exists', attention: null }
    await advancePayout(fast.context, tenant, id)
    answer()
    await late
    expect([slow.sent.length, fast.sent.length, (await getPayout(service, tenant, id)).sendCount]).toEqual([0, 1, 2])
  })

  test('of which the answer was lost is asked about, and sent again under its reference after a while only', async () => {
    const script = scripted({ is: 'unknown' })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    expect(await stateOf(id)).toBe('sending')
    await advancePayout(script.context, tenant, id)
    expect(script.sent).toHaveLength(1)
    await expect(cancelPayout(service, tenant, id)).rejects.toMatchObject({ code: 'payout_not_open' })
    service.clock.advance(60_000)
    await advancePayout(script.context, tenant, id)
    expect(script.sent.map(({ reference }) => reference)).toEqual([
      script.sent[0]?.reference,
      script.sent[0]?.reference,
    ])
    expect((await funds()).held).toBe(300n)
    script.ask = paid()
    await advancePayout(script.context, tenant, id)
    expect(await stateOf(id)).toBe('paid')
  })

  test('that a sender left in sending is asked about before anything is sent', async () => {
    const script = scripted(() => Promise.reject(new Error('killed')), paid())
    const { id } = await pay(script.context)
    await expect(advancePayout(script.context, tenant, id)).rejects.toThrow('killed')
    expect(await stateOf(id)).toBe('sending')
    await advancePayout(script.context, tenant, id)
    expect([await stateOf(id), script.sent.length]).toEqual(['paid', 1])
  })

  test('that was refused when it was sent again fails only if it is still not found after a while', async () => {
    const script = scripted({ is: 'unknown' })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    service.clock.advance(60_000)
    script.send = { is: 'refused', code: 'closed', reason: 'Closed' }
    await advancePayout(script.context, tenant, id)
    await advancePayout(script.context, tenant, id)
    expect(await stateOf(id)).toBe('sending')
    service.clock.advance(60_000)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'failed', stateCode: 'closed' })
    expect([script.sent.length, await funds()]).toEqual([2, settled])
  })

  test('follows the key of its account, and no key of another account', async () => {
    const [old, other, renewed] = [scripted({ is: 'exists', attention: null }), scripted(paid()), scripted(paid())]
    const { id } = await pay(old.context)
    await advancePayout(old.context, tenant, id)
    old.ask = { is: 'unknown' }
    renewed.ask = paid()
    const chosen = (script: Scripted): PayoutsContext => ({
      ...service,
      payoutProcessorOf: async (context, given, use) =>
        use === 'new'
          ? { ...((await script.context.payoutProcessorOf(context, given, use)) as PayoutProcessor), accountId: 9n }
          : old.context.payoutProcessorOf(context, given, use),
    })
    await advancePayout(chosen(other), tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'sent', accountId: 7n })
    await advancePayout(chosen(renewed), tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', accountId: 9n })
    expect([other.sent, renewed.sent]).toEqual([[], []])
  })

  test('that nobody knows the end of for an hour needs attention, and stays held', async () => {
    const script = scripted({ is: 'unknown' }, { is: 'unknown' })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    service.clock.advance(60 * 60_000)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'sending', attention: 'unknown' })
    expect((await funds()).held).toBe(300n)
    script.ask = { is: 'unknown', differences: ['amount'] }
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ attention: 'disagrees' })
  })

  test('that is paid and comes back is credited once, also by two servers at once', async () => {
    const script = scripted(paid(), paid())
    const { id, sentReference } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    script.ask = returned
    await takePayoutNotice(service, tenant, sentReference, 7n)
    await Promise.all([1, 2, 3].map(() => advancePayout({ ...script.context }, tenant, id)))
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'returned', stateReason: 'Sent back' })
    expect(await funds()).toEqual(settled)
  })

  test('that another server has decided, and not ended, is looked at again as any paid one', async () => {
    const script = scripted({ is: 'exists', attention: null })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    await decidePayout(service, tenant, id, { verdict: 'paid', from: openStates, fee: 0n })
    await advancePayout(script.context, tenant, id)
    expect(await stateOf(id)).toBe('paid')
    script.ask = returned
    service.clock.advance(10_000)
    await advanceDuePayouts(script.context)
    expect(await stateOf(id)).toBe('returned')
    expect(await funds()).toEqual(settled)
  })

  test('that comes back while an older question is answered is asked about again', async () => {
    const script = scripted({ is: 'exists', attention: null }, paid())
    const { id, sentReference } = await pay(script.context)
    for (let step = 0; step < 2; step++) await advancePayout(script.context, tenant, id)
    expect(await stateOf(id)).toBe('paid')
    await takePayoutNotice(service, tenant, sentReference, 7n)
    script.ask = async () => {
      await takePayoutNotice(service, tenant, sentReference, 7n)
      script.ask = returned
      return paid()
    }
    await advanceDuePayouts(script.context)
    expect(await stateOf(id)).toBe('paid')
    await advanceDuePayouts(script.context)
    expect(await stateOf(id)).toBe('returned')
  })

  test('that comes back before it was paid is failed, and its money released', async () => {
    const script = scripted({ is: 'exists', attention: null }, returned)
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'failed', stateCode: 'reversed' })
    expect(await funds()).toEqual(settled)
  })

  test('that was paid after its money was released is a fact, and the rest is owed', async () => {
    const script = scripted({ is: 'exists', attention: null }, failed)
    const { id, sentReference } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    await advancePayout(script.context, tenant, id)
    await ledger(tenant, make().purchase(ada, 900n))
    script.ask = paid()
    await takePayoutNotice(service, tenant, sentReference, 7n)
    await Promise.all([1, 2].map(() => advancePayout({ ...script.context }, tenant, id)))
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', isLate: true, attention: 'late' })
    expect(await funds()).toEqual({ posted: 0n, held: 0n, owed: 200n })
  })

  test.each<[string, AskOutcome]>([
    ['nothing', { is: 'unknown' }],
    ['something else', { is: 'unknown', differences: ['amount'] }],
  ])('of which its account knows %s is not sent again, however long that takes', async (_, ask) => {
    const script = scripted({ is: 'unknown' }, ask)
    const { id } = await pay(script.context)
    for (let times = 0; times < 4; times++) {
      await advancePayout(script.context, tenant, id)
      service.clock.advance(61_000)
    }
    expect([script.sent.length, await stateOf(id), (await funds()).held]).toEqual([1, 'sending', 300n])
  })

  test('that no account was sent is asked about nowhere, and one that is not there has no next step', async () => {
    const asked: string[] = []
    const script = scripted({ is: 'unknown' }, async () => {
      asked.push('asked')
      return paid()
    })
    const { id } = await pay()
    await cancelPayout(service, tenant, id)
    await advancePayout(script.context, tenant, id)
    await advancePayout(script.context, tenant, uuidV7(service.random, service.clock.now()))
    expect([asked, await stateOf(id), await funds()]).toEqual([[], 'cancelled', settled])
  })

  test('of a customer who was denied, or who owes, when it is about to be sent is not sent', async () => {
    const script = scripted(paid(), paid())
    const owing = await pay(script.context)
    // Somebody else of the merchant owes nothing.
    const bob = (await createCustomer(service, tenant, { email: 'bob@example.com' })).customer.code
    await ledger(tenant, make().payIn(bob, 1000n))
    await ledger(tenant, make().chargeBack(ada, 800n))
    await advancePayout(script.context, tenant, owing.id)
    expect(await getPayout(service, tenant, owing.id)).toMatchObject({
      state: 'failed',
      stateCode: 'insufficient_funds',
    })
    await ledger(tenant, make().payIn(ada, 1000n))
    const { id } = await pay(script.context)
    await deny()
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'failed', stateCode: 'customer_denied' })
    expect(script.sent).toEqual([])
  })

  test('tells its states, and each once', async () => {
    const script = scripted({ is: 'exists', attention: 'otp' }, paid())
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    await advancePayout(script.context, tenant, id)
    const rows = await service.db.query<{ type: string; payout: ToldPayout }>(sql`
      select type, data -> 'details' -> 'payout' as payout from events where merchant_id = ${tenant.merchant.id} and type like 'payout.%' order by id
    `)
    expect(rows.map(({ type }) => type)).toEqual([
      'payout.pending',
      'payout.sending',
      'payout.sent',
      'payout.completed',
    ])
    const recipient = { type: 'bank_account', accountNumber: '0123456789', name: 'Ada', currency: 'ZAR', active: true }
    expect(rows.at(-1)?.payout).toMatchObject({ status: 'paid', merchantNumber: tenant.merchant.id, recipient })
  })
})

describe('of two at once', () => {
  test('a payout is either cancelled and never sent, or sent and not cancelled', async () => {
    const ends = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const script = scripted(paid(), paid())
        const { id } = await pay(script.context, { amount: 10 })
        const [cancelled] = await Promise.all([
          cancelPayout({ ...service }, tenant, id).then(
            () => true,
            (error: ServiceError) => error.code,
          ),
          advancePayout(script.context, tenant, id),
        ])
        return { cancelled, sent: script.sent.length, state: await stateOf(id) }
      }),
    )
    for (const end of ends) {
      expect([
        { cancelled: true, sent: 0, state: 'cancelled' },
        { cancelled: 'payout_not_open', sent: 1, state: 'paid' },
      ]).toContainEqual(end)
    }
  })

  test('a payout is sent by one server', async () => {
    const open = { is: 'exists', attention: null } as const
    const script = scripted(open, async () => (script.sent.length === 0 ? { is: 'not_found' } : open))
    const { id } = await pay(script.context)
    await Promise.all(Array.from({ length: 8 }, () => advancePayout({ ...script.context }, tenant, id)))
    expect(script.sent).toHaveLength(1)
  })

  test.each([
    ['the account has', { is: 'exists', attention: null }, 'sent'],
    ['nobody knows of', { is: 'unknown' }, 'sending'],
  ] as const)(
    'a refusal that comes after the order was sent again, which %s, releases nothing',
    async (_, again, state) => {
      const script = scripted({ is: 'unknown' })
      const { id } = await pay(script.context)
      let refuse = (_: SendOutcome) => {}
      script.send = () => new Promise((resolve) => (refuse = resolve))
      const late = advancePayout(script.context, tenant, id)
      await expect.poll(() => script.sent.length).toBe(1)
      service.clock.advance(120_000)
      script.send = again
      await advancePayout(script.context, tenant, id)
      refuse({ is: 'refused', code: 'closed', reason: 'Closed' })
      await late
      expect([await stateOf(id), script.sent.length, (await funds()).held]).toEqual([state, 2, 300n])
    },
  )
})

describe('a payout over the limit of a second person', () => {
  const limit = (amountOver: number) =>
    inTransaction(service, (tx) =>
      changeApprovalSettings(tx, tenant, { limits: [{ currency: 'ZAR', amountOver }], newDestinations: true }),
    )
  const decide = async (approvalId: string | null, who: Tenant, status: 'approved' | 'denied') => {
    const decision = status === 'approved' ? { status } : { status, reason: 'No' }
    await inTransaction(service, (tx) => decideApproval(tx, who, { id: approvalId as string }, decision))
  }

  test('waits with its money reserved, and is sent once another person has approved it', async () => {
    const [asker, other] = [await hire(service, tenant, 'Asker'), await hire(service, tenant, 'Other')]
    await limit(100)
    const script = scripted(paid(), paid())
    const { payout } = await createPayout(script.context, asker, wanted(), null)
    expect(payout).toMatchObject({ state: 'awaiting_approval' })
    expect((await funds()).held).toBe(300n)
    await advancePayout(script.context, tenant, payout.id)
    expect(script.sent).toEqual([])
    await expect(decide(payout.approvalId, asker, 'approved')).rejects.toMatchObject({ code: 'another_person_needed' })
    await decide(payout.approvalId, other, 'approved')
    await advanceDuePayouts(script.context)
    expect(await stateOf(payout.id)).toBe('paid')
    // Its recipient was paid before.
    const next = await createPayout(script.context, asker, wanted({ amount: 50 }), null)
    expect(next.payout).toMatchObject({ state: 'pending', approvalId: null })
  })

  test('is asked about in the turn of its merchant: a batch takes few connections, and is asked about together', async () => {
    const asker = await hire(service, tenant, 'Asker')
    await inTransaction(service, (tx) =>
      changeApprovalSettings(tx, tenant, { limits: [{ currency: 'ZAR', dailySumOver: 15 }] }),
    )
    let [open, most, begun] = [0, 0, 0]
    const transaction: typeof service.db.transaction = async (work) => {
      begun += 1
      most = Math.max(most, ++open)
      return service.db.transaction(work).finally(() => (open -= 1))
    }
    const db = new Proxy(service.db, { get: (of, key) => (key === 'transaction' ? transaction : Reflect.get(of, key)) })
    const inputs = Array.from({ length: 40 }, () => wanted({ amount: 1 }))
    const answers = await createPayouts({ ...service, db }, asker, [...inputs, inputs[39] as NewPayout])
    const states = answers.map((each) => (each instanceof ServiceError ? each.code : each.payout.state))
    expect(states.filter((state) => state === 'pending')).toHaveLength(15)
    expect(states.filter((state) => state === 'awaiting_approval')).toHaveLength(26)
    expect(most).toBeLessThanOrEqual(2)
    expect(begun).toBeLessThanOrEqual(3)
    const ids = answers.map((each) => (each instanceof ServiceError ? null : each.payout.approvalId))
    expect([ids[40], new Set(ids.filter((id) => id !== null)).size]).toEqual([ids[39], 25])
  })

  test('is denied with its money released, also when it was cancelled or when the server died before it asked', async () => {
    const asker = await hire(service, tenant, 'Asker')
    await limit(1000)
    const { payout } = await createPayout(service, asker, wanted(), null)
    await decide(payout.approvalId, asker, 'denied')
    await advanceDuePayouts(service)
    expect(await getPayout(service, tenant, payout.id)).toMatchObject({
      state: 'denied',
      stateReason: 'It was denied: No',
    })
    const cancelled = (await createPayout(service, asker, wanted(), null)).payout
    await cancelPayout(service, tenant, cancelled.id)
    const other = await hire(service, tenant, 'Other')
    await expect(decide(cancelled.approvalId, other, 'approved')).rejects.toMatchObject({ code: 'approval_decided' })
    const approval = await getApproval(service, tenant, { id: cancelled.approvalId as string })
    expect(approval).toMatchObject({ status: 'denied', denial: 'withdrawn', decidedBy: null })
    await advanceDuePayouts(service)
    expect(await stateOf(cancelled.id)).toBe('cancelled')
    expect(await funds()).toEqual(settled)
    const { id } = (await createPayout(service, asker, wanted(), null)).payout
    await (service.db as OwnedDb).asOwner((owner) =>
      owner.execute(`update payouts set approval_id = null, due_at = now() where id = '${id}';
        delete from approvals where subject_id = '${id}'`),
    )
    await advancePayout(service, tenant, id)
    expect((await getPayout(service, tenant, id)).approvalId).not.toBe(null)
  })
})

describe('with the processor manual', () => {
  const byHand = (): PayoutsContext => ({ ...service, payoutProcessorOf: async () => 'manual' })

  test('a payout waits for a person, who settles it once, with a fee', async () => {
    const { id } = await pay(byHand())
    await advanceDuePayouts(byHand())
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'pending', processor: 'manual' })
    const settlement = { outcome: 'paid', proof: 'FT1', fee: 20n } as const
    expect(await settlePayout(byHand(), tenant, id, settlement)).toMatchObject({
      state: 'paid',
      proof: 'FT1',
      fee: 20n,
      dueAt: null,
    })
    expect(await settlePayout(byHand(), tenant, id, settlement)).toMatchObject({ state: 'paid' })
    await expect(settlePayout(byHand(), tenant, id, { ...settlement, outcome: 'failed' })).rejects.toMatchObject({
      code: 'payout_not_open',
    })
    expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
  })

  test('a payout that could not be paid releases its money', async () => {
    const { id } = await pay(byHand())
    const settlement = { outcome: 'failed', proof: 'The account is closed' } as const
    expect(await settlePayout(byHand(), tenant, id, settlement)).toMatchObject({
      state: 'failed',
      stateReason: 'The account is closed',
    })
    expect(await funds()).toEqual(settled)
  })

  test('a payout of another processor is not settled by hand', async () => {
    const { id } = await pay()
    const settling = settlePayout(service, tenant, id, { outcome: 'paid', proof: 'x' })
    await expect(settling).rejects.toMatchObject({ code: 'not_available' })
  })
})

test.each([
  ['0123456789', 'paid'],
  ['0000000001', 'paid'],
  ['0000000002', 'failed'],
  ['0000000003', 'returned'],
  ['0000000004', 'sent'],
  ['0000000005', 'paid'],
  ['0000000006', 'paid'],
  ['0000000007', 'failed'],
  ['0000000009', 'failed'],
  ['0000000010', 'pending'],
])(
  'in the sandbox a payout to the account %s ends as %s, by the work in the background',
  async (accountNumber, state) => {
    const { id } = await pay(service, { destination: { ...destination, accountNumber } })
    for (let round = 0; round < 8; round++) {
      await advanceDuePayouts(service)
      service.clock.advance(2_000)
    }
    expect(await stateOf(id)).toBe(state)
  },
)
