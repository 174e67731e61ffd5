import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja, MtejaClient } from './client.ts'
import { goesOn, withDatabase, withOperator } from './database.ts'
import { OperatorRefusal } from './operator-client.ts'
import { paint, print, printJson, printTable, tell, withJson } from './output.ts'
import { showCount } from './progress.ts'

type ReconcileFlags = Flags & {
  merchant?: string
  mode: 'test' | 'live'
  direction?: 'in' | 'out'
  from?: string
  to?: string
}

/** The account and the books differ: the command has done its work, and a person has some. */
export class BooksDiffer extends OperatorRefusal {}

/** A reconciliation that fails so often in a row is left to the server, and so is one that is not tried again for so long. */
const patience = 3
const longestWaitMs = 150_000

/**
 * `mteja reconcile`.
 *
 * @param merchantOption the option that names the merchant
 * @param merchantId finds the merchant that the option names
 */
export function addReconcileCommand(
  program: Command,
  config: (flags: Flags) => Config,
  merchantOption: () => Option,
  merchantId: (operator: MtejaClient, reference: string | undefined) => Promise<string>,
): void {
  withJson(withDatabase(program.command('reconcile')))
    .description('compare a merchant’s account at its processor with the books; exits with 3 if they differ')
    .addOption(merchantOption())
    .addOption(new Option('--mode <mode>', 'test or live').choices(['test', 'live']).default('test'))
    .addOption(
      new Option('--direction <direction>', 'the account of payments, or that of payouts').choices(['in', 'out']),
    )
    .option('--from <day>', 'the first day, or the first instant; default where the last one may have left something')
    .option('--to <day>', 'the last day, or the instant at which it ends; default now')
    .action((flags: ReconcileFlags) =>
      withOperator(
        config(flags),
        async (operator) => {
          const { mode, direction, from, to } = flags
          const merchant = await merchantId(operator, flags.merchant)
          const done = await reconcile(operator, merchant, { mode, direction, from, to })
          const differences: Mteja.Difference[] = []
          for await (const each of operator.merchants.differences(merchant, { mode, status: 'open', limit: 100 })) {
            differences.push(each)
          }
          if (flags.json) printJson({ ...done, differences })
          else printResult(done, differences)
          if (done.status === 'failed') throw new OperatorRefusal(`The reconciliation was given up: ${done.failure}`)
          if (differences.length > 0) throw new BooksDiffer(`The account and the books differ: ${count(differences)}`)
          if (done.itemsUnreadable > 0) {
            throw new BooksDiffer(
              `The account has told ${done.itemsUnreadable} things that could not be read: see the log`,
            )
          }
        },
        goesOn,
      ),
    )
}

async function reconcile(
  operator: MtejaClient,
  merchant: string,
  period: Mteja.CreateMerchantReconciliationBody,
): Promise<Mteja.Reconciliation> {
  const count = () => showCount('Reconciling', 'things read')
  let progress = count()
  // One that is found under way may have failed before: that is no failure of this command.
  let before: number | null = null
  let failures = 0
  let triedAt = performance.now()
  try {
    let asked = period
    for (;;) {
      const run = await operator.merchants.reconcile(merchant, asked)
      // A running server may end it meanwhile: by its id it is not begun again.
      asked = { mode: period.mode, id: run.id }
      progress.show(run.itemsRead, 0)
      if (run.status !== 'running') return run
      before = Math.max(0, Math.min(before ?? run.attempts - 1, run.attempts))
      const tries = run.attempts - before
      if (tries !== failures || tries === 0) triedAt = performance.now()
      if (tries >= patience || performance.now() - triedAt > longestWaitMs) {
        throw new OperatorRefusal(
          `The reconciliation could not go on, ${run.attempts} times in a row: the log has the reason, which is the account's or an error of this service. Nothing is lost: a running server goes on with the reconciliation for some hours, and so does the same command`,
        )
      }
      if (tries > failures) {
        progress.end()
        tell(
          `The reconciliation cannot go on at this moment (${tries} of ${patience} tries; the log has the reason): it is tried again by itself.`,
        )
        progress = count()
      }
      failures = tries
      await sleep(run.attempts > 0 ? 5_000 : 200)
    }
  } finally {
    progress.end()
  }
}

function printResult(run: Mteja.Reconciliation, differences: readonly Mteja.Difference[]): void {
  for (const { currency, account, expected, explained, unsettled, unexplained } of run.balances) {
    const isEmpty = [account, expected, explained, unsettled, unexplained].every((each) => each === 0)
    if (isEmpty) continue
    const rest = unexplained === 0 ? '' : `, and ${unexplained} of it is unexplained`
    const named = explained === 0 ? '' : `; the differences explain ${explained}`
    const waits = unsettled === 0 ? '' : `; ${unsettled} is not settled yet, and does not count`
    tell(`${currency}: the account has ${account}, expected ${expected}${named}${waits}${rest}.`)
  }
  if (run.itemsUnreadable > 0) {
    tell(
      `The account has told ${run.itemsUnreadable} things that could not be read, and are not compared: the log has their ids.`,
    )
  }
  const read = `${run.itemsRead} read, ${run.completed} booked now`
  if (differences.length === 0 && run.itemsUnreadable === 0) {
    print(`${paint('green', 'The account and the books agree:')} ${read}.`)
    return
  }
  printTable(
    ['KIND', 'WHAT', 'AMOUNT', 'CURRENCY', 'OURS', 'THEIRS', 'REFERENCE', 'ID'],
    differences.map(({ kind, subject, amount, currency, ours, theirs, reference, name, id }) => [
      ...[kind, subject, String(amount), currency, String(ours ?? ''), String(theirs ?? '')],
      ...[reference ?? name, id],
    ]),
  )
  for (const advice of new Set(differences.map((each) => `${each.kind} ${each.subject}: ${each.advice}`))) tell(advice)
}

function count(differences: readonly Mteja.Difference[]): string {
  const kinds = new Map<string, number>()
  for (const { kind } of differences) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  return [...kinds].map(([kind, times]) => `${times} ${kind}`).join(', ')
}
