/**
 * The correct behaviour of a wallet service, kept in memory. It is written from the rules, not from the service's code.
 * Amounts are minor units.
 *
 * A private wallet is used by one client only, one operation after the other, so its state is always known. A shared
 * wallet is used by all clients. Its state follows from the operations that succeeded, in whatever order: see
 * `checkShared`.
 *
 * A customer from whom more was taken than they had owes the rest. What a wallet has and what it owes follow from two sums,
 * in whatever order they came about: its own movements, and what is held.
 */
export class Auditor {
  readonly customers: Customer[] = []
  readonly transactions: Transaction[] = []
  readonly holds: Hold[] = []
  readonly reserves: Reserve[] = []
  readonly payouts: Payout[] = []
  transferCount = 0n
  /** The number of events about money. */
  eventCount = 0n
  /** The merchant's earnings and the money from outside, by currency. */
  readonly earned = new Map<Currency, bigint>()
  readonly #tracked = new Map<string, Wallet>()

  addCustomer(code: string, isShared: boolean): Customer {
    const customer: Customer = { code, isShared, isDenied: false, wallets: new Map() }
    this.customers.push(customer)
    return customer
  }

  wallet(customer: Customer, currency: Currency): Wallet {
    let wallet = customer.wallets.get(currency)
    if (wallet === undefined) {
      wallet = new Wallet(customer, currency)
      customer.wallets.set(currency, wallet)
      this.#tracked.set(`${customer.code}/${currency}`, wallet)
    }
    return wallet
  }

  get wallets(): ReadonlyMap<string, Wallet> {
    return this.#tracked
  }

  /** The expected outcome: a refusal by its code, or null for success. `isCertain` is false where both can happen. */
  judge(operation: Operation, now: Date): { refusal: string | null; isCertain: boolean } {
    const refusal = this.#ruleOut(operation, now)
    const payer = payerOf(operation)
    const isFundable =
      !('hold' in operation) &&
      !('reserve' in operation) &&
      !('payout' in operation) &&
      !isFact(operation) &&
      payer !== null
    if (refusal !== null && refusal !== 'insufficient_funds') return { refusal, isCertain: true }
    return { refusal, isCertain: !isFundable || !payer.customer.isShared }
  }

