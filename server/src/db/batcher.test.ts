import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { QueueFullError } from '../base/errors.ts'
import { createMeter } from '../base/meter.ts'
import { type BatchOptions, createBatcher, watchQueue } from './batcher.ts'
import type { Db, Lane } from './database.ts'

/** A batch that is under way until the test ends it. */
interface Running {
  items: string[]
  succeed(): void
  fail(error: Error): void
}

const rolledBack = new Error('rolled back')
const unknownOutcome = new Error('connection lost')

/** Batches are sent on these, and nothing is asked of them. */
function dbOfDepth(depth: Lane['depth']): Pick<Db, 'lane'> {
  return { lane: () => ({ depth, query: () => Promise.reject(new Error('there is no database')) }) }
}

/** A batcher whose batches the test sees and ends; the group of an item is its first letter. */
function setUp(options: Partial<BatchOptions<string>> = {}, depth: Lane['depth'] = 1) {
  const batches: Running[] = []
  const call = createBatcher<string, string>(
    dbOfDepth(depth),
    (_lane, items) =>
      new Promise((resolve, reject) => {
        batches.push({ items, succeed: () => resolve(items.map((each) => `${each}!`)), fail: reject })
      }),
    (item) => item[0] ?? '',
    { maxBatch: 100, maxWaiting: 100, isRolledBack: (error) => error === rolledBack, ...options },
  )
  const batch = (i: number) => batches[i] as Running
  const started = () => batches.map(({ items }) => items)
  return { call, batch, started }
}

/** Ends batch `i` and lets whatever it held up begin. */
async function end(batch: Running, how: 'succeed' | Error = 'succeed') {
  if (how === 'succeed') batch.succeed()
  else batch.fail(how)
  await nextTurn()
}

/** Runs each batch at once; items named in `broken` fail the batch they are in. */
function setUpRunning(broken: Record<string, Error>) {
  const batches: string[][] = []
  const call = createBatcher<string, string>(
    dbOfDepth(2),
    async (_lane, items) => {
      batches.push(items)
      const error = items.map((each) => broken[each]).find((each) => each !== undefined)
      if (error) throw error
      return items.map((each) => `${each}!`)
    },
    () => 'all',
    { maxBatch: 100, maxWaiting: 100, isRolledBack: (error) => error === rolledBack },
  )
  const outcomes = (items: string[]) =>
    Promise.all(items.map((each) => call(each).catch((error: Error) => `${each}: ${error.message}`)))
  return { batches, outcomes }
}

test('a lone call goes in this turn of the event loop and waits for nobody', async () => {
  const { call, batch, started } = setUp()
  const answer = call('a1')
  await nextTurn()
  expect(started()).toEqual([['a1']])
  await end(batch(0))
  expect(await answer).toBe('a1!')
})

test('calls of one turn go together, each with its own answer', async () => {
  const { call, batch, started } = setUp()
  const answers = Promise.all([call('a1'), call('a2'), call('a3')])
  await nextTurn()
  expect(started()).toEqual([['a1', 'a2', 'a3']])
  await end(batch(0))
  expect(await answers).toEqual(['a1!', 'a2!', 'a3!'])
})

test('calls that come while a batch is under way wait and go together in the next', async () => {
  const { call, batch, started } = setUp()
  const answers = [call('a1')]
  await nextTurn()
  answers.push(call('a2'))
  await nextTurn()
  answers.push(call('a3'))
  await nextTurn()
  expect(started()).toEqual([['a1']])
  await end(batch(0))
  expect(started()).toEqual([['a1'], ['a2', 'a3']])
  await end(batch(1))
  expect(await Promise.all(answers)).toEqual(['a1!', 'a2!', 'a3!'])
})

