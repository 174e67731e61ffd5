import { codeOf, DatabaseBusyError, DatabaseUnavailableError } from './errors.ts'

/**
 * True for an error by which the database refuses the values that it was given: nothing was done, and without the value at
 * fault the rest could be done. False where nobody knows, such as a connection lost while committing. False also where the
 * database took too long or has no space: to repeat the parts would take as long again for each.
 */
export function isRolledBack(error: unknown): boolean {
  if (error instanceof DatabaseUnavailableError || error instanceof DatabaseBusyError) return false
  return codeOf(error) !== undefined
}
