import type { Command } from 'commander'

/** Advice for a person whose command found no server. */
export const isElsewhere = 'If the server is at another address, give it by --url or MTEJA_URL'

/** Adds the options for the server's address and the key. */
export function withConnection(command: Command): Command {
  return command
    .option('--key <key>', 'a secret API key, sk_test_… or sk_live_… (MTEJA_KEY)')
    .option('--url <url>', 'where the server is, default http://127.0.0.1:9000 (MTEJA_URL)')
}
