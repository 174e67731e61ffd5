import { randomCode, randomOfDigest, uuidV7 } from '../../base/ids.ts'
import type { Change, Context } from '../context.ts'
import type { KeyScope } from './request.ts'

/**
 * One try of work that asks somebody outside. Each try of the same request has the same `id`, a UUID of version 7: a thing that
 * is named by it, here or outside, is made once, however often the work is tried.
 */
export interface Attempt {
  readonly id: string
  /** What the work has changed, by `noteChange`, for the trail. */
  readonly changes: Change[]
}

/** The attempt of a request that nobody repeats. */
export function freshAttempt({ random, clock }: Pick<Context, 'random' | 'clock'>): Attempt {
  return { id: uuidV7(random, clock.now()), changes: [] }
}

/** The attempt of a request whose key was first seen at `claimedAt`: the same each time, and impossible to guess. */
export function repeatedAttempt(context: Context, scope: KeyScope, key: string, claimedAt: Date): Attempt {
  const bytes = context.vault.fingerprint(JSON.stringify([scope.merchantId, scope.mode, key]), 'attempt')
  return { id: uuidV7(randomOfDigest(bytes), claimedAt), changes: [] }
}

/** `length` characters 0-9a-z that each try of an attempt makes alike, another code for each `name`, and impossible to guess. */
export function codeOfAttempt(
  { vault }: Pick<Context, 'vault'>,
  { id }: Attempt,
  name: string,
  length: number,
): string {
  return randomCode(randomOfDigest(vault.fingerprint(`${id}/${name}`, 'code of an attempt')), length)
}

/** As `codeOfAttempt`, of a request whose key is enough: each repeat makes it alike, however long the key is remembered. */
export function codeOfKey(
  { vault }: Pick<Context, 'vault'>,
  { merchantId, mode }: KeyScope,
  { key, name }: { key: string; name: string },
  length: number,
): string {
  const text = JSON.stringify([merchantId, mode, key, name])
  return randomCode(randomOfDigest(vault.fingerprint(text, 'code of a key')), length)
}
