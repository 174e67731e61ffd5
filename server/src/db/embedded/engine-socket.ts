import { Duplex } from 'node:stream'

/** What a socket needs from the engine behind it. */
export interface Wire {
  open(): void
  send(bytes: Uint8Array): void
  closed(): void
}

const letter = { authentication: 0x52, readyForQuery: 0x5a, sync: 0x53, query: 0x51, terminate: 0x58, idle: 0x49 }

/** AuthenticationOk, then ReadyForQuery (idle): all that `pg` waits for before its first query. */
const greeting = Buffer.from([
  letter.authentication,
  0,
  0,
  0,
  8,
  0,
  0,
  0,
  0,
  letter.readyForQuery,
  0,
  0,
  0,
  5,
  letter.idle,
])

/**
 * The socket `pg` believes it talks to: PostgreSQL's wire protocol, carried to the engine as it is. It needs no network,
 * so what `pg` sets on a TCP socket does nothing here.
 */
export class EngineSocket extends Duplex {
  readonly #wire: Wire
  #greeted = false
  #unsent: Buffer[] = []

  constructor(wire: Wire) {
    super()
    this.#wire = wire
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'))
    return this
  }

  /** The engine has put the session in its initial state. */
  opened(): void {
    this.push(greeting)
  }

  /** Bytes of an answer. */
  receive(bytes: Uint8Array): void {
    this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): void {}

  unref(): void {}

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#accept([chunk])
    done()
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#accept(chunks.map(({ chunk }) => chunk))
    done()
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wire.closed()
    this.push(null)
    done(error)
  }

  #accept(chunks: Buffer[]): void {
    if (!this.#greeted) {
      // The start-up packet. Whoever connects is the same user of the same database.
      this.#greeted = true
      this.#wire.open()
      return
    }
    this.#unsent.push(...chunks)
    const [first] = this.#unsent
    if (first?.[0] === letter.terminate) this.destroy()
    else if (endsRequest(this.#unsent)) this.#send()
  }

  #send(): void {
    // A copy of its own, so that the memory can be handed over to the other thread.
    const bytes = new Uint8Array(this.#unsent.reduce((length, chunk) => length + chunk.length, 0))
    let at = 0
    for (const chunk of this.#unsent) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    this.#unsent = []
    this.#wire.send(bytes)
  }
}

/**
 * Whether the engine would answer now, that is after Sync or a simple query. It runs to the end of what it is given and
 * then says "ready", so half a request must not reach it. `pg` writes whole messages.
 */
function endsRequest(chunks: readonly Buffer[]): boolean {
  const last = chunks.at(-1)
  if (!last) return false
  let at = 0
  let kind = 0
  while (at + 5 <= last.length) {
    kind = last[at] as number
    at += 1 + last.readUInt32BE(at + 1)
  }
  return kind === letter.sync || kind === letter.query
}
