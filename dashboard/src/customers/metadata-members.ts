/**
 * A value as a person types it: JSON if it is JSON, else a text. A number that JSON would change, such as one of twenty digits or one
 * with a leading zero, stays a text.
 */
export function readMember(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isExact(value) ? value : text
  } catch {
    return text
  }
}

/** Whether every number in a value is the number that was stored: beyond 2^53 JSON in a browser rounds. */
export function isExact(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value)
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isExact)
  return true
}

/** The changes that take changes back: each member as it was, null for one that was not there. */
export function changesOf(changes: Record<string, unknown>, before: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(changes).map((name) => [name, before[name] ?? null]))
}