  #ruleOut(operation: Operation, now: Date): string | null {
    const people = peopleOf(operation)
    if (people.includes(null)) return 'customer_not_found'
    const goesBack =
      'original' in operation || 'reserve' in operation || 'payout' in operation || operation.name === 'release'
    if (!goesBack && !isFact(operation) && people.some((each) => each?.customer.isDenied)) return 'customer_denied'
    if (operation.name === 'capture' || operation.name === 'release') return ruleOutHold(operation, now)
    if ('reserve' in operation) return operation.reserve.status === 'placed' ? null : 'hold_not_open'
    if ('payout' in operation) return operation.payout.status === 'placed' ? null : 'hold_not_open'
    const amount = this.amountOf(operation)
    if ('original' in operation) {
      const { original } = operation
      const left = original.amount - original.givenBack
      if (amount > left || left === 0n) return 'refund_exceeded'
    }
    const payer = isFact(operation) ? null : payerOf(operation)
    return payer !== null && payer.posted - payer.held < amount ? 'insufficient_funds' : null
  }

  /** The amount that is moved, reserved or released. Without an amount in the operation, it is the whole rest. */
  amountOf(operation: Operation): bigint {
    switch (operation.name) {
      case 'refund':
      case 'reserve':
        return operation.amount ?? operation.original.amount - operation.original.givenBack
      case 'settle':
      case 'fail':
        return operation.reserve.amount
      case 'reverse':
        return operation.original.amount - operation.original.givenBack
      case 'capture':
        return operation.amount ?? operation.hold.left
      case 'pay-out':
        return operation.payout.paying
      case 'drop-out':
        return operation.payout.amount
      case 'release':
        return operation.hold.left
      default:
        return operation.amount
    }
  }

  /** Records an operation that succeeded. */
  apply(operation: Operation, id: string, at: Date): void {
    const amount = this.amountOf(operation)
    if (!isUntold(operation)) this.eventCount += 1n
    switch (operation.name) {
      case 'place': {
        const { from, expiresAt } = operation
        const wallet = from as Wallet
        wallet.held += amount
        const hold: Hold = { id, wallet, amount, left: amount, captured: 0n, expiresAt, status: 'placed' }
        this.holds.push(hold)
        operation.onPlaced(hold)
        return
      }
      case 'release':
        this.endHold(operation.hold, 'released', id, at)
        return
      case 'capture': {
        const { hold, isFinal } = operation
        hold.left -= amount
        hold.captured += amount
        hold.wallet.released += amount
        this.#move(id, 'capture', hold.wallet, null, amount, hold.wallet.currency, at)
        if (isFinal || hold.left === 0n) this.endHold(hold, 'captured', id, at)
        return
      }
      case 'begin-out': {
        const wallet = operation.from as Wallet
        wallet.held += amount
        const { paying } = operation
        const payout: Payout = { id, wallet, amount, paying, status: 'placed' }
        this.payouts.push(payout)
        operation.onPlaced(payout)
        return
      }
      case 'pay-out': {
        const { payout } = operation
        const rest = payout.amount - amount
        payout.status = 'captured'
        payout.wallet.released += payout.amount
        this.#move(id, 'paid-out', payout.wallet, 'outside', amount, payout.wallet.currency, at, rest)
        return
      }
      case 'drop-out': {
        const { payout } = operation
        payout.status = 'released'
        payout.wallet.change(id, 0n, -amount, at)
        payout.wallet.released += amount
        return
      }
      case 'take':
        this.#move(id, 'fact', operation.from, 'outside', amount, operation.currency, at)
        return
      case 'bring': {
        const kind = operation.kind === 'pay_in' ? 'pay-in' : 'fact'
        this.#move(id, kind, 'outside', operation.to, amount, operation.currency, at)
        return
      }
      case 'refund':
      case 'reverse': {
        const { original } = operation
        original.givenBack += amount
        this.#move(id, 'back', original.to, original.from, amount, original.currency, at)
        return
      }
      case 'reserve': {
        const { original } = operation
        original.givenBack += amount
        if (isWallet(original.to)) original.to.held += amount
        const reserve: Reserve = { id, original, amount, status: 'placed' }
        this.reserves.push(reserve)
        operation.onPlaced(reserve)
        return
      }
      case 'settle': {
        const { original } = operation.reserve
        operation.reserve.status = 'captured'
        if (isWallet(original.to)) original.to.released += amount
        this.#move(id, 'settled', original.to, original.from, amount, original.currency, at)
        return
      }
      case 'fail': {
        const { original } = operation.reserve
        operation.reserve.status = 'released'
        original.givenBack -= amount
        if (!isWallet(original.to)) return
        original.to.change(id, 0n, -amount, at)
        original.to.released += amount
        return
      }
      case 'pay-in':
        this.#move(id, 'pay-in', 'outside', operation.to, amount, operation.currency, at)
        return
      case 'purchase':
        this.#move(id, 'purchase', operation.from, null, amount, operation.currency, at)
        return
      case 'transfer':
        this.transferCount += 1n
        this.#move(id, 'transfer', operation.from, operation.to, amount, operation.currency, at)
        return
    }
  }

  /** Records a hold that expired. */
  expire(hold: Hold, at: Date): void {
    this.eventCount += 1n
    this.endHold(hold, 'expired', hold.id, at)
  }

  endHold(hold: Hold, status: Hold['status'], cause: string, at: Date): void {
    hold.wallet.change(cause, 0n, -hold.left, at)
    hold.wallet.released += hold.left
    hold.left = 0n
    hold.status = status
  }

  #move(
    id: string,
    kind: Transaction['kind'],
    from: Side,
    to: Side,
    amount: bigint,
    currency: Currency,
    at: Date,
    freed = 0n,
  ) {
    const step = (side: Side, change: bigint) => {
      if (side === null) this.earned.set(currency, (this.earned.get(currency) ?? 0n) + change)
      if (side === null || side === 'outside') return
      // A capture spends what is held, and so does a refund that was reserved. The receiver of a refund holds nothing for it.
      const isHeld = kind === 'capture' || kind === 'paid-out' || (kind === 'settled' && side === from)
      side.change(id, change, isHeld ? change - freed : 0n, at)
    }
    step(from, -amount)
    step(to, amount)
    this.transactions.push({ id, kind, from, to, amount, currency, givenBack: 0n })
  }
}

