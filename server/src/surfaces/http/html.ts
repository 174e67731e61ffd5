/** A piece of HTML. Texts put into it are escaped. */
export interface Html {
  readonly markup: string
}

/** Builds HTML from a template. Every value is escaped, unless it is HTML itself. A list is its parts, one after another. */
export function html(strings: TemplateStringsArray, ...values: (string | Html | readonly Html[])[]): Html {
  const parts = strings.map((part, i) => {
    const value = values[i]
    if (value === undefined) return part
    if (typeof value === 'string') return part + escapeHtml(value)
    return part + (isList(value) ? value.map(({ markup }) => markup).join('') : value.markup)
  })
  return { markup: parts.join('') }
}

/**
 * A text of somebody's own, such as a name: its direction of writing is its own, so that a name in Arabic or Hebrew does not
 * move the words and amounts around it.
 */
export function isolated(text: string): Html {
  return html`<bdi>${text}</bdi>`
}

function isList(value: Html | readonly Html[]): value is readonly Html[] {
  return Array.isArray(value)
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}
