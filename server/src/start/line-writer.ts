import fs from 'node:fs'

/** Lines that arrive within this time are written together. A write wakes another thread, which costs as much as ten lines. */
const gatherMs = 100
/** How long it takes to try again while the reader's pipe is full. */
const fullMs = 50
/** The bytes for lines that a writer begins with. It takes more when they are full. */
const firstBytes = 64 * 1024
/** A character of a string is at most this many bytes. */
const bytesPerCharacter = 3

/**
 * Writes lines to a file or pipe, and holds up no caller. Lines are gathered and written together. Each line is copied into
 * a buffer at once: to join thousands of strings later takes three times as long, and pino's own destination ten times.
 */
export class LineWriter {
  readonly #fd: number
  readonly #maxWaiting: number
  readonly #onDropped: () => void
  #waiting = Buffer.allocUnsafe(firstBytes)
  #length = 0
  #writing: Buffer | null = null
  #isScheduled = false
  #isBroken = false

  /**
   * @param maxWaiting bytes that may wait; lines beyond are dropped, since a reader that hangs must stop no server
   * @param onDropped is called for each line that is dropped
   */
  constructor(fd: number, maxWaiting: number, onDropped: () => void) {
    this.#fd = fd
    this.#maxWaiting = maxWaiting
    this.#onDropped = onDropped
    process.once('exit', () => this.#finish())
  }

  write(line: string): void {
    if (this.#isBroken || this.#length + line.length > this.#maxWaiting) {
      this.#onDropped()
      return
    }
    const needed = this.#length + line.length * bytesPerCharacter
    if (needed > this.#waiting.length) this.#grow(needed)
    this.#length += this.#waiting.write(line, this.#length)
    this.#schedule(gatherMs)
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#waiting.length))
    this.#waiting.copy(larger, 0, 0, this.#length)
    this.#waiting = larger
  }

  /** The lines that wait. They wait no longer. */
  #take(): Buffer {
    const lines = this.#waiting.subarray(0, this.#length)
    this.#waiting = Buffer.allocUnsafe(firstBytes)
    this.#length = 0
    return lines
  }

  #schedule(delayMs: number): void {
    if (this.#isScheduled || this.#writing !== null) return
    this.#isScheduled = true
    // What waits at the end of the process is written then.
    setTimeout(() => {
      this.#isScheduled = false
      this.#writing = this.#take()
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
      else if (this.#length > 0) this.#schedule(0)
    })
  }

  /** At the end of the process. A reader that takes nothing for a second misses the rest. */
  #finish(): void {
    if (this.#isBroken) return
    let rest = this.#take()
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
