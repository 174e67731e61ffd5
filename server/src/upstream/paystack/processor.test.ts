import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chooseSometimes, requestFaults } from '../../../test/paystack/fault-proxy.ts'
import { keepCharges } from '../../../test/paystack/kept-charges.ts'
import { moveRefund, pay } from '../../../test/paystack/live-account.ts'
import { type OpenedAccount, openAccount } from '../../../test/paystack/open-account.ts'
import { randomFrom, testSeed as seed } from '../../../test/random.ts'
import { systemRandom, uuidV7 } from '../../base/ids.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type {
  Charge,
  ChargeState,
  PaymentProcessor,
  Return,
  ReturnState,
} from '../../domain/payments/payment-processor.ts'
import { createPaystackProcessor } from './processor.ts'

let opened: OpenedAccount
let charges: ReturnType<typeof keepCharges>
let processor: PaymentProcessor
let number = 0
const tenant = { mode: 'live' } as Tenant
const email = 'ada@example.com'

beforeAll(async () => {
  opened = await openAccount()
  for (const behaviour of ['pays', 'declines', 'asks', 'takes_its_time', 'pays_half'] as const) {
    opened.account.authorizations.set(`AUTH_${behaviour}`, { email, behaviour })
  }
})
afterAll(() => opened.close())
beforeEach(() => {
  opened.proxy.choose = () => 'none'
  opened.account.feeBearer = 'account'
  charges = keepCharges()
  open()
})

function open(ask = opened.ask) {
  processor = createPaystackProcessor({ ask, random: systemRandom, charges, accountId: 2n })
}

function charge(behaviour = 'pays', own: Partial<Charge> = {}): Charge {
  number += 1
  const instrument = { type: 'card', token: `AUTH_${behaviour}` } as const
  return { reference: `pi_${number}_1`, amount: 10_000n, currency: 'NGN', email, instrument, ...own }
}

/** The reference by which the account knows a charge. */
async function sentReference(reference: string): Promise<string> {
  return (await charges.find(tenant, reference))?.sentReference ?? 'none'
}

const known = (reference: string) => opened.account.transactions.filter((row) => row.reference === reference)

