import { type Command, Option } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja, MtejaClient } from './client.ts'
import { withDatabase, withOperator } from './database.ts'
import { printJson, printTable, withJson } from './output.ts'

type SettingsFlags = Flags & { merchant?: string; mode: 'test' | 'live' }
type ChangeFlags = SettingsFlags & Pick<Mteja.UpdatePaymentSettingsBody, 'knownCustomers' | 'feesBorneBy'>

/**
 * `mteja payment-settings show` and `set`.
 *
 * @param merchantOption the option that names the merchant
 * @param merchantId finds the merchant that the option names
 */
export function addPaymentSettingsCommands(
  program: Command,
  config: (flags: Flags) => Config,
  merchantOption: () => Option,
  merchantId: (operator: MtejaClient, reference: string | undefined) => Promise<string>,
): void {
  const settings = program.command('payment-settings').description('what a merchant wants of payments')
  const onMerchant = (name: string, description: string) =>
    withJson(withDatabase(settings.command(name).description(description)))
      .addOption(merchantOption())
      .addOption(new Option('--mode <mode>', 'test or live').choices(['test', 'live']).default('test'))

  onMerchant('show', 'show what payments without a purpose are for, and who bears fees').action(
    (flags: SettingsFlags) =>
      withOperator(config(flags), async (operator) => {
        const { mode } = flags
        print(flags, await operator.merchants.paymentSettings(await merchantId(operator, flags.merchant), { mode }))
      }),
  )

  onMerchant('set', 'say what payments without a purpose are for, and who bears fees')
    .addOption(
      new Option('--known-customers <purpose>', 'of a payer who was a customer before').choices([
        'payment',
        'wallet_topup',
      ]),
    )
    .addOption(
      new Option('--fees-borne-by <who>', 'who bears what the account at the processor keeps of payments').choices([
        'merchant',
        'merchant_balance',
        'owner',
      ]),
    )
    .action((flags: ChangeFlags) =>
      withOperator(config(flags), async (operator) => {
        const { mode, knownCustomers, feesBorneBy } = flags
        const id = await merchantId(operator, flags.merchant)
        print(flags, await operator.merchants.updatePaymentSettings(id, { mode, knownCustomers, feesBorneBy }))
      }),
    )
}

function print(flags: Flags, settings: Mteja.RetrievePaymentSettingsResult): void {
  if (flags.json) printJson(settings)
  else printTable(['KNOWN CUSTOMERS', 'FEES BORNE BY'], [[settings.knownCustomers, settings.feesBorneBy]])
}
