import { crc32 } from 'node:zlib'
import { ServiceError } from '../../base/errors.ts'
import type { Vault } from '../../base/vault.ts'
import type { Mode } from '../merchants/tenant.ts'

/** A request that may come again: the caller's key, and what tells this request from another under the same key. */
export interface IdempotentRequest {
  key: string
  /** What is asked for, such as `POST /transfers`. */
  operation: string
  body: Record<string, unknown>
  fingerprint: Buffer
  /** The API key that alone is given the answer again; undefined where every key of the merchant is. */
  maker?: string | undefined
  /**
   * The fingerprint that a server of before 0.2 stored for a request whose answer only its API key is given now. Only a caller
   * that may do everything is given such an answer.
   */
  formerFingerprint?: Buffer | undefined
  /** `member`: the key is a member of the body, and no `Idempotency-Key`. The two never collide. */
  source?: 'member'
}

/** Whose key it is: keys of different tenants have nothing to do with each other. The operator's are under merchant 0. */
export interface KeyScope {
  merchantId: number
  mode: Mode
}

const wholeBytes = 16
const memberBytes = 6

/** Members that few values fit: their short hash would give them away to whoever reads the table. */
const secretMembers = /bvn|account|card|number|value|secret|^(pin|otp|birthday|bank)$/i

/**
 * Sixteen bytes for the whole request, then six for each member of the body (two of its name, four of its value): enough
 * to know the same request again and to name what differs, without keeping the request. The whole is keyed, so that
 * nobody can try values against it. The members need no strong hash, they only choose words; nine of SHA-256 were a tenth
 * of what a transfer cost the server.
 */
export function fingerprintOf(
  vault: Vault,
  operation: string,
  body: Record<string, unknown>,
  maker?: string | undefined,
): Buffer {
  const given = Object.entries(body)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const members = given.filter(([name]) => !secretMembers.test(name))
  const fingerprint = Buffer.allocUnsafe(wholeBytes + memberBytes * members.length)
  const whole = maker === undefined ? [operation, given] : [operation, given, maker]
  vault.fingerprint(JSON.stringify(whole), 'request').copy(fingerprint, 0, 0, wholeBytes)
  members.forEach(([name, value], i) => {
    fingerprint.writeUIntBE(fingerprintMember(name, value), wholeBytes + memberBytes * i, memberBytes)
  })
  return fingerprint
}

/** Whether a stored fingerprint is the request's. Of an erased answer the part for the whole request is left. */
export function isFingerprintOf(request: IdempotentRequest, stored: Buffer): boolean {
  return [request.fingerprint, request.formerFingerprint].some(
    (each) => each !== undefined && stored.equals(stored.length === wholeBytes ? each.subarray(0, wholeBytes) : each),
  )
}

/**
 * The refusal of a key that belongs to another request, naming the members that differ. A fingerprint does not tell whether
 * the operation differs too, so the message says that it may. As a member, a key has one operation only.
 */
export function keyReused(request: IdempotentRequest, stored: Buffer): ServiceError {
  const known = new Set<number>()
  for (let i = wholeBytes; i < stored.length; i += memberBytes) known.add(stored.readUIntBE(i, memberBytes))
  const changed = Object.entries(request.body)
    .filter(([name, value]) => value !== undefined && !secretMembers.test(name))
    .filter(([name, value]) => !known.has(fingerprintMember(name, value)))
    .map(([name]) => name)
  const name = request.source === 'member' ? 'idempotencyKey' : 'Idempotency-Key'
  const members = changed.length > 0 ? `another ${changed.join(', ')}` : 'other members'
  const caller = request.maker === undefined ? '' : ', by another API key'
  const operation = request.source === 'member' ? '' : ' or for another operation'
  const message = `The ${name} ${JSON.stringify(request.key)} was used with ${members}${caller}${operation}; use a new key for a new request`
  return new ServiceError('idempotency_key_reused', message, changed[0])
}

/** How a caller's key is stored, apart from the keys Mteja makes for itself. */
export function storedKey(request: IdempotentRequest): string {
  return `${request.source ?? 'caller'}/${request.key}`
}

/** A number of six bytes. */
function fingerprintMember(name: string, value: unknown): number {
  return (crc32(name) & 0xffff) * 2 ** 32 + crc32(JSON.stringify(value))
}
