/** How often a server that is away is asked again. */
const pauseMs = 2_000

/**
 * Reads a script of this build. A server that is away is waited for: a page that loaded itself again meanwhile would become the
 * browser's own page of errors, and stay that. If the server is there without the script, its build was replaced, and the page is
 * loaded again.
 */
export async function readScript<Script>(read: () => Promise<Script>): Promise<Script> {
  try {
    return await read()
  } catch {
    while (!(await hasPage())) await new Promise((done) => setTimeout(done, pauseMs))
  }
  try {
    return await read()
  } catch {
    location.reload()
    return new Promise(() => {})
  }
}

/** Whether the server sends its page. What a proxy says about a server that is away is no success. */
async function hasPage(): Promise<boolean> {
  try {
    const { ok } = await fetch('/app', { cache: 'no-store', signal: AbortSignal.timeout(pauseMs * 2) })
    return ok
  } catch {
    return false
  }
}
