/** The lines of each file, by its path. */
export type Lines = Record<string, number[]>

/** The lines that a test runs, by its full name. */
export type Covered = Record<string, Lines>

/** Has the lines that run when a file is loaded. */
export const whenLoaded = ''
