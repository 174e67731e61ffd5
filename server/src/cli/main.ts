import { readFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { escapeInvisible } from '../base/visible-text.ts'
import { StartupError } from '../db/errors.ts'
import { roles, type Scope, scopes } from '../domain/merchants/scopes.ts'
import { type Config, ConfigError, type Flags, readConfig } from '../start/config.ts'
import { type Mteja, type MtejaClient, MtejaError } from './client.ts'
import { withDatabase, withNewOperator, withOperator } from './database.ts'
import { addImportCommands } from './import.ts'
import { addLedgerCommands } from './ledger.ts'
import { addListenCommand } from './listen.ts'
import { addMerchantChanges, printMerchants } from './merchants.ts'
import { OperatorRefusal } from './operator-client.ts'
import { paint, print, printJson, printTable, tell, withJson } from './output.ts'
import { addPaymentSettingsCommands } from './payment-settings.ts'
import { addProcessorCommands } from './processors.ts'
import { addReconcileCommand, BooksDiffer } from './reconcile.ts'
import { addSendingCommands } from './sending.ts'
import { untilSignal } from './signal.ts'
import { suggest } from './suggest.ts'
import { addTriggerCommand } from './trigger.ts'
import { describeStart, welcome } from './welcome.ts'

// The server and the database are imported by the commands that open them: a command that calls a server starts in half
// the time.

/** Runs one command and answers the exit code: 0 done, 1 refused or failed, 2 called wrongly, 3 the books differ. */
export async function runCli(args: string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const program = buildProgram(environment, args[0])
  // The reader of the output has closed it, as `head` does: it wants no more, and nothing is wrong.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  try {
    checkHelpedCommand(program, args)
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (isForOperator(error)) tell(`${paintError('mteja:')} ${error.message}`)
    else tell(`${paintError('mteja:')} unexpected failure\n${(error as Error).stack}`)
    return error instanceof BooksDiffer ? 3 : 1
  }
}

/** Refuses help for a command that there is not. Commander would show the help of the whole program, without a word. */
function checkHelpedCommand(program: Command, args: string[]): void {
  const isAsked = args[0] === 'help' || args.some((each) => each === '--help' || each === '-h')
  const words = args.slice(args[0] === 'help' ? 1 : 0)
  const end = words.findIndex((word) => word.startsWith('-'))
  let command = program
  for (const name of isAsked ? words.slice(0, end === -1 ? undefined : end) : []) {
    if (command.commands.length === 0 || name === 'help') return
    const found = command.commands.find((each) => each.name() === name)
    const names = command.commands.map((each) => each.name())
    command = found ?? command.error(`error: unknown command '${name}'${suggest(name, names)}`)
  }
}

function paintError(text: string): string {
  return paint('red', text, process.stderr)
}

function isForOperator(error: unknown): error is Error {
  return (
    error instanceof StartupError ||
    error instanceof ConfigError ||
    error instanceof OperatorRefusal ||
    error instanceof MtejaError
  )
}

/**
 * Groups of commands are as a reader of the help looks for them.
 *
 * @param firstWord the first argument. Without a command `mteja` serves, but a word that is no command must not: it is
 *   refused, with the name of the command that is meant
 */
export function buildProgram(environment: NodeJS.ProcessEnv, firstWord = ''): Command {
  const program = new Command('mteja')
    .description('Customers and wallets behind the Cashful and Paystack customers APIs.')
    .version(version(), '-v, --version')
    .exitOverride()
    .showHelpAfterError('Try: mteja --help')
    .configureOutput({ outputError: (text, write) => write(paintError(text)) })
    // Without a terminal, Commander takes the colour away again.
    .configureHelp({ styleTitle: (title) => styleText('bold', title, { validateStream: false }) })
  const config = (flags: Flags) => readConfig(flags, environment)

  program.commandsGroup('Server:')
  addServerCommands(program, config, /^(-|$)/.test(firstWord))

  program.commandsGroup('Merchants and keys:')
  addMerchantCommands(program, config)
  addKeyCommands(program, config)
  addProcessorCommands(program, config, merchantOption, merchantId)
  addSendingCommands(program, config, merchantOption)
  addPaymentSettingsCommands(program, config, merchantOption, merchantId)
  addImportCommands(program, config, merchantOption, merchantId)
  addSigningKeyCommands(program, config)

  program.commandsGroup('Books:')
  addLedgerCommands(program, config)
  addReconcileCommand(program, config, merchantOption, merchantId)

  program.commandsGroup('While you develop:')
  addListenCommand(program, environment)
  addTriggerCommand(program, environment)
  program.commandsGroup('Help:').helpCommand(true)
  return program
}

