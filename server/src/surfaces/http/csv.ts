/** What a spreadsheet takes for the beginning of a formula, in the full width of East Asian keyboards too. */
const formula = /^[\s]*[=+\-@＝＋－＠]|^[\t\r\n]/

/** A text as a cell: quoted where needed, and told to be text where a spreadsheet would take it for a formula. */
export function csvText(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
