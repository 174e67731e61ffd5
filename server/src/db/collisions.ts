import { codeOf } from './errors.ts'

/**
 * Deadlock and serialization failure: PostgreSQL has refused one of two transactions that were in each other's way.
 */
const chosenStates = /^(40P01|40001)$/
const uniqueViolation = '23505'
/**
 * The transaction that `work` joined ended with its first failure. Only the owner of the transaction can begin again.
 */
const transactionAborted = '25P02'
const maxRounds = 5

/**
 * Does `work`, and does `work` again when another transaction was in the way at that moment. The second try finds the
 * changes of the other transaction. `work` must be a transaction by itself, so that a failure leaves nothing behind.
 *
 * @param uniqueNames unique constraints whose violation is a collision too: both transactions wrote the same key
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
  // In a distributed table the number of the shard stands behind the name.
  const { constraint = '' } = error as { constraint?: string }
  return uniqueNames.some((name) => constraint === name || constraint.startsWith(`${name}_`))
}
