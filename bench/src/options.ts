import { parseArgs } from 'node:util'

/** The parts of a run, and the time for each. */
export interface Options {
  readonly quick: boolean
  /** Names of the rows to measure; empty for all. */
  readonly only: readonly string[]
  /** The folder of another checkout to compare with, or null. */
  readonly against: string | null
  /** Writes bench/README.md. */
  readonly write: boolean
  /** Alternating rounds. The figure of a row is their median. */
  readonly rounds: number
  /** Seconds for one contender in one round. */
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Customers in the large database of the lists. */
  readonly largeCustomers: number
  readonly largeEntries: number
}

const usage = `npm run bench -- [--quick] [--only NAME[,NAME…]] [--against FOLDER] [--write]
  --quick  shorter rounds and a smaller large database: a few minutes
  --only   only these rows
  --against  compare with the server in FOLDER, another checkout with its packages
  --write  write bench/README.md, which a full run of all rows does anyway`

/** Ends the process with the usage for invalid arguments. */
export function readOptions(args: string[], names: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        against: { type: 'string' },
        write: { type: 'boolean' },
      },
    })
    const only = (values.only ?? []).flatMap((list) => list.split(','))
    const unknown = only.find((name) => !names.includes(name))
    if (unknown !== undefined) throw new Error(`There is no row "${unknown}"`)
    return optionsOf(values.quick ?? false, only, values.against ?? null, values.write ?? false)
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}\nRows: ${names.join(', ')}`)
    return process.exit(2)
  }
}

function optionsOf(quick: boolean, only: string[], against: string | null, write: boolean): Options {
  const common = { quick, only, against, write: against === null && (write || (!quick && only.length === 0)) }
  if (quick) {
    return { ...common, rounds: 3, seconds: 2, warmUpSeconds: 2, largeCustomers: 100_000, largeEntries: 1_000_000 }
  }
  return { ...common, rounds: 5, seconds: 8, warmUpSeconds: 3, largeCustomers: 1_000_000, largeEntries: 10_000_000 }
}
