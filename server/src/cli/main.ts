import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { StartupError } from '../db/errors.ts'
import { type Config, ConfigError, type Flags, readConfig } from '../start/config.ts'
import { WrongEncryptionKeyError } from '../start/installation.ts'
import { openMigrated } from '../start/open-service.ts'
import { serve } from '../start/serve.ts'
import { type Mteja, type MtejaClient, MtejaError } from './client.ts'
import { withDatabase, withOperator } from './database.ts'
import { addLedgerCommands } from './ledger.ts'
import { addListenCommand } from './listen.ts'
import { OperatorRefusal } from './operator-client.ts'
import { untilSignal } from './signal.ts'
import { addTriggerCommand } from './trigger.ts'
import { welcome } from './welcome.ts'

/** Runs one command and answers the exit code: 0 done, 1 refused or failed, 2 called wrongly. */
export async function runCli(args: string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const program = buildProgram(environment)
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (isForOperator(error)) process.stderr.write(`mteja: ${error.message}\n`)
    else process.stderr.write(`mteja: unexpected failure\n${(error as Error).stack}\n`)
    return 1
  }
}

function isForOperator(error: unknown): error is Error {
  return (
    error instanceof StartupError ||
    error instanceof ConfigError ||
    error instanceof OperatorRefusal ||
    error instanceof MtejaError ||
    error instanceof WrongEncryptionKeyError
  )
}

