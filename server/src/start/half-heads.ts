import type { IncomingMessage } from 'node:http'
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

  /** @param lastRequest the last request of the connection whose headers have come */
  follow(socket: Socket, lastRequest: () => IncomingMessage | undefined): void {
    const { parser } = socket as Socket & { parser?: Parser | null }
    const event = parser?.constructor.kOnExecute
    const own = event === undefined ? undefined : parser?.[event]
    // On another release of Node, which has no such listener, the halves have no address.
    if (!parser || event === undefined || own === undefined) return
    let wasArriving = false
    parser[event] = (result) => {
      const hasRequest = this.#hasRequest.delete(socket)
      const last = lastRequest()
      const isArriving = last?.complete === false
      const bytes = isArriving ? undefined : parser.getCurrentBuffer?.()
      const { bytesParsed = bytes?.length ?? 0 } = result as { bytesParsed?: number }
      if (last !== undefined && hasRequest) this.#add(socket, bytes && after(last, bytes, bytesParsed))
      else if (!wasArriving) this.#add(socket, bytes)
      wasArriving = isArriving
      own(result)
    }
  }

  #add(socket: Socket, bytes: Buffer | undefined): void {
    if (bytes === undefined || bytes.length === 0) return
    const head = this.#heads.get(socket) ?? ''
    if (head.length < mostCharacters)
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

/**
 * The bytes that came after a whole request; undefined where its end is not among the bytes.
 *
 * @param parsed the place where the parser stopped
 */
function after({ headers }: IncomingMessage, bytes: Buffer, parsed: number): Buffer | undefined {
  const length = Number(headers['content-length'] ?? 0)
  const last = parsed - length - 4
  const end = last < 0 ? -1 : bytes.lastIndexOf('\r\n\r\n', last)
  return end === -1 ? undefined : bytes.subarray(end + 4 + length)
}
