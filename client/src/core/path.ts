/** An address below the base, and the same address without values, which is fit for logs. */
export interface Path {
  text: string
  route: string
}

/**
 * Writes values into an address, escaped. Throws TypeError for an empty value, `.` and `..`, because such a value makes
 * another address (`/customers/` is the list).
 */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): Path {
  let text = parts[0] as string
  values.forEach((value, index) => {
    text += `${segment(value)}${parts[index + 1]}`
  })
  return { text, route: parts.join('{}') }
}

function segment(value: string | number): string {
  const text = String(value)
  if ((typeof value !== 'string' && typeof value !== 'number') || /^\.{0,2}$/.test(text)) {
    throw new TypeError(`An id must be a text or a number that is not empty, not ${JSON.stringify(value)}`)
  }
  return encodeURIComponent(text)
}

/** `?limit=10&email=a%40b.co`, without undefined and null values. Dates are written as ISO 8601. */
export function queryText(query: object | undefined): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null) continue
    search.set(name, value instanceof Date ? value.toISOString() : String(value))
  }
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}
