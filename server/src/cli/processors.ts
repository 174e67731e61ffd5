import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja, MtejaClient } from './client.ts'
import { withDatabase, withOperator } from './database.ts'
import { OperatorRefusal } from './operator-client.ts'
import { print, printJson, printTable, withJson } from './output.ts'

type ProcessorFlags = Flags & { merchant?: string; mode: 'test' | 'live' }
type ChosenFlags = ProcessorFlags & { keyFile?: string; cutOverAt?: string }

/**
 * `mteja processor set` and `show`.
 *
 * @param merchantOption the option that names the merchant
 * @param merchantId finds the merchant that the option names
 */
export function addProcessorCommands(
  program: Command,
  config: (flags: Flags) => Config,
  merchantOption: () => Option,
  merchantId: (operator: MtejaClient, reference: string | undefined) => Promise<string>,
): void {
  const processor = program.command('processor').description('who takes a merchant’s money and sends it to banks')
  const onMerchant = (name: string, description: string) =>
    withJson(withDatabase(processor.command(name).description(description)))
      .addOption(merchantOption())
      .addOption(new Option('--mode <mode>', 'test or live').choices(['test', 'live']).default('test'))

  onMerchant('show', 'show the processor of each direction, its state and its last error').action(
    (flags: ProcessorFlags) =>
      withOperator(config(flags), async (operator) => {
        const { mode } = flags
        const { data } = await operator.merchants.processors(await merchantId(operator, flags.merchant), { mode })
        if (flags.json) printJson(data)
        else printAccounts(data)
      }),
  )

  onMerchant('set', 'choose the processor of a direction: sandbox, manual or paystack')
    .argument('<direction>', 'in: takes money from payers; out: sends it to banks')
    .argument('<processor>', 'sandbox (test mode only), manual or paystack')
    .option('--key-file <path>', 'for paystack: the file with the secret key of the account')
    .option('--cut-over-at <time>', 'for paystack: credit nothing by itself that came before; default now')
    .action((direction: string, name: string, flags: ChosenFlags) =>
      withOperator(config(flags), async (operator) => {
        const chosen = await operator.merchants.setProcessor(
          await merchantId(operator, flags.merchant),
          direction as Mteja.ProcessorAccount['direction'],
          {
            mode: flags.mode,
            processor: name as Mteja.ProcessorAccount['processor'],
            secretKey: flags.keyFile === undefined ? undefined : readKey(flags.keyFile),
            cutOverAt: flags.cutOverAt,
          },
        )
        if (flags.json) printJson(chosen)
        else printAccounts([chosen])
      }),
    )
}

/** From a file, because other users of the machine see the arguments of a command. */
function readKey(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new OperatorRefusal(`The file of --key-file cannot be read: ${(error as Error).message}`)
  }
}

function printAccounts(accounts: readonly Mteja.ProcessorAccount[]): void {
  printTable(
    ['DIRECTION', 'PROCESSOR', 'STATE', 'KEY ENDS IN', 'LAST ERROR'],
    accounts.map((each) => [each.direction, each.processor, each.state, each.keyHint ?? '', each.lastError ?? '']),
  )
  for (const { direction, refusedKeys } of accounts) {
    for (const { keyHint, askedBy } of refusedKeys) {
      const asks =
        askedBy === null ? 'no other key is known to be of its account' : `the key that ends in ${askedBy} asks instead`
      print(`The former key that ends in ${keyHint} (${direction}) is refused: ${asks}`)
    }
  }
}
