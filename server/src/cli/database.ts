import type { Command } from 'commander'
import type { Config } from '../start/config.ts'
import { ConnectionError, type MtejaClient } from './client.ts'
import { type OpenOperator, OperatorRefusal, openNewOperator, openOperator } from './operator-client.ts'
import { tell } from './output.ts'

/** Adds the options for the place of the database. */
export function withDatabase(command: Command): Command {
  return command
    .option('--data <folder>', 'folder of the embedded database and the encryption key, default ./data (MTEJA_DATA)')
    .option('--database-url <url>', 'PostgreSQL instead of the embedded database (MTEJA_DATABASE_URL)')
}

type Work = (operator: MtejaClient) => Promise<void>

/** For a command whose work is kept in steps. */
export const goesOn = 'Nothing is lost: the same command goes on from there, with or without a server'

/**
 * Does `work` as the operator of the configured server or database, and closes it afterwards. Throws StartupError where
 * there is no database that was set up, and OperatorRefusal where the server stops meanwhile.
 *
 * @param advice what to do if the server stops meanwhile
 */
export async function withOperator(config: Config, work: Work, advice?: string): Promise<void> {
  await doWith(await openOperator(config), work, advice)
}

/** Works like `withOperator`, and first makes the database if it is not there. */
export async function withNewOperator(config: Config, work: Work): Promise<void> {
  await doWith(await openNewOperator(config, tellFirstStart), work)
}

async function doWith(operator: OpenOperator, work: Work, advice = 'Look whether it was done'): Promise<void> {
  try {
    await work(operator.client)
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    const reason = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    throw new OperatorRefusal(`The server does not answer any more${reason}. ${advice}`)
  } finally {
    await operator.close()
  }
}

function tellFirstStart({ merchant, secret }: { merchant: { code: string }; secret: string }): void {
  tell(`First start: made the test merchant ${merchant.code} with the key ${secret} (shown this once)`)
}
