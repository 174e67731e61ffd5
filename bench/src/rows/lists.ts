import type { Bench, Row } from '../bench.ts'
import { commonWord, type Filling, fillStatements, rareWord } from '../fill.ts'
import { customerCode } from '../load/requests.ts'
import { atMost, type Result } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'
import { BenchServer, bearer } from '../served/server.ts'

/** A list, asked for in the same way at each size. */
interface List {
  readonly what: string
  path(filling: Filling): string
}

const small: Filling = { customers: 1000, transfers: 4000, transfersOfFirst: 1000 }

const page = (filling: number, share: number) => Math.floor(filling * share)
const customersAt = (share: number) => ({
  what: `GET /customers at offset ${share} of all`,
  path: ({ customers }: Filling) => `/api/canary/customers?offset=${page(customers, share)}`,
})
const searchFor = (what: string, text: string, offset = 0) => ({
  what: `GET /customers?search= ${what}`,
  path: () => `/api/canary/customers?search=${encodeURIComponent(text)}&offset=${offset}`,
})
const transactionsAt = (share: number) => ({
  what: `GET /customers/:id/transactions at offset ${share} of all`,
  path: ({ transfersOfFirst }: Filling) =>
    `/api/canary/customers/${customerCode(1)}/transactions?offset=${page(transfersOfFirst, share)}`,
})
const transfersAt = (share: number) => ({
  what: `GET /transfers at offset ${share} of all`,
  path: ({ transfers }: Filling) => `/api/canary/transfers?offset=${page(transfers, share)}`,
})

const asked: readonly List[] = [
  ...[0, 0.5, 0.9].map(customersAt),
  {
    what: 'GET /customers?email=',
    path: ({ customers }) => `/api/canary/customers?email=customer.${page(customers, 0.7)}@example.com`,
  },
  searchFor('a word of ten customers', rareWord),
  searchFor('a word of every tenth customer', commonWord),
  searchFor('the same at offset 50', commonWord, 50),
  searchFor('a word of all customers', 'example.com'),
  searchFor('two letters of ten customers', rareWord.slice(0, 2)),
  searchFor('two letters of every tenth customer', commonWord.slice(0, 2)),
  searchFor('what nobody has', 'no such customer'),
  ...[0, 0.5, 0.9].map(transactionsAt),
  ...[0, 0.5, 0.9].map(transfersAt),
  { what: 'GET /customer/:code (Paystack, with the sum of pay-ins)', path: () => `/customer/${customerCode(1)}` },
  {
    what: 'GET /customer?page= the middle, from and to (Paystack)',
    path: ({ customers }) => `/customer?page=${page(customers, 0.01)}&from=2020-01-01&to=2100-01-01`,
  },
]

/** Each list in a large database against the same in a small one. */
export const lists: Row = async ({ options, postgres, generator }) => {
  const { largeCustomers: customers, largeEntries } = options
  const large: Filling = { customers, transfers: largeEntries / 2 - customers, transfersOfFirst: customers }
  const [smallServer, largeServer] = [await serve(postgres, 'small', small), await serve(postgres, 'large', large)]
  try {
    const results: Result[] = []
    for (const { what, path } of asked) {
      const ask = async (server: BenchServer, filling: Filling) =>
        (
          await generator.run({
            type: 'http',
            port: server.port,
            bearer,
            kind: 'path',
            path: path(filling),
            customers: 0,
            callers: 1,
            seconds: options.seconds / 16,
          })
        ).median
      const contenders = [
        { name: 'large', run: () => ask(largeServer, large) },
        { name: 'small', run: () => ask(smallServer, small) },
      ]
      for (const { run } of contenders) await run()
      console.log(what)
      const figures = await alternate(contenders, options.rounds)
      const ratio = ratioOf(figures, 'large', 'small')
      results.push({
        what: results.length === 0 ? `${what}, ${describe(large)}` : what,
        measured: `${format(medianOf(figures, 'large'))} ms`,
        against: `${results.length === 0 ? `${describe(small)}: ` : ''}${format(medianOf(figures, 'small'))} ms`,
        ratio,
        goal: atMost(ratio, 1.3),
      })
    }
    return results
  } finally {
    await smallServer.stop()
    await largeServer.stop()
  }
}

async function serve(postgres: Bench['postgres'], name: string, filling: Filling): Promise<BenchServer> {
  const startedAt = performance.now()
  const server = await BenchServer.start(await postgres.createDatabase(name))
  await server.fill(fillStatements(filling))
  console.log(`  filled with ${describe(filling)} in ${format((performance.now() - startedAt) / 1000)} s`)
  return server
}

function describe({ customers, transfers }: Filling): string {
  const entries = 2 * (customers + transfers)
  return `${customers.toLocaleString('en')} customers, ${entries.toLocaleString('en')} entries`
}
