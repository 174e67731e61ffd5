import type { Command } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja } from './client.ts'
import { withDatabase, withOperator } from './database.ts'

type MerchantFlags = Flags & { json?: true }

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
    withDatabase(merchant.command(name).description(description))
      .argument('<id>', 'mer_… or its integration number', readId)
      .option('--json', 'print JSON')
  const print = (made: Mteja.Merchant, flags: MerchantFlags, text: string) =>
    process.stdout.write(`${flags.json ? JSON.stringify(made) : text}\n`)

  onMerchant('show', 'show a merchant').action((id: string, flags: MerchantFlags) =>
    withOperator(config(flags), async (operator) => {
      const found = await operator.merchants.retrieve(id)
      print(found, flags, describe(found))
    }),
  )

  onMerchant('update', 'rename a merchant, add currencies that it holds, or set its time zone')
    .option('--name <name>', 'its new name')
    .option('--add-currencies <codes>', 'ISO 4217 codes, such as KES,USD', (text) => text.split(','))
    .option('--time-zone <name>', 'IANA name such as Africa/Lagos; the days of the past change with it')
    .action((id: string, flags: MerchantFlags & Mteja.UpdateMerchantBody) =>
      withOperator(config(flags), async (operator) => {
        const { name, addCurrencies, timeZone } = flags
        const changed = await operator.merchants.update(id, { name, addCurrencies, timeZone })
        print(changed, flags, describe(changed))
      }),
    )

  onMerchant('close', 'close a merchant: its keys can then only read')
    .option('--ignore-test-mode', 'close it whatever is open in test mode')
    .action((id: string, flags: MerchantFlags & { ignoreTestMode?: true }) =>
      withOperator(config(flags), async (operator) => {
        const closed = await operator.merchants.close(id, { ignoreTestMode: flags.ignoreTestMode })
        print(closed, flags, `Closed merchant ${closed.id}. Its history can still be read.`)
      }),
    )

  onMerchant('reopen', 'open a closed merchant again').action((id: string, flags: MerchantFlags) =>
    withOperator(config(flags), async (operator) => {
      const opened = await operator.merchants.reopen(id)
      print(opened, flags, `Merchant ${opened.id} is open again.`)
    }),
  )
}

function describe({ id, integration, name, country, currencies, timeZone, closedAt }: Mteja.Merchant): string {
  const state = closedAt === null ? 'open' : `closed ${closedAt}`
  return `${id}  ${integration}  ${country}  ${currencies.join(',')}  ${timeZone}  ${state}  ${name}`
}
