import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { approveUnchecked } from '../../src/domain/approvals/decisions.ts'
import { inTransaction } from '../../src/domain/context.ts'
import type { Tenant } from '../../src/domain/merchants/tenant.ts'
import { bookArrival, settleDueArrivals } from '../../src/domain/payments/account-arrivals.ts'
import { insertImportedPayment } from '../../src/domain/payments/imported-payments.ts'
import type { PaymentProcessor, ProcessorChoice } from '../../src/domain/payments/payment-processor.ts'
import { finishPayIns } from '../../src/domain/wallet/pay-ins.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { hire } from '../people.ts'
import { insertTransaction, openDispute, pay, type RefundRow, receiveTransfer } from './live-account.ts'
import { email, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// A payment has many names, and a person may type in any of them: it is credited once, whichever door was first.

let api: TestApi
let opened: ReconciledAccount
let ask: ReconciledAccount['ask']

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  opened = await openReconciledAccount(api)
  ask = opened.ask
  return opened.close
})

const line = { amount: 10_000, currency: 'NGN', source: 'card' }

async function typeIn(reference: string, own = {}) {
  const answer = await ask('POST', '/v1/pay-ins', { ...line, ...own, reference })
  const { error } = answer.json()
  return { status: answer.statusCode, code: error?.code, message: error?.message as string | undefined }
}

const refused = (about: string) => ({ status: 409, code: 'reference_taken', message: expect.stringContaining(about) })

async function initialize(reference: string) {
  const answer = await ask('POST', '/transaction/initialize', { email, amount: 10_000, currency: 'NGN', reference })
  return [answer.statusCode, answer.json().code]
}

/** Has something done at the moment at which a person's pay-in is looked up at the account, after every look of its own. */
function meanwhile(work: () => Promise<unknown>): void {
  const { processorOf } = api.service
  let isDone = false
  const watched: ProcessorChoice['processorOf'] = async (context, tenant, use) => {
    const processor = (await processorOf(context, tenant, use)) as PaymentProcessor
    return {
      ...processor,
      async findPayment(of: Tenant, name: string) {
        const found = (await processor.findPayment?.(of, name)) ?? null
        if (!isDone) {
          isDone = true
          await work()
        }
        return found
      },
    }
  }
  Object.assign(api.service, { processorOf: watched })
}

async function namesOf(reference: string, sent: { reference: string; id: number }) {
  const [own] = await api.service.db.query<{ id: bigint; intent: string; transaction: string | null }>(sql`
    select p.id, p.payment_intent_id as intent, i.transaction_id as transaction
    from payments p
    join payment_intents i on i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
    where p.merchant_id = ${opened.tenant.merchant.id} and p.reference = ${reference}
  `)
  if (own === undefined) throw new Error('the payment is there')
  return [
    ...[reference, reference.toUpperCase(), String(own.id), `pi_${own.intent}`, own.intent, `pi_${own.intent}_page`],
    ...[sent.reference, sent.reference.toUpperCase(), String(sent.id), `0${sent.id}`],
    ...[`PI_${own.intent.toUpperCase()}`, `00${own.id}`],
    ...(own.transaction === null ? [] : [`txn_${own.transaction}`, own.transaction]),
    ...(own.transaction === null ? [] : [`TXN_${own.transaction}`, own.transaction.toUpperCase()]),
  ]
}

