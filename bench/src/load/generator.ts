import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Job, LoadResult } from './job.ts'

/** The process that makes the load. */
export class Generator {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('worker.ts', import.meta.url)))
  #isBusy = false

  /** Does one job at a time. Throws for any answer that is no success. */
  run(job: Job): Promise<LoadResult> {
    if (this.#isBusy) throw new Error('the load generator has a job already')
    this.#isBusy = true
    return new Promise((resolve, reject) => {
      const died = () => reject(new Error('the load generator died'))
      this.#child.once('exit', died)
      this.#child.once('message', (answer: Answer) => {
        this.#isBusy = false
        this.#child.off('exit', died)
        if ('result' in answer) resolve(answer.result)
        else reject(new Error(answer.error))
      })
      this.#child.send(job)
    })
  }

  stop(): void {
    this.#child.kill()
  }
}
