import { ConnectionError, MtejaError } from '../core/errors.ts'
import { jsonLines, linesOf } from '../core/lines.ts'
import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import { isWorthRepeating, pauseBefore, sleep } from '../core/retry.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

const event = { id: 'text', type: 'text', createdAt: 'text', data: 'object' } as const

/** A server sends a line at least every three seconds, and one of before 0.2 every ten. */
const defaultSilenceMs = 30_000
/** As many ids as a server looks back at. */
const remembered = 10_000

export interface FollowOptions extends CallOptions {
  /** Called each time the connection is open. From then on no event is missed. */
  onOpen?: () => void
  /** Called each time the connection was lost, before it is opened again. */
  onLost?: (error: MtejaError) => void
  /**
   * After this time without a line the connection counts as lost, in milliseconds. Default 30,000. A server sends a line every three
   * seconds.
   */
  silenceMs?: number
  /** Reads a line of the stream. Default `JSON.parse`, which changes large numbers of metadata. */
  parse?: (line: string) => unknown
}

/** `client.events`: past events, and a stream of new ones. */
export class Events {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first. */
  list(query: Mteja.ListEventsQuery = {}, options?: CallOptions): List<Mteja.Event, MtejaStep<Mteja.Event>> {
    return listSteps(this.#send, path`/v1/events`, query, event, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Event> {
    return this.#send({ method: 'GET', path: path`/v1/events/${id}`, shape: event }, options)
  }

  /**
   * Events as they happen, each once. They begin now, or after the event `after`, with the events of the half minute
   * before it. After a lost connection or a restart of the server the stream continues where it was, however long that
   * takes. It ends by `break`, or by `signal`, whose reason it throws.
   *
   *     for await (const event of client.events.follow()) console.log(event.type)
   */
  async *follow(
    query: Omit<Mteja.StreamEventsQuery, 'seconds'> = {},
    options: FollowOptions = {},
  ): AsyncGenerator<Mteja.StreamedEvent> {
    const told = new Set<string>(query.after === undefined ? [] : [query.after])
    let { after } = query
    for (let failures = 0; ; failures++) {
      try {
        for await (const line of this.#connect({ ...query, after }, options)) {
          failures = 0
          after = 'position' in line ? line.position : line.id
          if ('position' in line || told.has(line.id)) continue
          remember(told, line.id)
          yield line
        }
      } catch (error) {
        options.signal?.throwIfAborted()
        if (!(error instanceof MtejaError && isWorthRepeating(error, true))) throw error
        options.onLost?.(error)
      }
      await sleep(pauseBefore(failures, options.backoffMs ?? 500), options.signal)
    }
  }

  /** One connection, until it ends or is silent for too long. */
  async *#connect(query: Mteja.StreamEventsQuery, options: FollowOptions): AsyncGenerator<Mteja.StreamLine> {
    const { signal, silenceMs = defaultSilenceMs } = options
    const at = path`/v1/events/stream`
    const operation = `GET ${at.route}`
    const lost = (words: string, cause?: unknown) =>
      new ConnectionError(`${operation} ${words}`, { operation, attempts: 1, cause }, true)
    const leaving = new AbortController()
    const leave = () => leaving.abort(signal?.reason)
    const wait = () => setTimeout(() => leaving.abort(lost(`was silent for ${silenceMs} ms`)), silenceMs)
    let timer = wait()
    signal?.addEventListener('abort', leave, { once: true })
    try {
      signal?.throwIfAborted()
      const call = { method: 'GET', path: at, query, shape: jsonLines, isStream: true } as const
      const once = { ...options, signal: leaving.signal, maxRetries: 0 }
      const stream = await this.#send<ReadableStream<Uint8Array>>(call, once)
      options.onOpen?.()
      const cutOff = (cause: unknown): never => {
        throw lost('was cut off', cause)
      }
      for await (const text of linesOf(stream, cutOff)) {
        clearTimeout(timer)
        timer = wait()
        yield (options.parse ?? JSON.parse)(text) as Mteja.StreamLine
      }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
    }
  }
}

/** Forgets the oldest id when there are too many. */
function remember(ids: Set<string>, id: string): void {
  ids.add(id)
  if (ids.size <= remembered) return
  for (const oldest of ids) {
    ids.delete(oldest)
    return
  }
}