describe('a lane that takes two batches', () => {
  /** Lets calls come in one turn of the event loop. */
  const come = async (call: (item: string) => Promise<string>, ...items: string[]) => {
    const answers = items.map(call)
    await nextTurn()
    return answers
  }

  test('the next batch of a lane goes while one is under way, once half as many calls wait as went with it', async () => {
    const { call, started } = setUp({}, 2)
    await come(call, 'a1', 'a2', 'a3')
    await come(call, 'a4')
    expect(started()).toEqual([['a1', 'a2', 'a3']])
    await come(call, 'a5')
    expect(started()).toEqual([
      ['a1', 'a2', 'a3'],
      ['a4', 'a5'],
    ])
  })

  test('exactly half as many waiting calls are enough for a second batch', async () => {
    const { call, started } = setUp({}, 2)
    await come(call, 'a1', 'a2', 'a3', 'a4')
    await come(call, 'a5', 'a6')
    expect(started()).toHaveLength(2)
  })

  test('a third batch waits until one of two is done, and takes the calls that have come by then', async () => {
    const { call, batch, started } = setUp({}, 2)
    await come(call, 'a1')
    await come(call, 'a2')
    const waiting = [...(await come(call, 'a3')), ...(await come(call, 'a4'))]
    expect(started()).toEqual([['a1'], ['a2']])
    await end(batch(0))
    expect(started()).toEqual([['a1'], ['a2'], ['a3', 'a4']])
    await end(batch(1))
    await end(batch(2))
    expect(await Promise.all(waiting)).toEqual(['a3!', 'a4!'])
  })

  test('every call of one turn goes with the second batch, not only the calls that make it due', async () => {
    const { call, started } = setUp({}, 2)
    await come(call, 'a1', 'a2')
    await come(call, 'a3', 'a4', 'a5')
    expect(started()).toEqual([
      ['a1', 'a2'],
      ['a3', 'a4', 'a5'],
    ])
  })

  test('calls too few for a second batch go when nothing is under way any more', async () => {
    const { call, batch, started } = setUp({}, 2)
    await come(call, 'a1', 'a2', 'a3')
    await come(call, 'a4')
    await end(batch(0))
    expect(started()).toEqual([['a1', 'a2', 'a3'], ['a4']])
  })

  test('the later of two items with one key goes with the second batch', async () => {
    const { call, started } = setUp({ keyOf: (item) => item[1] ?? null }, 2)
    await come(call, 'ax1', 'ax2', 'ay')
    expect(started()).toEqual([['ax1'], ['ax2', 'ay']])
  })
})

test('a lone call after a quiet moment again waits for nobody', async () => {
  const { call, batch, started } = setUp()
  const first = call('a1')
  await nextTurn()
  await end(batch(0))
  await first
  void call('a2')
  await nextTurn()
  expect(started()).toEqual([['a1'], ['a2']])
})

test('a group is forgotten when nothing of it is under way', async () => {
  let lanes = 0
  const lane = () => {
    lanes += 1
    return dbOfDepth(2).lane()
  }
  const options = { maxBatch: 100, maxWaiting: 100, isRolledBack: () => false }
  const call = createBatcher<string, string>(
    { lane },
    async (_lane, items) => items,
    () => 'all',
    options,
  )
  await Promise.all([call('a1'), call('a2')])
  expect(lanes).toBe(1)
  await call('a3')
  expect(lanes).toBe(2)
})

test('groups share no batch and do not wait for each other', async () => {
  const { call, batch, started } = setUp()
  void call('a1')
  const other = call('b1')
  void call('a2')
  await nextTurn()
  expect(started()).toEqual([['a1', 'a2'], ['b1']])
  await end(batch(1))
  expect(await other).toBe('b1!')
})

test('a batch has at most maxBatch items, and the rest follow in order', async () => {
  const { call, batch, started } = setUp({ maxBatch: 2 })
  for (const item of ['a1', 'a2', 'a3', 'a4', 'a5']) void call(item)
  await nextTurn()
  await end(batch(0))
  await end(batch(1))
  expect(started()).toEqual([['a1', 'a2'], ['a3', 'a4'], ['a5']])
})

