/** A file that is mutated, and the tests its mutants are given to. */
export interface Target {
  /** Below `server`. */
  file: string
  /** Tests below `server`, in steps: what one finds is not given to the next. */
  steps: readonly (readonly string[])[]
}

const commands = ['src/domain/ledger/commands.test.ts']
const ledger = [
  commands,
  ['src/domain/events.test.ts', 'test/hostile-sql.test.ts'],
  [
    'src/domain/idempotency.test.ts',
    'src/surfaces/mteja/holds.test.ts',
    'src/surfaces/mteja/refunds.test.ts',
    'src/surfaces/mteja/transfers.test.ts',
    'src/surfaces/cashful/purchases.test.ts',
    'src/surfaces/cashful/transfers.test.ts',
    'src/surfaces/cashful/balance.test.ts',
    'test/model.test.ts',
  ],
]

/** What moves money, and what keeps it from being moved twice. */
export const targets: readonly Target[] = [
  { file: 'db/functions/post_commands.sql', steps: ledger },
  { file: 'db/functions/open_missing_accounts.sql', steps: ledger },
  { file: 'src/domain/ledger/commands.ts', steps: ledger },
  { file: 'src/domain/ledger/refusals.ts', steps: ledger },
  { file: 'src/domain/idempotency.ts', steps: [['src/domain/idempotency.test.ts'], commands] },
  { file: 'src/batcher.ts', steps: [['src/batcher.test.ts'], commands] },
  { file: 'src/money.ts', steps: [['src/money.test.ts']] },
]
