import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { deliverDue } from '../../../test/deliver.ts'
import { testEngine } from '../../../test/engines.ts'
import { createWallets } from '../../../test/wallets.ts'
import { type MetricName, metrics } from '../../base/metrics.ts'
import { observeUpstream } from '../../base/observe-upstream.ts'
import { watchWork } from '../../base/work-watch.ts'
import { createBatcher, watchQueue } from '../../db/batcher.ts'
import { sql } from '../../db/sql.ts'
import { placeHold } from '../../domain/wallet/holds.ts'
import { createWebhookEndpoint } from '../../domain/webhooks/endpoints.ts'
import { workers } from '../../start/background.ts'
import { standardOutput } from '../../start/log.ts'

let api: TestApi
let holderCode: string

beforeAll(async () => {
  api = await openTestApi()
  ;[holderCode = ''] = await createWallets(api.service, api.tenant, 1)
  await api.call('POST', '/v1/sandbox/pay-ins', { customerId: holderCode, amount: 1000, currency: 'ZAR' })
})
afterAll(() => api.close())

async function scrape(): Promise<string> {
  return (await api.call('GET', '/metrics', undefined, null)).body
}

/** Sends one webhook to an endpoint that answers with `status`. */
async function sendWebhook(status: number): Promise<void> {
  const { service, tenant } = api
  const answer = { status, headers: {}, body: '', durationMs: 20 }
  const webhookSender = { send: async () => answer, mayReach: () => true, close: async () => {} }
  await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/hooks' })
  await createWallets(service, tenant, 1)
  await deliverDue({ ...service, webhookSender }, { standard: () => ({}), paystack: () => ({}) })
}

/** A queue of the test's own. A batch fails unless it has one call. */
const callQueue = (maxWaiting: number, calls: number) => {
  const { service } = api
  const options = { maxBatch: 10, maxWaiting, isRolledBack: () => true, watch: watchQueue(service.meter, 'test') }
  const run = async (_lane: unknown, items: number[]) => {
    if (items.length > 1) throw new Error('one of them is wrong')
    return items
  }
  const call = createBatcher(service.db, run, () => '', options)
  return Promise.all(Array.from({ length: calls }, (_, i) => call(i).catch(() => {})))
}

