import { type Bench, database, type Row, runBaseline, sendRequests } from '../bench.ts'
import { format } from '../rounds.ts'
import { transferScript } from '../scripts.ts'

const tables = ['ledger_transactions', 'entries', 'events', 'idempotency_keys', 'ledger_accounts']

/** The bytes that a transfer adds to the disk, with its indexes. */
export const storage: Row = async (bench) => {
  const { options } = bench
  const seconds = options.seconds * 2
  const own = await growth(bench, 'public', async () => {
    await sendRequests(bench, 'transfer', { callers: 64, seconds })
  })
  const hand = await growth(bench, 'baseline', async () => {
    await runBaseline(bench, transferScript('transfer', bench), seconds)
  })
  return [
    {
      what: `bytes stored per transfer, all indexes (${own.parts})`,
      measured: `${format(own.bytes)} B, and ${format(own.wal)} B of WAL`,
      against: `pgbench: ${format(hand.bytes)} B, and ${format(hand.wal)} B of WAL`,
      ratio: own.bytes / hand.bytes,
      goal: null,
    },
  ]
}

async function growth({ postgres }: Bench, schema: string, work: () => Promise<void>) {
  const before = await sizes(postgres, schema)
  await work()
  const after = await sizes(postgres, schema)
  const transfers = after.transfers - before.transfers
  const parts = tables.map((name, i) => [name, ((after.bytes[i] ?? 0) - (before.bytes[i] ?? 0)) / transfers] as const)
  return {
    bytes: parts.reduce((sum, [, bytes]) => sum + bytes, 0),
    wal: (after.wal - before.wal) / transfers,
    parts: parts.map(([name, bytes]) => `${name} ${Math.round(bytes)}`).join(', '),
  }
}

async function sizes(postgres: Bench['postgres'], schema: string) {
  const list = tables.map((name) => `pg_total_relation_size('${schema}.${name}')::float8`).join(', ')
  const [row] = await postgres.execute(
    database,
    `select array[${list}] as bytes, (pg_current_wal_lsn() - '0/0')::float8 as wal,
       (select count(*) from ${schema}.ledger_transactions)::float8 as transfers`,
  )
  return row as { bytes: number[]; wal: number; transfers: number }
}
