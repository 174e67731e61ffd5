import { createWriteStream } from 'node:fs'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SingleBar } from 'cli-progress'
import { type Command, Option } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja, MtejaClient } from './client.ts'
import { withDatabase, withOperator } from './database.ts'
import { OperatorRefusal } from './operator-client.ts'

/** `mteja ledger verify` and `mteja ledger export`. */
export function addLedgerCommands(program: Command, config: (flags: Flags) => Config): void {
  const ledger = program.command('ledger').description('the books of all merchants')

  withDatabase(ledger.command('verify'))
    .description('derive every balance, number and hold from the entries once more; also while the server runs')
    .action((flags: Flags) =>
      withOperator(config(flags), async (operator) => {
        process.stdout.write(`${describeResult(await verify(operator))}\n`)
      }),
    )

  withDatabase(ledger.command('export'))
    .description('write every entry; also while the server runs')
    .option('--merchant <id>', 'of one merchant only: mer_… or its integration number')
    .addOption(new Option('--format <format>', 'csv or jsonl (JSON lines)').choices(['csv', 'jsonl']).default('csv'))
    .option('--out <file>', 'where to, instead of the screen; replaces the file')
    .action((flags: Flags & { merchant?: string; format: 'csv' | 'jsonl'; out?: string }) =>
      withOperator(config(flags), async (operator) => {
        const { merchant, format } = flags
        const text = await operator.ledger.export({ merchant, format })
        await write(Readable.fromWeb(text as ReadableStream), flags.out)
      }),
    )
}

async function verify(operator: MtejaClient): Promise<Mteja.VerificationResult> {
  const bar = startBar()
  try {
    return await operator.ledger.verify(({ done, total }) => {
      bar?.setTotal(total)
      bar?.update(done)
    })
  } finally {
    bar?.stop()
  }
}

/** Shows a progress bar only on a terminal. */
function startBar(): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined
  const bar = new SingleBar({
    format: 'Verifying {bar} {percentage}% | {value}/{total} rows | {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  })
  bar.start(0, 0)
  return bar
}

/** The sentence to print. Throws OperatorRefusal when the books are wrong. */
function describeResult(result: Mteja.VerificationResult): string {
  if (!result.isSound) throw new OperatorRefusal(`The ledger is wrong: ${result.wrong}`)
  const { entries, transactions, accounts, holds, customers } = result
  const counts = { entries, transactions, accounts, holds, customers }
  const text = Object.entries(counts).map(([name, count]) => `${count} ${count === 1 ? name.replace(/s$/, '') : name}`)
  return `The ledger is sound: ${text.join(', ')}.`
}

async function write(text: Readable, file: string | undefined): Promise<void> {
  const target: Writable = file === undefined ? process.stdout : createWriteStream(file)
  try {
    await pipeline(text, target, { end: file !== undefined })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // The reader of the output has closed it, as `head` does.
    if (file === undefined && code === 'EPIPE') return
    throw new OperatorRefusal(`The export could not be written in full: ${message}`)
  }
}
