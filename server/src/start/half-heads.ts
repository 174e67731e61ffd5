import type { Socket } from 'node:net'

/** More than the headers of a request may have. */
const mostCharacters = 32 * 1024

/** What Node’s server hangs on a connection. It tells of a request only when all its headers have come. */
interface Parser {
  readonly constructor: { readonly kOnExecute?: number }
  /** The bytes that have just been read. Of use only while the listener is called. */
  getCurrentBuffer?(): Buffer | undefined
  [listener: number]: ((result: unknown) => void) | undefined
}

/** What has come of requests of whose headers only a part has come, so that they can be answered at their address and with their id. */
export class HalfHeads {
  readonly #heads = new WeakMap<Socket, string>()
  /** Connections over which a request has come in the bytes that are being read. */
  readonly #hasRequest = new WeakSet<Socket>()

  /** @param isArriving whether the body of a request is arriving over the connection */
  follow(socket: Socket, isArriving: () => boolean): void {
    const { parser } = socket as Socket & { parser?: Parser | null }
    const event = parser?.constructor.kOnExecute
    const own = event === undefined ? undefined : parser?.[event]
    // On another release of Node, which has no such listener, the halves have no address.
    if (!parser || event === undefined || own === undefined) return
    let wasArriving = false
    parser[event] = (result) => {
      const isHead = !this.#hasRequest.delete(socket) && !wasArriving
      wasArriving = isArriving()
      if (isHead && !wasArriving) this.#add(socket, parser.getCurrentBuffer?.())
      own(result)
    }
  }

  #add(socket: Socket, bytes: Buffer | undefined): void {
    const head = this.#heads.get(socket) ?? ''
    if (bytes !== undefined && head.length < mostCharacters)
      this.#heads.set(socket, (head + bytes.toString('latin1', 0, mostCharacters)).replace(/^[\r\n]+/, ''))
  }

  /** All headers of the request have come. */
  end(socket: Socket): void {
    this.#hasRequest.add(socket)
    this.#heads.delete(socket)
  }

  /** The bytes of the headers that have come; undefined where there are none, or none known. */
  of(socket: Socket): string | undefined {
    return this.#heads.get(socket) || undefined
  }
}
