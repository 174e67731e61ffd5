import type { Command } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja } from './client.ts'
import { withDatabase, withOperator } from './database.ts'
import { print, printJson, printTable, withJson } from './output.ts'

const columns = ['ID', 'INTEGRATION', 'COUNTRY', 'CURRENCIES', 'ZONE', 'STATE', 'NAME']

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

  onMerchant('show', 'show a merchant').action((id: string, flags: Flags) =>
    withOperator(config(flags), async (operator) => {
      const found = await operator.merchants.retrieve(id)
      if (flags.json) printJson(found)
      else printMerchants([found])
    }),
  )

  onMerchant('update', 'rename a merchant, add currencies that it holds, or set its time zone')
    .option('--name <name>', 'its new name')
    .option('--add-currencies <codes>', 'ISO 4217 codes, such as KES,USD', (text) => text.split(','))
    .option('--time-zone <name>', 'IANA name such as Africa/Lagos; the days of the past change with it')
    .action((id: string, flags: Flags & Mteja.UpdateMerchantBody) =>
      withOperator(config(flags), async (operator) => {
        const { name, addCurrencies, timeZone } = flags
        const changed = await operator.merchants.update(id, { name, addCurrencies, timeZone })
        if (flags.json) printJson(changed)
        else printMerchants([changed])
      }),
    )

  onMerchant('close', 'close a merchant: its keys can then only read')
    .option('--ignore-test-mode', 'close it whatever is open in test mode')
    .action((id: string, flags: Flags & { ignoreTestMode?: true }) =>
      withOperator(config(flags), async (operator) => {
        const closed = await operator.merchants.close(id, { ignoreTestMode: flags.ignoreTestMode })
        if (flags.json) printJson(closed)
        else print(`Closed merchant ${closed.id}. Its history can still be read.`)
      }),
    )

  onMerchant('reopen', 'open a closed merchant again').action((id: string, flags: Flags) =>
    withOperator(config(flags), async (operator) => {
      const opened = await operator.merchants.reopen(id)
      if (flags.json) printJson(opened)
      else print(`Merchant ${opened.id} is open again.`)
    }),
  )
}

export function printMerchants(merchants: readonly Mteja.Merchant[]): void {
  printTable(columns, merchants.map(describe))
}

const shownCurrencies = 5

/** The first currencies, because a merchant may hold all. `--json` has every one. */
function listed(currencies: readonly string[]): string {
  const more = currencies.length - shownCurrencies
  return `${currencies.slice(0, shownCurrencies).join(',')}${more > 0 ? ` + ${more}` : ''}`
}

function describe({ id, integration, name, country, currencies, timeZone, closedAt }: Mteja.Merchant): string[] {
  const state = closedAt === null ? 'open' : `closed ${closedAt}`
  return [id, String(integration), country, listed(currencies), timeZone ?? '', state, name]
}
