import { createHash } from 'node:crypto'

/**
 * A SQL statement with its values beside it, never inside it.
 * `name` makes it a prepared statement: parsed and planned once per connection.
 */
export interface Sql {
  readonly text: string
  readonly values: readonly unknown[]
  readonly name: string
}

const nameByText = new Map<string, string>()

/**
 * Builds a statement from a template: every `${value}` becomes a parameter, every `${sql`…`}` is spliced in with its
 * own parameters renumbered. The set of texts must be finite: splice only fragments written in the code.
 */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  let text = ''
  const flat: unknown[] = []
  const append = (parts: readonly string[], inner: readonly unknown[]) => {
    parts.forEach((part, i) => {
      text += part
      if (i >= inner.length) return
      const value = inner[i]
      if (isSql(value)) append(splitParameters(value), value.values)
      else {
        flat.push(value)
        text += `$${flat.length}`
      }
    })
  }
  append(strings, values)
  return { text, values: flat, name: statementName(text) }
}

/** The fragment that adds nothing, for a condition that is not asked for. */
export const nothing = sql``

function isSql(value: unknown): value is Sql {
  return typeof value === 'object' && value !== null && 'text' in value && 'values' in value && 'name' in value
}

function splitParameters(fragment: Sql): string[] {
  return fragment.text.split(/\$\d+/)
}

function statementName(text: string): string {
  let name = nameByText.get(text)
  if (name === undefined) {
    name = `s_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
    nameByText.set(text, name)
  }
  return name
}
