import type { PGlite } from '@electric-sql/pglite'

/** How PostgreSQL's own error handling leaves its main loop; PGlite catches it and goes on. */
const longJump = 100

interface MainLoop {
  _PostgresMainLoopOnce: () => void
}

/**
 * Calls `fail` when PostgreSQL has crashed: a panic, such as a write-ahead log that cannot be synced, or a fault of the
 * machine code. PGlite swallows those and runs on with a broken memory, answering as if nothing had happened.
 *
 * @param fail must not return
 */
export function stopAtCrash(engine: PGlite, fail: (error: unknown) => never): void {
  const loop: MainLoop = engine.Module
  const runOnce = loop._PostgresMainLoopOnce
  loop._PostgresMainLoopOnce = () => {
    try {
      runOnce()
    } catch (error) {
      if (isLongJump(error)) throw error
      fail(error)
    }
  }
}

function isLongJump(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'status' in error && error.status === longJump
}
