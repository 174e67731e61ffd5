/** A piece of HTML. Texts put into it are escaped. */
export interface Html {
  readonly markup: string
}

/** Builds HTML from a template. Every value is escaped, unless it is HTML itself. */
export function html(strings: TemplateStringsArray, ...values: (string | Html)[]): Html {
  const parts = strings.map((part, i) => {
    const value = values[i]
    if (value === undefined) return part
    return part + (typeof value === 'string' ? escapeHtml(value) : value.markup)
  })
  return { markup: parts.join('') }
}

/** A whole HTML page: one column, readable on a phone, without any file from elsewhere. */
export function htmlPage(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; color: #1a1a1a; }
  h1 { font-size: 1.4rem; }
  label { display: block; margin: 1rem 0; }
  input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; margin-top: .25rem; }
  button { font: inherit; padding: .6rem 1.2rem; background: #0b6e4f; color: #fff; border: 0; border-radius: .3rem; }
  h2 { font-size: 1.1rem; margin: 2rem 0 0; }
  .amount { font-size: 2rem; font-weight: 600; margin: 0; }
  .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
  .problem { padding: .75rem; border-left: .25rem solid #b3261e; background: #fbeceb; }
  .note, details { color: #555; font-size: .9rem; }
  td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
</style>
</head>
<body><h1>${title}</h1>${body}</body>
</html>`.markup
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}
