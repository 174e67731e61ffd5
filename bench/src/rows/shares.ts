import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Row } from '../bench.ts'
import { fillStatements } from '../fill.ts'
import { Generator } from '../load/generator.ts'
import type { HttpJob } from '../load/job.ts'
import { atMost, type Result } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'
import { BenchServer, bearer } from '../served/server.ts'

const victimKey = 'sk_test_victim0000000000000000000'

/** A merchant who sends 20 writes a second, and another who does all that it may: see `hogs`. */
const victimLoad = { callers: 8, rate: 20 }

type Hog = Pick<HttpJob, 'kind' | 'callers'> & Partial<Pick<HttpJob, 'path' | 'leaves'>>

/** What the other merchant does meanwhile. */
const hogs: readonly (readonly [what: string, hog: Hog])[] = [
  ['10 callers of POST /v1/transfers/batch, 1000 transfers each', { kind: 'batch', callers: 10 }],
  ['POST /v1/transfers/batch in a loop, 1000 transfers each', { kind: 'batch', callers: 1 }],
  ['25 readers of GET /v1/audit?format=csv', { kind: 'path', path: '/v1/audit?format=csv', callers: 25, leaves: true }],
  ['32 callers of GET /api/canary/analytics', { kind: 'path', path: '/api/canary/analytics', callers: 32 }],
  [
    '32 callers of GET /api/canary/customers?search= without a match',
    { kind: 'path', path: '/api/canary/customers?search=nobody', callers: 32 },
  ],
]

/** How long the slowest of a hundred writes of one merchant take, while another merchant takes all that it can get. */
export const shares: Row = async (bench) => {
  const results = await measure(bench, bench.server, { engine: 'PostgreSQL', goal: 5 })
  const embedded = await BenchServer.start()
  try {
    await embedded.fill(fillStatements({ customers: bench.customers, transfers: 125_000, transfersOfFirst: 0 }))
    results.push(...(await measure(bench, embedded, { engine: 'embedded engine', goal: 20 })))
  } finally {
    await embedded.stop()
  }
  return [...results, ...(await measureRetention(bench))]
}

async function measure(
  bench: Bench,
  server: BenchServer,
  { engine, goal }: { engine: string; goal: number },
): Promise<Result[]> {
  await server.fill(victimStatements)
  const hogs_ = new Generator()
  try {
    const results: Result[] = []
    for (const [what, hog] of hogs) {
      const write = async () => (await sendAs(bench, server, victimKey, victimLoad)).p99
      const figures = await alternate(
        [
          { name: 'quiet', run: write },
          {
            name: 'beside',
            run: async () => {
              const { customers, options } = bench
              const load = { ...hog, seconds: options.seconds + 2 }
              const hogging = hogs_.run({ type: 'http', port: server.port, bearer, customers, ...load })
              await sleep(1000)
              const p99 = await write()
              await hogging
              return p99
            },
          },
        ],
        bench.options.rounds,
      )
      const ratio = ratioOf(figures, 'beside', 'quiet')
      results.push({
        what: `${engine}: p99 of a merchant's POST /customers, beside another merchant's ${what}`,
        measured: `${format(medianOf(figures, 'beside'))} ms`,
        against: `alone: ${format(medianOf(figures, 'quiet'))} ms`,
        ratio,
        goal: atMost(ratio, goal),
      })
    }
    return results
  } finally {
    hogs_.stop()
  }
}

function sendAs({ generator, options, customers }: Bench, { port }: BenchServer, key: string, load: typeof victimLoad) {
  const { seconds } = options
  return generator.run({ type: 'http', port, bearer: key, kind: 'createCustomer', customers, seconds, ...load })
}

/** How many old events the background removes while the victim writes. */
const oldEvents = 20_000

/** The same writes while the background removes old events and deliveries, as after an upgrade. */
async function measureRetention(bench: Bench): Promise<Result[]> {
  const results: Result[] = []
  for (const engine of ['PostgreSQL', 'embedded engine'] as const) {
    const url = engine === 'PostgreSQL' ? await bench.postgres.createDatabase('retention') : undefined
    const server = await BenchServer.start(url)
    try {
      await server.fill(fillStatements({ customers: bench.customers, transfers: 0, transfersOfFirst: 0 }))
      await server.fill(victimStatements)
      const write = async () => (await sendAs(bench, server, victimKey, victimLoad)).p99
      const figures = await alternate(
        [
          { name: 'quiet', run: write },
          {
            name: 'removing',
            run: async () => {
              await server.fill(oldStatements)
              const removing = server.removeOld()
              const p99 = await write()
              await removing
              return p99
            },
          },
        ],
        bench.options.rounds,
      )
      const ratio = ratioOf(figures, 'removing', 'quiet')
      results.push({
        what: `${engine}: p99 of a merchant's POST /customers, while ${oldEvents.toLocaleString('en')} old events are removed`,
        measured: `${format(medianOf(figures, 'removing'))} ms`,
        against: `while nothing is removed: ${format(medianOf(figures, 'quiet'))} ms`,
        ratio,
        goal: atMost(ratio, engine === 'PostgreSQL' ? 1.5 : 3),
      })
    } finally {
      await server.stop()
    }
  }
  return results
}

const victimHash = createHash('sha256').update(victimKey).digest('hex')

/** A second merchant with a key, made once. */
const victimStatements = [
  `insert into merchants (code, name, country, currencies, time_zone, created_at)
   values ('mer_victim000000000', 'Victim', 'ZA', '{ZAR}', 'Africa/Johannesburg', now())`,
  `insert into merchant_ids (merchant_id, last_id) select id, 100000000 from merchants where code = 'mer_victim000000000'`,
  `insert into merchant_counters (merchant_id, mode)
   select id, mode from merchants, unnest('{test,live}'::text[]) as mode where code = 'mer_victim000000000'`,
  `insert into api_keys (merchant_id, id, mode, hash, hint, created_at)
   select id, gen_random_uuid(), 'test', decode('${victimHash}', 'hex'), '0000', now()
   from merchants where code = 'mer_victim000000000'`,
]

/** Events of the first merchant that are older than they are kept. Their ids are the lowest, as those of old events are. */
const oldStatements = [
  `insert into events (merchant_id, id, mode, type, data, created_at)
   overriding system value
   select (select min(id) from merchants), (select least(min(id), 0) from events) - n, 'test', 'customer.updated',
     json_build_object('customer', null, 'details', json_build_object()), now() - interval '500 days'
   from generate_series(1, ${oldEvents}) n`,
]
