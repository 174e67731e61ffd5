import type { Bench, Row } from '../bench.ts'
import { commonWord, type Filling, fillStatements, rareWord } from '../fill.ts'
import { customerCode } from '../load/requests.ts'
import { atMost, type Result } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'
import { BenchServer, bearer } from '../served/server.ts'

/** A list that is requested in the same way at each size. */
interface List {
  readonly what: string
  path(filling: Filling): string
  /**
   * The list has more matches than a search counts, but not in the small database. A third database, of medium size,
   * has enough too.
   */
  readonly isBounded?: true
}

const page = (filling: number, share: number) => Math.floor(filling * share)
const customersAt = (share: number) => ({
  what: `GET /customers at offset ${share} of all`,
  path: ({ customers }: Filling) => `/api/canary/customers?offset=${page(customers, share)}`,
})
const searchFor = (what: string, text: string, offset = 0) => ({
  what: `GET /customers?search= ${what}`,
  path: () => `/api/canary/customers?search=${encodeURIComponent(text)}&offset=${offset}`,
})
const searchForCommon = (...search: Parameters<typeof searchFor>): List => ({
  ...searchFor(...search),
  isBounded: true,
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
  searchForCommon('a word of every tenth customer', commonWord),
  searchForCommon('the same word at offset 50', commonWord, 50),
  searchFor('a word of all customers', 'example.com'),
  searchFor('two letters of ten customers', rareWord.slice(0, 2)),
  searchForCommon('two letters of every tenth customer', commonWord.slice(0, 2)),
  searchFor('a word that no customer has', 'no such customer'),
  { what: 'GET /v1/customers?hasMoney=true, which all have', path: () => '/v1/customers?hasMoney=true' },
  { what: 'GET /v1/customers?hasMoney=false, where all have money', path: () => '/v1/customers?hasMoney=false' },
  {
    what: 'GET /v1/customers?identified=true, every tenth customer',
    path: () => '/v1/customers?identified=true',
    isBounded: true,
  },
  { what: 'GET /v1/customers?riskAction=deny, ten customers', path: () => '/v1/customers?riskAction=deny' },
  {
    what: 'GET /v1/customers?hasMoney=true&search= a word of ten customers',
    path: () => `/v1/customers?hasMoney=true&search=${rareWord}`,
  },
  ...[0, 0.5, 0.9].map(transactionsAt),
  ...[0, 0.5, 0.9].map(transfersAt),
  { what: 'GET /customer/:code (Paystack, with the sum of pay-ins)', path: () => `/customer/${customerCode(1)}` },
  {
    what: 'GET /customer?page= the middle, from and to (Paystack)',
    path: ({ customers }) => `/customer?page=${page(customers, 0.01)}&from=2020-01-01&to=2100-01-01`,
  },
]

/** Each list in a large database against the same list in a small one. */
export const lists: Row = async ({ options, postgres, generator }) => {
  const { largeCustomers: customers, largeEntries } = options
  const fillings = {
    small: fillingOf(1000, 10_000),
    medium: fillingOf(customers / 10, largeEntries / 10),
    large: fillingOf(customers, largeEntries),
  }
  type Size = keyof typeof fillings
  const servers = new Map<Size, BenchServer>()
  const median = async (size: Size, { path }: List) => {
    const { port } = servers.get(size) as BenchServer
    const seconds = options.seconds / 16
    const job = { type: 'http', kind: 'path', path: path(fillings[size]), customers: 0, callers: 1 } as const
    return (await generator.run({ ...job, port, bearer, seconds })).median
  }
  try {
    for (const size of Object.keys(fillings) as Size[]) servers.set(size, await serve(postgres, size, fillings[size]))
    const results: Result[] = []
    for (const list of asked) {
      const sizes: Size[] = list.isBounded ? ['large', 'small', 'medium'] : ['large', 'small']
      const contenders = sizes.map((name) => ({ name, run: () => median(name, list) }))
      for (const { run } of contenders) await run()
      console.log(list.what)
      const figures = await alternate(contenders, options.rounds)
      const against = (size: Size) => ({
        measured: `${format(medianOf(figures, 'large'))} ms`,
        against: `${describe(fillings[size])}: ${format(medianOf(figures, size))} ms`,
        ratio: ratioOf(figures, 'large', size),
      })
      const small = against('small')
      const what = results.length === 0 ? `${list.what}, ${describe(fillings.large)}` : list.what
      results.push({ what, ...small, goal: atMost(small.ratio, 1.3) })
      if (list.isBounded) results.push({ what: 'the same', ...against('medium'), goal: null })
    }
    return results
  } finally {
    for (const server of servers.values()) await server.stop()
  }
}

/** Each movement makes two entries, and every customer has a pay-in. */
function fillingOf(customers: number, entries: number): Filling {
  return { customers, transfers: entries / 2 - customers, transfersOfFirst: customers }
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
