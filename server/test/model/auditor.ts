/**
 * The correct behaviour of a wallet service, kept in memory. It is written from the rules, not from the service's code.
 * Amounts are minor units.
 *
 * A private wallet is used by one client only, one operation after the other, so its state is always known. A shared
 * wallet is used by all clients. Its state follows from the operations that succeeded, in whatever order: see
 * `checkShared`.
 */
export class Auditor {
  readonly customers: Customer[] = []
  readonly transactions: Transaction[] = []
  readonly holds: Hold[] = []
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
      wallet = { customer, currency, posted: 0n, held: 0n, lines: [], audited: 0, refused: [], released: 0n }
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
    const isFundable = !('hold' in operation) && payer !== null
    if (refusal !== null && refusal !== 'insufficient_funds') return { refusal, isCertain: true }
    return { refusal, isCertain: !isFundable || !payer.customer.isShared }
  }

  #ruleOut(operation: Operation, now: Date): string | null {
    const people = peopleOf(operation)
    if (people.includes(null)) return 'customer_not_found'
    const goesBack = operation.name === 'refund' || operation.name === 'reverse' || operation.name === 'release'
    if (!goesBack && people.some((each) => each?.customer.isDenied)) return 'customer_denied'
    if (operation.name === 'capture' || operation.name === 'release') return ruleOutHold(operation, now)
    const amount = this.amountOf(operation)
    if (operation.name === 'refund' || operation.name === 'reverse') {
      const { original } = operation
      const left = original.amount - original.givenBack
      if (amount > left || left === 0n) return 'refund_exceeded'
    }
    const payer = payerOf(operation)
    return payer !== null && payer.posted - payer.held < amount ? 'insufficient_funds' : null
  }

  /** The amount that is moved, reserved or released. Without an amount in the operation, it is the whole rest. */
  amountOf(operation: Operation): bigint {
    switch (operation.name) {
      case 'refund':
        return operation.amount ?? operation.original.amount - operation.original.givenBack
      case 'reverse':
        return operation.original.amount - operation.original.givenBack
      case 'capture':
        return operation.amount ?? operation.hold.left
      case 'release':
        return operation.hold.left
      default:
        return operation.amount
    }
  }

  /** Records an operation that succeeded. */
  apply(operation: Operation, id: string, at: Date): void {
    const amount = this.amountOf(operation)
    this.eventCount += 1n
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
        this.endHold(operation.hold, 'released')
        return
      case 'capture': {
        const { hold, isFinal } = operation
        hold.left -= amount
        hold.captured += amount
        hold.wallet.held -= amount
        hold.wallet.released += amount
        this.#move(id, 'capture', hold.wallet, null, amount, hold.wallet.currency, at)
        if (isFinal || hold.left === 0n) this.endHold(hold, 'captured')
        return
      }
      case 'refund':
      case 'reverse': {
        const { original } = operation
        original.givenBack += amount
        this.#move(id, 'back', original.to, original.from, amount, original.currency, at)
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
  expire(hold: Hold): void {
    this.eventCount += 1n
    this.endHold(hold, 'expired')
  }

  endHold(hold: Hold, status: Hold['status']): void {
    hold.wallet.held -= hold.left
    hold.wallet.released += hold.left
    hold.left = 0n
    hold.status = status
  }

  #move(id: string, kind: Transaction['kind'], from: Side, to: Side, amount: bigint, currency: Currency, at: Date) {
    const step = (side: Side, change: bigint) => {
      if (side === null) this.earned.set(currency, (this.earned.get(currency) ?? 0n) + change)
      if (side === null || side === 'outside') return
      side.posted += change
      side.lines.push({ id, amount: change, after: side.posted, at })
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

export interface Wallet {
  readonly customer: Customer
  readonly currency: Currency
  posted: bigint
  held: bigint
  /** The wallet's history. For a shared wallet, in the order in which the clients got their answers. */
  lines: Line[]
  /** The number of lines that were compared with the stored ones. */
  audited: number
  /** Since the last comparison: amounts refused for lack of funds, and amounts no longer held. */
  refused: bigint[]
  released: bigint
}

export interface Line {
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
  kind: 'pay-in' | 'purchase' | 'transfer' | 'capture' | 'back'
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
  | { name: 'capture'; hold: Hold; amount: bigint | null; isFinal: boolean }
  | { name: 'release'; hold: Hold }
  | { name: 'refund'; original: Transaction; amount: bigint | null }
  | { name: 'reverse'; original: Transaction }

/**
 * The wallet that pays and so must have the money. Null for the merchant and the outside world, which always have it.
 */
export function payerOf(operation: Operation): Wallet | null {
  if ('original' in operation) return isWallet(operation.original.to) ? operation.original.to : null
  if ('hold' in operation) return operation.hold.wallet
  return 'from' in operation ? operation.from : null
}

function peopleOf(operation: Operation): (Wallet | null)[] {
  if ('hold' in operation) return [operation.hold.wallet]
  if ('original' in operation) return [operation.original.from, operation.original.to].filter(isWallet)
  return [...('from' in operation ? [operation.from] : []), ...('to' in operation ? [operation.to] : [])]
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
