/** One side of a comparison. It works for one round and answers its figure, such as a rate. */
export interface Contender {
  readonly name: string
  run(): Promise<number>
}

/** The figures of each contender, round by round. */
export type Figures = ReadonlyMap<string, readonly number[]>

/**
 * Runs the contenders one after the other, round by round. Each round begins with another contender, so a disturbance
 * of the machine affects all of them.
 */
export async function alternate(contenders: readonly Contender[], rounds: number): Promise<Figures> {
  const figures = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const { name, run } = contenders[(i + round) % contenders.length] as Contender
      figures.get(name)?.push(await run())
    }
    console.log(`  round ${round + 1}: ${describeRound(figures, round)}`)
  }
  return figures
}

function describeRound(figures: Figures, round: number): string {
  return [...figures].map(([name, each]) => `${name} ${format(each[round] ?? Number.NaN)}`).join(', ')
}

export function medianOf(figures: Figures, name: string): number {
  return median(figures.get(name) ?? [])
}

/** The median of the rounds' ratios, because both sides of a round were measured next to each other. */
export function ratioOf(figures: Figures, name: string, against: string): number {
  const others = figures.get(against) ?? []
  return median((figures.get(name) ?? []).map((figure, round) => figure / (others[round] ?? Number.NaN)))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? upper)) / 2 : upper
}

/** Three significant digits. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
