import { type Command, InvalidArgumentError } from 'commander'
import { type Currency, currencies, maxAmount } from '../base/money.ts'
import type { Connection } from '../start/config.ts'
import { CashfulClient, MtejaClient, PaystackClient } from './client.ts'
import { findServer, withConnection } from './connection.ts'
import { print, printJson, withJson } from './output.ts'
import { suggest } from './suggest.ts'
import { type Asked, type Step, type Trigger, triggers } from './triggers.ts'

interface TriggerFlags extends Asked {
  url?: string
  key?: string
  list?: true
  json?: true
}

/** A server that cannot be reached is soon known, and a person waits. */
const maxRetries = 1

/** `mteja trigger`. */
export function addTriggerCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  withJson(withConnection(program.command('trigger')))
    .description('make an event happen, in test mode, by calling the API')
    .argument('[event]', 'its name, Paystack’s too', readName)
    .option('--customer <id>', 'the customer it is about, CUS_…; default a new one')
    .option('--amount <number>', 'minor units of the money that moves', readAmount)
    .option('--currency <code>', 'ISO 4217, one the merchant holds; default the first of them', readCurrency)
    .option('--list', 'list the events that can be made to happen')
    .action(async (name: string | undefined, flags: TriggerFlags, command: Command) => {
      if (flags.list) return listTriggers(flags)
      const trigger = name === undefined ? undefined : triggers[name]
      if (trigger === undefined) return command.error('error: name an event; mteja trigger --list has them')
      refuseUnused(command, name ?? '', trigger, flags)
      await run(trigger, flags, await findServer(flags, environment))
    })
}

function listTriggers({ json }: TriggerFlags): void {
  if (json) printJson(Object.entries(triggers).map(([event, { takes }]) => ({ event, takes })))
  else print(Object.keys(triggers).join('\n'))
}

/** An option without an effect would leave a person waiting for it. */
function refuseUnused(command: Command, name: string, { takes }: Trigger, flags: TriggerFlags): void {
  for (const option of ['customer', 'amount'] as const) {
    if (flags[option] !== undefined && !takes.includes(option)) command.error(`error: ${name} takes no --${option}`)
  }
}

async function run({ happen }: Trigger, flags: TriggerFlags, { baseUrl, key }: Connection): Promise<void> {
  const { customer, amount } = flags
  const mteja = new MtejaClient({ baseUrl, token: key, maxRetries })
  const currency = flags.currency ?? (await firstCurrency(mteja))
  await happen({
    cashful: new CashfulClient({ baseUrl, token: key, maxRetries }),
    paystack: new PaystackClient({ baseUrl, secretKey: key, maxRetries }),
    mteja,
    asked: { customer, amount, currency },
    did: (text, facts) => tellStep({ did: text, ...facts }, flags),
  })
}

async function firstCurrency(mteja: MtejaClient): Promise<Currency> {
  const { currencies: held } = await mteja.merchants.own()
  return readCurrency(String(held[0]))
}

function tellStep(step: Step, { json }: TriggerFlags): void {
  if (json) printJson(step)
  else print(step.did)
}

function readName(name: string): string {
  if (Object.hasOwn(triggers, name)) return name
  const similar = suggest(name, Object.keys(triggers))
  throw new InvalidArgumentError(`There is no such event${similar}; mteja trigger --list has them.`)
}

function readCurrency(code: string): Currency {
  const currency = currencies.find((each) => each === code.toUpperCase())
  if (currency !== undefined) return currency
  throw new InvalidArgumentError('It must be an ISO 4217 code such as ZAR.')
}

function readAmount(text: string): number {
  if (/^[1-9]\d{0,15}$/.test(text) && BigInt(text) <= maxAmount) return Number(text)
  throw new InvalidArgumentError(`It must be a whole number of minor units from 1 to ${maxAmount}, such as 5000.`)
}
