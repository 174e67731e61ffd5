import { type Options, SingleBar } from 'cli-progress'

/** No time is foretold from the first moments: opening the books takes longer than reading the first rows. */
const foretellAfterMs = 2000

/** What is shown while something takes long. Nothing is shown where no terminal is. */
export interface Progress {
  show(done: number, total: number): void
  end(): void
}

/** A bar with the time that is left, from the first figures on. */
export function showBar(title: string, unit: string, stream: NodeJS.WritableStream = process.stderr): Progress {
  const startedAt = performance.now()
  const left = (done: number, total: number) => {
    const elapsedMs = performance.now() - startedAt
    if (elapsedMs < foretellAfterMs || done === 0) return ''
    return ` | ${formatSeconds(((total - done) * elapsedMs) / done / 1000)} left`
  }
  return show(`${title} {bar} {percentage}% | {value} of {total} ${unit}{speed}`, left, stream)
}

/** The number of things done and how many a second, where nobody knows how many there are. */
export function showCount(title: string, unit: string, stream: NodeJS.WritableStream = process.stderr): Progress {
  const startedAt = performance.now()
  const rate = (done: number) => {
    const elapsedMs = performance.now() - startedAt
    return elapsedMs < foretellAfterMs ? '' : ` | ${Math.round((done * 1000) / elapsedMs)} a second`
  }
  return show(`${title} | {value} ${unit}{speed} | {duration_formatted}`, rate, stream)
}

function show(format: string, speed: (done: number, total: number) => string, stream: NodeJS.WritableStream): Progress {
  const options: Options = { format, stream, clearOnComplete: true, formatValue: (value) => `${value}` }
  let bar: SingleBar | undefined
  return {
    show(done, total) {
      const payload = { speed: speed(done, total) }
      if (bar === undefined) {
        bar = new SingleBar(options)
        bar.start(total, done, payload)
      } else {
        bar.setTotal(total)
        bar.update(done, payload)
      }
    },
    end: () => bar?.stop(),
  }
}

function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.ceil(whole / 60)} min`
  return `${Math.floor(whole / 3600)} h ${Math.ceil((whole % 3600) / 60)} min`
}
