import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SingleBar } from 'cli-progress'
import { type Command, Option } from 'commander'
import { withDatabase, withOperator } from './cli.database.ts'
import type { Config, Flags } from './config.ts'
import type { VerificationProgress, VerificationResult } from './domain/ledger/verify.ts'
import { type OperatorClient, OperatorRefusal } from './operator-client.ts'

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
    .action((flags: Flags & { merchant?: string; format: string; out?: string }) =>
      withOperator(config(flags), async (operator) => {
        const query = new URLSearchParams({
          format: flags.format,
          ...(flags.merchant === undefined ? {} : { merchant: flags.merchant }),
        })
        await write(await operator.stream(`/v1/ledger/entries?${query}`), flags.out)
      }),
    )
}

async function verify(operator: OperatorClient): Promise<VerificationResult> {
  const bar = startBar()
  try {
    return await readVerification(await operator.stream('/v1/ledger/verification'), (progress) => {
      bar?.setTotal(progress.total)
      bar?.update(progress.done)
    })
  } finally {
    bar?.stop()
  }
}

/** Where somebody watches. */
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

type VerificationLine = { progress: VerificationProgress } | { result: VerificationResult }

async function readVerification(
  lines: Readable,
  onProgress: (progress: VerificationProgress) => void,
): Promise<VerificationResult> {
  for await (const text of createInterface({ input: lines })) {
    const line = JSON.parse(text) as VerificationLine
    if ('result' in line) return line.result
    onProgress(line.progress)
  }
  throw new OperatorRefusal('The verification ended before its end; look into the server’s log and try again')
}

/** Throws OperatorRefusal for books that are wrong. */
function describeResult(result: VerificationResult): string {
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
    // Whoever reads has had enough, such as `head`.
    if (file === undefined && code === 'EPIPE') return
    throw new OperatorRefusal(`The export could not be written in full: ${message}`)
  }
}
