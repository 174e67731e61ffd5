import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { createTestTenant, openTestService, type TestService } from '../../../test/service.ts'
import { createWallets } from '../../../test/wallets.ts'
import type { FreeDb, Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { FreeContext } from '../context.ts'
import { getBalance } from '../ledger/balances.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { finishAdjustments, listAdjustments, makeAdjustment } from './adjustments.ts'
import { finishPayIns, listPayIns, recordPayIn } from './pay-ins.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())

/** A process that dies at its statement number `last`: before it is sent, or once it is done. Nothing is sent afterwards. */
function dyingAt(last: number, moment: 'before' | 'after'): { context: FreeContext; asked: () => number } {
  let asked = 0
  const dying = (real: Queryable): Queryable['query'] => {
    return async (statement) => {
      asked += 1
      if (asked > last || (asked === last && moment === 'before')) throw new Error('killed')
      const rows = await real.query(statement)
      if (asked === last) throw new Error('killed')
      return rows as never
    }
  }
  const db: FreeDb = {
    ...service.db,
    engine: service.db.engine,
    isTransaction: false,
    isFull: false,
    unhurried: service.db.unhurried,
    query: dying(service.db),
    transaction: () => Promise.reject(new Error('a movement is recorded without a transaction')),
    lane() {
      const lane = service.db.lane()
      return { depth: lane.depth, query: dying(lane) }
    },
    close: () => Promise.resolve(),
  }
  return { context: { ...service, db }, asked: () => asked }
}

const kinds = {
  'a pay-in': {
    make: (context: FreeContext, tenant: Tenant, customerCode: string, reference: string) =>
      recordPayIn(context, tenant, { customerCode, amount: 70, currency: 'ZAR', source: 'cash', reference }),
    list: listPayIns,
    finish: finishPayIns,
  },
  'an adjustment': {
    make: (context: FreeContext, tenant: Tenant, customerCode: string, reference: string) => {
      const asked = {
        customerCode,
        amount: 70,
        currency: 'ZAR',
        direction: 'credit',
        reason: 'Goodwill',
        reference,
      } as const
      return makeAdjustment(context, tenant, asked)
    },
    list: listAdjustments,
    finish: finishAdjustments,
  },
}

describe.each(Object.entries(kinds))('%s that a kill interrupts', (_name, { make, list, finish }) => {
  const everything = { before: undefined, limit: 50 }

  test('moves the money once, whether the call is repeated or the background finishes it', async () => {
    const whole = dyingAt(1000, 'before')
    const tenant = await createTestTenant(service)
    const [first] = (await createWallets(service, tenant, 1)) as [string]
    await make(whole.context, tenant, first, 'whole')
    const statements = whole.asked()
    expect(statements).toBeGreaterThan(4)

    for (const [step, moment, next] of Array.from({ length: statements }, (_, i) => i + 1).flatMap((step) =>
      (['before', 'after'] as const).flatMap((moment) =>
        (['the caller', 'the background'] as const).map((next) => [step, moment, next] as const),
      ),
    )) {
      const [code] = (await createWallets(service, tenant, 1)) as [string]
      const reference = `${step} ${moment} ${next}`
      await expect(make(dyingAt(step, moment).context, tenant, code, reference)).rejects.toThrow('killed')
      const customer = { customer: undefined, reference }
      const [left] = await list(service, tenant, { ...everything, ...customer })
      if (next === 'the background') {
        service.clock.advance(61_000)
        await finish(service)
        const [finished] = await list(service, tenant, { ...everything, ...customer })
        expect([reference, finished?.state]).toEqual([reference, left === undefined ? undefined : 'succeeded'])
      }
      const answer = await make(service, tenant, code, reference)
      expect(answer).toMatchObject({ state: 'succeeded', ...(left === undefined ? {} : { id: left.id }) })
      expect(await list(service, tenant, { ...everything, ...customer })).toHaveLength(1)
      expect([reference, (await getBalance(service, tenant, code)).posted]).toEqual([reference, 70n])
    }
    const open = await service.db.query(sql`
      select id from pay_ins where due_at is not null union all select id from adjustments where due_at is not null
    `)
    expect(open).toEqual([])
    expect(await unsoundBooks(service.db)).toEqual([])
  })

  test('is posted as whoever recorded it, also by the background', async () => {
    const made = await createTestTenant(service)
    const [code] = (await createWallets(service, made, 1)) as [string]
    const [row] = await service.db.query<{ id: number }>(sql`
      insert into actors (merchant_id, kind, surface) values (${made.merchant.id}, 'operator', 'mteja') returning id
    `)
    const tenant = { ...made, actor: { id: row?.id as number, requestId: 'a request' } }
    await expect(make(dyingAt(4, 'after').context, tenant, code, 'interrupted')).rejects.toThrow('killed')
    service.clock.advance(61_000)
    expect(await finish(service)).toBe(1)
    const [movement] = await list(service, tenant, everything)
    const [posted] = await service.db.query<{ actor_id: number }>(sql`
      select actor_id from ledger_transactions
      where merchant_id = ${made.merchant.id} and id = ${movement?.id as string}
    `)
    expect(posted?.actor_id).toBe(tenant.actor.id)
  })
})

test('a recorded movement that the background cannot post says why, and its reference is free again', async () => {
  const tenant = await createTestTenant(service)
  const [code] = (await createWallets(service, tenant, 1)) as [string]
  const debit = {
    customerCode: code,
    amount: 5,
    currency: 'ZAR',
    direction: 'debit',
    reason: 'Fee',
    reference: 'd',
  } as const
  await expect(makeAdjustment(dyingAt(4, 'after').context, tenant, debit)).rejects.toThrow('killed')
  service.clock.advance(61_000)
  await finishAdjustments(service)
  const [refused] = await listAdjustments(service, tenant, { before: undefined, limit: 50 })
  expect(refused).toMatchObject({ state: 'refused', refusal: expect.stringContaining('does not cover the amount') })
  await makeAdjustment(service, tenant, { ...debit, direction: 'credit' })
  expect((await getBalance(service, tenant, code)).posted).toBe(5n)
})

test('of equal movements at once that are refused, each gets the refusal, and none is told that the reference is in use', async () => {
  const tenant = await createTestTenant(service)
  for (let i = 0; i < 20; i++) {
    const [code] = (await createWallets(service, tenant, 1)) as [string]
    const asked = { customerCode: code, amount: 5, currency: 'ZAR', reason: 'Fee', reference: `at once ${i}` }
    const directions = Array.from({ length: 8 }, (_, place) => (i % 2 === 1 && place % 3 === 2 ? 'credit' : 'debit'))
    const made = await Promise.allSettled(
      directions.map((direction) => makeAdjustment(service, tenant, { ...asked, direction } as const)),
    )
    const refusals = made.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
    const expected = i % 2 === 1 ? ['insufficient_funds', 'reference_taken'] : ['insufficient_funds']
    expect(refusals.filter((code) => !expected.includes(code))).toEqual([])
    expect((await getBalance(service, tenant, code)).posted).toBe(
      made.some(({ status }) => status === 'fulfilled') ? 5n : 0n,
    )
  }
  expect(await unsoundBooks(service.db)).toEqual([])
})
