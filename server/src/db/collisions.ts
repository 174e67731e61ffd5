import { codeOf } from './errors.ts'

/** Deadlock, serialization failure: PostgreSQL chose this one of two that were in each other's way. */
const chosenStates = /^(40P01|40001)$/
const uniqueViolation = '23505'
/** The transaction that `work` joined is gone with its first failure: its owner may begin again, we cannot. */
const transactionAborted = '25P02'
const maxRounds = 5

/**
 * Does `work`, and does it again when another transaction was in the way at that moment: it finds then what the other
 * has left. `work` must be a transaction by itself, of which nothing is kept when it fails.
 *
 * @param uniqueNames unique constraints whose violation says so as well: both wrote the same key
 */
export async function repeatAfterCollision<T>(uniqueNames: readonly string[], work: () => Promise<T>): Promise<T> {
  let collision: unknown
  for (let round = 1; ; round++) {
    try {
      return await work()
    } catch (error) {
      if (collision !== undefined && codeOf(error) === transactionAborted) throw collision
      if (round === maxRounds || !isCollision(error, uniqueNames)) throw error
      collision = error
    }
  }
}

function isCollision(error: unknown, uniqueNames: readonly string[]): boolean {
  const code = codeOf(error) ?? ''
  if (code !== uniqueViolation) return chosenStates.test(code)
  // Where the table is distributed, a shard's number is appended.
  const { constraint = '' } = error as { constraint?: string }
  return uniqueNames.some((name) => constraint === name || constraint.startsWith(`${name}_`))
}
