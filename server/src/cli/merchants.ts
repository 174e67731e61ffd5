import type { Command } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja } from './client.ts'
import { withDatabase, withOperator } from './database.ts'
import { print, printJson, withJson } from './output.ts'

/**
 * `mteja merchant show`, `update`, `close` and `reopen`.
 *
 * @param readId reads the id of a merchant from an argument
 */
export function addMerchantChanges(
  merchant: Command,
  config: (flags: Flags) => Config,
  readId: (text: string) => string,
): void {
  const onMerchant = (name: string, description: string) =>
    withJson(withDatabase(merchant.command(name).description(description))).argument(
      '<id>',
      'mer_… or its integration number',
      readId,
    )
  const answer = (made: Mteja.Merchant, { json }: Flags, text: string) => (json ? printJson(made) : print(text))

  onMerchant('show', 'show a merchant').action((id: string, flags: Flags) =>
    withOperator(config(flags), async (operator) => {
      const found = await operator.merchants.retrieve(id)
      answer(found, flags, describe(found))
    }),
  )

  onMerchant('update', 'rename a merchant, or add currencies that it holds')
    .option('--name <name>', 'its new name')
    .option('--add-currencies <codes>', 'ISO 4217 codes, such as KES,USD', (text) => text.split(','))
    .action((id: string, flags: Flags & { name?: string; addCurrencies?: string[] }) =>
      withOperator(config(flags), async (operator) => {
        const { name, addCurrencies } = flags
        const changed = await operator.merchants.update(id, { name, addCurrencies })
        answer(changed, flags, describe(changed))
      }),
    )

  onMerchant('close', 'close a merchant: its keys can then only read')
    .option('--ignore-test-mode', 'close it whatever is open in test mode')
    .action((id: string, flags: Flags & { ignoreTestMode?: true }) =>
      withOperator(config(flags), async (operator) => {
        const closed = await operator.merchants.close(id, { ignoreTestMode: flags.ignoreTestMode })
        answer(closed, flags, `Closed merchant ${closed.id}. Its history can still be read.`)
      }),
    )

  onMerchant('reopen', 'open a closed merchant again').action((id: string, flags: Flags) =>
    withOperator(config(flags), async (operator) => {
      const opened = await operator.merchants.reopen(id)
      answer(opened, flags, `Merchant ${opened.id} is open again.`)
    }),
  )
}

function describe({ id, integration, name, country, currencies, closedAt }: Mteja.Merchant): string {
  const state = closedAt === null ? 'open' : `closed ${closedAt}`
  return `${id}  ${integration}  ${country}  ${currencies.join(',')}  ${state}  ${name}`
}