function addServerCommands(program: Command, config: (flags: Flags) => Config, isDefault: boolean): void {
  const serving = program.command('serve', { isDefault }).description('start the server (default)')
  withJson(withDatabase(serving))
    .option('--host <address>', 'address to listen on, default 127.0.0.1 (MTEJA_HOST)')
    .option('--port <number>', 'port to listen on, default 9000 (MTEJA_PORT)')
    .option('--paused', 'send nothing until it is resumed: see sending resume (MTEJA_START_PAUSED)')
    .option('--with-test-merchant', 'on the first start, make a test merchant on PostgreSQL too')
    .action((flags: Flags) => runServer(config(flags)))

  withJson(withDatabase(program.command('migrate').description('bring the database schema up to date'))).action(
    async (flags: Flags) => {
      const { openMigrated } = await import('../start/open-service.ts')
      const { db, lock, applied } = await openMigrated(config(flags))
      await db.close()
      await lock?.release()
      if (flags.json) return printJson({ applied })
      for (const name of applied) print(`Applied ${name}`)
      print('The schema is up to date.')
    },
  )
}

function addMerchantCommands(program: Command, config: (flags: Flags) => Config): void {
  const merchant = program.command('merchant').description('the tenants of this service')

  withJson(withDatabase(merchant.command('create').description('create a merchant; make its keys with key create')))
    .requiredOption('--name <name>', 'what it is called')
    .option('--country <code>', 'ISO 3166 code, default ZA')
    .option('--currencies <codes>', 'ISO 4217 codes, the default one first, default ZAR', (text) => text.split(','))
    .option('--time-zone <name>', 'IANA name such as Africa/Lagos, default the zone of the country')
    .action((flags: Flags & Mteja.CreateMerchantBody) =>
      withNewOperator(config(flags), async (operator) => {
        const { name, country, currencies, timeZone } = flags
        const made = await operator.merchants.create({ name, country, currencies, timeZone })
        if (flags.json) printJson(made)
        else print(`Created merchant ${made.id} (integration ${made.integration}).`)
      }),
    )

  withJson(withDatabase(merchant.command('list').description('list merchants, oldest first'))).action((flags: Flags) =>
    withOperator(config(flags), async (operator) => {
      const { data } = await operator.merchants.list().page()
      if (flags.json) return printJson(data)
      if (data.length === 0) return tell('There is no merchant yet; mteja merchant create makes one.')
      printMerchants(data)
    }),
  )

  addMerchantChanges(merchant, config, readId)
}

function merchantOption(description = 'mer_… or its integration number; needed when there are several'): Option {
  return new Option('--merchant <id>', description).argParser(readId)
}

function addKeyCommands(program: Command, config: (flags: Flags) => Config): void {
  const key = program.command('key').description('secret API keys')
  type KeyFlags = Flags & { merchant?: string }

  withJson(withDatabase(key.command('create').description('make a key; it is shown this once')))
    .addOption(merchantOption())
    .addOption(new Option('--mode <mode>', 'test or live').choices(['test', 'live']).default('test'))
    .option('--name <name>', 'what it is for')
    .addOption(new Option('--role <role>', 'what it may do; default owner').choices(roles).conflicts('scopes'))
    .option('--scopes <scopes>', `what it may do, in place of a role: some of ${scopes.join(',')}`, readScopes)
    .option('--person <id>', 'the person whose key it is; default a program’s', readId)
    .option('--expires-at <time>', 'refuse it from this time on, such as 2030-01-31T10:30:00Z')
    .action((flags: KeyFlags & Mteja.CreateMerchantApiKeyBody & { mode: 'test' | 'live'; person?: string }) =>
      withOperator(config(flags), async (operator) => {
        const merchant = await merchantId(operator, flags.merchant)
        const made = await operator.merchants.createApiKey(merchant, keyBody(flags))
        if (flags.json) return printJson(made)
        print(made.secret)
        tell(`Keep it: it is not shown again. Its id is ${made.id}.`)
      }),
    )

  withJson(withDatabase(key.command('list').description('list keys, newest first')))
    .addOption(merchantOption())
    .action((flags: KeyFlags) =>
      withOperator(config(flags), async (operator) => {
        const data: Mteja.ApiKey[] = []
        const merchant = await merchantId(operator, flags.merchant)
        for await (const each of operator.merchants.listApiKeys(merchant, { limit: 100 })) data.push(each)
        if (flags.json) return printJson(data)
        if (data.length === 0) return tell('The merchant has no key yet; mteja key create makes one.')
        printTable(['ID', 'MODE', 'ENDS IN', 'CREATED', 'STATE', 'ROLE OR SCOPES', 'NAME'], data.map(describeKey))
      }),
    )

  withJson(withDatabase(key.command('revoke').argument('<id>', '', readId).description('refuse a key from now on')))
    .addOption(merchantOption())
    .option('--keep-made', 'keep the keys that it made; they are revoked with it otherwise')
    .option('--with-replacements', 'revoke its replacements as well, as after a leak; they stay otherwise')
    .option('--delete-endpoints', 'delete the webhook endpoints that it made; they stay otherwise')
    .action((id: string, flags: KeyFlags & Mteja.RevokeMerchantApiKeyQuery) =>
      withOperator(config(flags), async (operator) => {
        const { merchant, keepMade, withReplacements, deleteEndpoints } = flags
        const query = { keepMade, withReplacements, deleteEndpoints }
        const revoked = await operator.merchants.revokeApiKey(await merchantId(operator, merchant), id, query)
        if (flags.json) return printJson(revoked)
        print(`Revoked the ${revoked.mode} key ending in ${revoked.hint}.`)
        if (revoked.alsoRevoked > 0) tell(`It had made keys: ${revoked.alsoRevoked} of them were revoked with it.`)
        const { replacedBy = [] } = revoked
        if (replacedBy.length > 0) {
          tell(`Its replacements stay: ${replacedBy.join(', ')}. After a leak revoke them with --with-replacements.`)
        }
        for (const { id, url, made, deleted } of revoked.endpoints ?? []) {
          const what = made ? 'It made' : 'It changed'
          const fate = deleted ? 'which was deleted' : `which stays${made ? ' without --delete-endpoints' : ''}`
          tell(`${what} the webhook endpoint ${id}, ${fate}: ${escapeInvisible(url)}`)
        }
      }),
    )
}

