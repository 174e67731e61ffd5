import type { Socket } from 'node:net'

const authenticated = new WeakSet<Socket>()

/** Marks a connection over which a request with a valid credential has come. */
export function noteAuthenticated(socket: Socket): void {
  authenticated.add(socket)
}

export function isAuthenticated(socket: Socket): boolean {
  return authenticated.has(socket)
}
