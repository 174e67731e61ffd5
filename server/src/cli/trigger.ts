import { type Command, InvalidArgumentError } from 'commander'
import { readConnection } from '../start/config.ts'
import { CashfulClient, MtejaClient, PaystackClient } from './client.ts'
import { withConnection } from './connection.ts'
import { OperatorRefusal } from './operator-client.ts'
import { triggers } from './triggers.ts'

/** `mteja trigger`. */
export function addTriggerCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  withConnection(program.command('trigger').description('make an event happen, in test mode, by calling the API'))
    .argument('[event]', 'its name, Paystack’s too', readName)
    .option('--currency <code>', 'ISO 4217, one the merchant holds', 'ZAR')
    .option('--list', 'list the events that can be made to happen')
    .action(async (name: string | undefined, flags: { url?: string; key?: string; currency: string; list?: true }) => {
      if (flags.list) return print(Object.keys(triggers).join('\n'))
      if (name === undefined) throw new OperatorRefusal('Name an event; mteja trigger --list has them')
      const { baseUrl, key } = readConnection(flags, environment)
      await triggers[name]?.({
        cashful: new CashfulClient({ baseUrl, token: key }),
        paystack: new PaystackClient({ baseUrl, secretKey: key }),
        mteja: new MtejaClient({ baseUrl, token: key }),
        currency: flags.currency,
        did: print,
      })
    })
}

function readName(name: string): string {
  if (Object.hasOwn(triggers, name)) return name
  throw new InvalidArgumentError('There is no such event; mteja trigger --list has them.')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
