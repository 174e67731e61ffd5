import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests of one connection that are worked on at once. */
const mostAtOnce = 8
/** More requests of one connection may wait than any client sends before it has read an answer. */
const mostWaiting = 256

/** The requests of a connection that are not answered yet. */
interface Line {
  atWork: number
  waiting: (() => void)[]
}

/**
 * Requests that a caller sends over one connection before it has read the answers to the former ones. Few of them are worked on at
 * once, and the others wait, so that a connection whose caller reads nothing costs a few answers, however many it has asked for. A
 * connection with too many is closed.
 */
export class RequestLines {
  readonly #lines = new WeakMap<Socket, Line>()

  /** Calls `work` in its turn. */
  add(socket: Socket, response: ServerResponse, work: () => void): void {
    const line = this.#lines.get(socket) ?? { atWork: 0, waiting: [] }
    this.#lines.set(socket, line)
    const begin = () => {
      line.atWork += 1
      response.once('close', () => {
        line.atWork -= 1
        line.waiting.shift()?.()
      })
      work()
    }
    if (line.atWork < mostAtOnce) begin()
    else if (line.waiting.length < mostWaiting) line.waiting.push(begin)
    else {
      line.waiting = []
      socket.destroy()
    }
  }
}
