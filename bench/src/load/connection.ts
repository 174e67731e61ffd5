import net from 'node:net'

/** Told of an answer: its status and its body. */
export type Done = (status: number, body: Buffer) => void

/**
 * A keep-alive HTTP connection with one request under way at most. Written by hand because the generator shares the
 * machine's cores with what it measures: a client that costs twice as much would hide half of every difference.
 */
export class Connection {
  readonly #socket: net.Socket
  readonly #fail: (error: Error) => void
  #done: Done | null = null
  #received: Buffer | null = null

  private constructor(socket: net.Socket, fail: (error: Error) => void) {
    this.#socket = socket
    this.#fail = fail
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', fail)
    socket.on('close', () => this.#done && fail(new Error('the server closed a connection with a request under way')))
  }

  static open(port: number, fail: (error: Error) => void): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket, fail))
      })
    })
  }

  /** Sends a whole request, which must be ASCII. */
  send(request: string, done: Done): void {
    this.#done = done
    this.#socket.write(request, 'latin1')
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    const received = this.#received === null ? chunk : Buffer.concat([this.#received, chunk])
    const head = received.toString('latin1', 0, 2048)
    const headEnd = head.indexOf('\r\n\r\n')
    if (headEnd === -1) {
      this.#received = received
      return
    }
    const length = contentLength(head.slice(0, headEnd))
    if (Number.isNaN(length)) {
      this.#fail(new Error(`an answer without content-length: ${head}`))
      return
    }
    if (received.length < headEnd + 4 + length) {
      this.#received = received
      return
    }
    this.#received = null
    const done = this.#done
    this.#done = null
    done?.(Number(head.slice(9, 12)), received.subarray(headEnd + 4))
  }
}

function contentLength(head: string): number {
  const name = 'content-length: '
  const start = head.toLowerCase().indexOf(name)
  if (start === -1) return Number.NaN
  return Number.parseInt(head.slice(start + name.length, start + name.length + 12), 10)
}
