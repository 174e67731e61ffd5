import { Money } from './basics.tsx'

export interface Bar {
  /** YYYY-MM-DD */
  day: string
  count: number
  /** Minor units. */
  amount: number
}

/** A bar for each day. The amounts are in the sentence of each bar, too. */
export function Bars({ label, bars, currency }: { label: string; bars: readonly Bar[]; currency: string }) {
  const highest = Math.max(1, ...bars.map(({ amount }) => Math.abs(amount)))
  return (
    <ul className="bars" aria-label={`${label}, each day, in ${currency}`}>
      {bars.map(({ day, count, amount }) => (
        <li key={day}>
          <span className="bar" style={{ height: `${Math.round((Math.abs(amount) / highest) * 72) + 1}px` }} />
          <span className="says small">
            {day}: <Money amount={amount} currency={currency} /> in {count.toLocaleString()}
          </span>
        </li>
      ))}
    </ul>
  )
}
