import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase } from '../../../test/engines.ts'
import { createTestContext, createTestTenant, testVault } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets, requestOf } from '../../../test/wallets.ts'
import { ServiceError } from '../../base/errors.ts'
import { systemRandom } from '../../base/ids.ts'
import { createVault } from '../../base/vault.ts'
import type { OwnedDb } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { FreeContext, TxContext } from '../context.ts'
import { type Attempt, repeatedAttempt } from './attempt.ts'
import { type Done, doOnce, forgetOldKeys } from './once.ts'
import { fingerprintOf, type IdempotentRequest, type KeyScope, keyReused, storedKey } from './request.ts'

let db: OwnedDb
let service: FreeContext
let scope: KeyScope

beforeAll(async () => {
  db = await openTestDatabase()
  service = createTestContext(db)
  const { merchant, mode } = await createTestTenant(service)
  scope = { merchantId: merchant.id, mode }
  await db.asOwner(async (session) => {
    await session.execute('create table marks (mark text not null)')
    await session.execute('grant select, insert on marks to mteja_app')
  })
})

afterAll(() => db.close())

const marksOf = (mark: string) => service.db.query(sql`select mark from marks where mark = ${mark}`)

/** Work that leaves a mark in its transaction. */
function marking<Answer>(mark: string, answer: () => Promise<Answer> | Answer) {
  return async ({ db }: TxContext) => {
    await db.query(sql`insert into marks values (${mark})`)
    return answer()
  }
}

/** A promise, and how to fulfil it. */
function signal() {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

/** The same key, and another one, in every scope that might be taken for another. */
function neighbours(): [KeyScope, IdempotentRequest][] {
  const request = fresh()
  const others: KeyScope[] = [
    { ...scope, mode: 'live' },
    { ...scope, merchantId: 0 },
  ]
  return [[scope, request], [scope, fresh()], ...others.map((each): [KeyScope, IdempotentRequest] => [each, request])]
}

const refusalOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('it should have been refused'),
    (error: unknown) => error as ServiceError,
  )

function once<Answer>(
  context: FreeContext,
  its: KeyScope,
  request: IdempotentRequest,
  work: (tx: TxContext) => Promise<Answer>,
) {
  return doOnce(context, its, { way: 'in a transaction', request }, work)
}

function onceAround<Answer>(
  context: FreeContext,
  its: KeyScope,
  request: IdempotentRequest,
  work: (attempt: Attempt) => Promise<Answer>,
) {
  return doOnce(context, its, { way: 'around work outside', request }, work)
}

let keys = 0
const fresh = (body: Record<string, unknown> = {}): IdempotentRequest => requestOf(`key-${keys++}`, body)

