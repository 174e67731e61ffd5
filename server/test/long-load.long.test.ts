import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../src/db/connect.ts'
import { makeTestDatabase, testEngine } from './engines.ts'
import { freePort, ServerProcess } from './server-process.ts'

/** 60 for the full test. */
const minutes = Number(process.env.MTEJA_TEST_MINUTES ?? 4)
const minuteMs = 60_000
/** Minutes at each end that are compared. One alone says little: what else the machine does halves or doubles it. */
const compared = Math.max(1, Math.floor(minutes / 6))
const maxLogBytes = 64 * 1024 * 1024
const maxReopenMs = 3_000
const key = 'sk_test_long_load_0123456789'

describe.runIf(testEngine === 'embedded')('the embedded database under load for a long time', () => {
  test('the embedded database stays as fast as in its first minutes, its log stays small, and it reopens at once after a kill', {
    timeout: (minutes + 3) * minuteMs,
  }, async () => {
    const { options, remove } = await makeTestDatabase()
    const environment = { MTEJA_TEST_KEY: key, MTEJA_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') }
    const server = new ServerProcess(await freePort(), options, environment)
    await server.start()
    const call = async (address: string, body: object) => {
      const answer = await fetch(`${server.origin}${address}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      if (!answer.ok) throw new Error(`${address} answered ${answer.status}`)
      return (await answer.json()) as { data: { customer_code: string } }
    }
    const customers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => call('/customer', { email: `long-${i}@example.com` })),
    )
    const begunAt = performance.now()
    const done = Array<number>(minutes).fill(0)
    let isOver = false
    const caller = async (number: number) => {
      for (let i = number; !isOver; i += 7) {
        const customerId = customers[i % customers.length]?.data.customer_code
        await call('/v1/sandbox/pay-ins', { customerId, amount: 1, currency: 'ZAR' }).catch((error: unknown) => {
          // The kill at the end cuts the last calls.
          if (!isOver) throw error
        })
        const minute = Math.floor((performance.now() - begunAt) / minuteMs)
        if (minute > 0 && minute < minutes && done[minute] === 0) console.log(`minute ${minute}: ${done[minute - 1]}`)
        if (minute < minutes) done[minute] = (done[minute] ?? 0) + 1
      }
    }
    const callers = Promise.all(Array.from({ length: 32 }, (_, number) => caller(number)))
    let largestLog = 0
    while (performance.now() - begunAt < minutes * minuteMs) {
      largestLog = Math.max(largestLog, await sizeOf(path.join(options.dataFolder, 'pgdata', 'pg_wal')))
      await Promise.race([sleep(500), callers])
    }
    isOver = true
    await server.kill()
    await callers
    const killedAt = performance.now()
    const db = await openDatabase(options)
    const reopenMs = performance.now() - killedAt
    await db.close()
    await remove()
    const first = middleOf(done.slice(0, compared))
    const last = middleOf(done.slice(-compared))
    console.log(
      `middle of the first ${compared} minutes ${first}, of the last ${last}: ${(last / first).toFixed(2)}; ` +
        `calls a minute: ${done.join(' ')}; largest log ${Math.round(largestLog / 1024 / 1024)} MiB; reopened in ${Math.round(reopenMs)} ms`,
    )
    expect(largestLog).toBeLessThan(maxLogBytes)
    expect(reopenMs).toBeLessThan(maxReopenMs)
    expect(last / first).toBeGreaterThan(0.9)
  })
})

function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map((name) =>
    stat(path.join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
