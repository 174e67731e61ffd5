import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { type Connection, readConnection } from '../start/config.ts'
import { ConnectionError, MtejaClient, MtejaError } from './client.ts'
import { OperatorRefusal } from './operator-client.ts'

/** Advice for a person whose command found no server. */
const isElsewhere = 'If the server is at another address, give it by --url or MTEJA_URL'

/** Adds the options for the server's address and the key. */
export function withConnection(command: Command): Command {
  return command
    .option('--key <key>', 'a secret API key, sk_test_… or sk_live_… (MTEJA_KEY)')
    .option('--url <url>', 'where the server is, default http://127.0.0.1:9000 (MTEJA_URL)')
}

/** Where a person types. It is asked on the error output, so that a script that reads the answer does not get the question. */
export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  output: NodeJS.WritableStream & { isTTY?: boolean }
}

/**
 * Answers the connection as soon as a server answers there. A person at a terminal is asked for another address. Throws
 * `ConfigError`, and `OperatorRefusal` where nobody can be asked or the person gives no address.
 */
export async function findServer(
  flags: { url?: string; key?: string },
  environment: NodeJS.ProcessEnv,
  terminal: Terminal = { input: process.stdin, output: process.stderr },
): Promise<Connection> {
  let connection = readConnection(flags, environment)
  for (;;) {
    const problem = await problemOf(connection)
    if (problem === null) return connection
    const isWatched = terminal.input.isTTY === true && terminal.output.isTTY === true
    const url = isWatched ? await ask(terminal, connection.baseUrl) : ''
    if (url === '') throw new OperatorRefusal(`${problem}. ${isElsewhere}`)
    connection = readConnection({ key: connection.key, url: withScheme(url) }, environment)
  }
}

/** Why no server can be reached; null if one answers, whatever it answers. */
async function problemOf({ baseUrl, key }: Connection): Promise<string | null> {
  try {
    await new MtejaClient({ baseUrl, token: key, maxRetries: 1 }).merchants.own()
    return null
  } catch (error) {
    if (error instanceof ConnectionError) return error.message
    if (error instanceof MtejaError) return null
    throw error
  }
}

/** The address that a person types. Empty if they end the question, by Ctrl-C too. */
async function ask({ input, output }: Terminal, baseUrl: string): Promise<string> {
  const ended = new AbortController()
  const lines = createInterface({ input, output })
  lines.on('SIGINT', () => ended.abort()).on('close', () => ended.abort())
  try {
    const question = `No server answers at ${baseUrl}. The address of the server: `
    return (await lines.question(question, { signal: ended.signal })).trim()
  } catch (error) {
    if (!ended.signal.aborted) throw error
    output.write('\n')
    return ''
  } finally {
    lines.close()
  }
}

function withScheme(url: string): string {
  return /^https?:/.test(url) ? url : `http://${url}`
}
