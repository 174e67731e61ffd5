/** What the embedded engine's thread is started with. */
export interface EngineOptions {
  readonly folder: string
  readonly maintenance: MaintenanceTimes
}

/** When the database looks after itself. */
export interface MaintenanceTimes {
  /** The time between two looks for a chore, in milliseconds. */
  readonly everyMs: number
  /** A moment is quiet if calls took at most this share of the time since the last look. 1 makes every moment quiet. */
  readonly quietShare: number
}

/** From the program to the engine's thread. A socket is one connection of `pg`; only the newest is alive. */
export type Request =
  | { readonly kind: 'open'; readonly socket: number }
  | { readonly kind: 'data'; readonly socket: number; readonly bytes: Uint8Array }
  | { readonly kind: 'close' }

/** From the engine's thread to the program. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'opened'; readonly socket: number }
  | { readonly kind: 'data'; readonly socket: number; readonly bytes: Uint8Array }
  /** It was looked whether there is a chore, and the chore was done; or the reason why not. */
  | { readonly kind: 'maintained'; readonly error: string | null }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' }
