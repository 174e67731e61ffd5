/** A part of a list, and how long the whole list is. */
export interface Page<T> {
  items: T[]
  /** Length of the whole list; of a search possibly a lower bound. */
  total: number
}

/** Which part of a list is asked for. */
export interface PageRequest {
  limit: number
  /** How many are skipped. */
  offset: number
}

/** The order of a list, by one of its fields. Items that are equal in it are in the order in which they were made. */
export interface Sort<Field extends string> {
  by: Field
  direction: 'asc' | 'desc'
}

/**
 * Reads the rows of a list's part. The total is in every row. A part without items is one row, whose other columns are null.
 */
export function readPage<Row extends { id: unknown; total: bigint }, Item>(
  rows: readonly Row[],
  read: (row: Row) => Item,
): Page<Item> {
  return { items: rows.filter((row) => row.id !== null).map(read), total: Number(rows[0]?.total ?? 0) }
}
