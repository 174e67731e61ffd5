/** The program cannot start here. The message is one sentence for the operator: what is wrong, and what to do. */
export class StartupError extends Error {
  override readonly name = 'StartupError'
}

/**
 * The database cannot be reached at this moment: the caller may answer 503 and try again later. When it happens during
 * a commit, whether the commit took place is unknown; the same idempotency key tells.
 */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError'
}

/**
 * SQLSTATEs by which PostgreSQL says "not now": connection exceptions (class 08), too many connections, shutting down,
 * crashed, starting up, and read-only, which is what a primary says after a failover has demoted it.
 */
const unavailableStates = /^(08...|53300|57P0[123]|25006)$/

/** Codes of Node for a lost or missing server: ECONNREFUSED, ENOTFOUND, EPIPE, ERR_SOCKET_CLOSED, … */
const systemCode = /^(E[A-Z_]+)$/

/** Errors that `pg` reports without any code. */
const driverMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Cannot use a pool after calling end|Client has encountered a connection error|Client was closed)/

/** The same error, or a {@link DatabaseUnavailableError} caused by it when it means that the database is away. */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof DatabaseUnavailableError || !isAbsence(error)) return error
  return new DatabaseUnavailableError(`The database is not available: ${error.message || codeOf(error)}`, {
    cause: error,
  })
}

/** The SQLSTATE of a database error or the code of a system error. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function isAbsence(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  if (code === undefined) return driverMessages.test(error.message)
  return unavailableStates.test(code) || (systemCode.test(code) && 'syscall' in error)
}
