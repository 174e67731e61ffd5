import type { LoadResult } from './job.ts'

/** Sends one request, and calls back with the number of bytes of its answer. */
export type Send = (done: (bodyBytes: number) => void) => void

export interface Load {
  readonly seconds: number
  /** Requests a second. Without a rate each caller sends its next request when it has its answer. */
  readonly rate?: number | undefined
  /** See `HttpJob`. */
  readonly leaves?: boolean | undefined
}

/** Runs the load with one caller for each `send`. Answers the figures. */
export async function measure(callers: readonly Send[], { seconds, rate, leaves = false }: Load): Promise<LoadResult> {
  const latencies: number[] = []
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const bodyBytes =
    rate === undefined
      ? await closedLoop(callers, { seconds, leaves }, latencies)
      : await openLoop(callers, dueTimes(rate, seconds), latencies)
  const elapsed = (performance.now() - startedAt) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  latencies.sort((a, b) => a - b)
  return {
    rate: latencies.length / elapsed,
    count: latencies.length,
    median: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    bodyBytes,
    cpuMicroseconds: (cpu.user + cpu.system) / latencies.length,
  }
}

function closedLoop(
  callers: readonly Send[],
  { seconds, leaves }: { seconds: number; leaves: boolean },
  latencies: number[],
): Promise<number> {
  const endAt = performance.now() + seconds * 1000
  return new Promise((resolve) => {
    let running = callers.length
    if (leaves) setTimeout(() => resolve(0), seconds * 1000)
    for (const send of callers) {
      const next = () => {
        const sentAt = performance.now()
        send((bytes) => {
          const now = performance.now()
          latencies.push(now - sentAt)
          if (now < endAt) next()
          else if (--running === 0) resolve(bytes)
        })
      }
      next()
    }
  })
}

/**
 * Sends each request when it is due, or as soon after as a caller is free. A latency counts from the time the request
 * was due, so a server that stalls pays for everyone who waited ("coordinated omission").
 */
function openLoop(callers: readonly Send[], due: readonly number[], latencies: number[]): Promise<number> {
  const startAt = performance.now()
  const free = [...callers]
  let next = 0
  let answered = 0
  return new Promise((resolve) => {
    const sendDue = () => {
      const now = performance.now() - startAt
      while (next < due.length && free.length > 0 && (due[next] as number) <= now) {
        const send = free.pop() as Send
        const dueAt = startAt + (due[next++] as number)
        send((bytes) => {
          latencies.push(performance.now() - dueAt)
          free.push(send)
          if (++answered === due.length) resolve(bytes)
          else sendDue()
        })
      }
    }
    const tick = () => {
      sendDue()
      if (next < due.length) setTimeout(tick, 1)
    }
    tick()
  })
}

/**
 * The times at which requests are due, in milliseconds. They are as irregular as independent callers and as pgbench's
 * own `--rate`.
 */
function dueTimes(rate: number, seconds: number): number[] {
  const times: number[] = []
  for (let at = gap(rate); at < seconds * 1000; at += gap(rate)) times.push(at)
  return times
}

function gap(rate: number): number {
  return (-Math.log(1 - Math.random()) * 1000) / rate
}

function percentile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
}
