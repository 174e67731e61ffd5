/** Ctrl-C may arrive twice within milliseconds, from the terminal and from npm. Both signals are one request to end. */
const oneWishMs = 1000

/** Resolves on SIGINT or SIGTERM. A second, later signal ends the process at once. */
export function untilSignal(): Promise<void> {
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
  })
}
