import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU time in ticks of a hundredth of a second. */
const microsecondsPerTick = 10_000

/** CPU microseconds that a process and its children, living or waited for, have used. NaN without /proc. */
export function cpuOfFamily(pid: number): number {
  const own = readTimes(pid)
  if (own === null) return Number.NaN
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readTimes(Number(name)))
  const living = children.reduce((sum, child) => sum + (child?.parent === pid ? child.ticks : 0), 0)
  return (own.ticks + own.waitedFor + living) * microsecondsPerTick
}

function readTimes(pid: number): { parent: number; ticks: number; waitedFor: number } | null {
  try {
    // The name, in brackets, may hold any character. After it come numbers only, except the state.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number)
    const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15)
    return { parent: fields[1] ?? 0, ticks: user + system, waitedFor: childrenUser + childrenSystem }
  } catch {
    return null
  }
}
