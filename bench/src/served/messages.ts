/** A request of the bench to a server process. */
export type Request =
  | { readonly ask: 'fill'; readonly statements: readonly string[] }
  | { readonly ask: 'constant'; readonly text: string }
  | { readonly ask: 'cpu' }
  | { readonly ask: 'removeOld' }
  | { readonly ask: 'stop' }

/** For `cpu`, the CPU microseconds that the process has used so far. For `removeOld`, the rows removed. Otherwise 0. */
export type Reply = { readonly done: number } | { readonly error: string }

/** Sent once the server listens. */
export interface Started {
  readonly port: number
}