function buildProgram(environment: NodeJS.ProcessEnv): Command {
  const program = new Command('mteja')
    .description('Customers and wallets behind the Cashful and Paystack customers APIs.')
    .version(version(), '-v, --version')
    .exitOverride()
    .showHelpAfterError('Try: mteja --help')
  const config = (flags: Flags) => readConfig(flags, environment)

  withDatabase(program.command('serve', { isDefault: true }).description('start the server (default)'))
    .option('--host <address>', 'address to listen on, default 127.0.0.1 (MTEJA_HOST)')
    .option('--port <number>', 'port to listen on, default 9000 (MTEJA_PORT)')
    .action((flags) => runServer(config(flags)))

  withDatabase(program.command('migrate').description('bring the database schema up to date')).action(async (flags) => {
    const { db, lock, applied } = await openMigrated(config(flags), () => {})
    await db.close()
    await lock?.release()
    print(applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`)
  })

  addMerchantCommands(program, config)
  addKeyCommands(program, config)
  addLedgerCommands(program, config)
  addListenCommand(program, environment)
  addTriggerCommand(program, environment)

  withDatabase(program.command('signing-key').description('keys that sign JWTs').command('rotate'))
    .description('sign with a new key from now on; tokens already issued stay good until they expire')
    .action((flags) =>
      withOperator(config(flags), async (operator) => {
        const { kid } = await operator.merchants.rotateSigningKey()
        print(`JWTs are now signed with key ${kid}.`)
      }),
    )
  return program
}

function addMerchantCommands(program: Command, config: (flags: Flags) => Config): void {
  const merchant = program.command('merchant').description('the tenants of this service')

  withDatabase(merchant.command('create').description('create a merchant; make its keys with key create'))
    .requiredOption('--name <name>', 'what it is called')
    .option('--country <code>', 'ISO 3166 code, default ZA')
    .option('--currencies <codes>', 'ISO 4217 codes, the default one first, default ZAR', (text) => text.split(','))
    .option('--time-zone <name>', 'IANA name such as Africa/Lagos, default the zone of the country')
    .option('--json', 'print JSON')
    .action((flags: Flags & Omit<Mteja.CreateMerchantBody, 'name'> & { name: string; json?: true }) =>
      withOperator(config(flags), async (operator) => {
        const { name, country, currencies, timeZone } = flags
        const made = await operator.merchants.create({ name, country, currencies, timeZone })
        print(flags.json ? JSON.stringify(made) : `Created merchant ${made.id} (integration ${made.integration}).`)
      }),
    )

  withDatabase(merchant.command('list').description('list merchants'))
    .option('--json', 'print JSON')
    .action((flags: Flags & { json?: true }) =>
      withOperator(config(flags), async (operator) => {
        const { data } = await operator.merchants.list().page()
        if (flags.json) print(JSON.stringify(data))
        else for (const each of data) print(`${each.id}  ${each.integration}  ${each.country}  ${each.name}`)
      }),
    )
}

function addKeyCommands(program: Command, config: (flags: Flags) => Config): void {
  const key = program.command('key').description('secret API keys')
  const merchantOption = () =>
    new Option('--merchant <id>', 'mer_… or its integration number; needed when there are several').argParser(readId)
  type KeyFlags = Flags & { merchant?: string; json?: true }

  withDatabase(key.command('create').description('make a key; it is shown this once'))
    .addOption(merchantOption())
    .addOption(new Option('--mode <mode>', 'test or live').choices(['test', 'live']).default('test'))
    .option('--name <name>', 'what it is for')
    .option('--json', 'print JSON')
    .action((flags: KeyFlags & { mode: 'test' | 'live'; name?: string }) =>
      withOperator(config(flags), async (operator) => {
        const merchant = await merchantId(operator, flags.merchant)
        const made = await operator.merchants.createApiKey(merchant, { mode: flags.mode, name: flags.name })
        print(
          flags.json ? JSON.stringify(made) : `${made.secret}\nKeep it: it is not shown again. Its id is ${made.id}.`,
        )
      }),
    )

  withDatabase(key.command('list').description('list keys, newest first'))
    .addOption(merchantOption())
    .option('--json', 'print JSON')
    .action((flags: KeyFlags) =>
      withOperator(config(flags), async (operator) => {
        const { data } = await operator.merchants.listApiKeys(await merchantId(operator, flags.merchant)).page()
        if (flags.json) print(JSON.stringify(data))
        else for (const each of data) print(describeKey(each))
      }),
    )

  withDatabase(key.command('revoke').argument('<id>', '', readId).description('refuse a key from now on'))
    .addOption(merchantOption())
    .action((id: string, flags: KeyFlags) =>
      withOperator(config(flags), async (operator) => {
        const revoked = await operator.merchants.revokeApiKey(await merchantId(operator, flags.merchant), id)
        print(`Revoked the ${revoked.mode} key ending in ${revoked.hint}.`)
      }),
    )
}

/** The merchant's id. Where there is only one merchant, it need not be named. */
async function merchantId(operator: MtejaClient, reference: string | undefined): Promise<string> {
  if (reference !== undefined) return reference
  const { data } = await operator.merchants.list().page()
  const [only] = data
  if (only !== undefined && data.length === 1) return only.id
  throw new OperatorRefusal('There are several merchants: name one with --merchant (see mteja merchant list)')
}

/**
 * Serves until SIGINT or SIGTERM, then finishes running requests and closes. A second, later signal ends the process at
 * once.
 */
async function runServer(config: Config): Promise<void> {
  const startedAt = performance.now()
  const signalled = untilSignal()
  let fail: (error: Error) => void = () => {}
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  const server = await serve(config, (error) => fail(error))
  print(welcome(server, config, performance.now() - startedAt))
  try {
    await Promise.race([signalled, failed])
  } finally {
    await server.close()
  }
}

/** Reads an id from an argument. Refuses texts that cannot be a part of an address. */
function readId(text: string): string {
  if (/^\.{0,2}$/.test(text)) throw new InvalidArgumentError('That is no id.')
  return text
}

function describeKey(key: Mteja.ApiKey): string {
  const state = key.revokedAt === null ? 'active' : `revoked ${key.revokedAt}`
  return `${key.id}  ${key.mode}  …${key.hint}  ${key.createdAt}  ${state}  ${key.name ?? ''}`.trimEnd()
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
