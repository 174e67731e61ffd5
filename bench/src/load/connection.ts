import net from 'node:net'

/** Called with an answer: its status and its body. The body is valid only until the call returns. */
export type Done = (status: number, body: Buffer) => void

/**
 * A keep-alive HTTP connection with at most one request under way. It is written by hand, because the generator shares
 * the machine's cores with the server. A client that costs twice as much would hide half of every difference.
 */
export class Connection {
  readonly #socket: net.Socket
  readonly #fail: (error: Error) => void
  #done: Done | null = null
  #received: Buffer | null = null
  /** Of an answer that is sent while it is made: its status, and the last bytes that have come. Its body is not kept. */
  #made: { status: number; end: string } | null = null

  private constructor(port: number, fail: (error: Error) => void) {
    this.#fail = fail
    const buffer = Buffer.alloc(64 * 1024)
    // Reads into one buffer again and again, without a stream's events.
    this.#socket = net.connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          this.#receive(buffer.subarray(0, length))
          return true
        },
      },
    })
    this.#socket.on('error', fail)
    this.#socket.on(
      'close',
      () => this.#done && fail(new Error('the server closed a connection with a request under way')),
    )
  }

  static open(port: number, fail: (error: Error) => void): Promise<Connection> {
    return new Promise((resolve) => {
      const connection = new Connection(port, fail)
      connection.#socket.once('connect', () => resolve(connection))
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
    if (this.#made !== null) {
      this.#receiveMade(chunk)
      return
    }
    const received = this.#received === null ? chunk : Buffer.concat([this.#received, chunk])
    const bodyStart = received.indexOf('\r\n\r\n') + 4
    const bodyLength = bodyStart === 3 ? Number.POSITIVE_INFINITY : this.#bodyLength(received, bodyStart)
    if (bodyLength === undefined) {
      this.#received = null
      this.#made = { status: Number(received.toString('latin1', 9, 12)), end: '' }
      this.#receiveMade(received.subarray(bodyStart - 2))
      return
    }
    if (received.length < bodyStart + bodyLength) {
      this.#received = this.#received === null ? Buffer.from(chunk) : received
      return
    }
    this.#received = null
    const done = this.#done
    this.#done = null
    done?.(Number(received.toString('latin1', 9, 12)), received.subarray(bodyStart))
  }

  /** The bench asks for no answer with an empty last line in its body, so the end is known by its last bytes. */
  #receiveMade(chunk: Buffer): void {
    const made = this.#made as { status: number; end: string }
    made.end = (made.end + chunk.toString('latin1', Math.max(0, chunk.length - 7))).slice(-7)
    if (made.end !== '\r\n0\r\n\r\n') return
    this.#made = null
    const done = this.#done
    this.#done = null
    done?.(made.status, Buffer.alloc(0))
  }

  /** Undefined for an answer that is sent while it is made. */
  #bodyLength(received: Buffer, bodyStart: number): number | undefined {
    const name = 'content-length: '
    const start = received.indexOf(name)
    if (start !== -1 && start < bodyStart) {
      return Number.parseInt(received.toString('latin1', start + name.length, start + name.length + 12), 10)
    }
    const head = received.toString('latin1', 0, bodyStart)
    if (/^transfer-encoding: chunked\r$/im.test(head)) return undefined
    this.#fail(new Error(`an answer without content-length: ${head}`))
    return Number.POSITIVE_INFINITY
  }
}
