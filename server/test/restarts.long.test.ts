import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from './engines.ts'
import { hasProgram, openDocumented } from './proxies.ts'
import { freePort, ServerProcess } from './server-process.ts'

const key = 'sk_test_restarts_0123456789'
const environment = {
  MTEJA_TEST_KEY: key,
  MTEJA_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  MTEJA_DRAIN_MS: '2000',
}

const proxies = (['nginx', 'caddy'] as const).filter(hasProgram)

describe.runIf(testEngine === 'postgresql')('two servers behind a proxy', { timeout: 180_000 }, () => {
  let place: TestPlace
  let servers: [ServerProcess, ServerProcess]
  beforeAll(async () => {
    place = await makeTestDatabase()
    const start = async () => {
      const dataFolder = await makeTestFolder()
      const server = new ServerProcess(await freePort(), { ...place.options, dataFolder }, environment)
      await server.start()
      return server
    }
    servers = [await start(), await start()]
  })
  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop()))
    await place.remove()
  })

  test.each(proxies)(
    'two servers behind %s as documented are restarted in turn under load, and no call fails',
    async (kind) => {
      const proxy = await openDocumented(kind, [servers[0].origin, servers[1].origin])
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
      const made = await fetch(`${proxy.url}/customer`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ email: `${kind}@example.com` }),
      })
      const { data } = (await made.json()) as { data: { customer_code: string } }
      const outcomes = new Map<string, number>()
      let paidIn = 0
      let isOver = false
      const caller = async (number: number) => {
        for (let i = 0; !isOver; i += 1) {
          const outcome = await fetch(`${proxy.url}/v1/sandbox/pay-ins`, {
            method: 'POST',
            headers: { ...headers, 'idempotency-key': `${kind}-${number}-${i}` },
            body: JSON.stringify({ customerId: data.customer_code, amount: 1, currency: 'ZAR' }),
          }).then(
            async (answer) => {
              await answer.text()
              return String(answer.status)
            },
            (error: Error) => error.message,
          )
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
          if (outcome === '201') paidIn += 1
        }
      }
      const callers = Array.from({ length: 8 }, (_, number) => caller(number))
      const stopsMs: number[] = []
      await sleep(1000)
      for (const server of servers) {
        const begunAt = performance.now()
        await server.stop()
        stopsMs.push(Math.round(performance.now() - begunAt))
        await server.start()
        await sleep(2500)
      }
      isOver = true
      await Promise.all(callers)
      console.log(`${kind}: ${JSON.stringify(Object.fromEntries(outcomes))}, stops took ${stopsMs} ms`)
      expect([...outcomes.keys()]).toEqual(['201'])
      const balance = await fetch(`${proxy.url}/v1/customers/${data.customer_code}/balances`, { headers })
      if (balance.ok) expect(JSON.stringify(await balance.json())).toContain(String(paidIn))
      for (const ms of stopsMs) expect(ms).toBeLessThan(2000 + 3000)
      await proxy.close()
    },
  )
})
