import { codeOf, DatabaseUnavailableError } from './errors.ts'

/**
 * True for an error with which the database said that it did nothing: the statement failed and its transaction is gone.
 * False where nobody knows, such as a connection lost while committing.
 */
export function isRolledBack(error: unknown): boolean {
  return !(error instanceof DatabaseUnavailableError) && codeOf(error) !== undefined
}
