import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService } from '../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../test/wallets.ts'
import type { Log } from '../base/log.ts'
import { watchClock } from './clock-watch.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())

test('a clock behind the newest transaction is told until it has caught up, and logged once', async () => {
  const lines: string[] = []
  const log = { ...service.log, warn: (_details: object, line: string) => void lines.push(line) } as Log
  const late = new Date('2026-01-15T10:30:00.000Z')
  expect(await watchClock({ ...service, log })()).toBe(null)
  const tenant = await createTestTenant(service)
  const [code = ''] = await createWallets(service, tenant, 1)
  await createLedger(service)(tenant, commandsFor(service).payIn(code, 100n))
  let now = late
  const ask = watchClock({ ...service, log, clock: { now: () => now } })
  expect([await ask(), lines]).toEqual([null, []])
  now = new Date('2025-12-01T00:00:00.000Z')
  const sentence = expect.stringContaining('behind the newest ledger transaction, of 2026-01-15T10:30:00')
  expect([await ask(), await ask(), lines]).toEqual([sentence, sentence, [sentence]])
  now = late
  expect(await ask()).toBe(null)
})
