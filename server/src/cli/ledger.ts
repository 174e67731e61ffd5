import { createWriteStream } from 'node:fs'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja, MtejaClient } from './client.ts'
import { withDatabase, withOperator } from './database.ts'
import { OperatorRefusal } from './operator-client.ts'
import { paint, print, printJson, tell, withJson } from './output.ts'
import { showBar, showCount } from './progress.ts'

type Format = 'csv' | 'jsonl'

interface ExportFlags extends Flags {
  merchant?: string
  format: Format
  out?: string
}

/** `mteja ledger verify` and `mteja ledger export`. */
export function addLedgerCommands(program: Command, config: (flags: Flags) => Config): void {
  const ledger = program.command('ledger').description('the books of all merchants')

  withJson(withDatabase(ledger.command('verify')))
    .description('derive every balance, number and hold from the entries once more; also while the server runs')
    .action((flags: Flags) =>
      withOperator(config(flags), async (operator) => {
        const result = await verify(operator)
        if (flags.json) printJson(result)
        if (!result.isSound) throw new OperatorRefusal(`The ledger is wrong: ${result.wrong}`)
        if (!flags.json) print(`${paint('green', 'The ledger is sound:')} ${listCounts(result)}.`)
      }),
    )

  withDatabase(ledger.command('export'))
    .description('write every entry; also while the server runs')
    .option('--merchant <id>', 'of one merchant only: mer_… or its integration number')
    .addOption(new Option('--format <format>', 'csv or jsonl (JSON lines)').choices(['csv', 'jsonl']).default('csv'))
    .option('--out <file>', 'where to, instead of the screen; replaces the file')
    .addOption(new Option('--json', 'entries and summary in JSON').implies({ format: 'jsonl' }))
    .action((flags: ExportFlags) =>
      withOperator(config(flags), async (operator) => {
        const { merchant, format, out } = flags
        const text = await operator.ledger.export({ merchant, format })
        const entries = await write(text as ReadableStream<Uint8Array>, format, out)
        tellExport(entries, flags)
      }),
    )
}

async function verify(operator: MtejaClient): Promise<Mteja.VerificationResult> {
  const progress = showBar('Verifying', 'rows')
  try {
    return await operator.ledger.verify(({ done, total }) => progress.show(done, total))
  } finally {
    progress.end()
  }
}

function listCounts({ entries, transactions, accounts, holds, customers }: Sound): string {
  const counts = { entries, transactions, accounts, holds, customers }
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${count === 1 ? singular(name) : name}`)
    .join(', ')
}

type Sound = Extract<Mteja.VerificationResult, { isSound: true }>

function singular(name: string): string {
  return name.replace(/ies$/, 'y').replace(/s$/, '')
}

/** Writes the export as it arrives, and answers the number of entries. */
async function write(text: ReadableStream<Uint8Array>, format: Format, file: string | undefined): Promise<number> {
  const target: Writable = file === undefined ? process.stdout : createWriteStream(file)
  // On a screen the entries themselves are the progress.
  const isShown = file !== undefined || !process.stdout.isTTY
  const progress = isShown ? showCount('Exporting', 'entries') : undefined
  const counter = new EntryCounter(format)
  const count = async function* (parts: AsyncIterable<Uint8Array>) {
    for await (const part of parts) {
      progress?.show(counter.add(part), 0)
      yield part
    }
  }
  try {
    await pipeline(Readable.fromWeb(text as Parameters<typeof Readable.fromWeb>[0]), count, target, {
      end: file !== undefined,
    })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // The reader of the output has closed it, as `head` does.
    if (file !== undefined || code !== 'EPIPE')
      throw new OperatorRefusal(`The export could not be written in full: ${message}`)
  } finally {
    progress?.end()
  }
  return counter.entries
}

/** Where the entries go to the standard output, a script gets nothing but them. */
function tellExport(entries: number, { out, json }: ExportFlags): void {
  const said = `Exported ${entries} ${entries === 1 ? 'entry' : 'entries'}`
  if (out !== undefined) {
    if (json) printJson({ entries, file: out })
    else print(`${said} to ${out}.`)
  } else if (process.stderr.isTTY) tell(`${said} to the standard output.`)
}

const [lineFeed, quote] = ['\n', '"'].map((character) => character.charCodeAt(0))

/** Counts the entries of an export. In CSV a line that ends within quotes does not end an entry. */
class EntryCounter {
  readonly #isCsv: boolean
  #lines = 0
  #isQuoted = false

  constructor(format: Format) {
    this.#isCsv = format === 'csv'
  }

  /** Answers the number of entries so far. */
  add(part: Uint8Array): number {
    for (const byte of part) {
      if (byte === quote && this.#isCsv) this.#isQuoted = !this.#isQuoted
      else if (byte === lineFeed && !this.#isQuoted) this.#lines += 1
    }
    return this.entries
  }

  get entries(): number {
    // The first line of CSV has the names of the columns.
    return this.#isCsv ? Math.max(0, this.#lines - 1) : this.#lines
  }
}