function addSigningKeyCommands(program: Command, config: (flags: Flags) => Config): void {
  const signingKey = program.command('signing-key').description('keys that sign JWTs')
  withJson(withDatabase(signingKey.command('rotate')))
    .description('sign with a new key from now on; tokens already issued stay good until they expire')
    .action((flags: Flags) =>
      withOperator(config(flags), async (operator) => {
        const { kid } = await operator.merchants.rotateSigningKey()
        if (flags.json) printJson({ kid })
        else print(`JWTs are now signed with key ${kid}.`)
      }),
    )
}

/** The merchant's id. Where there is only one merchant, it need not be named. */
async function merchantId(operator: MtejaClient, reference: string | undefined): Promise<string> {
  if (reference !== undefined) return reference
  const { data } = await operator.merchants.list().page()
  const [only] = data
  if (only === undefined) throw new OperatorRefusal('There is no merchant yet: make one with mteja merchant create')
  if (data.length === 1) return only.id
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
  const { serve } = await import('../start/serve.ts')
  const server = await serve(config, { onFailure: (error) => fail(error), onStage: stageTeller(config) })
  const say = announcer(config)
  const startedInMs = Math.round(performance.now() - startedAt)
  say(welcome(server, config, startedInMs), describeStart(server, config, startedInMs))
  try {
    await Promise.race([signalled, failed])
    say('\nClosing: calls under way are answered first. Ctrl-C again ends at once.', { msg: 'closing' })
  } catch (error) {
    // No call can be answered any more.
    await server.close(0)
    throw error
  }
  await server.close()
}

/**
 * A person reads the text at a terminal. The standard output of a server without a terminal has the lines of the log
 * only, so the text goes to the error output. A program that asked for JSON reads the facts.
 */
function announcer({ json }: Config): (text: string, facts: Record<string, unknown>) => void {
  if (json) return (_text, facts) => printJson(facts)
  return process.stdout.isTTY ? print : tell
}

/**
 * Without a terminal each stage of a start is a line, so that the reader of a log sees that it goes on. At a terminal the
 * launcher shows the seconds.
 */
function stageTeller({ json }: Config): ((stage: string) => void) | undefined {
  return json || process.stderr.isTTY ? undefined : tell
}

/** Reads an id from an argument. Refuses texts that cannot be a part of an address. */
function readId(text: string): string {
  if (/^\.{0,2}$/.test(text)) throw new InvalidArgumentError('That is no id.')
  return text
}

function describeKey(key: Mteja.ApiKey): string[] {
  const { id, mode, hint, createdAt, role, scopes: may = [], name } = key
  return [id, mode, `…${hint}`, createdAt, stateOf(key), role ?? may.join(','), name ?? '']
}

function stateOf({ expiresAt, revokedAt }: Mteja.ApiKey): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`
  if (expiresAt == null) return 'active'
  return `${new Date(expiresAt) <= new Date() ? 'expired' : 'active until'} ${expiresAt}`
}

function keyBody({
  mode,
  name,
  role,
  scopes: listed,
  person,
  expiresAt,
}: Mteja.CreateMerchantApiKeyBody & { person?: string }) {
  return { mode, name, role, scopes: listed, personId: person, expiresAt }
}

function readScopes(text: string): Scope[] {
  const given = text.split(',').map((each) => each.trim())
  const unknown = given.find((each) => !scopes.includes(each as Scope))
  if (unknown === undefined) return given as Scope[]
  throw new InvalidArgumentError(`"${unknown}" is no scope; the scopes are ${scopes.join(', ')}.`)
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
