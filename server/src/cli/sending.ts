import { type Command, Option } from 'commander'
import type { Config, Flags } from '../start/config.ts'
import type { Mteja, MtejaClient } from './client.ts'
import { withDatabase, withOperator } from './database.ts'
import { printJson, printTable, withJson } from './output.ts'

type Mode = 'test' | 'live'
type SendingFlags = Flags & { merchant?: string; mode?: Mode }
type Shown = Mteja.SetMerchantSendingResult & { merchant: string; mode: Mode }

/**
 * `mteja sending show`, `pause` and `resume`: of all merchants in both modes, or of those that the options name.
 *
 * @param merchantOption the option that names the merchant
 */
export function addSendingCommands(
  program: Command,
  config: (flags: Flags) => Config,
  merchantOption: (description: string) => Option,
): void {
  const sending = program.command('sending').description('whether payouts, refunds, charges and webhooks are sent')
  const add = (name: string, description: string, act: Act) =>
    withJson(withDatabase(sending.command(name).description(description)))
      .addOption(merchantOption('mer_… or its integration number; default all merchants'))
      .addOption(new Option('--mode <mode>', 'test or live; default both').choices(['test', 'live']))
      .action((flags: SendingFlags) =>
        withOperator(config(flags), async (operator) => print(flags, await forEach(operator, flags, act))),
      )

  add('show', 'show for whom sending is paused, and why', async (operator, id, mode) => {
    const { data } = await operator.merchants.processors(id, { mode })
    const { pause = null, pauses = [] } = data[0] ?? {}
    return { paused: pause !== null, pause, pauses }
  })
  add('pause', 'send nothing from now on', (operator, id, mode) =>
    operator.merchants.setSending(id, { mode, paused: true }),
  )
  add('resume', 'go on with sending, also where something unknown was found at an account', (operator, id, mode) =>
    operator.merchants.setSending(id, { mode, paused: false }),
  )
}

type Act = (operator: MtejaClient, merchant: string, mode: Mode) => Promise<Mteja.SetMerchantSendingResult>

async function forEach(operator: MtejaClient, { merchant, mode }: SendingFlags, act: Act): Promise<Shown[]> {
  const merchants: string[] = merchant === undefined ? [] : [merchant]
  if (merchant === undefined) for await (const { id } of operator.merchants.list()) merchants.push(id)
  const modes: Mode[] = mode === undefined ? ['test', 'live'] : [mode]
  const shown: Shown[] = []
  for (const id of merchants) {
    for (const each of modes) shown.push({ merchant: id, mode: each, ...(await act(operator, id, each)) })
  }
  return shown
}

function print(flags: Flags, shown: readonly Shown[]): void {
  const rows = shown.flatMap(({ merchant, mode, pauses }) =>
    pauses.length === 0
      ? [[merchant, mode, 'goes on', '', '', '']]
      : pauses.map(({ pausedAt, cause, reference }) => [merchant, mode, 'paused', pausedAt, cause, reference ?? '']),
  )
  if (flags.json) printJson(shown)
  else printTable(['MERCHANT', 'MODE', 'SENDING', 'SINCE', 'CAUSE', 'REFERENCE'], rows)
}
