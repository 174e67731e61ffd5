import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { csvText } from '../base/csv.ts'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja, MtejaClient } from './client.ts'
import { goesOn, withDatabase, withOperator } from './database.ts'
import { OperatorRefusal } from './operator-client.ts'
import { paint, print, printJson, printTable, tell, withJson } from './output.ts'
import { type Progress, showBar, showCount } from './progress.ts'

type ImportFlags = Flags & { merchant?: string; mode: 'test' | 'live'; report?: string }

/** An account that cannot be asked so often in a row ends the command. The next one goes on. */
const patience = 8
/** Rows that were left out, beyond which only their number is shown. */
const shownRows = 20
/** Where no terminal is, a line says so often how far it is. */
const linesEveryMs = 5_000

/**
 * `mteja import paystack`.
 *
 * @param merchantOption the option that names the merchant
 * @param merchantId finds the merchant that the option names
 */
export function addImportCommands(
  program: Command,
  config: (flags: Flags) => Config,
  merchantOption: () => Option,
  merchantId: (operator: MtejaClient, reference: string | undefined) => Promise<string>,
): void {
  const importing = program.command('import').description('bring in what a merchant has elsewhere, without money')
  withJson(withDatabase(importing.command('paystack')))
    .description(
      'import the customers, saved instruments, dedicated accounts and payments of a merchant’s Paystack account',
    )
    .addOption(merchantOption())
    .addOption(new Option('--mode <mode>', 'test or live').choices(['test', 'live']).default('test'))
    .option('--report <file>', 'write what was left out, and why, to a file of CSV')
    .action((flags: ImportFlags) =>
      withOperator(
        config(flags),
        async (operator) => {
          const { mode } = flags
          const merchant = await merchantId(operator, flags.merchant)
          const done = await run(operator, merchant, mode)
          const skipped: Mteja.ImportSkip[] = []
          for await (const each of operator.merchants.importSkips(merchant, { mode, limit: 100 })) skipped.push(each)
          skipped.reverse()
          if (flags.report !== undefined) await writeReport(flags.report, skipped)
          if (flags.json) printJson({ ...done, skipped })
          else printResult(done, skipped, flags)
        },
        goesOn,
      ),
    )
}

async function run(operator: MtejaClient, merchant: string, mode: 'test' | 'live'): Promise<Mteja.Import> {
  const progress = new ImportProgress()
  try {
    for (;;) {
      const state = await operator.merchants.importAccount(merchant, { mode })
      progress.show(state)
      if (state.status === 'done') return state
      if (state.attempts > 0 && (state.retryAt === null || state.attempts >= patience)) {
        throw new OperatorRefusal(
          `The account could not be asked (${state.failure}). Nothing is lost: the same command goes on from here`,
        )
      }
      if (state.retryAt !== null) await sleep(Math.max(0, Date.parse(state.retryAt) - Date.now()))
    }
  } finally {
    progress.end()
  }
}

const titles: Readonly<Record<Mteja.Import['stage'], string>> = {
  customer: 'customers',
  dedicated_account: 'dedicated accounts',
  payment: 'payments',
}

/** A bar for each list at a terminal, else a line now and then. */
class ImportProgress {
  #stage: Mteja.Import['stage'] | undefined
  #bar: Progress | undefined
  #toldAt = Number.NEGATIVE_INFINITY

  show({ stage, counts, attempts, retryAt }: Mteja.Import): void {
    const { read = 0, total = null } = counts.find(({ kind }) => kind === stage) ?? {}
    const isNew = this.#stage !== stage
    this.#stage = stage
    if (!process.stderr.isTTY) {
      if (!isNew && performance.now() - this.#toldAt < linesEveryMs) return
      this.#toldAt = performance.now()
      const of = total === null ? '' : ` of ${total}`
      const waits = attempts > 0 && retryAt !== null ? `; the account is asked again at ${retryAt}` : ''
      tell(`Importing ${titles[stage]}: ${read}${of}${waits}`)
      return
    }
    if (isNew) {
      this.#bar?.end()
      this.#bar = (total === null ? showCount : showBar)('Importing', titles[stage])
    }
    this.#bar?.show(read, total ?? 0)
  }

  end(): void {
    this.#bar?.end()
  }
}

function printResult(done: Mteja.Import, skipped: readonly Mteja.ImportSkip[], { report }: ImportFlags): void {
  printTable(
    ['WHAT', 'READ', 'CREATED', 'MERGED', 'UNCHANGED', 'SKIPPED'],
    done.counts.map(({ kind, read, created, merged, unchanged, skipped }) => [
      kind,
      ...[read, created, merged, unchanged, skipped].map(String),
    ]),
  )
  if (skipped.length === 0) {
    print(paint('green', 'Nothing was left out.'))
    return
  }
  printSkipped(skipped, report)
}

function printSkipped(skipped: readonly Mteja.ImportSkip[], report: string | undefined): void {
  const reasons = new Map<string, number>()
  for (const { kind, message } of skipped) {
    const reason = `${kind}: ${message}`
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  print('')
  printTable(
    ['LEFT OUT', 'WHY'],
    [...reasons].map(([reason, times]) => [String(times), reason]),
  )
  if (report !== undefined) {
    tell(`Each of them is in ${report}.`)
    return
  }
  print('')
  printTable(
    ['KIND', 'NAME', 'REASON', 'DETAIL'],
    skipped.slice(0, shownRows).map(({ kind, name, reason, detail }) => [kind, name, reason, detail ?? '']),
  )
  const rest = skipped.length - shownRows
  if (rest > 0) tell(`And ${rest} more: --report <file> writes all of them.`)
}

async function writeReport(path: string, skipped: readonly Mteja.ImportSkip[]): Promise<void> {
  const lines = skipped.map(({ kind, name, reason, message, detail }) =>
    [kind, name, reason, message, detail ?? ''].map(csvText).join(','),
  )
  try {
    await writeFile(path, `${['kind,name,reason,message,detail', ...lines].join('\n')}\n`)
  } catch (error) {
    throw new OperatorRefusal(`The report could not be written: ${(error as Error).message}`)
  }
}
