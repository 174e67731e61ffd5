import type { Options } from './options.ts'
import { baselineName } from './pgbench.ts'
import { settings } from './postgres.ts'
import type { Result } from './result.ts'
import { format } from './rounds.ts'

export interface Circumstances {
  readonly machine: string
  readonly minutes: number
  readonly options: Options
  readonly notes: readonly string[]
  /** Its version. */
  readonly postgres: string
}

export function renderTable(results: readonly Result[]): string {
  const lines = results.map(({ what, measured, against, ratio, goal }) => {
    const goalText = goal === null ? '' : `${goal.text} ${goal.isMet ? '✓' : '✗'}`
    return `| ${what} | ${measured} | ${against ?? ''} | ${ratio === null ? '' : `${format(ratio)} ×`} | ${goalText} |`
  })
  return ['| measured | | against | ratio | goal |', '|---|---|---|---|---|', ...lines, ''].join('\n')
}

export function renderReadme(results: readonly Result[], circumstances: Circumstances): string {
  const { machine, minutes, options, notes, postgres } = circumstances
  const list = Object.entries(settings).map(([name, value]) => `${name} ${value}`)
  return `# Bench

\`npm run bench\` measures the server against hand-written SQL and prints ratios. Both sides run on one machine against one
PostgreSQL, which it starts by itself, in alternating rounds; absolute figures are there to be put into proportion only.
\`--quick\` takes a few minutes, \`--only transfers,lists\` measures some rows. This file is written by a full run,
or by any with \`--write\`; what it measured is said below.

${renderTable(results)}
- Date: ${new Date().toISOString().slice(0, 10)}, ${minutes.toFixed(0)} minutes${options.quick ? ' (--quick)' : ''}
- Machine: ${machine}
- Node ${process.versions.node}; PostgreSQL ${postgres}, fsync on, synchronous_commit on, ${list.join(', ')}
- The hand-written side: ${baselineName}
${notes.map((note) => `- ${note}\n`).join('')}- A figure is the median of ${options.rounds} rounds of ${options.seconds} s, a ratio the median of the rounds' ratios

## How to read it

Every request goes over HTTP with a secret key looked up in the database, validation and, where it writes, an
\`Idempotency-Key\` that was never used before; its effect, its event and its key are one commit, and the answer comes
after that commit is on the disk. The program that makes the requests is a process of its own and takes its share of the
same cores, as pgbench does.

The hand-written side (\`src/baseline.sql\`) stores the same rows in tables with the same columns, keys, checks and indexes:
key, ledger transaction, two entries, two balances, event. It does not check a bearer, parse JSON or compare requests, and
its tables have neither triggers nor foreign keys. "Numbered by a sequence" is the faster opponent, and leaves gaps in the
numbers; "numbered without gaps" has the same numbers as Mteja, from the same counter row, for which each transaction waits
until the one before is on the disk.

Of a search's matches a thousand are counted, or as many as reach past the page asked for: a word that very many
customers have is looked for among the newest until there are enough, a rare one by the index. So the work of a search has a
bound that does not grow with the customers, but in the small database there are fewer matches to count than the bound. What
is marked as "the same" is the same search against a database with a tenth of the customers, where there are enough.

A transfer takes about two thirds of the processor time of the hand-written one. Callers who wait for an answer come back in lumps,
a batch at a time. The next batch is sent before the one before is answered, so that the database need not wait for the
server. With more callers, or more cores, the ratios are others.

A read asks the database twice, for the key and for the row, each time together with all that wait. Beside the work of
Node's HTTP server, which is all of a constant, that and the reading of rows is what a read costs. Were keys remembered, reads
would be a fifth faster; but then a revoked key would go on working for a while.

Latencies at a fixed rate count from when a request was due, whether or not a caller was free to send it. The lists are
asked for by one caller; a ratio compares the median times.
`
}
