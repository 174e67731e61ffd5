/** The characters with which a spreadsheet begins a formula, also in the full width of East Asian keyboards. */
const formula = /^[\s]*[=+\-@＝＋－＠]|^[\t\r\n]/
/** A spreadsheet that separates cells by semicolons or tabs would begin a cell of its own there. */
const formulasInside = /([;\t\r\n]\s*)(?=[=+\-@＝＋－＠])/g

/** A text as a cell. It is quoted where needed, and marked as text where a spreadsheet would read a formula. */
export function csvText(text: string): string {
  const inside = text.replace(formulasInside, "$1'")
  const safe = formula.test(text) ? `'${inside}` : inside
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
