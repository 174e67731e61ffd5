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

/** Why the database has not done a statement: it took too long, it waited too long for a lock, the disk is full. */
export type BusyReason = 'time' | 'lock' | 'space'

const busyMessages: Record<BusyReason, string> = {
  time: 'The database did not answer in time',
  lock: 'The database did not answer in time',
  space: 'The database cannot store anything at the moment',
}

/**
 * The database has not done a statement, and nothing of it was kept: the caller may answer 503 and try again later. The
 * message may be told to anybody. The connection can be used again.
 */
export class DatabaseBusyError extends Error {
  override readonly name = 'DatabaseBusyError'
  readonly reason: BusyReason
  /** The SQLSTATE, if the database gave the reason. */
  readonly code: string | undefined

  constructor(reason: BusyReason, cause: Error) {
    super(busyMessages[reason], { cause })
    this.reason = reason
    this.code = codeOf(cause)
  }
}

/**
 * SQLSTATEs of statements that were undone: cancelled by statement_timeout, by lock_timeout, for want of space. The last is
 * that of a statement that was sent behind another with the same text, which should have prepared it but was cancelled.
 */
const busyStates: Record<string, BusyReason> = { '57014': 'time', '55P03': 'lock', '53100': 'space', '26000': 'time' }

/** The error of `pg` for a caller who has waited too long for a connection of the pool. Nothing was sent. */
const noConnection = /^timeout exceeded when trying to connect/

/**
 * SQLSTATEs by which PostgreSQL says "not now": connection exceptions (class 08), too many connections, shutting down,
 * crashed, starting up, a transaction that was left open too long, and read-only, which is what a primary says after a
 * failover has demoted it.
 */
const unavailableStates = /^(08...|53300|57P0[123]|25P03|25006)$/

/**
 * SQLSTATEs by which the embedded engine says that it cannot use its own files: no descriptor is left, an error of the
 * system, damaged data. It must not go on with such files. A PostgreSQL server has an operator of its own.
 */
const brokenStates = /^(53000|58...|XX00[12])$/

/** Codes of Node for a lost or missing server: ECONNREFUSED, ENOTFOUND, EPIPE, ERR_SOCKET_CLOSED, … */
const systemCode = /^(E[A-Z_]+)$/

/** Errors that `pg` reports without any code. */
const driverMessages =
  /^(Connection terminated|Cannot use a pool after calling end|Client has encountered a connection error|Client was closed)/

/** The same error, or the error of ours that it stands for: {@link DatabaseUnavailableError}, {@link DatabaseBusyError}. */
export function toDatabaseError(error: unknown, engine: 'embedded' | 'postgresql'): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseUnavailableError) return error
  const code = codeOf(error)
  const reason = code === undefined ? (noConnection.test(error.message) ? 'time' : undefined) : busyStates[code]
  if (reason !== undefined) return new DatabaseBusyError(reason, error)
  if (!isAbsence(error, code) && !isBroken(error, engine)) return error
  return new DatabaseUnavailableError(`The database is not available: ${error.message || code}`, { cause: error })
}

/** Whether the embedded engine has said, perhaps by the cause of the error, that it cannot use its own files. */
export function isBroken(error: unknown, engine: 'embedded' | 'postgresql'): boolean {
  if (engine !== 'embedded' || !(error instanceof Error)) return false
  return brokenStates.test(codeOf(error) ?? '') || isBroken(error.cause, engine)
}

/** The SQLSTATE of a database error or the code of a system error. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function isAbsence(error: Error, code: string | undefined): boolean {
  if (code === undefined) return driverMessages.test(error.message)
  return unavailableStates.test(code) || (systemCode.test(code) && 'syscall' in error)
}