describe('a charge of a saved instrument', () => {
  test('a charge that pays tells the fee, and the instrument to charge again', async () => {
    const own = charge()
    const state = await processor.charge(tenant, own)
    expect(state).toMatchObject({
      status: 'succeeded',
      facts: {
        amount: 10_000n,
        fee: 150n,
        saved: { type: 'card', token: 'AUTH_ekk8t49ogj', last4: '4081', expiryYear: 2030, brand: 'visa' },
      },
    })
    expect(await processor.query(tenant, own.reference)).toEqual(state)
  })

  test('a charge that is sent again takes nothing again', async () => {
    const own = charge()
    const states = [
      await processor.charge(tenant, own),
      ...(await Promise.all([processor.charge(tenant, own), processor.charge(tenant, own)])),
    ]
    expect(states.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(known(await sentReference(own.reference))).toHaveLength(1)
  })

  test('a charge that was taken has succeeded, although its second request is refused', async () => {
    opened.account.authorizations.set('AUTH_once', { email, behaviour: 'pays' })
    const own = charge('once')
    opened.proxy.choose = ({ method }) => (method === 'POST' ? 'cut_after' : 'none')
    expect(await processor.charge(tenant, own)).toEqual({ status: 'processing' })
    opened.proxy.choose = () => 'none'
    opened.account.authorizations.delete('AUTH_once')
    expect(await processor.charge(tenant, own)).toMatchObject({ status: 'succeeded' })
  })

  test('a charge that is declined, asks the payer, or takes its time is told apart', async () => {
    expect(await processor.charge(tenant, charge('declines'))).toEqual({ status: 'failed', reason: 'Declined' })
    expect(await processor.charge(tenant, charge('asks'))).toEqual({
      status: 'processing',
      continueAt: expect.stringMatching(/^https:/),
    })
    const slow = charge('takes_its_time')
    expect(await processor.charge(tenant, slow)).toEqual({ status: 'processing' })
    pay(opened.account, await sentReference(slow.reference))
    expect(await processor.query(tenant, slow.reference)).toMatchObject({ status: 'succeeded' })
  })

  test('a payment of another amount is not the charge’s success', async () => {
    expect(await processor.charge(tenant, charge('pays_half'))).toMatchObject({
      status: 'disagrees',
      differences: ['amount'],
      facts: { amount: 5_000n },
    })
  })

  test('a payment of the other mode is nobody’s, whatever else agrees', async () => {
    const own = charge()
    await processor.charge(tenant, own)
    expect(await processor.query({ ...tenant, mode: 'test' }, own.reference)).toEqual({
      status: 'failed',
      reason: 'Paystack has this payment in another mode, so no money of this mode came',
    })
  })

  test('a payer who bears the fee pays more, and the charge has succeeded', async () => {
    opened.account.feeBearer = 'payer'
    expect(await processor.charge(tenant, charge())).toMatchObject({ status: 'succeeded', facts: { amount: 10_150n } })
  })

  test('a charge that Paystack cannot do is failed with a sentence, and is not sent', async () => {
    const asked = opened.server.asked.length
    for (const own of [
      charge('pays', { email: null }),
      charge('pays', { instrument: { type: 'card', bin: '408408', last4: '4081' } }),
      charge('pays', { instrument: { type: 'mobile_money', phone: '+233551234987', provider: 'nobody' } }),
    ]) {
      expect(await processor.charge(tenant, own)).toMatchObject({
        status: 'failed',
        reason: expect.stringMatching(/Paystack/),
      })
    }
    expect(opened.server.asked).toHaveLength(asked)
    expect(() => processor.identify({ type: 'card', bin: '408408' })).toThrow(
      /Card numbers and PINs are not taken here/,
    )
    expect(await processor.charge(tenant, charge('of_nobody'))).toEqual({
      status: 'failed',
      reason: 'Authorization code is invalid',
    })
  })

  test('mobile money is charged by its operator, and waits for the payer', async () => {
    const instrument = { type: 'mobile_money', phone: '0551234987', provider: 'MTN' } as const
    const own = charge('pays', { instrument })
    expect(await processor.charge(tenant, own)).toMatchObject({
      status: 'processing',
      asks: { kind: 'offline', text: expect.stringMatching(/on your mobile phone$/) },
    })
    pay(opened.account, await sentReference(own.reference))
    expect(await processor.query(tenant, own.reference)).toMatchObject({ status: 'succeeded' })
  })

  test('an answer of the payer is given to the account, and one that was lost on the way may be given again', async () => {
    const instrument = { type: 'mobile_money', phone: '0551234987', provider: 'vod' } as const
    const own = charge('pays', { instrument })
    expect(await processor.charge(tenant, own)).toMatchObject({ status: 'processing', asks: { kind: 'otp' } })
    const otp = { kind: 'otp', otp: '123456' } as const
    opened.proxy.choose = ({ method }) => (method === 'POST' ? 'cut_before' : 'none')
    expect(await processor.submit?.(tenant, own.reference, otp)).toEqual({ status: 'processing' })
    opened.proxy.choose = ({ method }) => (method === 'POST' ? 'cut_after' : 'none')
    expect(await processor.submit?.(tenant, own.reference, otp)).toMatchObject({ status: 'succeeded' })
    opened.proxy.choose = () => 'none'
    await expect(processor.submit?.(tenant, own.reference, { kind: 'pin', pin: '1234' })).rejects.toThrow(/PINs/)
    await expect(processor.submit?.(tenant, 'pi_0_1', otp)).rejects.toThrow(/does not ask/)
  })
})

describe('a payment on the account’s page', () => {
  const page = () => {
    const { instrument: _, ...rest } = charge()
    return { ...rest, email, callbackUrl: 'https://shop.example.com/thanks' }
  }

  test('the payer is sent to the account’s page, and the payment is found when it is paid', async () => {
    const own = page()
    const shown = await processor.openPage?.(tenant, own)
    expect(shown).toMatchObject({ url: expect.stringMatching(/^https:\/\/checkout\.paystack\.com\//) })
    expect(await processor.openPage?.(tenant, own)).toEqual(shown)
    expect(await processor.query(tenant, own.reference)).toEqual({ status: 'processing' })
    pay(opened.account, await sentReference(own.reference))
    expect(await processor.query(tenant, own.reference)).toMatchObject({ status: 'succeeded' })
  })

  test('a page whose address was lost is given up for another one under another name', async () => {
    const own = page()
    let count = 0
    opened.proxy.choose = () => (count++ === 0 ? 'cut_after' : 'none')
    expect(await processor.openPage?.(tenant, own)).toMatchObject({ url: expect.stringMatching(/^https:/) })
    const [former] = charges.formerNames.keys()
    expect(known(former ?? '')).toHaveLength(1)
    expect(known(await sentReference(own.reference))).toHaveLength(1)
    expect(await sentReference(own.reference)).not.toBe(former)
  })

  test('a page that the account refuses is refused with its sentence', async () => {
    const refused = processor.openPage?.(tenant, { ...page(), currency: 'GHS' })
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'Paystack refused the payment: Currency not supported by merchant',
    })
    opened.proxy.choose = () => 'limited'
    await expect(processor.openPage?.(tenant, page())).rejects.toMatchObject({ outcome: 'refused', status: 429 })
  })
})

describe('a charge that is given up', () => {
  test('a charge that never arrived is given up, and takes nothing where it arrives later', async () => {
    const own = charge()
    opened.proxy.choose = () => 'cut_before'
    expect(await processor.charge(tenant, own)).toEqual({ status: 'processing' })
    opened.proxy.choose = () => 'none'
    expect(await processor.query(tenant, own.reference)).toBeNull()
    expect(await processor.stop(tenant, own)).toMatchObject({ status: 'failed' })
    // The request of before comes at last, as the network held it.
    const late = await opened.ask({
      operation: 'late',
      method: 'POST',
      path: '/transaction/charge_authorization',
      body: {
        email,
        amount: 10_000,
        currency: 'NGN',
        authorization_code: 'AUTH_pays',
        reference: await sentReference(own.reference),
      },
    })
    expect(late.body.message).toBe('Duplicate Transaction Reference')
    expect(await processor.charge(tenant, own)).toMatchObject({ status: 'failed' })
    expect(await processor.query(tenant, own.reference)).toMatchObject({ status: 'failed' })
  })

  test('a charge that was never sent is given up without a question', async () => {
    const { instrument: _, email: __, ...own } = charge()
    const asked = opened.server.asked.length
    expect(await processor.stop(tenant, own)).toMatchObject({ status: 'failed' })
    expect(await processor.charge(tenant, { ...charge(), reference: own.reference })).toMatchObject({
      status: 'failed',
    })
    expect(opened.server.asked).toHaveLength(asked)
  })

  test('a charge under way cannot be given up, one that has paid has paid, and an abandoned one ends', async () => {
    const slow = charge('takes_its_time')
    await processor.charge(tenant, slow)
    expect(await processor.stop(tenant, slow)).toEqual({ status: 'processing' })
    pay(opened.account, await sentReference(slow.reference))
    expect(await processor.stop(tenant, slow)).toMatchObject({ status: 'succeeded' })
    const asking = charge('asks')
    await processor.charge(tenant, asking)
    expect(await processor.query(tenant, asking.reference)).toEqual({ status: 'processing' })
    expect(await processor.stop(tenant, asking)).toMatchObject({ status: 'failed' })
    // Its payer comes back after all: that is told, whatever we gave up.
    pay(opened.account, await sentReference(asking.reference))
    expect(await processor.query(tenant, asking.reference)).toMatchObject({ status: 'succeeded' })
  })

  test('a charge is not given up while the account cannot be asked', async () => {
    const own = charge()
    opened.proxy.choose = () => 'cut_before'
    await processor.charge(tenant, own)
    await expect(processor.stop(tenant, own)).rejects.toThrow(UpstreamError)
    opened.proxy.choose = ({ method }) => (method === 'POST' ? 'cut_before' : 'none')
    expect(await processor.stop(tenant, own)).toEqual({ status: 'processing' })
  })
})

describe('the return of a charge', () => {
  async function paid(): Promise<string> {
    const own = charge()
    await processor.charge(tenant, own)
    return own.reference
  }
  const lastRefund = () => opened.account.refunds.at(-1) as (typeof opened.account.refunds)[number]

  const part = (reference: string, amount = 2000n) => ({
    id: uuidV7(systemRandom, new Date()),
    reference,
    amount,
    currency: 'NGN' as const,
  })

  test('parts of a payment are given back, each once, and found again by their names', async () => {
    const reference = await paid()
    const [first, second] = [part(reference), part(reference)]
    const before = opened.account.refunds.length
    expect(await processor.sendReturn(tenant, first)).toEqual({ status: 'pending' })
    expect(await processor.queryReturn(tenant, second)).toEqual({ status: 'unknown' })
    expect(await processor.sendReturn(tenant, second)).toEqual({ status: 'pending' })
    moveRefund(opened.account, lastRefund(), 'processed')
    expect(await processor.queryReturn(tenant, first)).toEqual({ status: 'pending' })
    expect(await processor.queryReturn(tenant, second)).toEqual({ status: 'succeeded' })
    expect(opened.account.refunds.length - before).toBe(2)
    expect(await processor.sendReturn(tenant, part('nothing'))).toMatchObject({ status: 'failed' })
    expect(await processor.sendReturn(tenant, part(reference, 10n ** 9n))).toMatchObject({ status: 'failed' })
  })

  test('a part whose answer is lost is unknown until the account shows it, and is not sent again', async () => {
    const reference = await paid()
    const [lost, never, limited] = [part(reference), part(reference), part(reference)]
    const fault = (what: 'cut_after' | 'cut_before' | 'limited') => {
      opened.proxy.choose = ({ method }) => (method === 'POST' ? what : 'none')
    }
    fault('cut_after')
    expect(await processor.sendReturn(tenant, lost)).toEqual({ status: 'unknown' })
    fault('cut_before')
    expect(await processor.sendReturn(tenant, never)).toEqual({ status: 'unknown' })
    fault('limited')
    expect(await processor.sendReturn(tenant, limited)).toEqual({ status: 'not_sent', why: 'rate_limited' })
    opened.proxy.choose = ({ method }) => (method === 'GET' ? 'limited' : 'none')
    expect(await processor.sendReturn(tenant, limited)).toEqual({ status: 'not_sent', why: 'rate_limited' })
    opened.proxy.choose = () => 'none'
    expect(await processor.queryReturn(tenant, lost)).toEqual({ status: 'pending' })
    expect(await processor.queryReturn(tenant, never)).toEqual({ status: 'unknown' })
  })

  test('a part that needs attention is sent to a bank account of the payer', async () => {
    const wanted = part(await paid())
    await processor.sendReturn(tenant, wanted)
    const destination = { accountNumber: '0123456789', bankId: 9n }
    expect(await processor.redirectReturn(tenant, part('nothing'), destination)).toBeNull()
    moveRefund(opened.account, lastRefund(), 'needs-attention')
    expect(await processor.queryReturn(tenant, wanted)).toMatchObject({ status: 'needs_attention' })
    expect(await processor.redirectReturn(tenant, wanted, destination)).toEqual({ status: 'processing' })
  })

  test('a part for which others leave too little is refused: once it was asked for, else when theirs has gone back', async () => {
    const reference = await paid()
    const transaction = await sentReference(reference)
    const never = part(reference, 10_000n)
    opened.proxy.choose = ({ method }) => (method === 'POST' ? 'cut_before' : 'none')
    expect(await processor.sendReturn(tenant, never)).toEqual({ status: 'unknown' })
    opened.proxy.choose = () => 'none'
    await opened.ask({ operation: 'dashboard', method: 'POST', path: '/refund', body: { transaction } })
    expect(await processor.sendReturn(tenant, part(reference, 10_000n))).toMatchObject({ status: 'refused' })
    expect(await processor.queryReturn(tenant, never)).toEqual({ status: 'unknown', othersTook: true })
    moveRefund(opened.account, lastRefund(), 'processed')
    expect(await processor.queryReturn(tenant, never)).toMatchObject({ status: 'refused' })
  })

  test('a part that the account refuses because of refunds that it does not show needs a person', async () => {
    const reference = await paid()
    const transaction = await sentReference(reference)
    await opened.ask({ operation: 'dashboard', method: 'POST', path: '/refund', body: { transaction } })
    const row = lastRefund()
    const { transaction: paidFor } = row
    opened.proxy.choose = ({ method }) => {
      // The list lags behind.
      row.transaction = method === 'POST' ? paidFor : { ...paidFor, id: 1 }
      return 'none'
    }
    expect(await processor.sendReturn(tenant, part(reference, 10_000n))).toMatchObject({ status: 'needs_attention' })
    row.transaction = paidFor
  })
})

test('after all faults of the network end, 100 charges and their returns are final, and both books agree', async () => {
  const random = randomFrom(seed)
  const firstRefund = opened.account.refunds.length
  opened.proxy.choose = chooseSometimes(random, requestFaults, 0.4)
  open(opened.hastyAsk)
  const wanted = Array.from({ length: 100 }, () =>
    charge(random() < 0.7 ? 'pays' : random() < 0.5 ? 'declines' : 'takes_its_time'),
  )
  const returned = new Map<string, { wanted: Return; state: ReturnState }>()
  const returnOf = ({ reference, amount, currency }: Charge): Return => ({
    id: uuidV7(systemRandom, new Date()),
    reference,
    amount,
    currency,
  })
  const patiently = async <Answer>(work: () => Promise<Answer>): Promise<Answer | null> =>
    work().catch((error) => {
      if (error instanceof UpstreamError) return null
      throw error
    })

  async function live(own: Charge): Promise<void> {
    await patiently(() => processor.charge(tenant, own))
    await patiently(() => processor.charge(tenant, own))
    const state = await patiently(() => processor.query(tenant, own.reference))
    if (state?.status !== 'succeeded' || own.reference.endsWith('0_1')) return
    const wanted = returnOf(own)
    // It is sent again only while it has surely not been sent.
    const answer = await patiently(() => processor.sendReturn(tenant, wanted))
    if (answer?.status === 'not_sent') await patiently(() => processor.sendReturn(tenant, wanted))
    returned.set(own.reference, { wanted, state: { status: 'unknown' } })
  }
  await inTurns(wanted, 32, live)

  opened.proxy.choose = () => 'none'
  open()
  const ends = new Map<string, ChargeState>()
  await inTurns(wanted, 16, async (own) => {
    const name = await sentReference(own.reference)
    // The bank decides, in its time.
    if (known(name)[0]?.status === 'processing') pay(opened.account, name)
    const state = (await processor.query(tenant, own.reference)) ?? (await processor.stop(tenant, own))
    ends.set(own.reference, state)
    const back = returned.get(own.reference)
    if (back !== undefined) back.state = await processor.queryReturn(tenant, back.wanted)
  })

  for (const own of wanted) {
    const name = await sentReference(own.reference)
    const rows = known(name)
    const refunds = opened.account.refunds
      .slice(firstRefund)
      .filter(({ transaction }) => transaction.reference === name)
    const back = returned.get(own.reference)?.state
    const says = `seed ${seed}, ${own.reference}: ${JSON.stringify([rows.map(({ status }) => status), refunds.length, ends.get(own.reference)?.status, back])}`
    expect(rows.length, says).toBe(1)
    expect(refunds.length, says).toBeLessThanOrEqual(1)
    if (back === undefined) {
      expect(ends.get(own.reference)?.status, says).toBe(rows[0]?.status === 'success' ? 'succeeded' : 'failed')
      expect(refunds.length, says).toBe(0)
    } else expect(back.status, says).toBe(refunds.length === 1 ? 'pending' : 'unknown')
  }
  const happened = new Set(opened.proxy.happened)
  expect(requestFaults.filter((fault) => !happened.has(fault))).toEqual([])
})

/** Does work for each of many, so many at a time. */
async function inTurns<Thing>(
  things: readonly Thing[],
  width: number,
  work: (thing: Thing) => Promise<void>,
): Promise<void> {
  const left = [...things]
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let thing = left.shift(); thing !== undefined; thing = left.shift()) await work(thing)
    }),
  )
}
