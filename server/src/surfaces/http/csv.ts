/** The characters with which a spreadsheet begins a formula, also in the full width of East Asian keyboards. */
const formula = /^[\s]*[=+\-@＝＋－＠]|^[\t\r\n]/

/** A text as a cell. It is quoted where needed, and marked as text where a spreadsheet would read a formula. */
export function csvText(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
