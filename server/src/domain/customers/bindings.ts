import { type Currency, formatMoney } from '../../base/money.ts'

/** A thing that keeps a customer from being deleted or erased: see customer_bindings.sql. */
export interface Binding {
  obstacle:
    | 'balance'
    | 'hold'
    | 'debt'
    | 'payment'
    | 'pay_in'
    | 'waiting_pay_in'
    | 'adjustment'
    | 'waiting_adjustment'
    | 'assignment'
    | 'refund'
    | 'payout'
    | 'waiting_payout'
    | 'waiting_settlement'
    | 'dispute'
    | 'dedicated_account'
    | 'mandate'
    | 'dispute_window'
  detail: string | null
  amount: bigint | null
}

/** The things that bind one customer, as the end of a sentence: `a balance of ZAR 0.70 and the mandate …`. */
export function describeBindings(bindings: readonly Binding[]): string {
  return bindings.map((each) => descriptions[each.obstacle](each)).join(' and ')
}

/** What to do about these things, each once. */
export function stepsAgainst(bindings: readonly Binding[]): string {
  return [...new Set(bindings.map(({ obstacle }) => nextSteps[obstacle]))].join('. ')
}

/** `detail` is the currency. */
const moneyOf = (amount: bigint | null, detail: string | null) => formatMoney(amount ?? 0n, detail as Currency)

const descriptions: Record<Binding['obstacle'], (binding: Binding) => string> = {
  balance: ({ amount, detail }) => `a balance of ${moneyOf(amount, detail)}`,
  hold: ({ amount, detail }) => `a hold of ${moneyOf(amount, detail)}`,
  debt: ({ amount, detail }) => `a debt of ${moneyOf(amount, detail)}`,
  payment: ({ detail }) => `the payment ${detail} under way`,
  pay_in: ({ detail }) => `the pay-in by hand ${detail}, which is not posted yet`,
  waiting_pay_in: ({ detail }) => `the pay-in by hand ${detail}, which waits for approval`,
  adjustment: ({ detail }) => `the adjustment ${detail}, which is not posted yet`,
  waiting_adjustment: ({ detail }) => `the adjustment ${detail}, which waits for approval`,
  assignment: ({ detail }) => `the assignment ${detail} of money in suspense, which is not posted yet`,
  refund: ({ detail }) => `the refund ${detail} under way`,
  payout: ({ detail }) => `the payout ${detail} under way`,
  waiting_payout: ({ detail }) => `the payout ${detail}, which waits for approval`,
  waiting_settlement: ({ detail }) => `the payout ${detail}, whose settlement by hand waits for approval`,
  dispute: ({ detail }) => `the open dispute ${detail}`,
  dedicated_account: ({ detail }) => `the dedicated account ${detail}`,
  mandate: ({ detail }) => `the mandate ${detail}`,
  dispute_window: ({ detail }) => `a payment by card of ${detail}, which can still be disputed`,
}

const recorded = 'Wait until what was recorded by hand is posted'
const waiting = 'Approve or deny first what waits for approval'

const nextSteps: Record<Binding['obstacle'], string> = {
  balance: 'Bring each balance to 0 first',
  hold: 'Capture or release each hold first',
  debt: 'Have each debt repaid, or give it up with an adjustment, first',
  payment: 'Wait until each payment has succeeded or failed',
  pay_in: recorded,
  waiting_pay_in: waiting,
  adjustment: recorded,
  waiting_adjustment: waiting,
  assignment: recorded,
  refund: 'Wait until each refund is processed or has failed',
  payout: 'Wait until each payout is paid or has failed, or cancel it',
  waiting_payout: waiting,
  waiting_settlement: waiting,
  dispute: 'Accept or decline each dispute, and wait until it is decided',
  dedicated_account: 'Deactivate each dedicated account first',
  mandate: 'Revoke each mandate first',
  dispute_window: 'Wait until the time for disputes is over: MTEJA_DISPUTE_WINDOW_DAYS',
}
