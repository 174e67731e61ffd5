import { hash } from 'node:crypto'
import type { Mode } from './tenant.ts'

export const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const secretPattern = /^sk_(test|live)_[A-Za-z0-9_-]{8,200}$/

/** A plain hash is enough, because the key is long and random and cannot be guessed. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64')
}

export function bytesOf(hashed: string): Buffer {
  return Buffer.from(hashed, 'base64')
}

export function modeOfSecret(secret: string): Mode {
  return secret.startsWith('sk_live_') ? 'live' : 'test'
}
