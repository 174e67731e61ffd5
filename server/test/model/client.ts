import { deepEqual, equal } from 'node:assert/strict'
import { findCustomer } from '../../src/domain/customers/customers.ts'
import { listEntries } from '../../src/domain/ledger/entries.ts'
import { getHold } from '../../src/domain/wallet/holds.ts'
import {
  listBalances,
  listBalancesAt,
  openStatement,
  readStatementEntries,
} from '../../src/domain/wallet/statements.ts'
import type { TestApi } from '../api.ts'
import type { Auditor, Currency, Customer, Hold, Operation, Payout, Reserve, Transaction, Wallet } from './auditor.ts'
import { type Bank, type Outcome, toldWallet } from './bank.ts'

/** An earlier request that may be sent again. */
interface Sent {
  key: string
  operation: Operation
  answer: string
}

/**
 * Does one random operation after the other, on customers of its own and on shared customers. Compares every answer
 * with the auditor. The same random numbers lead to the same operations.
 */
export class Client {
  readonly #name: string
  readonly #api: TestApi
  readonly #bank: Bank
  readonly #auditor: Auditor
  readonly #random: () => number
  readonly #own: Customer[] = []
  readonly #shared: readonly Customer[]
  readonly #holds: Hold[] = []
  readonly #originals: Transaction[] = []
  readonly #reserves: Reserve[] = []
  readonly #payouts: Payout[] = []
  readonly #sent: Sent[] = []
  #keys = 0
  /** The last operations, for the message of a failure. */
  readonly #trace: string[] = []
  /** The number of operations of each kind. */
  readonly counts: Record<string, number> = {}

  constructor(
    name: string,
    api: TestApi,
    bank: Bank,
    auditor: Auditor,
    random: () => number,
    shared: readonly Customer[],
  ) {
    this.#name = name
    this.#api = api
    this.#bank = bank
    this.#auditor = auditor
    this.#random = random
    this.#shared = shared
  }

  /** Answers the number of operations: a batch counts its transfers. */
  async step(): Promise<number> {
    try {
      return await this.#doSomething()
    } catch (error) {
      const trace = this.#trace.slice(-12).join('\n  ')
      throw new Error(`client ${this.#name}, after\n  ${trace}`, { cause: error })
    }
  }

