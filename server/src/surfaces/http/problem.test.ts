import { expect, test } from 'vitest'
import { UpstreamError } from '../../base/upstream-error.ts'
import { problemOf } from './problem.ts'

test('a service that cannot be asked makes a call busy, to be tried again, and tells nothing of itself', () => {
  const problem = problemOf(new UpstreamError('resolve_account', 'refused', 401))
  expect(problem).toMatchObject({ code: 'busy', expected: true })
  expect(problem.message).not.toMatch(/401|resolve_account/)
})
