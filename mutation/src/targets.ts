/** A file that is mutated, and the tests its mutants are given to. */
export interface Target {
  /** Below `server`. */
  file: string
  /** Below `server`. */
  tests: readonly string[]
}

const commands = 'src/domain/ledger/commands.test.ts'
const ledger = [
  commands,
  'src/domain/ledger/kinds.test.ts',
  'src/domain/events/events.test.ts',
  'src/domain/idempotency/once.test.ts',
  'src/domain/payments/refunds.test.ts',
  'src/domain/payouts/payouts.test.ts',
  'src/surfaces/cashful/routes/balance.test.ts',
  'src/surfaces/cashful/routes/purchases.test.ts',
  'src/surfaces/cashful/routes/transfers.test.ts',
  'src/surfaces/mteja/routes/holds.test.ts',
  'src/surfaces/mteja/routes/refunds.test.ts',
  'src/surfaces/mteja/routes/transfers.test.ts',
  'test/hostile-sql.test.ts',
  'test/model.test.ts',
]
const refunds = [
  'src/domain/payments/disputes.test.ts',
  'src/domain/payments/refund-settlements.test.ts',
  'src/domain/payments/refunds.test.ts',
  'src/surfaces/mteja/routes/refunds.test.ts',
  'src/surfaces/paystack/routes/refund.test.ts',
  'src/upstream/paystack/refunds.test.ts',
  'test/paystack/assigned-in-parts.test.ts',
  'test/paystack/live-disputes.test.ts',
  'test/paystack/refunded-assigned.test.ts',
]
const disputes = [
  'src/domain/payments/dispute-reports.test.ts',
  'src/domain/payments/disputed-money.test.ts',
  'src/domain/payments/disputes.test.ts',
  'src/domain/payments/payment-looks.test.ts',
  'src/surfaces/paystack/routes/dispute.test.ts',
  'test/paystack/assigned-in-parts.test.ts',
  'test/paystack/fee-bearers.test.ts',
  'test/paystack/given-back-in-parts.test.ts',
  'test/paystack/live-disputes.test.ts',
  'test/paystack/live-suspense.test.ts',
  'test/paystack/refunded-assigned.test.ts',
  'test/paystack/taken-money.test.ts',
]
const suspense = [
  'src/domain/payments/disputed-money.test.ts',
  'src/domain/wallet/taken-names.test.ts',
  'src/surfaces/mteja/routes/suspense.test.ts',
  'test/paystack/assigned-in-parts.test.ts',
  'test/paystack/live-suspense.test.ts',
  'test/paystack/refunded-assigned.test.ts',
]
const crediting = [
  'src/domain/payments/payment-intents.test.ts',
  'src/domain/payments/payments.test.ts',
  'src/domain/payments/submitting.test.ts',
  'test/paystack/fee-bearers.test.ts',
  'test/paystack/given-back-in-parts.test.ts',
  'test/paystack/gone-before.test.ts',
  'test/paystack/live-arrivals.test.ts',
  'test/paystack/live-payments.test.ts',
  'test/paystack/live-suspense.test.ts',
  'test/paystack/unreadable-facts.test.ts',
]
const payouts = [
  'src/domain/payouts/advancing.test.ts',
  'src/domain/payouts/payout-attention.test.ts',
  'src/domain/payouts/payout-contradictions.test.ts',
  'src/domain/payouts/payout-ending.test.ts',
  'src/domain/payouts/payout-faults.test.ts',
  'src/domain/payouts/payout-precautions.test.ts',
  'src/domain/payouts/payout-races.test.ts',
  'src/domain/payouts/payout-sending.test.ts',
  'src/domain/payouts/payout-settlements.test.ts',
  'src/domain/payouts/payouts.test.ts',
  'src/surfaces/mteja/routes/payouts.test.ts',
  'test/paystack/live-payouts.test.ts',
]

const keys = [
  'src/surfaces/cashful/routes/authentication.test.ts',
  'src/surfaces/mteja/routes/api-keys.test.ts',
  'test/scopes.test.ts',
]

/** The code that moves money and keeps it from being moved twice, and the code that keeps callers within their bounds. */
export const targets: readonly Target[] = [
  ...[
    'db/functions/post_commands.sql',
    'db/functions/open_missing_accounts.sql',
    'src/domain/ledger/commands.ts',
    'src/domain/ledger/refusals.ts',
  ].map((file) => ({ file, tests: ledger })),
  ...['refund-ending', 'refund-settlements', 'refunds', 'refund-looks', 'refund-states'].map((name) => ({
    file: `src/domain/payments/${name}.ts`,
    tests: refunds,
  })),
  ...[
    'disputes',
    'dispute-answers',
    'dispute-bookings',
    'dispute-changes',
    'dispute-holds',
    'dispute-lookups',
    'dispute-records',
    'dispute-reports',
    'dispute-states',
    'dispute-turns',
    'disputed-money',
    'disputed-suspense',
    'payment-looks',
    'payment-parts',
  ].map((name) => ({ file: `src/domain/payments/${name}.ts`, tests: disputes })),
  ...['settling', 'charge-facts'].map((name) => ({ file: `src/domain/payments/${name}.ts`, tests: crediting })),
  ...['src/domain/wallet/suspense.ts', 'src/domain/payments/assigned-money.ts'].map((file) => ({
    file,
    tests: suspense,
  })),
  ...[
    'payout-ending',
    'payout-contradictions',
    'payout-decisions',
    'payout-places',
    'payout-states',
    'payout-sending',
    'advancing',
    'payout-attention',
    'payout-making',
    'payout-recording',
  ].map((name) => ({ file: `src/domain/payouts/${name}.ts`, tests: payouts })),
  {
    file: 'src/domain/idempotency/once.ts',
    tests: ['src/domain/idempotency/once.test.ts', commands, 'test/once.test.ts'],
  },
  { file: 'src/domain/idempotency/request.ts', tests: ['src/domain/idempotency/once.test.ts', commands] },
  { file: 'src/domain/idempotency/attempt.ts', tests: ['src/domain/idempotency/once.test.ts'] },
  { file: 'src/db/batcher.ts', tests: ['src/db/batcher.test.ts', commands] },
  { file: 'src/base/money.ts', tests: ['src/base/money.test.ts'] },
  {
    file: 'src/surfaces/http/authentication.ts',
    tests: [
      'src/surfaces/http/authentication.test.ts',
      ...keys,
      'test/limits.test.ts',
      'test/trail.test.ts',
      'src/surfaces/mteja/routes/merchants.test.ts',
    ],
  },
  { file: 'src/domain/merchants/scopes.ts', tests: keys },
  {
    file: 'src/domain/merchants/tokens.ts',
    tests: [...keys, 'test/forged-tokens.test.ts', 'src/domain/merchants/tokens.test.ts'],
  },
  {
    file: 'src/domain/merchants/api-keys.ts',
    tests: [
      'src/domain/merchants/api-keys.test.ts',
      ...keys,
      'test/limits.test.ts',
      'test/trail.test.ts',
      'test/isolation.test.ts',
    ],
  },
  {
    file: 'src/domain/merchants/key-holders.ts',
    tests: ['src/domain/merchants/key-holders.test.ts', ...keys, 'test/limits.test.ts', 'test/isolation.test.ts'],
  },
  { file: 'src/domain/webhooks/reach.ts', tests: ['src/domain/webhooks/reach.test.ts'] },
]
