import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** More requests of one connection may wait than any client sends before it has read an answer. */
const mostWaiting = 256

/** The requests of a connection that are not answered yet. */
interface Line {
  isAtWork: boolean
  waiting: (() => void)[]
}

/**
 * Requests that a caller sends over one connection before it has read the answers to the former ones. One is worked on at a time, and
 * the others wait, so that a connection costs no more than its present request, however many it has asked for. With its caller,
 * the waiting ones are gone. A connection with too many is closed.
 */
export class RequestLines {
  readonly #lines = new WeakMap<Socket, Line>()

  /** Calls `work` in its turn. */
  add(socket: Socket, response: ServerResponse, work: () => void): void {
    const line = this.#lines.get(socket) ?? { isAtWork: false, waiting: [] }
    this.#lines.set(socket, line)
    const begin = () => {
      // Nothing can be answered any more.
      if (!socket.writable) {
        line.waiting = []
        return
      }
      response.once('close', () => this.#goOn(line))
      work()
    }
    if (!line.isAtWork) {
      line.isAtWork = true
      begin()
    } else if (line.waiting.length < mostWaiting) line.waiting.push(begin)
    else {
      line.waiting = []
      socket.destroy()
    }
  }

  #goOn(line: Line): void {
    const next = line.waiting.shift()
    // Requests of other connections that have arrived meanwhile come first.
    if (next !== undefined) setImmediate(next)
    else line.isAtWork = false
  }
}
