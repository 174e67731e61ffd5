import { expect, test } from 'vitest'
import { createMeter } from './meter.ts'
import { metrics } from './metrics.ts'

/** The lines of one metric, without its description. */
function linesOf(text: string, name: string): string[] {
  return text.split('\n').filter((line) => new RegExp(`^${name}(_bucket|_sum|_count)?[{ ]`).test(line))
}

test('a counter adds up, each series for itself', async () => {
  const meter = createMeter()
  meter.counter('mteja_background_done_total', { task: 'holds' }).add(2)
  meter.counter('mteja_background_done_total', { task: 'holds' }).add(3)
  meter.counter('mteja_background_done_total', { task: 'mandates' }).add(0)
  meter.counter('http_request_failures_total', {}).add(1)
  expect(linesOf(await meter.render(), 'mteja_background_done_total')).toEqual([
    'mteja_background_done_total{task="holds"} 5',
    'mteja_background_done_total{task="mandates"} 0',
  ])
  expect(linesOf(await meter.render(), 'http_request_failures_total')).toEqual(['http_request_failures_total 1'])
})

test('a gauge rises and falls, and is not shown while nobody knows its value', async () => {
  const meter = createMeter()
  const waiting = meter.gauge('mteja_queue_waiting', { queue: 'balances' })
  waiting.add(3)
  waiting.add(-1)
  expect(linesOf(await meter.render(), 'mteja_queue_waiting')).toEqual(['mteja_queue_waiting{queue="balances"} 2'])
  waiting.set(null)
  expect(linesOf(await meter.render(), 'mteja_queue_waiting')).toEqual([])
})

test('a watched gauge is read whenever it is shown', async () => {
  const meter = createMeter()
  let used = 1
  meter.watch('mteja_database_connections_used', {}, () => used)
  used = 7
  expect(linesOf(await meter.render(), 'mteja_database_connections_used')).toEqual([
    'mteja_database_connections_used 7',
  ])
})

test('a histogram counts each value in every bucket that has room for it', async () => {
  const meter = createMeter()
  const sizes = meter.histogram('mteja_queue_batch_size', { queue: 'balances' })
  for (const size of [1, 2, 3, 256, 300]) sizes.observe(size)
  expect(linesOf(await meter.render(), 'mteja_queue_batch_size')).toEqual([
    'mteja_queue_batch_size_bucket{le="1",queue="balances"} 1',
    'mteja_queue_batch_size_bucket{le="2",queue="balances"} 2',
    'mteja_queue_batch_size_bucket{le="4",queue="balances"} 3',
    'mteja_queue_batch_size_bucket{le="8",queue="balances"} 3',
    'mteja_queue_batch_size_bucket{le="16",queue="balances"} 3',
    'mteja_queue_batch_size_bucket{le="32",queue="balances"} 3',
    'mteja_queue_batch_size_bucket{le="64",queue="balances"} 3',
    'mteja_queue_batch_size_bucket{le="128",queue="balances"} 3',
    'mteja_queue_batch_size_bucket{le="256",queue="balances"} 4',
    'mteja_queue_batch_size_bucket{le="+Inf",queue="balances"} 5',
    'mteja_queue_batch_size_sum{queue="balances"} 562',
    'mteja_queue_batch_size_count{queue="balances"} 5',
  ])
})

test('a label value cannot break out of its quotes', async () => {
  const meter = createMeter()
  meter.counter('mteja_background_done_total', { task: 'a"} 9\n\\' }).add(1)
  expect(await meter.render()).toContain('mteja_background_done_total{task="a\\"} 9\\n\\\\"} 1\n')
})

test('every metric is described, also one that has no series yet', async () => {
  const text = await createMeter().render()
  for (const [name, { kind, help }] of Object.entries(metrics)) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`)
  }
})

test('names follow the conventions of Prometheus', () => {
  for (const [name, { kind }] of Object.entries(metrics)) {
    expect(name).toMatch(/^(mteja|http)_[a-z_]+$/)
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter'])
    if (/duration|_age_|timestamp/.test(name)) expect(name).toMatch(/_seconds$/)
  }
})
