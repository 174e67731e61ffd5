/** Writes one line: the members first, then a sentence. Values of customers never belong into either. */
type Write = (members: Record<string, unknown>, sentence: string) => void

/** Where lines for the operator are written. */
export interface Log {
  /** A failure that somebody must look at. */
  readonly error: Write
  /** A failure that is dealt with, for instance by another try. */
  readonly warn: Write
  /** A step of the ordinary course. */
  readonly info: Write
}

/** Writes nothing. */
export const silentLog: Log = { error: () => {}, warn: () => {}, info: () => {} }
