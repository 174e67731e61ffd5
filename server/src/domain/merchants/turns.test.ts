import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ServiceError } from '../../base/errors.ts'
import type { Tenant } from './tenant.ts'
import { createTurns } from './turns.ts'

const tenant = (id: number, mode: 'test' | 'live' = 'test') => ({ merchant: { id }, mode }) as unknown as Tenant
const refuse = () => new ServiceError('too_many_reads', 'full')

test('a tenant has some pieces under way at once, in their order, and no other tenant waits for them', async () => {
  const turns = createTurns({ atOnce: 2, waiting: 10 }, refuse)
  const begun: string[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const work = (name: string, end: Promise<void>) => async () => {
    begun.push(name)
    await end
    return name
  }
  const all = ['a', 'b', 'c', 'd'].map((name) => turns(tenant(1), work(name, held)))
  expect(await turns(tenant(2), work('other', Promise.resolve()))).toBe('other')
  expect(await turns(tenant(1, 'live'), work('live', Promise.resolve()))).toBe('live')
  expect(begun).toEqual(['a', 'b', 'other', 'live'])
  release()
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd'])
  expect(begun).toEqual(['a', 'b', 'other', 'live', 'c', 'd'])
})

test('a full line refuses, a piece that fails gives its place on, and the line is free again afterwards', async () => {
  const turns = createTurns({ atOnce: 1, waiting: 1 }, refuse)
  const first = turns(tenant(1), () => sleep(20).then(() => Promise.reject(new Error('broken'))))
  const second = turns(tenant(1), async () => 'second')
  await expect(turns(tenant(1), async () => 'third')).rejects.toMatchObject({ code: 'too_many_reads' })
  await expect(first).rejects.toThrow('broken')
  expect(await second).toBe('second')
  expect(await turns(tenant(1), async () => 'later')).toBe('later')
})
