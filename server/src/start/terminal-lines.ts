const levels: Readonly<Record<number, string>> = { 40: ' WARN', 50: ' ERROR', 60: ' FATAL' }

/**
 * A JSON line of the log as a person reads it at a terminal:
 *
 *     10:31:02 POST /api/canary/transfers 201 4.2 ms 0f8c5a1e-…
 *     10:31:09 WARN webhook endpoint we_… begins to fail, reason: Answered 401
 */
export function renderForTerminal(line: string): string {
  const { level, time, pid: _pid, hostname: _hostname, msg, subject, err, ...rest } = JSON.parse(line)
  const { method, route, status, durationMs, requestId, ...members } = rest
  const isRequest = status !== undefined
  const said = isRequest ? [method, route, status, durationMs, 'ms', requestId] : [subject, msg]
  const more = Object.entries(isRequest ? members : rest).map(([name, value]) => `, ${name}: ${value}`)
  const stack = err === undefined ? '' : `\n${err.stack}`
  const text = `${said.filter((each) => each !== undefined).join(' ')}${more.join('')}`
  return `${timeOf(time)}${levels[level] ?? ''} ${text}${stack}\n`
}

/** Of the day, where the reader is. */
function timeOf(time: number): string {
  return new Date(time).toTimeString().slice(0, 8)
}
