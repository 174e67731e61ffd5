/** A line of the table. */
export interface Result {
  /** The thing measured: `POST /transfers, 64 callers`. */
  readonly what: string
  readonly measured: string
  /** The other side and its figure. Null without a comparison. */
  readonly against: string | null
  readonly ratio: number | null
  readonly goal: { readonly text: string; readonly isMet: boolean } | null
}

export function atLeast(ratio: number, goal: number): Result['goal'] {
  return { text: `≥ ${goal} ×`, isMet: ratio >= goal }
}

export function atMost(ratio: number, goal: number): Result['goal'] {
  return { text: `≤ ${goal} ×`, isMet: ratio <= goal }
}
