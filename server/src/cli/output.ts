import { styleText } from 'node:util'
import type { Command } from 'commander'
import { escapeInvisible } from '../base/visible-text.ts'

type Style = Parameters<typeof styleText>[0]

/** Adds the option for JSON. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON')
}

/** Prints what a command answers. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** As one line, so that lines can be read one by one. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

/** Prints something for a person. It is on the error output, so that a script that reads the answer does not get it. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Colours a text where the stream is a terminal that shows colours and `NO_COLOR` is not set. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream })
}

/** Prints rows under a header, each column as wide as its longest text. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  // A name may hold tabs, new lines and characters that nobody sees.
  const shown = rows.map((row) => row.map((text) => escapeInvisible(text.replace(/[\t\n\r]+/g, ' '))))
  const widths = header.map((title, i) => Math.max(title.length, ...shown.map((row) => row[i]?.length ?? 0)))
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  print(paint('bold', line(header)))
  for (const row of shown) print(line(row))
}
