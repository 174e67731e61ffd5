import { afterAll, beforeAll, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { cash, commandsFor, createWallets, merchantBalance, requestOf } from '../../../test/wallets.ts'
import type { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { doCommand, type LedgerCommand, type Receipt } from './commands.ts'
import { tryCommand } from './tried-commands.ts'

let service: TestService
let tenant: TestTenant
let make: ReturnType<typeof commandsFor>
let customer = ''
let bought: Receipt[] = []

beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service)
  make = commandsFor(service)
  ;[customer = ''] = await createWallets(service, tenant, 1)
  await doCommand(service, tenant, make.payIn(customer, 1_000n))
  bought = await Promise.all([100n, 200n].map((each) => doCommand(service, tenant, make.purchase(customer, each))))
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

const refusalOf = (work: Promise<unknown>): Promise<ServiceError> =>
  work.then(
    () => expect.fail('done'),
    (error) => error,
  )
const giveBack = (place: number, amount: bigint, key: string | null): LedgerCommand =>
  make.giveBack(bought[place]?.id ?? '', cash(customer), merchantBalance, amount, {
    request: key === null ? null : requestOf(key),
  })

test('a command that asks for more than is left leaves its key to another, and is done once under it', async () => {
  expect(await refusalOf(tryCommand(service, tenant, giveBack(0, 150n, 'k')))).toMatchObject({
    code: 'refund_exceeded',
    kept: false,
    replayed: false,
  })
  const done = await tryCommand(service, tenant, giveBack(1, 150n, 'k'))
  expect(done).toMatchObject({ amount: 150n, replayed: false })
  for (const again of [tryCommand, doCommand]) {
    for (const place of [0, 1]) {
      expect(await again(service, tenant, giveBack(place, 150n, 'k'))).toMatchObject({ id: done.id, replayed: true })
    }
  }
})

test('a refusal that was stored under a key stays, and is answered', async () => {
  await refusalOf(doCommand(service, tenant, giveBack(0, 150n, 'stored')))
  const free = sql`select free_refused_key(${tenant.merchant.id}, ${tenant.mode}, ${'caller/stored'}) as freed`
  expect(await service.db.query(free)).toEqual([{ freed: null }])
  for (const amount of [150n, 10n]) {
    const refusal = await refusalOf(tryCommand(service, tenant, giveBack(0, amount, 'stored')))
    expect(refusal).toMatchObject({ code: 'refund_exceeded', kept: true, replayed: true })
  }
})

test('a refusal for another reason is stored, and a command without a key leaves nothing', async () => {
  const missing = { ...giveBack(0, 1n, 'other'), originalId: bought[0]?.id as string, from: cash('CUS_none') }
  expect(await refusalOf(tryCommand(service, tenant, missing))).toMatchObject({
    code: 'customer_not_found',
    kept: true,
  })
  expect(await refusalOf(tryCommand(service, tenant, giveBack(0, 150n, null)))).toMatchObject({ kept: false })
  expect(await tryCommand(service, tenant, giveBack(0, 100n, null))).toMatchObject({ amount: 100n })
})
