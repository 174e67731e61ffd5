import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/**
 * The log of failures that repeat, such as an upstream that is away or an endpoint that refuses every webhook. A failure is
 * logged when it begins, once a minute with a count while it lasts, and when it ends.
 */
export interface FailureLog {
  /**
   * Notes a failure of the subject.
   *
   * @param subject the thing that failed, as the same text each time: `background holds`
   * @param members the failure: an error as `err`, or a few words without a customer's values
   */
  failed(subject: string, members: Record<string, unknown>): void
  /** Notes a success of the subject. */
  worked(subject: string): void
}

interface Failing {
  readonly since: Date
  count: number
  /** The number of failures that the lines have reported. */
  told: number
  lineAt: number
  /** Whether the last line reported a failure. Otherwise it reported that the subject works again. */
  saysFailing: boolean
}

const minuteMs = 60_000
/** The memory of the log is limited. With more subjects the one that came first is forgotten. */
const maxSubjects = 10_000

/**
 * Makes a failure log. A subject that fails and works in turn gets at most two lines a minute. The failures between two
 * lines are counted.
 */
export function createFailureLog(clock: Clock, log: Pick<Log, 'warn'>): FailureLog {
  const subjects = new Map<string, Failing>()

  function begin(subject: string, members: Record<string, unknown>, now: Date): void {
    subjects.delete(subject)
    const [first] = subjects.keys()
    if (first !== undefined && subjects.size >= maxSubjects) subjects.delete(first)
    subjects.set(subject, { since: now, count: 1, told: 1, lineAt: now.getTime(), saysFailing: true })
    log.warn({ subject, ...members }, 'begins to fail')
  }

  return {
    failed(subject, members) {
      const now = clock.now()
      const failing = subjects.get(subject)
      if (failing === undefined) return begin(subject, members, now)
      const isQuiet = now.getTime() - failing.lineAt < minuteMs
      const isSettled = !failing.saysFailing && failing.told === failing.count
      if (isSettled && !isQuiet) return begin(subject, members, now)
      failing.count += 1
      if (isQuiet) return
      Object.assign(failing, { told: failing.count, lineAt: now.getTime(), saysFailing: true })
      log.warn({ subject, failures: failing.count, since: failing.since, ...members }, 'still fails')
    },
    worked(subject) {
      const failing = subjects.get(subject)
      if (!failing?.saysFailing) return
      Object.assign(failing, { told: failing.count, lineAt: clock.now().getTime(), saysFailing: false })
      log.warn({ subject, failures: failing.count, since: failing.since }, 'works again')
    },
  }
}
