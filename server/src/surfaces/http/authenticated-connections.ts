import type { Socket } from 'node:net'

/** Connections over which no valid credential has come yet, and the functions that wait for it. */
const waiting = new WeakMap<Socket, () => void>()

/** Notes that a request with a valid credential has come over a connection. */
export function noteAuthenticated(socket: Socket): void {
  const tell = waiting.get(socket)
  if (tell === undefined) return
  waiting.delete(socket)
  tell()
}

/** Calls a function at the first valid credential that comes over a connection. */
export function whenAuthenticated(socket: Socket, tell: () => void): void {
  waiting.set(socket, tell)
}
