/** Ctrl-C may arrive twice within milliseconds, from the terminal and from npm. Both signals are one request to end. */
const oneWishMs = 1000
const lookForParentMs = 100

/**
 * Resolves on SIGINT or SIGTERM, or when the npm that started this process has ended. A second, later signal ends the
 * process at once.
 */
export function untilSignal(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | null = null
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const now = performance.now()
        firstAt ??= now
        if (now - firstAt > oneWishMs) process.exit(1)
        resolve()
      })
    }
    // npm and npx run a command in a shell, and send a signal to the shell alone: the shell dies and tells nobody.
    if (environment.npm_lifecycle_event !== undefined) void untilOrphaned().then(resolve)
  })
}

/** A process that has no parent any more by now was meant to go on without. */
function untilOrphaned(): Promise<void> {
  const parent = process.ppid
  return new Promise((resolve) => {
    if (parent === 1) return
    const timer = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(timer)
      resolve()
    }, lookForParentMs).unref()
  })
}
