import type { Socket } from 'node:net'
import { ServiceError } from '../../base/errors.ts'

/** Whoever counts the connections of callers. */
export interface CredentialCount {
  /** @param holder the name of whoever has the credential: a merchant, or the operator */
  accepted(holder: string): void
  refused(): void
}

const counts = new WeakMap<Socket, CredentialCount>()

/** Notes that a request with a valid credential has come over a connection. */
export function noteAuthenticated(socket: Socket, holder: string): void {
  counts.get(socket)?.accepted(holder)
}

/** Notes that a credential was refused that came over a connection: it was never valid, was revoked or has expired. */
export function noteUnauthenticated(socket: Socket, error: unknown): void {
  if (error instanceof ServiceError && error.code === 'unauthorized') counts.get(socket)?.refused()
}

/** Tells of the credentials that come over a connection. */
export function countCredentials(socket: Socket, count: CredentialCount): void {
  counts.set(socket, count)
}