describe('a payment of this server', () => {
  test('is never recorded by hand under any of its names, before it is paid or after', async () => {
    const row = await opened.begin('order-1')
    for (const name of await namesOf('order-1', row)) {
      expect([name, await typeIn(name)]).toEqual([name, refused('GET /v1/transactions?reference=order-1')])
    }
    expect(await opened.books()).toEqual({})
    pay(opened.account, row.reference)
    // Its webhook is lost, and the page is not yet asked about.
    expect(await typeIn('order-1')).toEqual(refused('payment order-1'))
    expect(await typeIn(String(row.id))).toEqual(refused('payment order-1'))
    await opened.tellAll()
    await opened.settleDue()
    const names = await namesOf('order-1', row)
    expect(names).toHaveLength(16)
    for (const name of names) expect([name, await typeIn(name)]).toEqual([name, { ...refused(''), status: 409 }])
    const credited = { customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 }
    expect(await opened.books()).toEqual(credited)
    // Nobody can be asked any more.
    expect((await ask('PUT', '/v1/processors/in', { processor: 'manual' })).statusCode).toBe(200)
    for (const name of names) expect([name, (await typeIn(name)).status]).toEqual([name, 409])
    expect(await opened.books()).toEqual(credited)
  })

  /** As people type them: on a keyboard of another script, in a text that corrects, in a table, from a screen that has a number sign. */
  const spellingsOf = (number: number) => {
    const arabic = Array.from(String(number), (digit) => String.fromCodePoint(0x660 + Number(digit))).join('')
    return [`\uff2fRD\u2014${arabic}`, `'ord--${number}'`, `\u201cOrd\u2011${number}\u201d`]
  }

  test('is known in every spelling in which people type its reference, before it is paid, after, and the other way round', async () => {
    const row = await opened.begin('ord-42')
    for (const name of spellingsOf(42)) expect([name, await typeIn(name)]).toEqual([name, refused('payment ord-42')])
    const number = `#\u0660${row.id}`
    expect([number, await typeIn(number)]).toEqual([number, refused('payment ord-42')])
    pay(opened.account, row.reference)
    await opened.tellAll()
    await opened.settleDue()
    for (const name of spellingsOf(42)) expect([name, await typeIn(name)]).toEqual([name, refused('payment ord-42')])
    expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
    for (const [i, name] of spellingsOf(43).entries()) {
      const first = await typeIn(name)
      expect([name, first.status]).toEqual([name, i === 0 ? 201 : 409])
    }
    expect(await initialize('ORD-43')).toEqual([400, 'duplicate_reference'])
    expect(await typeIn('FNB\u22152026\u204411 #7')).toMatchObject({ status: 201 })
    expect(await typeIn('fnb/2026/11 7')).toEqual(refused('reads as'))
  })

  test('and a pay-in of another spelling at the same moment: one of the two gets the reference', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const spelled = spellingsOf(100 + i)[i % 3] as string
        const doors = [() => typeIn(spelled).then(({ status }) => status), () => initialize(`ord-${100 + i}`)]
        const both = await Promise.all((i % 2 ? doors : doors.reverse()).map((door) => door()))
        return both.flat().filter((status) => status === 200 || status === 201).length
      }),
    )
    expect(answers).toEqual(Array.from({ length: 12 }, () => 1))
  })

  test('does not get a reference that a pay-in by hand has, in any capitals', async () => {
    expect(await typeIn('hand-9')).toMatchObject({ status: 201 })
    expect(await initialize('hand-9')).toEqual([400, 'duplicate_reference'])
    expect(await initialize('HAND-9')).toEqual([400, 'duplicate_reference'])
    const charge = { email, amount: 10_000, currency: 'NGN', reference: 'hand-9', bank_transfer: {} }
    expect((await ask('POST', '/charge', charge)).statusCode).toBe(400)
    expect(await initialize('hand-10')).toEqual([200, undefined])
  })

  test('that is opened while a person types its reference in is the only one that has it', async () => {
    meanwhile(() => opened.begin('order-2'))
    expect(await typeIn('order-2')).toEqual(refused('payment order-2'))
    const payment = opened.account.transactions.at(-1)
    pay(opened.account, payment?.reference ?? '')
    await opened.tellAll()
    await opened.settleDue()
    expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
  })

  test('and a pay-in at the same moment: one of the two gets the reference', async () => {
    const references = Array.from({ length: 12 }, (_, i) => `both-${i}`)
    const answers = await Promise.all(
      references.map(async (reference, i) => {
        const doors = [() => typeIn(reference).then(({ status }) => status), () => initialize(reference)]
        const both = await Promise.all((i % 2 ? doors : doors.reverse()).map((door) => door()))
        return both.flat().filter((status) => status === 200 || status === 201).length
      }),
    )
    expect(answers).toEqual(references.map(() => 1))
  })
})

