import { afterAll, beforeAll, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createWallets, requestOf } from '../../../test/wallets.ts'
import { sql } from '../../db/sql.ts'
import { getBalance } from './balances.ts'
import { doCommand, type LedgerCommand, parametersOf } from './commands.ts'

// Servers of the former release run beside this one while a database is upgraded. This is how they call the ledger.

let service: TestService
let tenant: TestTenant
let make: ReturnType<typeof commandsFor>

beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service)
  make = commandsFor(service)
})

afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

interface Outcome {
  refusal: string | null
  replayed: boolean
  fingerprint: Buffer | null
  id: string
  amount: bigint | null
  from_balance: bigint | null
  to_balance: bigint | null
  created_at: Date
}

/** Does a batch as release 0.1 does: 24 parameters in their order. The statement is a copy, not to be changed. */
async function postByFormerRelease(owner: TestTenant, commands: LedgerCommand[]): Promise<Outcome[]> {
  const given = parametersOf(owner, service.clock.now(), commands)
  return service.db.query<Outcome>(sql`
    select r.refusal, r.replayed, r.fingerprint, r.id, r.amount, r.from_balance, r.to_balance, r.created_at
    from post_commands(
      ${given.p_merchant_id.value}, ${given.p_mode.value}, ${given.p_now.value},
      ${given.p_account_kinds.value}::text[], ${given.p_account_customers.value}::text[],
      ${given.p_account_currencies.value}::text[], ${given.p_hold_ids.value}::uuid[],
      ${given.p_original_ids.value}::uuid[], ${given.p_actions.value}::text[], ${given.p_ids.value}::uuid[],
      ${given.p_kinds.value}::text[], ${given.p_froms.value}::integer[], ${given.p_tos.value}::integer[],
      ${given.p_amounts.value}::bigint[], ${given.p_holds.value}::integer[], ${given.p_finals.value}::boolean[],
      ${given.p_originals.value}::integer[], ${given.p_expirations.value}::timestamptz[],
      ${given.p_descriptions.value}::text[], ${given.p_details.value}::text[], ${given.p_event_types.value}::text[],
      ${given.p_event_data.value}::text[], ${given.p_keys.value}::text[], ${given.p_fingerprints.value}::bytea[]
    ) r
    order by r.ordinal
  `)
}

const oneByFormerRelease = async (command: LedgerCommand) =>
  (await postByFormerRelease(tenant, [command]))[0] as Outcome

/** A batch of every action, with some that are refused. */
async function everyAction() {
  const owner = await createTestTenant(service)
  const [a = '', b = ''] = await createWallets(service, owner, 2)
  const hold = make.place(a, 60n, { expiresAt: new Date(service.clock.now().getTime() + 3_600_000) })
  const due: LedgerCommand = { ...make.release(hold.id, a), action: 'expire' }
  const purchase = make.purchase(a, 30n)
  const cash = { kind: 'customer_cash', customer: a } as const
  const event = { type: 'pay_in.succeeded' as const, data: { customer: { code: a }, details: {} } }
  const first: LedgerCommand[] = [
    { ...make.payIn(a, 100n, { event }), description: 'salary', details: { product: 'x' } },
    make.payIn(a, 7n, { currency: 'NGN' }),
    hold,
    purchase,
    make.transfer(a, b, 10n),
    make.transfer(a, b, 1n),
  ]
  const second: LedgerCommand[] = [
    make.capture(hold.id, a, 20n),
    make.capture(hold.id, a, 5n, { isFinal: true }),
    make.giveBack(purchase.id, cash, { kind: 'merchant_balance' }, 10n),
    make.giveBack(purchase.id, cash, { kind: 'merchant_balance' }, 21n),
    due,
    make.transfer(b, a, 3n),
  ]
  return { owner, batches: [first, second] }
}

