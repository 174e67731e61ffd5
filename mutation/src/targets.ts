/** A file that is mutated, and the tests its mutants are given to. */
export interface Target {
  /** Below `server`. */
  file: string
  /** Tests below `server`, in steps: what one finds is not given to the next. */
  steps: readonly (readonly string[])[]
}

const commands = ['src/domain/ledger/commands.test.ts']
const ledger = [
  ['src/domain/ledger/kinds.test.ts', ...commands],
  ['src/domain/events/events.test.ts', 'test/hostile-sql.test.ts'],
  [
    'src/domain/idempotency/once.test.ts',
    'src/surfaces/mteja/routes/holds.test.ts',
    'src/surfaces/mteja/routes/refunds.test.ts',
    'src/domain/payments/refunds.test.ts',
    'src/domain/payouts/payouts.test.ts',
    'src/surfaces/mteja/routes/transfers.test.ts',
    'src/surfaces/cashful/routes/purchases.test.ts',
    'src/surfaces/cashful/routes/transfers.test.ts',
    'src/surfaces/cashful/routes/balance.test.ts',
    'test/model.test.ts',
  ],
]

const keys = [
  'src/surfaces/cashful/routes/authentication.test.ts',
  'src/surfaces/mteja/routes/api-keys.test.ts',
  'test/scopes.test.ts',
]

/** The code that moves money and keeps it from being moved twice, and the code that keeps callers within their bounds. */
export const targets: readonly Target[] = [
  { file: 'db/functions/post_commands.sql', steps: ledger },
  { file: 'db/functions/open_missing_accounts.sql', steps: ledger },
  { file: 'src/domain/ledger/commands.ts', steps: ledger },
  { file: 'src/domain/ledger/refusals.ts', steps: ledger },
  { file: 'src/domain/payments/refunds.ts', steps: [['src/domain/payments/refunds.test.ts']] },
  ...['refund-ending', 'refund-looks', 'refund-settlements'].map((name) => ({
    file: `src/domain/payments/${name}.ts`,
    steps: [
      ['src/domain/payments/refund-settlements.test.ts', 'src/domain/payments/refunds.test.ts'],
      ['test/paystack/live-disputes.test.ts'],
    ],
  })),
  { file: 'src/domain/payments/refund-states.ts', steps: [['src/domain/payments/refunds.test.ts']] },
  ...[
    'advancing',
    'payout-decisions',
    'payout-ending',
    'payout-making',
    'payout-places',
    'payout-sending',
    'payout-states',
  ].map((name) => ({
    file: `src/domain/payouts/${name}.ts`,
    steps: [['src/domain/payouts/payouts.test.ts'], ['src/domain/payouts/payout-faults.test.ts']],
  })),
  {
    file: 'src/domain/idempotency/once.ts',
    steps: [['src/domain/idempotency/once.test.ts'], commands, ['test/once.test.ts']],
  },
  { file: 'src/domain/idempotency/request.ts', steps: [['src/domain/idempotency/once.test.ts'], commands] },
  { file: 'src/domain/idempotency/attempt.ts', steps: [['src/domain/idempotency/once.test.ts']] },
  { file: 'src/db/batcher.ts', steps: [['src/db/batcher.test.ts'], commands] },
  { file: 'src/base/money.ts', steps: [['src/base/money.test.ts']] },
  {
    file: 'src/surfaces/http/authentication.ts',
    steps: [
      ['src/surfaces/http/authentication.test.ts'],
      keys,
      ['test/limits.test.ts', 'test/trail.test.ts', 'src/surfaces/mteja/routes/merchants.test.ts'],
    ],
  },
  { file: 'src/domain/merchants/scopes.ts', steps: [keys] },
  {
    file: 'src/domain/merchants/tokens.ts',
    steps: [keys, ['test/forged-tokens.test.ts', 'src/domain/merchants/tokens.test.ts']],
  },
  {
    file: 'src/domain/merchants/api-keys.ts',
    steps: [
      ['src/domain/merchants/api-keys.test.ts'],
      keys,
      ['test/limits.test.ts', 'test/trail.test.ts', 'test/isolation.test.ts'],
    ],
  },
  {
    file: 'src/domain/merchants/key-holders.ts',
    steps: [['src/domain/merchants/key-holders.test.ts'], [...keys, 'test/limits.test.ts', 'test/isolation.test.ts']],
  },
  { file: 'src/domain/webhooks/reach.ts', steps: [['src/domain/webhooks/reach.test.ts']] },
]
