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

interface Template {
  readonly strings: readonly string[]
  readonly values: readonly unknown[]
}

/**
 * The template each statement was made from. It is also the mark of a real statement. A request body that merely looks
 * like a statement ({ text, values, name }) must stay a value: else its sender would write our SQL.
 */
const templates = new WeakMap<object, Template>()
const nameByText = new Map<string, string>()
/** Text and name of each template without spliced fragments: they are the same for all values. */
const wholeTexts = new WeakMap<readonly string[], Pick<Sql, 'text' | 'name'>>()

/**
 * Builds a statement from a template: every `${value}` becomes a parameter, every `${sql`…`}` is spliced in with its
 * own parameters renumbered. The set of texts must be finite: splice only fragments written in the code.
 * A list is one parameter: write `= any(${ids})`, not `in (…)`. An array meant as JSON must be stringified first.
 */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  const template = { strings, values }
  const statement = Object.freeze(values.some(templateOf) ? splice(template) : keepWhole(template))
  templates.set(statement, template)
  return statement
}

/** The fragment that adds nothing, in place of a condition that is not needed. */
export const nothing = sql``

/**
 * The same statement, planned anew each time it runs. For a statement whose best plan depends on its values, such as a
 * search: a plan made for all values would read the whole table for some values.
 */
export function plannedAnew(statement: Sql): Sql {
  return { ...statement, name: '' }
}

function splice(template: Template): Sql {
  const values: unknown[] = []
  const text = render(template, values)
  return { text, values, name: statementName(text) }
}

function keepWhole(template: Template): Sql {
  let whole = wholeTexts.get(template.strings)
  if (whole === undefined) {
    const { text, name } = splice(template)
    whole = { text, name }
    wholeTexts.set(template.strings, whole)
  }
  return { text: whole.text, values: template.values, name: whole.name }
}

function render(template: Template, flat: unknown[]): string {
  let text = template.strings[0] ?? ''
  template.values.forEach((value, i) => {
    const fragment = templateOf(value)
    text += fragment ? render(fragment, flat) : `$${flat.push(value)}`
    text += template.strings[i + 1] ?? ''
  })
  return text
}

function templateOf(value: unknown): Template | undefined {
  return typeof value === 'object' && value !== null ? templates.get(value) : undefined
}

function statementName(text: string): string {
  let name = nameByText.get(text)
  if (name === undefined) {
    name = `s_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
    nameByText.set(text, name)
  }
  return name
}
