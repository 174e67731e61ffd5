import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { callerOf, countingFailures } from './authentication.ts'
import type { Rates } from './rates.ts'

const request = { caller: null } as FastifyRequest
const reply = {} as FastifyReply

test.each([
  { what: 'wrong', error: new ServiceError('unauthorized', 'wrong'), counted: 1 },
  { what: 'not looked up, because the server is busy,', error: new ServiceError('busy', 'busy'), counted: 0 },
  { what: 'not looked up, because its issuer is away,', error: new UpstreamError('fetch_keys', 'failed'), counted: 0 },
  { what: 'not looked up, because of a bug,', error: new Error('bug'), counted: 0 },
])('a credential that is $what counts $counted times against its address', async ({ error, counted }) => {
  let failures = 0
  const rates: Rates = {
    admit: async () => undefined,
    countFailed: async () => {
      failures += 1
    },
    countRequest: async () => undefined,
  }
  await expect(countingFailures(rates, request, reply, () => Promise.reject(error))).rejects.toBe(error)
  expect(failures).toBe(counted)
})

test('a route that never asked for a credential has no caller to act for', () => {
  expect(() => callerOf(request)).toThrow('no authentication')
})
