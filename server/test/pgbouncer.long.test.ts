import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeTestFolder, startPostgres, testEngine } from './engines.ts'
import { hasProgram } from './proxies.ts'
import { freePort, ServerProcess } from './server-process.ts'

const key = 'sk_test_pooled_0123456789'

describe.runIf(testEngine === 'postgresql' && hasProgram('pgbouncer'))('PgBouncer in transaction mode', () => {
  test('without prepared statements no call fails through a pooler that changes connections with each transaction', async () => {
    const postgres = await startPostgres()
    const [folder, port] = [await makeTestFolder(), await freePort()]
    const ini = path.join(folder, 'pgbouncer.ini')
    const { host } = new URL(postgres.url)
    const [address, serverPort] = host.split(':')
    writeFileSync(
      ini,
      `[databases]\npostgres = host=${address} port=${serverPort} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n` +
        `listen_port = ${port}\nauth_type = any\nunix_socket_dir =\npool_mode = transaction\ndefault_pool_size = 4\n`,
    )
    for (const each of [path.dirname(folder), folder]) chmodSync(each, 0o755)
    // PgBouncer refuses to run as root.
    const asOther = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
    const bouncer = spawn('pgbouncer', [...asOther, ini], { stdio: 'ignore' })
    const place = { dataFolder: await makeTestFolder(), databaseUrl: `postgres://postgres@127.0.0.1:${port}/postgres` }
    const environment = {
      MTEJA_TEST_KEY: key,
      MTEJA_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      MTEJA_PREPARED_STATEMENTS: 'off',
    }
    const server = new ServerProcess(await freePort(), place, environment)
    await server.start()
    const call = async (method: string, address: string, body?: object) => {
      const answer = await fetch(`${server.origin}${address}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: JSON.parse(await answer.text()) }
    }
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) => call('POST', '/customer', { email: `p${i}@example.com` })),
    )
    const codes = made.map(({ body }) => body.data.customer_code as string)
    const statuses = new Set<number>()
    for (let round = 0; round < 20; round += 1) {
      const calls = codes.flatMap((customerId) => [
        call('POST', '/v1/sandbox/pay-ins', { customerId, amount: 1, currency: 'ZAR' }),
        call('GET', `/customer/${customerId}`),
        call('GET', '/customer'),
        call('PUT', `/customer/${customerId}`, { first_name: `A${round}` }),
      ])
      for (const { status } of await Promise.all(calls)) statuses.add(status)
    }
    expect([...statuses].sort()).toEqual([200, 201])
    await server.stop()
    const ended = once(bouncer, 'exit')
    bouncer.kill('SIGKILL')
    await ended
    await postgres.stop()
  }, 180_000)
})
