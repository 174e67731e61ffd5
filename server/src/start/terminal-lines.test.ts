import { expect, test } from 'vitest'
import { createLog, type ServerLog } from './log.ts'
import { renderForTerminal } from './terminal-lines.ts'

/** What a person sees of a line. */
function shown(write: (log: ServerLog) => void): string {
  const shownLines: string[] = []
  write(createLog('info', { write: (line) => shownLines.push(renderForTerminal(line)) }))
  return shownLines.join('')
}

test('a request is shown as time, method, route, status, duration and id', () => {
  const kind = { method: 'GET', route: '/customer/:id', status: 404 }
  const record = { requestId: 'order-7', durationMs: 4.2, merchant: 'mer_x', apiKeyId: null }
  expect(shown((log) => log.requestWriter('info', kind)(record))).toMatch(
    /^\d\d:\d\d:\d\d GET \/customer\/:id 404 4\.2 ms order-7, merchant: mer_x\n$/,
  )
})

test('any other line is shown with its sentence and its members', () => {
  const members = { subject: 'webhook endpoint we_1', reason: 'Answered 401' }
  expect(shown(({ logger }) => logger.warn(members, 'begins to fail'))).toMatch(
    /^\d\d:\d\d:\d\d WARN webhook endpoint we_1 begins to fail, reason: Answered 401\n$/,
  )
  expect(shown(({ logger }) => logger.info('Server listening at http://127.0.0.1:9000'))).toMatch(
    /^\d\d:\d\d:\d\d Server listening at http:\/\/127\.0\.0\.1:9000\n$/,
  )
})

test('an error is shown with its stack', () => {
  const text = shown(({ logger }) => logger.error({ err: new TypeError('a bug'), route: '/x' }, 'request failed'))
  expect(text).toMatch(/^\d\d:\d\d:\d\d ERROR request failed, route: \/x\nTypeError: a bug\n {4}at /)
})