describe('a transfer to a dedicated account', () => {
  async function receive() {
    const { customer_code: customer } = (
      await ask('POST', '/customer', { email, first_name: 'Ada', last_name: 'Obi', phone: '+2348012345678' })
    ).json().data
    const { data } = (await ask('POST', '/dedicated_account', { customer, preferred_bank: 'wema-bank' })).json()
    api.service.clock.advance(1000)
    return receiveTransfer(opened.account, data.account_number, 10_000)
  }
  const credited = { customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 }

  test('is never recorded by hand under its number or its name, before it is booked or after', async () => {
    const row = await receive()
    expect(await typeIn(String(row.id))).toEqual(refused(`payment "${row.reference}" does, or is its number`))
    expect(await opened.books()).toEqual({})
    await opened.tellAll()
    await settleDueArrivals(api.service)
    for (const name of [row.reference, String(row.id)])
      expect(await typeIn(name)).toEqual(refused('credited by itself'))
    expect(await opened.books()).toEqual(credited)
  })

  test('that arrives while a person types it in is credited once', async () => {
    const row = await receive()
    opened.account.transactions.pop()
    meanwhile(async () => {
      opened.account.transactions.push(row)
      await opened.tellAll()
      await settleDueArrivals(api.service)
    })
    expect(await typeIn(row.reference)).toEqual(refused('credited by itself'))
    expect(await opened.books()).toEqual(credited)
  })

  test('that a person records while it is booked goes to suspense', async () => {
    const row = await receive()
    const processor = await api.service.processorOf(api.service, opened.tenant, 'new')
    const found = await processor?.findPayment?.(opened.tenant, row.reference)
    if (!processor || !found?.transfer) throw new Error('the account has the transfer')
    expect((await ask('PUT', '/v1/processors/in', { processor: 'manual' })).statusCode).toBe(200)
    let isDone = false
    const db = new Proxy(api.service.db, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'query') return value.bind(target)
        return async (statement: { text: string }) => {
          if (!isDone && statement.text.includes('from dedicated_accounts')) {
            isDone = true
            expect(await typeIn(row.reference.toUpperCase())).toMatchObject({ status: 201 })
          }
          return value.call(target, statement)
        }
      },
    })
    const arrival = {
      accountId: processor.accountId,
      reference: row.reference,
      found: { ...found, transfer: found.transfer },
    }
    expect(await bookArrival({ ...api.service, db }, opened.tenant, arrival)).toBe(true)
    expect(isDone).toBe(true)
    expect(await opened.books()).toEqual({
      ...{ suspense: 10_000, processor_fees: -150, 'outside/2': -9_850 },
      ...{ merchant_balance: 10_000, 'outside/0': -10_000 },
    })
  })
})

