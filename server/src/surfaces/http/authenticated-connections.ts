import type { Socket } from 'node:net'

/** Connections over which no valid credential has come yet, and the functions that wait for it. */
const waiting = new WeakMap<Socket, (holder: string) => void>()

/**
 * Notes that a request with a valid credential has come over a connection.
 *
 * @param holder the name of whoever has the credential: a merchant, or the operator
 */
export function noteAuthenticated(socket: Socket, holder: string): void {
  const tell = waiting.get(socket)
  if (tell === undefined) return
  waiting.delete(socket)
  tell(holder)
}

/** Calls a function at the first valid credential that comes over a connection. */
export function whenAuthenticated(socket: Socket, tell: (holder: string) => void): void {
  waiting.set(socket, tell)
}
