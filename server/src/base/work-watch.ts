import type { FailureLog } from './failure-log.ts'
import type { Meter } from './meter.ts'

/** Counts the work of a task in the background, and logs its failures. */
export interface WorkWatch {
  /** A try succeeded and did `count` pieces of work; 0 when nothing was due. */
  done(count: number): void
  /** A try failed. The task tries again. */
  failed(error: unknown): void
}

/** @param step the step of the task, where a task has several steps that fail independently */
export function watchWork(context: { meter: Meter; failures: FailureLog }, task: string, step?: string): WorkWatch {
  const done = context.meter.counter('mteja_background_done_total', { task })
  const failures = context.meter.counter('mteja_background_failures_total', { task })
  const subject = step === undefined ? `background ${task}` : `background ${task}, ${step}`
  return {
    done(count) {
      done.add(count)
      context.failures.worked(subject)
    },
    failed(error) {
      failures.add(1)
      context.failures.failed(subject, { err: error })
    },
  }
}