describe('a name in another spelling', () => {
  test('is the same name between pay-ins by hand', async () => {
    const [first, ...others] = ['FNB 2026/11/29 0001', 'FNB\u00a02026/11/29 0001', 'fnb  2026/11/29\u202f0001']
    expect(await typeIn(first ?? '')).toMatchObject({ status: 201 })
    for (const name of others) expect([name, await typeIn(name)]).toEqual([name, refused('reads as')])
    expect(await typeIn('Café 1')).toMatchObject({ status: 201 })
    for (const name of ['Cafe\u0301 1', 'CAFÉ 1', 'Café\u30001'])
      expect(await typeIn(name)).toEqual(refused('reads as'))
    for (const name of ['Café\ufe0f 1', 'Caf\u115fé 1', 'Café 1\u{e0020}', 'Café\u{e0100} 1', 'Caf\uffa0é 1']) {
      expect(await typeIn(name)).toMatchObject({ status: 400, message: expect.stringContaining('nobody sees') })
    }
    expect(await opened.books()).toEqual({ merchant_balance: 20_000, 'outside/0': -20_000 })
  })

  test('is typed in at the same moment as the first once', async () => {
    const names = ['line 7', 'LINE 7', 'line\u00a07', 'Line  7', '\uff4cine 7', 'line\u20037']
    const answers = await Promise.all(names.map((name) => typeIn(name)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
    expect(await opened.books()).toEqual({ merchant_balance: 10_000, 'outside/0': -10_000 })
  })

  test('is the name of a payment of the account, asked about or known', async () => {
    await opened.open()
    opened.sell('shop-4', 10_000)
    for (const name of ['SHOP-4', '\uff53hop-4', 'shop\u20114']) {
      expect([name, await typeIn(name)]).toEqual([name, refused('record it by this reference')])
    }
    const row = opened.sell('Shop-5', 10_000)
    await opened.reconcile()
    expect((await ask('PUT', '/v1/processors/in', { processor: 'manual' })).statusCode).toBe(200)
    for (const name of ['SHOP-4', 'shop-4', 'shop-5', 'SHOP-5', String(row.id), `00${row.id}`]) {
      expect([name, await typeIn(name)]).toEqual([name, refused('in suspense')])
    }
    expect(await opened.books()).toMatchObject({ suspense: 20_000 })
  })

  test('that was recorded by hand makes the payment of the account a possible duplicate', async () => {
    await opened.open()
    expect(await typeIn('shop-6')).toMatchObject({ status: 201 })
    opened.sell('Shop-6', 10_000)
    await opened.reconcile()
    expect(await opened.named()).toEqual([['duplicate', 'payment', 10_000]])
    const { data } = (await ask('GET', '/v1/suspense?open=true')).json()
    expect(data).toMatchObject([{ details: { reason: expect.stringContaining('recorded by hand') } }])
  })

  test('keeps a payment from being begun', async () => {
    for (const name of ['0042', 'Line-8']) expect(await typeIn(name)).toMatchObject({ status: 201 })
    for (const name of ['42', 'line-8']) expect(await initialize(name)).toEqual([400, 'duplicate_reference'])
  })

  test('of an adjustment is refused, and an adjustment may name a payment', async () => {
    await opened.topUp('order-1')
    const { customer_code: customerId } = (await ask('GET', '/customer')).json().data[0]
    const wish = { customerId, amount: 5, direction: 'credit', currency: 'NGN', reason: 'Goodwill' }
    const adjust = async (reference: string) =>
      (await ask('POST', '/v1/adjustments', { ...wish, reference })).statusCode
    const names = ['order-1', 'ORDER-1', 'order\u20111', 'order-1\ufe0f', 'order-1', 'order-2']
    const statuses: number[] = []
    for (const name of names) statuses.push(await adjust(name))
    expect(statuses).toEqual([201, 409, 409, 400, 201, 201])
  })
})

describe('money that comes back by itself', () => {
  test('is not typed in under any name of its payout or refund', async () => {
    await opened.chooseOut()
    const transfer = await opened.payOut()
    const payout = (await ask('GET', '/v1/payouts')).json().data[0]
    const names = [
      'wages',
      'WAGES',
      transfer.reference,
      payout.id,
      `payout_${payout.id}`.toUpperCase(),
      payout.processorReference,
    ]
    const [row] = await api.service.db.query<{ code: string; number: bigint }>(sql`
      select code, wire_id as number from payouts where id = ${payout.id}
    `)
    for (const name of [...names, row?.code ?? '', (row?.code ?? '').toLowerCase(), `00${row?.number}`]) {
      expect([name, await typeIn(name)]).toEqual([name, refused('payout wages')])
    }
    const made = await ask('POST', '/v1/refunds', { transactionId: 'order-1', amount: 10 })
    expect(made.statusCode, made.body).toBe(201)
    const { id } = made.json()
    const [refund] = (await ask('GET', '/refund')).json().data
    for (const name of [id, `txn_${id}`, String(id).toUpperCase(), String(refund.id), `0${refund.id}`]) {
      expect([name, await typeIn(name)]).toEqual([name, refused('a name of the refund')])
    }
    // The account's own numbers, once they are known here.
    const there = opened.account.refunds.at(-1) as RefundRow
    await opened.reconcile()
    expect(await typeIn(String(there.id))).toEqual(refused('number of a refund'))
    expect(await typeIn(String(transfer.id))).toEqual(refused('number'))
  })

  test('is not typed in under the reference of its payout in any spelling, whatever spelling the payout has', async () => {
    await opened.chooseOut()
    await opened.payOut()
    const { customerId, currency, destination: place } = (await ask('GET', '/v1/payouts')).json().data[0]
    const spellings = {
      'run-1': 'RUN-1',
      'RUN-2': 'run-2',
      '0047': '47',
      '48': '0048',
      'Straße 5': 'STRASSE 5',
      "it's-6": 'IT`S-6',
    }
    for (const [reference, typed] of Object.entries(spellings)) {
      const destination = { recipientId: place.id }
      const made = await ask('POST', '/v1/payouts', { customerId, amount: 100, currency, destination, reference })
      expect(made.statusCode, made.body).toBe(201)
      for (const name of [reference, typed])
        expect([name, await typeIn(name)]).toEqual([name, refused(`payout ${reference}`)])
    }
    expect((await typeIn('run-3')).code).not.toBe('reference_taken')
  })

  test('is not typed in under any name of the dispute that has taken it', async () => {
    const row = await opened.topUp('order-9')
    const dispute = openDispute(opened.account, row.reference)
    await opened.tellAll()
    await opened.settleDue()
    const [{ id }] = (await ask('GET', '/v1/disputes')).json().data
    const [shown] = (await ask('GET', '/dispute')).json().data
    for (const name of [id, `dispute_${id}`, String(id).toUpperCase(), String(shown.id), String(dispute.id)]) {
      expect([name, await typeIn(name)]).toEqual([name, refused('a name of the dispute')])
    }
  })
})

describe('a pay-in that waits for a second person', () => {
  test('is denied with the reason where a reconciliation has taken the payment meanwhile', async () => {
    await opened.open()
    await ask('PATCH', '/v1/approval-settings', { limits: [{ currency: 'NGN', amountOver: 100 }] })
    const { id } = (await ask('POST', '/v1/pay-ins', { ...line, reference: 'BIG-2' })).json()
    const waiting = (await ask('POST', '/v1/pay-ins', { ...line, reference: 'other' })).json()
    opened.sell('big-2', 10_000)
    await opened.reconcile()
    const [actor] = await api.service.db.query<{ id: number }>(sql`
      insert into actors (merchant_id, kind, surface) values (${opened.tenant.merchant.id}, 'operator', 'mteja') returning id
    `)
    const ben = { ...opened.tenant, actor: { id: actor?.id as number, requestId: 'a request' } }
    const approve = (subjectId: string) =>
      inTransaction(api.service, (tx) =>
        approveUnchecked(tx, ben, {
          kind: 'pay_in',
          subjectId,
        }),
      )
    const reason = expect.stringContaining('in suspense')
    expect(await approve(id)).toMatchObject({ status: 'denied', reason })
    expect((await ask('GET', `/v1/pay-ins/${id}`)).json()).toMatchObject({ status: 'refused', refusal: reason })
    expect(await approve(waiting.id)).toMatchObject({ status: 'approved' })
    api.service.clock.advance(61_000)
    await finishPayIns(api.service)
    expect(await opened.books()).toMatchObject({ merchant_balance: 10_000, suspense: 10_000 })
  })
})

describe('a pay-in that a second person approves', () => {
  test('is looked up at the account once more, and refused where the account has the payment by then', async () => {
    await opened.open()
    await ask('PATCH', '/v1/approval-settings', { limits: [{ currency: 'NGN', amountOver: 100 }] })
    const ben = await hire(api.service, opened.tenant, 'Ben')
    const [early, late, numbered, other] = await Promise.all(
      ['ap-1', 'AP-2', '07777777', 'other'].map(async (reference) => {
        const made = await ask('POST', '/v1/pay-ins', { ...line, reference })
        expect(made.json()).toMatchObject({ status: 'awaiting_approval' })
        return made.json().approvalId as string
      }),
    )
    opened.sell('ap-1', 10_000)
    opened.sell('ap-2', 10_000)
    Object.assign(opened.sell('ap-3', 10_000), { id: 7_777_777 })
    const approve = async (id?: string, key = ben.secret) => {
      const answer = await api.call('POST', `/v1/approvals/${id}/approve`, {}, key)
      return [answer.statusCode, answer.json().status ?? answer.json().error.message]
    }
    expect(await approve(early)).toEqual([409, expect.stringContaining('has a payment "ap-1" by now')])
    expect(await approve(late)).toEqual([409, expect.stringContaining('"ap-2"')])
    expect(await approve(numbered)).toEqual([409, expect.stringContaining('"ap-3"')])
    expect(await approve(other)).toEqual([200, 'approved'])
    expect(await opened.books()).toEqual({ merchant_balance: 10_000, 'outside/0': -10_000 })
    // Whoever denies it makes room for the account's money.
    const denied = await api.call('POST', `/v1/approvals/${early}/deny`, {}, ben.secret)
    expect(denied.statusCode).toBe(200)
    expect(await typeIn('ap-1')).toMatchObject({ status: 201 })
    // What was approved asks nobody when it is repeated.
    opened.account.secretKey = 'sk_live_another'
    expect(await approve(other)).toEqual([200, 'approved'])
  })
})

describe('other money of the account', () => {
  test('is not what a number stands for that the account does not know', async () => {
    for (const name of ['4711', '04712', '12']) expect([name, (await typeIn(name)).status]).toEqual([name, 201])
    expect(await opened.books()).toEqual({ merchant_balance: 30_000, 'outside/0': -30_000 })
  })

  test('is not looked for where the account refuses its key, and the money is cash or on a bank statement', async () => {
    const begun = await opened.begin('order-1')
    opened.sell('sold-1', 10_000)
    opened.account.secretKey = 'sk_live_another'
    for (const source of ['card', 'mobile_money']) {
      const answer = await typeIn(source, { source })
      expect(answer).toMatchObject({ status: 503, message: expect.stringContaining('refuses its key') })
    }
    for (const source of ['cash', 'bank_transfer'])
      expect(await typeIn(source, { source })).toMatchObject({ status: 201 })
    expect(await typeIn('4711', { source: 'cash' })).toMatchObject({ status: 201 })
    expect(await typeIn(begun.reference, { source: 'cash' })).toEqual(refused('payment order-1'))
    expect(await typeIn('sold-1', { source: 'bank_transfer' })).toMatchObject({ status: 201 })
    // With a valid key again, a person decides about what may be the same money.
    await opened.choose()
    await opened.reconcile()
    expect(await opened.named()).toContainEqual(['duplicate', 'payment', 10_000])
    expect(await opened.books()).toMatchObject({ merchant_balance: 40_000, suspense: 10_000 })
  })

  test('is recorded under its reference alone: not with blanks, in capitals, nor by its number', async () => {
    const row = opened.sell('late-x', 10_000)
    for (const name of ['late-x ', ' late-x', 'late-x\n', '\tlate-x', 'late\u200b-x', 'late-x\u00a0']) {
      expect([name, await typeIn(name)]).toEqual([
        name,
        { status: 400, code: 'invalid_request', message: expect.stringContaining('reference') },
      ])
    }
    expect(await typeIn(String(row.id))).toEqual(refused('record it by this reference'))
    expect(await typeIn('late-x')).toMatchObject({ status: 201 })
    expect(await typeIn('LATE-X')).toEqual(refused('reads as'))
    expect(await opened.books()).toEqual({ merchant_balance: 10_000, processor_fees: -150, 'outside/2': -9_850 })
    expect(await initialize('late-x')).toEqual([400, 'duplicate_reference'])
  })

  test('is recorded as the account has it: the member that differs is named', async () => {
    opened.sell('late-z', 10_000)
    for (const [field, own] of [
      ['amount', { amount: 9_999 }],
      ['currency', { currency: 'ZAR' }],
    ] as const) {
      const answer = await ask('POST', '/v1/pay-ins', { ...line, ...own, reference: 'late-z' })
      expect([answer.statusCode, answer.json().error]).toMatchObject([400, { code: 'invalid_request', field }])
    }
    expect(await opened.books()).toEqual({})
  })

  test('that was recorded by hand in capitals before the account showed it is not recorded again', async () => {
    expect(await typeIn('LATE-Y')).toMatchObject({ status: 201 })
    opened.sell('late-y', 10_000)
    expect(await typeIn('late-y')).toEqual(refused('reads as'))
  })

  test('that is imported as history is recorded under none of its names, also at the same moment', async () => {
    insertTransaction(opened.account, { email, amount: 10_000, reference: 'never-paid' })
    const { customer_code } = (await ask('POST', '/customer', { email })).json().data
    const [customer] = await api.service.db.query<{ id: bigint }>(sql`
      select id from customers where merchant_id = ${opened.tenant.merchant.id} and code = ${customer_code}
    `)
    const bring = (reference: string) =>
      inTransaction(api.service, (tx) =>
        insertImportedPayment(tx, opened.tenant, {
          ...{
            id: `77${reference.length}`,
            booksId: 2n,
            customerId: customer?.id ?? 0n,
            reference,
            status: 'succeeded',
          },
          ...{ amount: 10_000n, currency: 'NGN', fee: null, channel: 'card', paidAt: api.service.clock.now() },
        }),
      )
    expect(await bring('old-1')).toBe(true)
    for (const name of ['old-1', 'OLD-1', '775']) expect(await typeIn(name)).toEqual(refused('imported as history'))
    meanwhile(() => bring('old-22'))
    expect(await typeIn('old-22')).toEqual(refused('imported as history'))
    expect(await typeIn('old-333')).toMatchObject({ status: 201 })
    expect(await bring('OLD-333')).toBe(false)
    expect(await opened.books()).toEqual({ merchant_balance: 10_000, 'outside/0': -10_000 })
  })
})