export type Currency = 'ZAR' | 'NGN'

export interface Customer {
  readonly code: string
  readonly isShared: boolean
  isDenied: boolean
  readonly wallets: Map<Currency, Wallet>
}

export class Wallet {
  readonly customer: Customer
  readonly currency: Currency
  /** The sum of the movements that somebody asked for or that happened outside, without loans and repayments. */
  net = 0n
  held = 0n
  /** The wallet's history. For a shared wallet, in the order in which the clients got their answers. */
  lines: Line[] = []
  /** The number of lines that were compared with the stored ones. */
  audited = 0
  /** Since the last comparison: amounts refused for lack of funds, and amounts no longer held. */
  refused: bigint[] = []
  released = 0n

  constructor(customer: Customer, currency: Currency) {
    this.customer = customer
    this.currency = currency
  }

  /** Held money is always there, because nothing takes it but its capture. */
  get posted(): bigint {
    return this.net > this.held ? this.net : this.held
  }

  /** What is missing beside the held money. */
  get owed(): bigint {
    return this.posted - this.net
  }

  /** A change of what there is and of what is held, with the loan or the repayment that it leads to. */
  change(cause: string, amount: bigint, held: bigint, at: Date): void {
    const [owed, posted] = [this.owed, this.posted]
    this.net += amount
    this.held += held
    const lent = this.owed - owed
    if (lent > 0n) this.#write({ id: `receivable/${cause}`, amount: lent, after: posted + lent, at })
    if (amount !== 0n) this.#write({ id: cause, amount, after: posted + (lent > 0n ? lent : 0n) + amount, at })
    if (lent < 0n) this.#write({ id: `repayment/${cause}`, amount: lent, after: this.posted, at })
  }

  /** When loans and repayments of a shared wallet came about is known only from its history. */
  #write(line: Line): void {
    if (!this.customer.isShared || !isDebt(line)) this.lines.push(line)
  }
}

/** Whether a line is a loan or a repayment. */
export function isDebt({ id }: Pick<Line, 'id'>): boolean {
  return id.includes('/')
}

export interface Line {
  /** Of the transaction. The ids of loans and repayments are not known before: `receivable/` or `repayment/` and the cause. */
  id: string
  amount: bigint
  after: bigint
  at: Date
  /** The balance in the client's answer. */
  told?: bigint
}

/** Null stands for the merchant. */
type Side = Wallet | 'outside' | null

export interface Transaction {
  id: string
  kind: 'pay-in' | 'purchase' | 'transfer' | 'capture' | 'back' | 'settled' | 'fact' | 'paid-out'
  from: Side
  to: Side
  amount: bigint
  currency: Currency
  givenBack: bigint
}

export interface Hold {
  id: string
  wallet: Wallet
  amount: bigint
  left: bigint
  captured: bigint
  expiresAt: Date | null
  status: 'placed' | 'captured' | 'released' | 'expired'
}

/** The money of a refund that somebody outside makes: it moves once they have made it. */
export interface Reserve {
  id: string
  original: Transaction
  amount: bigint
  status: 'placed' | 'captured' | 'released'
}