test('a batch of the former release is judged, done and answered as one of this release', async () => {
  const former = await everyAction()
  const outcomes: Outcome[] = []
  for (const batch of former.batches) outcomes.push(...(await postByFormerRelease(former.owner, batch)))
  expect(outcomes.map(({ refusal, amount }) => refusal ?? amount)).toEqual([
    100n,
    7n,
    60n,
    30n,
    10n,
    'insufficient_funds',
    20n,
    5n,
    10n,
    'refund_exceeded',
    'hold_not_open',
    3n,
  ])
  expect(outcomes.map(({ id }) => id)).toEqual(former.batches.flat().map(({ id }) => id))
  expect(outcomes.map(({ from_balance, to_balance }) => [from_balance, to_balance])).toEqual([
    [-100n, 100n],
    [-7n, 7n],
    [100n, null],
    [70n, 30n],
    [60n, 10n],
    [null, null],
    [40n, 50n],
    [35n, 55n],
    [45n, 45n],
    [null, null],
    [null, null],
    [7n, 48n],
  ])
  const [stored] = await service.db.query(sql`
    select t.description, t.details, e.type
    from ledger_transactions t
    join events e on e.merchant_id = t.merchant_id and e.type = 'pay_in.succeeded'
    where t.merchant_id = ${former.owner.merchant.id} and t.id = ${former.batches[0]?.[0]?.id}
  `)
  expect(stored).toEqual({ description: 'salary', details: { product: 'x' }, type: 'pay_in.succeeded' })
})

test('a debt is repaid by what a server of the former release brings, and its answer has only what it asked for', async () => {
  const [a = ''] = await createWallets(service, tenant, 1)
  await doCommand(service, tenant, make.chargeBack(a, 7n))
  expect(await oneByFormerRelease(make.purchase(a, 1n))).toMatchObject({ refusal: 'insufficient_funds' })
  const outcomes = await postByFormerRelease(tenant, [make.payIn(a, 5n), make.payIn(a, 5n)])
  expect(outcomes.map(({ amount, to_balance }) => [amount, to_balance])).toEqual([
    [5n, 5n],
    [5n, 5n],
  ])
  expect(await getBalance(service, tenant, a)).toMatchObject({ posted: 3n, owed: 0n })
})

test('a key that was used with one release brings the same answer with the other', async () => {
  const [a = ''] = await createWallets(service, tenant, 1)
  const request = requestOf('former first', { amount: 10 })
  const first = await oneByFormerRelease(make.payIn(a, 10n, { request }))
  expect(await doCommand(service, tenant, make.payIn(a, 10n, { request }))).toEqual({
    id: first.id,
    amount: 10n,
    fromBalance: first.from_balance,
    toBalance: 10n,
    createdAt: first.created_at,
    replayed: true,
  })
  const later = requestOf('former second', { amount: 3 })
  const receipt = await doCommand(service, tenant, make.purchase(a, 3n, { request: later }))
  expect(await oneByFormerRelease(make.purchase(a, 3n, { request: later }))).toMatchObject({
    refusal: null,
    replayed: true,
    id: receipt.id,
    amount: 3n,
    from_balance: 7n,
    to_balance: receipt.toBalance,
  })
})

test('a key that was refused or used for another request with one release is so with the other', async () => {
  const [a = ''] = await createWallets(service, tenant, 1)
  const request = requestOf('former refused', { amount: 10 })
  expect(await oneByFormerRelease(make.purchase(a, 10n, { request }))).toMatchObject({
    refusal: 'insufficient_funds',
    replayed: false,
  })
  await doCommand(service, tenant, make.payIn(a, 10n))
  await expect(doCommand(service, tenant, make.purchase(a, 10n, { request }))).rejects.toMatchObject({
    code: 'insufficient_funds',
    replayed: true,
  })
  const other = requestOf(request.key, { amount: 9 })
  expect(await oneByFormerRelease(make.purchase(a, 9n, { request: other }))).toMatchObject({
    refusal: 'idempotency_key_reused',
    fingerprint: request.fingerprint,
  })
})

test('a hold whose time to expire has passed is refused and not stored under its key, whichever release asks', async () => {
  const [a = ''] = await createWallets(service, tenant, 1)
  const late = make.place(a, 10n, { expiresAt: service.clock.now(), request: requestOf('former late') })
  for (let i = 0; i < 2; i++) {
    expect(await oneByFormerRelease(late)).toMatchObject({ refusal: 'expiry_passed', replayed: false })
    await expect(doCommand(service, tenant, late)).rejects.toMatchObject({ code: 'invalid_request', replayed: false })
  }
})

test('servers of both releases that get one request at once do it once', async () => {
  const [a = ''] = await createWallets(service, tenant, 1)
  const request = requestOf('former race')
  const payIn = () => make.payIn(a, 10n, { request })
  const outcomes = await Promise.all([
    oneByFormerRelease(payIn()),
    doCommand({ ...service }, tenant, payIn()),
    oneByFormerRelease(payIn()),
    doCommand({ ...service }, tenant, payIn()),
  ])
  expect(outcomes.map(({ replayed }) => replayed).sort()).toEqual([false, true, true, true])
  expect(new Set(outcomes.map(({ id }) => id)).size).toBe(1)
})
