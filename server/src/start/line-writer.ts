import fs from 'node:fs'

/** Lines that arrive within this time are written together. */
const gatherMs = 20
/** How long it takes to try again while the reader's pipe is full. */
const fullMs = 50

/**
 * Writes lines to a file or pipe without holding up whoever has them to write. Lines are gathered and written together: a
 * line costs a tenth of what pino's own destination takes, which measures all the waiting text at each line.
 */
export class LineWriter {
  readonly #fd: number
  readonly #maxWaiting: number
  readonly #onDropped: () => void
  #waiting = ''
  #writing: Buffer | null = null
  #isScheduled = false
  #isBroken = false

  /**
   * @param maxWaiting characters that may wait; lines beyond are dropped, since a reader that hangs must stop no server
   * @param onDropped is called for each line that is dropped
   */
  constructor(fd: number, maxWaiting: number, onDropped: () => void) {
    this.#fd = fd
    this.#maxWaiting = maxWaiting
    this.#onDropped = onDropped
    process.once('exit', () => this.#finish())
  }

  write(line: string): void {
    if (this.#isBroken || this.#waiting.length + line.length > this.#maxWaiting) {
      this.#onDropped()
      return
    }
    this.#waiting += line
    this.#schedule(gatherMs)
  }

  #schedule(delayMs: number): void {
    if (this.#isScheduled || this.#writing !== null) return
    this.#isScheduled = true
    // What waits at the end of the process is written then.
    setTimeout(() => {
      this.#isScheduled = false
      this.#writing = Buffer.from(this.#waiting)
      this.#waiting = ''
      this.#writeOut()
    }, delayMs).unref()
  }

  #writeOut(): void {
    const bytes = this.#writing as Buffer
    fs.write(this.#fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#writeOut(), fullMs).unref()
        return
      }
      this.#isBroken = error !== null
      const rest = bytes.subarray(written)
      this.#writing = error === null && rest.length > 0 ? rest : null
      if (this.#writing !== null) this.#writeOut()
      else if (this.#waiting !== '') this.#schedule(0)
    })
  }

  /** At the end of the process. A reader that takes nothing for a second misses the rest. */
  #finish(): void {
    let rest = Buffer.from(this.#isBroken ? '' : this.#waiting)
    const until = performance.now() + 1000
    while (rest.length > 0 && performance.now() < until) {
      try {
        rest = rest.subarray(fs.writeSync(this.#fd, rest))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
      }
    }
  }
}