describe('once', () => {
  test('once does its work one time and gives the same answer again', async () => {
    const request = fresh()
    const answer = { text: 'größe', list: [1, null, { a: '' }] }
    const work = marking('repeated', () => answer)
    expect(await once(service, scope, request, work)).toEqual({ answer, replayed: false })
    expect(await once(service, scope, request, work)).toEqual({ answer, replayed: true })
    expect(await marksOf('repeated')).toHaveLength(1)
  })

  test('once does its work one time for calls that come together, and the others wait for its answer', async () => {
    const request = fresh()
    let begun = 0
    const work = marking('at once', async () => {
      begun += 1
      await sleep(50)
      return begun
    })
    const answers = await Promise.all(Array.from({ length: 5 }, () => once(service, scope, request, work)))
    expect(answers.map(({ answer }) => answer)).toEqual([1, 1, 1, 1, 1])
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await marksOf('at once')).toHaveLength(1)
  })

  test('once remembers a refusal, and the work done before the refusal is undone', async () => {
    const request = fresh()
    const refusing = marking('refused', () => {
      throw new ServiceError('email_taken', 'It is taken', 'email')
    })
    expect(await refusalOf(once(service, scope, request, refusing))).toMatchObject({ replayed: false })
    const again = once(
      service,
      scope,
      request,
      marking('refused', () => 'fine now'),
    )
    expect(await refusalOf(again)).toMatchObject({
      code: 'email_taken',
      message: 'It is taken',
      field: 'email',
      replayed: true,
    })
    expect(await marksOf('refused')).toEqual([])
  })

  test.each([
    ['a failure', () => new Error('a bug')],
    ['that the database is busy', () => new ServiceError('busy', 'later')],
    ['a failure of ours', () => new ServiceError('internal', 'sorry')],
  ])('once does not remember %s: the key may be used again', async (_title, error) => {
    const request = fresh()
    const failing = marking(`failed-${request.key}`, () => {
      throw error()
    })
    await expect(once(service, scope, request, failing)).rejects.toThrow(error().message)
    const work = marking(`failed-${request.key}`, () => 'done')
    expect(await once(service, scope, request, work)).toEqual({ answer: 'done', replayed: false })
    expect(await marksOf(`failed-${request.key}`)).toHaveLength(1)
  })

  test('a call of once that waits for a call that fails does the work itself', async () => {
    const request = fresh()
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const failing = once(
      service,
      scope,
      request,
      marking('waited', async () => {
        begin()
        await sleep(50)
        throw new Error('a bug')
      }),
    )
    failing.catch(() => undefined)
    await begun
    const other = once(
      service,
      scope,
      request,
      marking('waited', () => 'done'),
    )
    await expect(failing).rejects.toThrow('a bug')
    expect(await other).toEqual({ answer: 'done', replayed: false })
  })

  test('a call of once that is refused is given the answer of another call that was faster', async () => {
    const request = fresh()
    const [begun, otherBegun] = [signal(), signal()]
    let isRefused = false
    // The refusal is kept by a second transaction, which the other comes before.
    const transaction: FreeContext['db']['transaction'] = async (work) => {
      if (isRefused) await otherBegun.given
      return service.db.transaction(work)
    }
    const refused = once({ ...service, db: { ...service.db, transaction } }, scope, request, async () => {
      begun.give()
      isRefused = true
      throw new ServiceError('email_taken', 'It is taken')
    })
    await begun.given
    const other = once(service, scope, request, async () => {
      otherBegun.give()
      return sleep(50, 'done')
    })
    expect(await Promise.all([refused, other])).toEqual([
      { answer: 'done', replayed: true },
      { answer: 'done', replayed: false },
    ])
  })

  test('once refuses the key for any other request, naming what differs', async () => {
    const request = fresh({ amount: 5, note: 'x', gone: true })
    await once(service, scope, request, async () => 'done')
    const refused = (body: Record<string, unknown>, operation?: string) =>
      refusalOf(once(service, scope, requestOf(request.key, body, operation), async () => 'other'))
    expect(await refused({ amount: 6, note: 'x', gone: true })).toMatchObject({
      code: 'idempotency_key_reused',
      field: 'amount',
    })
    expect((await refused({ amount: 6, note: 'y', gone: true })).message).toContain('another amount, note')
    expect((await refused({ amount: 5, note: 'x' })).message).toContain('other members')
    for (const amount of [5, 6]) {
      const elsewhere = await refused({ amount, note: 'x', gone: true }, 'POST /other')
      expect(elsewhere.message).toContain('another operation')
    }
  })

  test('a key that is forgotten between two looks is to be sent again', async () => {
    // The key is there when it is claimed, and gone when its answer is read.
    const transaction: FreeContext['db']['transaction'] = (work) =>
      service.db.transaction((tx) => work({ ...tx, query: async () => [] }))
    const context = { ...service, db: { ...service.db, transaction } }
    const call = once(context, scope, fresh(), async () => 'done')
    expect(await refusalOf(call)).toMatchObject({ code: 'busy' })
  })

  test('once knows a key of a tenant and mode from the same key of another', async () => {
    const request = fresh()
    await once(service, scope, request, async () => 'ours')
    const scopes: KeyScope[] = [
      { ...scope, mode: 'live' },
      { ...scope, merchantId: 0 },
    ]
    for (const each of scopes) {
      expect(await once(service, each, request, async () => 'theirs')).toEqual({ answer: 'theirs', replayed: false })
    }
  })

  test('once keeps an answer for its own key alone', async () => {
    const all = neighbours()
    for (const [i, [its, request]] of all.entries()) await once(service, its, request, async () => i)
    const again = all.map(([its, request]) => once(service, its, request, async () => 'another'))
    expect(await Promise.all(again)).toEqual(all.map((_, i) => ({ answer: i, replayed: true })))
  })

  test('once keeps the answer unreadable', async () => {
    const request = fresh()
    await once(service, scope, request, async () => ({ secret: 'sk_test_very_secret' }))
    const [row] = await service.db.query<{ row: string }>(sql`
      select k::text as row from idempotency_keys k where k.key = ${`caller/${request.key}`}
    `)
    expect(row?.row).not.toContain('very_secret')
    expect(row?.row).not.toContain(Buffer.from('very_secret').toString('hex'))
  })

  test('a key of once and the same key of a ledger command are one key', async () => {
    const tenant = await createTestTenant(service)
    const its = { merchantId: tenant.merchant.id, mode: tenant.mode }
    const [code = ''] = await createWallets(service, tenant, 1)
    const ledger = createLedger(service)
    const pay = (request: IdempotentRequest) => ledger(tenant, commandsFor(service).payIn(code, 1n, { request }))
    const [first, second, third] = [fresh(), fresh(), fresh()]
    await once(service, its, first, async () => 'done')
    expect(await refusalOf(pay(requestOf(first.key, {}, 'POST /pay')))).toMatchObject({
      code: 'idempotency_key_reused',
    })
    await pay(second)
    const other = once(service, its, requestOf(second.key, {}, 'POST /other'), async () => 'done')
    expect(await refusalOf(other)).toMatchObject({ code: 'idempotency_key_reused' })
    // At once: whoever is second waits for the first, and is then refused.
    const slow = once(service, its, requestOf(third.key, {}, 'POST /slow'), () => sleep(50, 'done'))
    const [kept, refused] = await Promise.allSettled([slow, sleep(10).then(() => pay(third))])
    expect([kept, refused].map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('work in the posting', () => {
  const posted = (request: IdempotentRequest | null, work: () => Promise<Done<string>>, context = service) =>
    doOnce(context, scope, { way: 'in the posting', request }, work)
  const taken = async () => {
    throw new ServiceError('email_taken', 'It is taken', 'email')
  }

  test('a refusal before the posting is remembered', async () => {
    const request = fresh()
    expect(await refusalOf(posted(request, taken))).toMatchObject({ code: 'email_taken', replayed: false })
    expect(await refusalOf(posted(request, taken))).toMatchObject({
      code: 'email_taken',
      field: 'email',
      replayed: true,
    })
  })

  test('a refusal that the posting has stored is not stored again', async () => {
    const transaction = () => expect.fail('it is stored already')
    const work = async () => {
      throw new ServiceError('email_taken', 'It is taken', 'email', { kept: true })
    }
    const context = { ...service, db: { ...service.db, transaction } }
    expect(await refusalOf(posted(fresh(), work, context))).toMatchObject({ code: 'email_taken' })
  })

  test('a refusal before the posting gives way to the same request that was posted at that moment', async () => {
    const request = fresh()
    let tries = 0
    const work = async () => {
      tries += 1
      if (tries > 1) return { answer: 'posted', replayed: true }
      await service.db.query(sql`
        insert into idempotency_keys (merchant_id, mode, key, fingerprint, result_id, created_at)
        values (
          ${scope.merchantId}, ${scope.mode}, ${storedKey(request)}, ${request.fingerprint}, gen_random_uuid(), now()
        )
      `)
      return taken()
    }
    expect(await posted(request, work)).toEqual({ answer: 'posted', replayed: true })
  })

  test('a failure is not remembered', async () => {
    const request = fresh()
    await expect(posted(request, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug')
    const answer = await posted(request, async () => ({ answer: 'done', replayed: false }))
    expect(answer).toEqual({ answer: 'done', replayed: false })
  })
})

test.each(['in a transaction', 'around work outside', 'in the posting'] as const)(
  'a call without a key is done %s each time, and refused with the refusal of its work',
  async (way) => {
    const call = (work: () => Promise<string>) =>
      way === 'in the posting'
        ? doOnce(service, scope, { way, request: null }, async () => ({ answer: await work(), replayed: false }))
        : doOnce(service, scope, { way, request: null }, work)
    for (const answer of ['first', 'second']) {
      expect(await call(async () => answer)).toEqual({ answer, replayed: false })
    }
    const refused = () => Promise.reject(new ServiceError('email_taken', 'It is taken', 'email'))
    for (let i = 0; i < 2; i++) {
      expect(await refusalOf(call(refused))).toMatchObject({ code: 'email_taken', replayed: false })
    }
  },
)

describe('repeatable work', () => {
  test('repeatable work is done one time, and its answer is given again', async () => {
    const request = fresh()
    expect(await onceAround(service, scope, request, async () => 'done')).toEqual({
      answer: 'done',
      replayed: false,
    })
    const again = onceAround(service, scope, request, async () => expect.fail('it was done already'))
    expect(await again).toEqual({ answer: 'done', replayed: true })
  })

  test('a refusal of repeatable work is remembered', async () => {
    const request = fresh()
    const refused = () =>
      onceAround(service, scope, request, async () => {
        throw new ServiceError('email_taken', 'It is taken', 'email')
      })
    expect(await refusalOf(refused())).toMatchObject({ code: 'email_taken', replayed: false })
    const again = onceAround(service, scope, request, async () => 'fine now')
    expect(await refusalOf(again)).toMatchObject({ code: 'email_taken', field: 'email', replayed: true })
  })

  test.each([
    ['a failure', () => new Error('a bug')],
    ['that the database is busy', () => new ServiceError('busy', 'later')],
  ])('the store of repeatable work does not remember %s: the work may be done again', async (_title, error) => {
    const request = fresh()
    const failing = onceAround(service, scope, request, async () => {
      throw error()
    })
    await expect(failing).rejects.toThrow(error().message)
    const again = onceAround(service, scope, request, async () => 'done')
    expect(await again).toEqual({ answer: 'done', replayed: false })
  })

  test('repeatable work that comes twice at once is done twice, and the first to finish has the answer', async () => {
    const request = fresh()
    const [begun, end] = [signal(), signal()]
    const slow = onceAround(service, scope, request, async () => {
      begun.give()
      await end.given
      return 'slow'
    })
    await begun.given
    const fast = await onceAround(service, scope, request, async () => 'fast')
    end.give()
    expect([fast, await slow]).toEqual([
      { answer: 'fast', replayed: false },
      { answer: 'fast', replayed: true },
    ])
  })

  test('an answer of repeatable work is kept for its own key alone, also while others are not answered yet', async () => {
    const all = neighbours().map(([its, request]) => ({ its, request, begun: signal(), end: signal() }))
    const working = all.map(({ its, request, begun, end }, i) =>
      onceAround(service, its, request, async () => {
        begun.give()
        await end.given
        return i
      }),
    )
    await Promise.all(all.map(({ begun }) => begun.given))
    for (const [i, { end }] of all.entries()) {
      end.give()
      expect(await working[i]).toEqual({ answer: i, replayed: false })
    }
    const again = all.map(({ its, request }) => onceAround(service, its, request, async () => 'another'))
    expect(await Promise.all(again)).toEqual(all.map((_, i) => ({ answer: i, replayed: true })))
  })

  test('a key of repeatable work is refused to another request, and to work that cannot be done again', async () => {
    const request = fresh({ a: 1 })
    const other = () => onceAround(service, scope, requestOf(request.key, { a: 2 }), async () => 'other')
    await onceAround(service, scope, request, async () => {
      expect(await refusalOf(other())).toMatchObject({ code: 'idempotency_key_reused', field: 'a' })
      const claimed = once(service, scope, request, async () => 'done')
      expect(await refusalOf(claimed)).toMatchObject({ code: 'idempotency_key_reused' })
    })
    expect(await refusalOf(other())).toMatchObject({ code: 'idempotency_key_reused', field: 'a' })
  })

  test.each([
    ['a failure', () => new Error('a bug'), true],
    ['that the database is busy', () => new ServiceError('busy', 'later'), true],
    ['a failure of ours', () => new ServiceError('internal', 'sorry'), true],
    ['a refusal that is not remembered', () => new ServiceError('not_available', 'not here'), false],
  ])(
    'after %s the key of repeatable work is kept for its request where work may have been done',
    async (_title, error, isKept) => {
      const request = fresh({ a: 1 })
      await expect(onceAround(service, scope, request, () => Promise.reject(error()))).rejects.toThrow(error().message)
      const other = onceAround(service, scope, requestOf(request.key, { a: 2 }), async () => 'other')
      if (isKept) expect(await refusalOf(other)).toMatchObject({ code: 'idempotency_key_reused', field: 'a' })
      else expect(await other).toEqual({ answer: 'other', replayed: false })
    },
  )

  test('a second try that is refused does not free the key of the first try, which still works', async () => {
    const request = fresh({ a: 1 })
    const [begun, end] = [signal(), signal()]
    const first = onceAround(service, scope, request, async () => {
      begun.give()
      await end.given
      return 'first'
    })
    await begun.given
    const refused = () => Promise.reject(new ServiceError('not_available', 'not here'))
    expect(await refusalOf(onceAround(service, scope, request, refused))).toMatchObject({ code: 'not_available' })
    const other = onceAround(service, scope, requestOf(request.key, { a: 2 }), async () => 'other')
    expect(await refusalOf(other)).toMatchObject({ code: 'idempotency_key_reused', field: 'a' })
    end.give()
    expect(await first).toEqual({ answer: 'first', replayed: false })
  })

  test('repeatable work whose key was forgotten meanwhile is remembered anew', async () => {
    const request = fresh()
    const late = onceAround(service, scope, request, async () => {
      await forgetOldKeys(inDays(31), { days: 30, limit: 5000 })
      return 'late'
    })
    expect(await late).toEqual({ answer: 'late', replayed: false })
    const again = onceAround(service, scope, request, async () => 'another')
    expect(await again).toEqual({ answer: 'late', replayed: true })
  })
})

/** The same service so much later. */
function inDays(days: number, ms = 0): FreeContext {
  const now = new Date(service.clock.now().getTime() + days * 24 * 60 * 60 * 1000 + ms)
  return { ...service, clock: { now: () => now } }
}

test('a key is remembered for thirty days, and forgotten then', async () => {
  const request = fresh()
  const again = () => once(service, scope, request, async () => 'done')
  await again()
  await forgetOldKeys(inDays(30), { days: 30, limit: 5000 })
  expect(await again()).toEqual({ answer: 'done', replayed: true })
  expect(await forgetOldKeys(inDays(30, 1), { days: 30, limit: 5000 })).toBeGreaterThan(0)
  expect(await forgetOldKeys(inDays(30, 1), { days: 30, limit: 5000 })).toBe(0)
  expect(await again()).toEqual({ answer: 'done', replayed: false })
})

describe('a fingerprint', () => {
  const print = (body: Record<string, unknown>, operation = 'POST /a') =>
    fingerprintOf(testVault, operation, body).toString('hex')

  test('a fingerprint is the same whatever the order of members, and where a member is not given', () => {
    expect(print({ a: 1, b: 'x' })).toBe(print({ b: 'x', a: 1, c: undefined }))
  })

  test('a fingerprint is the same whatever was in the memory it is written to', () => {
    const prints = Array.from({ length: 300 }, (_, i) => {
      Buffer.allocUnsafe(i).fill(i)
      return print({ a: 1 })
    })
    expect(new Set(prints).size).toBe(1)
  })

  test.each<[string, Record<string, unknown>, string?]>([
    ['another value', { a: 2, b: 'x' }],
    ['another type', { a: '1', b: 'x' }],
    ['a member more', { a: 1, b: 'x', c: null }],
    ['a member less', { a: 1 }],
    ['another name', { a: 1, c: 'x' }],
    ['another operation', { a: 1, b: 'x' }, 'POST /b'],
    ['a value moved into the name', { 'a":1,"b': 'x' }],
  ])('a fingerprint differs for %s', (_title, body, operation) => {
    expect(print(body, operation)).not.toBe(print({ a: 1, b: 'x' }))
  })

  test('a fingerprint tells nothing of a secret to a reader without the key', () => {
    const secrets = {
      bvn: '222222222221',
      pin: '1234',
      otp: '123456',
      birthday: '1990-12-31',
      bank: { account_number: '1' },
    }
    const body = { ...secrets, amount: 1 }
    const other = createVault(Buffer.alloc(32, 2), systemRandom)
    expect(fingerprintOf(testVault, 'POST /a', body)).toHaveLength(22)
    const whole = [testVault, other].map((vault) =>
      fingerprintOf(vault, 'POST /a', body).subarray(0, 16).toString('hex'),
    )
    expect(whole[0]).not.toBe(whole[1])
  })

  test('the refusal of a reused key names at most what is in the request', () => {
    const refusal = keyReused(
      requestOf('k', { a: 2, c: undefined }),
      fingerprintOf(testVault, 'POST /test', { a: 1, b: 1 }),
    )
    expect(refusal).toMatchObject({ code: 'idempotency_key_reused', field: 'a' })
    expect(refusal.message).toContain('with another a or for another operation;')
  })
})

test('the attempt of a key has the same id in every release, so that a try after an upgrade is the same try', () => {
  const claimedAt = new Date('2026-01-15T10:30:00.000Z')
  const { id } = repeatedAttempt(service, { merchantId: 7, mode: 'live' }, 'k', claimedAt)
  expect(id).toBe('019bc134-7840-716b-baa0-20d8ed4f5ca3')
})
