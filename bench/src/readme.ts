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
  /** The version of PostgreSQL. */
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

\`npm run bench\` measures the server against hand-written SQL and prints ratios. Both sides run on one machine against
one PostgreSQL. The bench starts this PostgreSQL by itself. The two sides run in alternating rounds. Absolute figures
are there only to be compared with each other. \`--quick\` takes a few minutes. \`--only transfers,lists\` measures some
rows. \`--against FOLDER\` compares with the server of another checkout. A full run writes this file, and so does any run with \`--write\`. The lines below the table say what was measured.

${renderTable(results)}
- Date: ${new Date().toISOString().slice(0, 10)}, ${minutes.toFixed(0)} minutes${options.quick ? ' (--quick)' : ''}
- Machine: ${machine}
- Node ${process.versions.node}; PostgreSQL ${postgres}, fsync on, synchronous_commit on, ${list.join(', ')}
- The hand-written side: ${baselineName}
${notes.map((note) => `- ${note}\n`).join('')}- A figure is the median of ${options.rounds} rounds of ${options.seconds} s, a ratio the median of the rounds' ratios

## How to read it

Every request goes over HTTP. The server looks up its secret key in the database and validates the request. A request
that writes carries an \`Idempotency-Key\` that was never used before. Its effect, its event and its key are one commit,
and the answer comes after that commit is on the disk. A process of its own makes the requests. This process uses a part
of the same cores, as pgbench does.

The hand-written side (\`src/baseline.sql\`) stores the same rows in tables with the same columns, keys, checks and
indexes: key, ledger transaction, two entries, two balances, event. It does not check a bearer, parse JSON or compare
requests. Its tables have neither triggers nor foreign keys. There are two forms of it:

- "Numbered by a sequence" is faster and leaves gaps in the numbers.
- "Numbered without gaps" has the same numbers as Mteja, from the same counter row. Each transaction waits for this row
  until the previous transaction is on the disk.

A search counts at most a thousand matches, or as many as reach past the requested page. A word that very many customers
have is searched among the newest customers until enough are found. A rare word is searched by the index. The work of a
search therefore has a bound that does not grow with the number of customers. The small database has fewer matches to
count than this bound. In the rows of searches, "the same" compares the same search with a database that has a tenth of
the customers. This database has enough matches to reach the bound.

A transfer takes about two thirds of the processor time of the hand-written transfer. Callers who wait for an answer
come back in groups, a batch at a time. The next batch is sent before the previous batch is answered, so that the
database need not wait for the server. With more callers or more cores the ratios differ.

A read asks the database twice: for the key and for the row. Each time the reads that wait are asked together. The
constant costs only the work of Node's HTTP server. A read costs this work, the two questions and the reading of rows.
If keys were remembered, reads would be a fifth faster. But then a revoked key would continue to work for a while.

A payout writes more than a transfer: a hold and its deed in the trail, the payout with the ten indexes by which it is found, an event
that tells it whole, and its recipient if that is new. Its reference and its account are looked up before. Payouts that were accepted are sent by
the same server in the rounds of both sides, to the sandbox in the same database.

Latencies at a fixed rate count from the time at which a request was due, whether or not a caller was free to send it.
One caller asks for the lists. A ratio compares the median times.

"Beside another merchant": one merchant sends 20 writes a second, whether or not they are answered. Another merchant with a
key of its own takes all that one key can get at the same time. The server, both databases and both load generators share
the same cores.
`
}
