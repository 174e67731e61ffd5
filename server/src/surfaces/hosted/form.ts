import { type Html, html } from '../http/html.ts'

/** What is wrong with a form that was sent: a sentence for each field at fault, by the name of the field. */
export type Faults<Name extends string = string> = Partial<Record<Name, string>>

/** A form that is shown again. */
export interface Sent<Name extends string = string> {
  /** The typed texts that may be shown again. */
  values: Partial<Record<Name, string>>
  faults: Faults<Name>
}

export interface Field<Name extends string> {
  name: Name
  label: string
  /** A sentence that helps before anything is typed. */
  hint?: string
  /** The input element's attributes besides those that this file sets. */
  attributes: Html
  /** The text in the field before anything is typed. */
  value?: string | undefined
}

const maxTypedLength = 40

/** A text that was typed into a field, without blanks around it. Empty for a text that no field of ours can hold. */
export function readText(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : ''
  return text.length > maxTypedLength ? '' : text
}

/** An input with its label, its hint, and the sentence that says what is wrong. The first field at fault has the focus. */
export function textField<Name extends string>(field: Field<Name>, sent: Sent<Name>): Html {
  const { name, attributes } = field
  const text = sent.values[name] ?? field.value
  const value = text === undefined ? '' : html` value="${text}"`
  return labelled(field, sent, html`<input id="${name}" name="${name}" ${attributes}${value}${stateOf(field, sent)}>`)
}

/** A choice, as `textField`. An option that is `chosen` must be one of the options. */
export function choiceField<Name extends string>(
  field: Omit<Field<Name>, 'value'> & { options: readonly { value: string; text: string }[]; chosen: string | null },
  sent: Sent<Name>,
): Html {
  const { name, attributes, options } = field
  const chosen = sent.values[name] ?? field.chosen
  const choices = options.map(
    ({ value, text }) => html`<option value="${value}"${value === chosen ? ' selected' : ''}>${text}</option>`,
  )
  const none = html`<option value=""${chosen ? '' : ' selected'}>Choose one</option>`
  return labelled(
    field,
    sent,
    html`<select id="${name}" name="${name}" ${attributes}${stateOf(field, sent)}>${none}${choices}</select>`,
  )
}

function labelled<Name extends string>(
  { name, label, hint }: Pick<Field<Name>, 'name' | 'label' | 'hint'>,
  { faults }: Sent<Name>,
  input: Html,
): Html {
  const fault = faults[name]
  return html`<div class="field">
<label for="${name}">${label}</label>
${hint === undefined ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}
${fault === undefined ? '' : html`<p class="wrong" id="${name}-fault">${fault}</p>`}
${input}
</div>
`
}

function stateOf<Name extends string>(
  { name, hint }: Pick<Field<Name>, 'name' | 'hint'>,
  { faults }: Sent<Name>,
): Html {
  const isWrong = faults[name] !== undefined
  const ids = [...(isWrong ? [`${name}-fault`] : []), ...(hint === undefined ? [] : [`${name}-hint`])]
  const described = ids.length === 0 ? '' : html` aria-describedby="${ids.join(' ')}"`
  const focused = Object.keys(faults)[0] === name ? ' autofocus' : ''
  return html`${described}${isWrong ? html` aria-invalid="true"` : ''}${focused}`
}
