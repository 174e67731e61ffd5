/** What the bench asks of a server process. */
export type Request =
  | { readonly ask: 'fill'; readonly statements: readonly string[] }
  | { readonly ask: 'constant'; readonly text: string }
  | { readonly ask: 'cpu' }
  | { readonly ask: 'stop' }

/** CPU microseconds the process has used so far, for `cpu`; 0 otherwise. */
export type Reply = { readonly done: number } | { readonly error: string }

/** Sent once the server listens. */
export interface Started {
  readonly port: number
}
