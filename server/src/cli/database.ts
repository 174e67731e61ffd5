import type { Command } from 'commander'
import type { Config } from '../start/config.ts'
import type { MtejaClient } from './client.ts'
import { openOperator } from './operator-client.ts'

/** Adds the options for the place of the database. */
export function withDatabase(command: Command): Command {
  return command
    .option('--data <folder>', 'folder of the embedded database and the encryption key, default ./data (MTEJA_DATA)')
    .option('--database-url <url>', 'PostgreSQL instead of the embedded database (MTEJA_DATABASE_URL)')
}

/** Does `work` as the operator of the configured server or database, and closes it afterwards. */
export async function withOperator(config: Config, work: (operator: MtejaClient) => Promise<void>): Promise<void> {
  const operator = await openOperator(config, tellFirstStart)
  try {
    await work(operator.client)
  } finally {
    await operator.close()
  }
}

/** Printed on the error output, so that a script that reads the standard output does not get it. */
function tellFirstStart({ merchant, secret }: { merchant: { code: string }; secret: string }): void {
  process.stderr.write(
    `First start: made the test merchant ${merchant.code} with the key ${secret} (shown this once)\n`,
  )
}