/** Money that leaves for outside: it is reserved, and then a part of it leaves or nothing does. */
export interface Payout {
  id: string
  wallet: Wallet
  amount: bigint
  /** The part that leaves. The rest is a fee that was expected and not taken. */
  paying: bigint
  status: 'placed' | 'captured' | 'released'
}

/** A wallet of null belongs to an unknown customer. */
export type Operation =
  | { name: 'pay-in'; to: Wallet | null; amount: bigint; currency: Currency }
  | { name: 'purchase'; from: Wallet | null; amount: bigint; currency: Currency }
  | { name: 'transfer'; from: Wallet | null; to: Wallet | null; amount: bigint; currency: Currency }
  | {
      name: 'place'
      from: Wallet | null
      amount: bigint
      currency: Currency
      expiresAt: Date | null
      onPlaced: (hold: Hold) => void
    }
  /** Facts, but adjustments, which are wishes. */
  | {
      name: 'take'
      kind: 'chargeback' | 'processor_fee' | 'adjustment'
      from: Wallet | null
      amount: bigint
      currency: Currency
    }
  | {
      name: 'bring'
      kind: 'pay_in' | 'chargeback_returned' | 'processor_fee_returned' | 'assigned' | 'adjustment'
      to: Wallet | null
      amount: bigint
      currency: Currency
    }
  | { name: 'capture'; hold: Hold; amount: bigint | null; isFinal: boolean }
  | { name: 'release'; hold: Hold }
  | { name: 'refund'; original: Transaction; amount: bigint | null }
  | { name: 'reverse'; original: Transaction }
  /** A refund that waits for somebody outside, who makes it or does not. */
  | { name: 'reserve'; original: Transaction; amount: bigint | null; onPlaced: (reserve: Reserve) => void }
  | { name: 'settle' | 'fail'; reserve: Reserve }
  | {
      name: 'begin-out'
      from: Wallet | null
      amount: bigint
      paying: bigint
      currency: Currency
      onPlaced: (payout: Payout) => void
    }
  | { name: 'pay-out' | 'drop-out'; payout: Payout }

/**
 * The wallet that pays and so must have the money. Null for the merchant and the outside world, which always have it.
 */
export function payerOf(operation: Operation): Wallet | null {
  const original = originalOf(operation)
  if (original !== null) return isWallet(original.to) ? original.to : null
  if ('hold' in operation) return operation.hold.wallet
  if ('payout' in operation) return operation.payout.wallet
  return 'from' in operation ? operation.from : null
}

function peopleOf(operation: Operation): (Wallet | null)[] {
  if ('hold' in operation) return [operation.hold.wallet]
  if ('payout' in operation) return [operation.payout.wallet]
  const original = originalOf(operation)
  if (original !== null) return [original.from, original.to].filter(isWallet)
  return [...('from' in operation ? [operation.from] : []), ...('to' in operation ? [operation.to] : [])]
}

/** The transaction that an operation gives back. */
function originalOf(operation: Operation): Transaction | null {
  if ('original' in operation) return operation.original
  return 'reserve' in operation ? operation.reserve.original : null
}

/** The ledger tells nobody of a fact, or of a refund that waits: whoever knows of it tells it. */
function isUntold({ name }: Operation): boolean {
  return ['take', 'bring', 'reserve', 'settle', 'fail', 'begin-out', 'pay-out', 'drop-out'].includes(name)
}

function isFact(operation: Operation): boolean {
  if (operation.name === 'pay-in') return true
  return (operation.name === 'take' || operation.name === 'bring') && operation.kind !== 'adjustment'
}

function isWallet(side: Side): side is Wallet {
  return side !== null && side !== 'outside'
}

function ruleOutHold(operation: Operation & { hold: Hold }, now: Date): string | null {
  const { hold } = operation
  if (hold.status !== 'placed') return 'hold_not_open'
  if (operation.name !== 'capture') return null
  if (hold.expiresAt !== null && hold.expiresAt <= now) return 'hold_not_open'
  return operation.amount !== null && operation.amount > hold.left ? 'hold_exceeded' : null
}
