import { Command } from 'commander'

/**
 * ` (Did you mean …?)` for a name that is like one of these, else an empty text. Commander finds similar names of its own
 * commands only, so these names are asked for as if they were commands.
 */
export function suggest(name: string, names: readonly string[]): string {
  const program = new Command().helpCommand(false).helpOption(false).exitOverride()
  program.configureOutput({ writeErr: () => {} })
  for (const each of names) program.command(each)
  try {
    program.parse([name], { from: 'user' })
  } catch (error) {
    return / ?\(Did you mean [^)]*\)/.exec((error as Error).message.replaceAll('\n', ' '))?.[0] ?? ''
  }
  return ''
}