test('two items of one key never share a batch, and the later comes later', async () => {
  const { call, batch, started } = setUp({ keyOf: (item) => (item.includes('?') ? null : (item[1] ?? null)) })
  for (const item of ['ax1', 'ay', 'ax2', 'az', 'a?', 'a?', 'az2']) void call(item)
  await nextTurn()
  await end(batch(0))
  await end(batch(1))
  await end(batch(2))
  expect(started()).toEqual([['ax1', 'ay'], ['ax2', 'az', 'a?', 'a?'], ['az2']])
})

test('a full queue refuses at once, for its group only, and takes calls again when there is room', async () => {
  const { call, batch } = setUp({ maxWaiting: 2 })
  void call('a1')
  await nextTurn()
  void call('a2')
  void call('a3')
  await expect(call('a4')).rejects.toBeInstanceOf(QueueFullError)
  void call('b1')
  await end(batch(0))
  void call('a5')
  await nextTurn()
  expect(batch(1).items.concat(batch(2).items)).toEqual(expect.arrayContaining(['b1', 'a2', 'a3']))
})

describe('a batch that fails', () => {
  test('the items of a batch that was rolled back are done one by one, and a broken item hurts only itself', async () => {
    const { batches, outcomes } = setUpRunning({ a2: rolledBack })
    expect(await outcomes(['a1', 'a2', 'a3'])).toEqual(['a1!', 'a2: rolled back', 'a3!'])
    expect(batches).toEqual([['a1', 'a2', 'a3'], ['a1'], ['a2'], ['a3']])
    expect(await outcomes(['a2', 'a4'])).toEqual(['a2: rolled back', 'a4!'])
  })

  test('all callers of a batch are told when nobody knows whether it was kept, and nothing is done again', async () => {
    const { batches, outcomes } = setUpRunning({ a2: unknownOutcome })
    const told = ['a1: connection lost', 'a2: connection lost', 'a3: connection lost']
    expect(await outcomes(['a1', 'a2', 'a3'])).toEqual(told)
    expect(batches).toHaveLength(1)
  })

  test('an item with an unknown outcome in a batch that was rolled back leaves the other items their answers', async () => {
    const { outcomes } = setUpRunning({ a1: rolledBack, a2: unknownOutcome })
    expect(await outcomes(['a1', 'a2', 'a3'])).toEqual(['a1: rolled back', 'a2: connection lost', 'a3!'])
  })

  test('a lone item that fails is not tried again', async () => {
    const { batches, outcomes } = setUpRunning({ a1: rolledBack })
    expect(await outcomes(['a1'])).toEqual(['a1: rolled back'])
    expect(batches).toHaveLength(1)
  })

  test('calls that come after a failed batch are served', async () => {
    const { outcomes } = setUpRunning({ a1: unknownOutcome })
    await outcomes(['a1'])
    expect(await outcomes(['a2'])).toEqual(['a2!'])
  })
})

test('the watch of a queue counts the calls that wait, each batch, each refusal and each batch that was split', async () => {
  const meter = createMeter()
  const { call, batch } = setUp({ maxBatch: 2, maxWaiting: 3, watch: watchQueue(meter, 'q') })
  const shown = async () =>
    (await meter.render())
      .split('\n')
      .filter((line) => /queue_(waiting|refused_total|batches_split_total|batch_size_(sum|count))\{/.test(line))
      .map((line) => line.replace(/^mteja_queue_|\{.*\}/g, ''))
      .sort()
  const calls = ['a1', 'a2', 'a3'].map((item) => call(item))
  await expect(call('a4')).rejects.toThrow(QueueFullError)
  const unused = ['batch_size_count 0', 'batch_size_sum 0', 'batches_split_total 0']
  expect(await shown()).toEqual([...unused, 'refused_total 1', 'waiting 3'])
  await nextTurn()
  expect(await shown()).toContain('waiting 1')
  await end(batch(0), rolledBack)
  for (const i of [1, 2, 3]) await end(batch(i))
  expect(await Promise.all(calls)).toEqual(['a1!', 'a2!', 'a3!'])
  const sizes = ['batch_size_count 2', 'batch_size_sum 3']
  expect(await shown()).toEqual([...sizes, 'batches_split_total 1', 'refused_total 1', 'waiting 0'])
})