  async #doSomething(): Promise<number> {
    if (this.#own.length < 2) return this.#create()
    const wishes: [weight: number, name: string, wish: () => Promise<number>][] = [
      [2, 'create', () => this.#create()],
      [16, 'pay-in', () => this.#send(this.#payIn())],
      [18, 'purchase', () => this.#send(this.#purchase())],
      [24, 'transfer', () => this.#send(this.#transfer())],
      [2, 'batch', () => this.#batch()],
      [7, 'place', () => this.#send(this.#place())],
      [7, 'capture', () => this.#sendIf(this.#capture())],
      [2, 'release', () => this.#sendIf(this.#release())],
      [4, 'refund', () => this.#sendIf(this.#refund())],
      [2, 'reverse', () => this.#sendIf(this.#reverse())],
      [3, 'reserve', () => this.#sendIf(this.#reserve())],
      [2, 'settle', () => this.#sendIf(this.#endReserve('settle'))],
      [1, 'fail', () => this.#sendIf(this.#endReserve('fail'))],
      [4, 'begin-out', () => this.#send(this.#beginOut())],
      [3, 'pay-out', () => this.#sendIf(this.#endOut('pay-out'))],
      [2, 'drop-out', () => this.#sendIf(this.#endOut('drop-out'))],
      [4, 'take', () => this.#send(this.#take())],
      [2, 'bring', () => this.#send(this.#bring())],
      [2, 'risk', () => this.#changeRisk()],
      [6, 'repeat', () => this.#repeat()],
      [2, 'reuse', () => this.#reuse()],
      [6, 'balance', () => this.#readBalance()],
      [3, 'history', () => this.#readHistory()],
      [1, 'statement', () => this.#readStatement()],
      [1, 'hold', () => this.#readHold()],
    ]
    let rest = this.#random() * wishes.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, name, wish] of wishes) {
      rest -= weight
      if (rest >= 0) continue
      const done = await wish()
      this.counts[name] = (this.counts[name] ?? 0) + done
      return done
    }
    return 0
  }

  // Choosing operations.

  #payIn(): Operation {
    const currency = this.#currency()
    return { name: 'pay-in', to: this.#wallet(currency), amount: this.#amount(200n), currency }
  }

  #purchase(): Operation {
    const from = this.#wallet(this.#currency())
    const currency = from?.currency ?? 'ZAR'
    return { name: 'purchase', from, amount: this.#amount(from?.posted ?? 10n), currency }
  }

  #transfer(): Operation & { name: 'transfer' } {
    const currency = this.#currency()
    const from = this.#wallet(currency)
    let to = this.#wallet(currency)
    while (to === from) to = this.#wallet(currency)
    return { name: 'transfer', from, to, amount: this.#amount(from?.posted ?? 10n), currency }
  }

  #place(): Operation {
    const from = this.#wallet(this.#currency())
    const lasting = this.#chance(0.5) ? null : 1 + Math.floor(this.#random() * 7_200_000)
    return {
      name: 'place',
      from,
      amount: this.#amount(from?.posted ?? 10n),
      currency: from?.currency ?? 'ZAR',
      expiresAt: lasting === null ? null : new Date(this.#now.getTime() + lasting),
      onPlaced: (hold) => this.#holds.push(hold),
    }
  }

  #capture(): Operation | null {
    const hold = this.#pickRecent(this.#holds)
    if (hold === undefined) return null
    const amount = this.#chance(0.3) ? null : this.#amount(hold.amount)
    return { name: 'capture', hold, amount, isFinal: this.#chance(0.2) }
  }

  #release(): Operation | null {
    const hold = this.#pickRecent(this.#holds)
    return hold === undefined ? null : { name: 'release', hold }
  }

  #refund(): Operation | null {
    const original = this.#pickRecent(this.#originals)
    if (original === undefined || original.kind === 'transfer') return null
    return { name: 'refund', original, amount: this.#chance(0.3) ? null : this.#amount(original.amount) }
  }

  #reverse(): Operation | null {
    const original = this.#pickRecent(this.#originals)
    return original === undefined ? null : { name: 'reverse', original }
  }

  #reserve(): Operation | null {
    const original = this.#pickRecent(this.#originals)
    if (original === undefined || original.kind === 'transfer') return null
    const amount = this.#chance(0.3) ? null : this.#amount(original.amount)
    return { name: 'reserve', original, amount, onPlaced: (reserve) => this.#reserves.push(reserve) }
  }

  #endReserve(name: 'settle' | 'fail'): Operation | null {
    const reserve = this.#pickRecent(this.#reserves)
    return reserve === undefined ? null : { name, reserve }
  }

  #beginOut(): Operation {
    const from = this.#wallet(this.#currency())
    const amount = this.#amount(from?.posted ?? 10n)
    // The expected fee is more than the fee, sometimes.
    const paying = amount > 1n && this.#chance(0.5) ? amount - 1n : amount
    const currency = from?.currency ?? 'ZAR'
    return { name: 'begin-out', from, amount, paying, currency, onPlaced: (payout) => this.#payouts.push(payout) }
  }

  #endOut(name: 'pay-out' | 'drop-out'): Operation | null {
    const payout = this.#pickRecent(this.#payouts)
    return payout === undefined ? null : { name, payout }
  }

  /** Sometimes more than there is, so that it is owed. */
  #take(): Operation {
    const from = this.#wallet(this.#currency())
    const kind = this.#pick(['chargeback', 'chargeback', 'processor_fee', 'adjustment'] as const)
    const available = from === null ? 10n : from.posted - from.held
    const amount = this.#chance(0.4) ? available + this.#amount(200n) : this.#amount(available)
    return { name: 'take', kind, from, amount, currency: from?.currency ?? 'ZAR' }
  }

  #bring(): Operation {
    const currency = this.#currency()
    const kinds = ['pay_in', 'chargeback_returned', 'processor_fee_returned', 'assigned', 'adjustment'] as const
    const kind = this.#pick(kinds)
    return { name: 'bring', kind, to: this.#wallet(currency), amount: this.#amount(150n), currency }
  }

  // Doing an operation and comparing its outcome.

  async #create(): Promise<number> {
    const key = `${this.#name}-c${this.#keys++}`
    const email = `${key}@example.com`
    const made = await this.#bank.createCustomer(email, key)
    if (this.#chance(0.2)) deepEqual(await this.#bank.createCustomer(email, key), made)
    this.#own.push(this.#auditor.addCustomer(made.code, false))
    return 1
  }

  async #sendIf(operation: Operation | null): Promise<number> {
    return operation === null ? this.#send(this.#payIn()) : this.#send(operation)
  }

  async #send(operation: Operation): Promise<number> {
    const key = this.#chance(0.5) ? `${this.#name}-${this.#keys++}` : null
    const expected = this.#auditor.judge(operation, this.#now)
    const asked = describe(operation, this.#auditor)
    this.#trace.push(`${asked} under ${key}, must meet ${expected.isCertain ? expected.refusal : 'either'}`)
    const outcome = await this.#bank.do(operation, key)
    this.#trace.push(`  met ${outcome.answer}`)
    equal(outcome.replayed, false)
    this.#note(operation, outcome, expected)
    if (key !== null) this.#sent.push({ key, operation, answer: outcome.answer })
    return 1
  }

  #note(operation: Operation, outcome: Outcome, expected: { refusal: string | null; isCertain: boolean }): void {
    if (expected.isCertain) equal(outcome.refusal, expected.refusal)
    else if (outcome.refusal !== null) equal(outcome.refusal, 'insufficient_funds')
    const wallet = toldWallet(operation)
    if (outcome.refusal !== null) {
      if (!expected.isCertain) wallet?.refused.push(this.#auditor.amountOf(operation))
      return
    }
    const before = this.#auditor.transactions.length
    this.#auditor.apply(operation, outcome.id, outcome.at)
    const made = this.#auditor.transactions.slice(before)
    for (const each of made)
      if (!['back', 'settled', 'fact', 'paid-out'].includes(each.kind)) this.#originals.push(each)
    if (outcome.told === undefined || wallet === null) return
    const line = wallet.lines.findLast(({ id }) => id === outcome.id)
    if (!wallet.customer.isShared && line !== undefined) equal(outcome.told, line.after)
    if (line !== undefined) line.told = outcome.told
  }

  async #batch(): Promise<number> {
    const operations = Array.from({ length: 2 + Math.floor(this.#random() * 9) }, () => this.#transfer())
    this.#trace.push(`batch of ${operations.map((each) => describe(each, this.#auditor)).join('; ')}`)
    const outcomes = await this.#bank.transfers(operations)
    operations.forEach((operation, i) => {
      // Transfers are judged one after the other, because each sees the balances that the earlier ones left.
      this.#note(operation, outcomes[i] as Outcome, this.#auditor.judge(operation, this.#now))
    })
    return operations.length
  }

  async #repeat(): Promise<number> {
    const sent = this.#pickRecent(this.#sent)
    if (sent === undefined) return 0
    this.#trace.push(`repeat ${sent.key}, which met ${sent.answer}`)
    const outcome = await this.#bank.do(sent.operation, sent.key)
    equal(outcome.answer, sent.answer)
    equal(outcome.replayed, true)
    return 1
  }

  async #reuse(): Promise<number> {
    const sent = this.#pickRecent(this.#sent)
    if (sent === undefined) return 0
    const operation = this.#payIn()
    this.#trace.push(`reuse ${sent.key} for ${describe(operation, this.#auditor)}`)
    const outcome = await this.#bank.do({ ...operation, amount: 999_983n } as Operation, sent.key)
    equal(outcome.refusal, 'idempotency_key_reused')
    return 1
  }

  async #changeRisk(): Promise<number> {
    const customer = this.#pick(this.#own)
    await this.#bank.setRisk(customer.code, customer.isDenied ? 'allow' : 'deny')
    customer.isDenied = !customer.isDenied
    this.#trace.push(`${customer.code} is ${customer.isDenied ? 'denied' : 'allowed'}`)
    // A denial is short, because otherwise no money would move any more.
    if (customer.isDenied && this.#chance(0.7))
      return 1 + (await this.#send(this.#payIn())) + (await this.#allow(customer))
    return 1
  }

  async #allow(customer: Customer): Promise<number> {
    await this.#bank.setRisk(customer.code, 'allow')
    customer.isDenied = false
    return 1
  }

  // Reading and comparing.

  async #readBalance(): Promise<number> {
    const customer = this.#pick(this.#chance(0.2) ? this.#shared : this.#own)
    const balance = await this.#bank.balance(customer.code)
    equal(balance.available, balance.posted - balance.held)
    equal(balance.available >= 0n && balance.held >= 0n, true)
    if (customer.isShared) return 1
    const { posted, held } = this.#auditor.wallet(customer, 'ZAR')
    deepEqual([balance.posted, balance.held], [posted, held])
    return 1
  }

  async #readHistory(): Promise<number> {
    const { service, tenant } = this.#api
    const wallet = this.#auditor.wallet(this.#pick(this.#own), 'ZAR')
    const count = wallet.lines.length
    const page = { limit: 1 + Math.floor(this.#random() * 20), offset: Math.floor(this.#random() * (count + 2)) }
    const { items, total } = await listEntries(service, tenant, { code: wallet.customer.code, currency: 'ZAR' }, page)
    equal(total, count)
    const newestFirst = wallet.lines.toReversed().slice(page.offset, page.offset + page.limit)
    deepEqual(
      items.map(({ transactionId, kind, details, amount, balanceAfter, number }) => [
        isDebtKind(kind) ? `${kind}/${details.causeId}` : transactionId,
        amount,
        balanceAfter,
        number,
      ]),
      newestFirst.map(({ id, amount, after }, i) => [id, amount, after, BigInt(count - page.offset - i)]),
    )
    return 1
  }

  async #readStatement(): Promise<number> {
    const { service, tenant } = this.#api
    const wallet = this.#auditor.wallet(this.#pick(this.#own), 'ZAR')
    const { lines } = wallet
    const customer = await findCustomer(service, tenant, { code: wallet.customer.code })
    const from = this.#pickRecent(lines)?.at ?? this.#now
    const until = new Date(Math.max(this.#pickRecent(lines)?.at.getTime() ?? 0, from.getTime()) + 1)
    const statement = await openStatement(service, tenant, customer, { currency: 'ZAR', from, until })
    const within = lines.filter(({ at }) => at >= from && at < until)
    const before = lines.filter(({ at }) => at < from)
    equal(statement.openingBalance, before.at(-1)?.after ?? 0n)
    equal(statement.closingBalance, within.at(-1)?.after ?? statement.openingBalance)
    equal(statement.totalIn - statement.totalOut, statement.closingBalance - statement.openingBalance)
    equal(statement.entryCount, within.length)
    const page = await readStatementEntries(service, tenant, statement, { after: statement.after, limit: 1000 })
    deepEqual(
      page.map(({ transactionId, kind, amount }) => [isDebtKind(kind) ? kind : transactionId, amount]),
      within.slice(0, 1000).map(({ id, amount }) => [id.replace(/\/.*/, ''), amount]),
    )
    const past = await listBalancesAt(service, tenant, customer, from)
    equal(past.find(({ currency }) => currency === 'ZAR')?.posted ?? 0n, before.at(-1)?.after ?? 0n)
    const balances = await listBalances(service, tenant, customer)
    for (const { currency, posted, held, owed } of balances) {
      const known = this.#auditor.wallet(wallet.customer, currency as Currency)
      deepEqual([posted, held, owed], [known.posted, known.held, known.owed])
    }
    return 3
  }

  async #readHold(): Promise<number> {
    const { service, tenant } = this.#api
    const hold = this.#pickRecent(this.#holds)
    if (hold === undefined) return 0
    const stored = await getHold(service, tenant, hold.id)
    deepEqual(
      [stored.status, stored.amount, stored.captured, stored.remaining],
      [hold.status, hold.amount, hold.captured, hold.left],
    )
    return 1
  }

  // Random choices.

  get #now(): Date {
    return this.#api.service.clock.now()
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item
  }

  /** One of the last items, so that old ones change too. */
  #pickRecent<Item>(items: readonly Item[]): Item | undefined {
    return items.length === 0 ? undefined : this.#pick(items.slice(-12))
  }

  #currency(): Currency {
    return this.#chance(0.85) ? 'ZAR' : 'NGN'
  }

  /** Mostly a recent private wallet, sometimes a shared one, seldom an unknown customer's. */
  #wallet(currency: Currency): Wallet | null {
    if (this.#chance(0.01)) return null
    const customer = this.#chance(0.25) ? this.#pick(this.#shared) : this.#pick(this.#own.slice(-4))
    return this.#auditor.wallet(customer, currency)
  }

  /** An amount near the available one: mostly less, sometimes equal, sometimes one more. */
  #amount(free: bigint): bigint {
    const available = free > 0n ? free : 0n
    const draw = this.#random()
    if (draw < 0.05) return available + 1n
    if (draw < 0.1 && available > 0n) return available
    return 1n + BigInt(Math.floor(this.#random() * Math.max(1, Number(available) * 0.6)))
  }
}

function isDebtKind(kind: string): boolean {
  return kind === 'receivable' || kind === 'repayment'
}

function describe(operation: Operation, auditor: Auditor): string {
  const nameOf = (wallet: Wallet | null) =>
    wallet === null ? 'nobody' : `${wallet.customer.code}${wallet.customer.isShared ? ' (shared)' : ''}`
  const parties =
    'hold' in operation
      ? operation.hold.id
      : 'reserve' in operation
        ? operation.reserve.id
        : 'original' in operation
          ? operation.original.id
          : 'payout' in operation
            ? operation.payout.id
            : ''
  const from = 'from' in operation ? ` from ${nameOf(operation.from)}` : ''
  const to = 'to' in operation ? ` to ${nameOf(operation.to)}` : ''
  return `${operation.name} ${parties}${auditor.amountOf(operation)}${from}${to}`
}
