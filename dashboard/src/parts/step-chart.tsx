import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import { useSession } from '../base/context.ts'
import { formatChange, formatMoney } from '../base/money.ts'
import { longDate, shortTime, timeOfDay } from '../base/times.ts'

interface Step {
  at: string
  /** Minor units. */
  amount: number
  balance: number
  words: string
}

interface StepChartProps {
  currency: string
  from: string | undefined
  to: string | undefined
  opening: number
  /** Oldest first, and the same list as long as nothing has changed. */
  steps: readonly Step[]
}

/** A balance as a line of steps, because money moves in steps. The sentence under it names the step that is pointed at. */
export default function StepChart({ currency, from, to, opening, steps }: StepChartProps) {
  const { format } = useSession()
  const scheme = useComputedColorScheme()
  const box = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number | null>(null)
  const money = (amount: number) => formatMoney(amount, currency, format)
  const end = steps.at(-1)?.balance ?? opening
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme decides the colours that are read from the page
  useEffect(() => {
    const money = (amount: number) => formatMoney(amount, currency, format)
    const place = box.current
    if (place === null || from === undefined || to === undefined) return
    // The line begins before the first step and goes on after the last one.
    const until = Math.max(Math.min(Date.parse(to), Date.now()), Date.parse(from))
    const begin = beginOf(Date.parse(from), until, opening, steps)
    const times = [begin, ...steps.map(({ at }) => Date.parse(at)), until]
    const isShort = until - begin < 2 * dayMs
    const values = [opening, ...steps.map(({ balance }) => balance), end]
    const colours = getComputedStyle(place)
    const ink = colours.getPropertyValue('--accent')
    const quiet = colours.getPropertyValue('--quiet')
    const line = colours.getPropertyValue('--line')
    const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '12px system-ui' }
    const { stepped } = uPlot.paths
    const chart = new uPlot(
      {
        width: place.clientWidth,
        height: 200,
        ms: 1,
        // Room for half of the last mark.
        padding: [8, 28, null, null],
        tzDate: (ms) => uPlot.tzDate(new Date(ms), format.timeZone),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        axes: [
          {
            ...axis,
            values: (_chart, splits) =>
              splits.map((ms) => (isShort ? timeOfDay(new Date(ms), format) : shortDay(ms, format))),
            space: 80,
          },
          {
            ...axis,
            size: ({ ctx }, labels) => {
              ctx.save()
              ctx.font = axis.font
              const widths = (labels ?? []).map((label) => ctx.measureText(label).width)
              ctx.restore()
              return Math.max(90, ...widths.map((width) => width + 20))
            },
            values: (_chart, splits) => splits.map((each) => (Number.isInteger(each) ? money(each) : '')),
          },
        ],
        scales: { y: { range: (_chart, low, high) => [Math.min(0, low ?? 0), (high ?? 0) <= 0 ? 100 : high * 1.05] } },
        series: [
          {},
          { stroke: ink, width: 2, points: { show: false }, ...(stepped && { paths: stepped({ align: 1 }) }) },
        ],
        hooks: {
          setCursor: [
            ({ cursor }) => {
              const index = cursor.left === undefined || cursor.left < 0 ? null : (cursor.idx ?? null)
              setAt(index)
            },
          ],
        },
      },
      [times, values],
      place,
    )
    const observer = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 200 }))
    observer.observe(place)
    return () => {
      observer.disconnect()
      chart.destroy()
    }
  }, [currency, from, to, opening, end, steps, format, scheme])
  const step = at === null ? undefined : steps[at - 1]
  const summary =
    from === undefined || to === undefined
      ? ' '
      : `From ${money(opening)} to ${money(end)} in ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} since ${longDate(from, format)}.`
  return (
    <>
      <div ref={box} className="chart" role="img" aria-label={`Balance in ${currency}. ${summary}`} />
      <p className="quiet chart-says">
        {step === undefined
          ? summary
          : `${shortTime(step.at, format)}: ${step.words}, ${formatChange(step.amount, currency, format)}, then ${money(step.balance)}`}
      </p>
    </>
  )
}

const dayMs = 86_400_000
/** Over less time than this the marks of the axis would be one and the same minute. */
const shortestMs = 600_000

/** A customer without money before has a chart from shortly before the first step. */
function beginOf(from: number, until: number, opening: number, steps: readonly Step[]): number {
  const [first] = steps
  if (opening !== 0 || first === undefined) return from
  const at = Date.parse(first.at)
  return Math.max(from, Math.min(at - 60_000, until - shortestMs), at - Math.max(shortestMs, (until - at) / 20))
}

function shortDay(ms: number, { locale, timeZone }: { locale: string; timeZone: string }): string {
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone }).format(ms)
}
