import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/**
 * The log of failures that repeat, such as an upstream that is away or an endpoint that refuses every webhook. A failure is
 * logged when it begins, once a minute with a count while it lasts, and when it ends.
 */
export interface FailureLog {
  /**
   * The subject has failed once more.
   *
   * @param subject what failed, the same text each time: `background holds`
   * @param members how it failed: an error as `err`, or a few words without anybody's values
   */
  failed(subject: string, members: Record<string, unknown>): void
  /** The subject has worked. */
  worked(subject: string): void
}

interface Failing {
  readonly since: Date
  count: number
  /** How many of these the lines have told of. */
  told: number
  lineAt: number
  /** What the last line said; else it said that the subject works again. */
  saysFailing: boolean
}

const minuteMs = 60_000
/** The memory of the log is bounded: of more subjects the one that was met first is forgotten. */
const maxSubjects = 10_000

/** A subject that fails and works in turn is told of at most twice a minute. The failures between two lines are counted. */
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