/** Opens one connection more than are allowed. On the first one a call is under way, or nothing was sent. */
async function openTooMany(first: 'at work' | 'idle'): Promise<void> {
  const { app } = await api.openAnother({ limits: { requestTimeoutMs: 1000, maxConnections: 1 } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port, hostname } = new URL(app.listeningOrigin)
  const sockets = [net.connect(Number(port), hostname)]
  if (first === 'at work') {
    sockets[0]?.write(`GET /v1/events/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.tenant.secret}\r\n\r\n`)
    await once(sockets[0] as net.Socket, 'data')
  } else await once(sockets[0] as net.Socket, 'connect')
  sockets.push(net.connect(Number(port), hostname))
  await Promise.race(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  for (const socket of sockets) socket.destroy()
  await app.close()
}

/** For each metric, an action that changes it, and the line that shows it then. */
const moves: Record<MetricName, { act: () => unknown; shown: RegExp }> = {
  http_request_duration_seconds: {
    act: () => api.call('GET', '/v1/api-keys'),
    shown: /^http_request_duration_seconds_count\{method="GET",route="\/v1\/api-keys",status="200"\} 1$/m,
  },
  http_request_failures_total: {
    act: async () => {
      const bug = vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('a bug'))
      await api.call('GET', '/customer')
      bug.mockRestore()
    },
    shown: /^http_request_failures_total 1$/m,
  },
  http_connections_refused_total: {
    act: () => openTooMany('at work'),
    shown: /^http_connections_refused_total 1$/m,
  },
  http_connections_displaced_total: {
    act: () => openTooMany('idle'),
    shown: /^http_connections_displaced_total 1$/m,
  },
  mteja_authentication_failures_total: {
    act: () => api.call('GET', '/v1/merchant', undefined, 'sk_test_0000000000'),
    shown: /^mteja_authentication_failures_total\{surface="mteja"\} 1$/m,
  },
  mteja_background_done_total: {
    act: () => watchWork(api.service, 'holds').done(3),
    shown: /^mteja_background_done_total\{task="holds"\} 3$/m,
  },
  mteja_background_failures_total: {
    act: () => watchWork(api.service, 'holds').failed(new Error('a bug')),
    shown: /^mteja_background_failures_total\{task="holds"\} 1$/m,
  },
  mteja_background_oldest_due_age_seconds: {
    act: async () => {
      const { service, tenant } = api
      const expiresAt = new Date(service.clock.now().getTime() + 60_000)
      await placeHold(service, tenant, { customerCode: holderCode, amount: 10, expiresAt }, null)
      service.clock.advance(90_000)
    },
    shown: /^mteja_background_oldest_due_age_seconds\{task="holds"\} 30$/m,
  },
  mteja_queue_waiting: {
    act: async () => {
      // The calls are sent in the next turn of the event loop. This shows them while they wait.
      void callQueue(10, 7)
      expect(await api.service.meter.render()).toMatch(/^mteja_queue_waiting\{queue="test"\} 7$/m)
    },
    shown: /^mteja_queue_waiting\{queue="test"\} 0$/m,
  },
  mteja_queue_batch_size: {
    act: () => createWallets(api.service, api.tenant, 5),
    shown: /^mteja_queue_batch_size_bucket\{le="8",queue="customer_creations"\} [1-9]/m,
  },
  mteja_queue_refused_total: { act: () => callQueue(2, 5), shown: /^mteja_queue_refused_total\{queue="test"\} 3$/m },
  mteja_queue_batches_split_total: {
    act: () => callQueue(10, 3),
    shown: /^mteja_queue_batches_split_total\{queue="test"\} [1-9]$/m,
  },
  mteja_database_up: { act: () => {}, shown: /^mteja_database_up 1$/m },
  mteja_database_connections_max: {
    act: () => {},
    shown: testEngine === 'embedded' ? /^mteja_database_connections_max 1$/m : /^mteja_database_connections_max 10$/m,
  },
  mteja_database_connections_used: {
    act: () =>
      api.service.db.transaction(async () => {
        expect(await api.service.meter.render()).toMatch(/^mteja_database_connections_used [1-9]/m)
      }),
    shown: /^mteja_database_connections_used 0$/m,
  },
  mteja_database_connections_waiting: {
    act: async () => {
      const calls = Array.from({ length: 30 }, () => api.service.db.query(sql`select 1`))
      expect(await api.service.meter.render()).toMatch(/^mteja_database_connections_waiting [1-9]/m)
      await Promise.all(calls)
    },
    shown: /^mteja_database_connections_waiting 0$/m,
  },
  mteja_database_size_bytes: { act: () => {}, shown: /^mteja_database_size_bytes [1-9]\d{6,}$/m },
  mteja_database_last_maintenance_timestamp_seconds: {
    act: async () => {
      const { db } = api.service
      if ('asOwner' in db)
        await (db as import('../../db/database.ts').OwnedDb).asOwner((owner) => owner.execute('analyze customers'))
    },
    shown: /^mteja_database_last_maintenance_timestamp_seconds 1\d{9}(\.\d+)?$/m,
  },
  mteja_webhook_deliveries_due: {
    act: async () => {
      const { service, tenant } = api
      await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/due' })
      await createWallets(service, tenant, 3)
    },
    shown: /^mteja_webhook_deliveries_due [1-9]/m,
  },
  mteja_webhook_attempts_under_way: {
    act: () => api.service.meter.gauge('mteja_webhook_attempts_under_way', {}).add(1),
    shown: /^mteja_webhook_attempts_under_way 1$/m,
  },
  mteja_webhook_attempt_duration_seconds: {
    act: async () => {
      await sendWebhook(200)
      await sendWebhook(401)
    },
    shown: /^mteja_webhook_attempt_duration_seconds_count\{outcome="refused"\} [1-9]/m,
  },
  mteja_upstream_call_duration_seconds: {
    act: () => observeUpstream(api.service, 'bank', { resolve: async () => 'Ada' }).resolve(),
    shown: /^mteja_upstream_call_duration_seconds_count\{upstream="bank",operation="resolve",outcome="answered"\} 1$/m,
  },
  mteja_log_lines_dropped_total: {
    act: () => standardOutput(api.service.meter, { json: false }).write('x'.repeat(20 * 1024 * 1024)),
    shown: /^mteja_log_lines_dropped_total 1$/m,
  },
}

describe('/metrics', () => {
  test.each(Object.entries(moves))('/metrics shows %s once it has a value', async (_name, { act, shown }) => {
    await act()
    // On a busy machine the database does not answer each scrape in time.
    await vi.waitFor(async () => expect(shown.test(await scrape())).toBe(true), { timeout: 60_000 })
  })

  test('/metrics has the metrics of the process', async () => {
    expect(await scrape()).toMatch(/^process_cpu_user_seconds_total /m)
  })

  test('/metrics has exactly the metrics and labels in docs/operating.md', () => {
    const docs = readFileSync(new URL('../../../../docs/operating.md', import.meta.url), 'utf8')
    const rows = [...docs.matchAll(/^\| `((?:mteja|http)_\w+)` \|([^|]*)\|/gm)].map(([, name, labels = '']) => [
      name,
      [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    ])
    expect(rows).toEqual(Object.entries(metrics).map(([name, { labels }]) => [name, labels]))
    for (const { task } of workers) expect(docs).toContain(`\`${task}\``)
  })

  test('/metrics leaves out the database’s metrics when the database is away', async () => {
    const away = vi.spyOn(api.service.db, 'transaction').mockRejectedValue(new Error('away'))
    const body = await scrape()
    away.mockRestore()
    expect(body).toMatch(/^mteja_database_up 0$/m)
    expect(body).not.toMatch(/^(mteja_database_size_bytes|mteja_background_oldest_due_age_seconds)\b/m)
    expect(body).toMatch(/^mteja_queue_waiting\{/m)
    await vi.waitFor(async () => expect(await scrape()).toMatch(/^mteja_database_up 1$/m), { timeout: 60_000 })
  })

  test('/metrics answers within seconds when the database hangs, and asks the database once for several scrapes', async () => {
    const hanging = vi.spyOn(api.service.db, 'transaction').mockReturnValue(new Promise(() => {}))
    const startedAt = performance.now()
    const bodies = await Promise.all([scrape(), scrape(), scrape()])
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    for (const body of bodies) expect(body).toMatch(/^mteja_database_up 0$/m)
    expect(hanging).toHaveBeenCalledTimes(1)
    hanging.mockRestore()
  })
})

test.each(
  workers.filter(({ oldestDue }) => oldestDue !== undefined).map((each) => [each.task, each.oldestDue] as const),
)('the age of the oldest due work of %s is an index look-up', async (_task, oldestDue) => {
  const asked = oldestDue?.(api.service.clock.now()) ?? sql``
  const plan = await api.service.db.transaction(async (tx) => {
    await tx.query(sql`select set_config('enable_seqscan', 'off', true)`)
    return tx.query(sql`explain (format text) select (${asked})`)
  })
  expect(JSON.stringify(plan)).toContain('Index')
  expect(JSON.stringify(plan)).not.toContain('Seq Scan')
  // Rows that fail have an index of their own: in any other index they stand among all that wait.
  if (asked.text.includes('attempts')) expect(JSON.stringify(plan)).toMatch(/Index (Only )?Scan using \w+_failing/)
})
