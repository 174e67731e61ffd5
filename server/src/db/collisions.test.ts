import { expect, test } from 'vitest'
import { repeatAfterCollision } from './collisions.ts'

/** Fails with each error in turn, then answers how often it was called. */
function failing(...errors: object[]) {
  let calls = 0
  return async () => {
    const error = errors[calls++]
    if (error) throw Object.assign(new Error('refused'), error)
    return calls
  }
}

const deadlock = { code: '40P01' }
const sameKey = { code: '23505', constraint: 'keys_pkey' }

test.each([
  ['a deadlock', deadlock],
  ['a serialization failure', { code: '40001' }],
  ['a row of the same key', sameKey],
  ['a row of the same key in a shard', { code: '23505', constraint: 'keys_pkey_102008' }],
])('work is done again after %s', async (_title, error) => {
  expect(await repeatAfterCollision(['keys_pkey'], failing(error, error))).toBe(3)
})

test.each([
  ['of another constraint', { code: '23505', constraint: 'emails' }],
  ['of a constraint that begins alike', { code: '23505', constraint: 'keys_pkey2' }],
  ['of another kind', { code: '23514', constraint: 'keys_pkey' }],
  ['without a code', {}],
])('an error %s is thrown at once', async (_title, error) => {
  await expect(repeatAfterCollision(['keys_pkey'], failing(error))).rejects.toMatchObject(error)
})

test('work that always collides is not done again for ever', async () => {
  const work = failing(...Array.from({ length: 9 }, () => deadlock))
  await expect(repeatAfterCollision([], work)).rejects.toMatchObject(deadlock)
  // Of nine failures some are left.
  await expect(work()).rejects.toMatchObject(deadlock)
})

test('a collision inside the caller’s own transaction is thrown, so that the caller begins again', async () => {
  await expect(repeatAfterCollision(['keys_pkey'], failing(sameKey, { code: '25P02' }))).rejects.toMatchObject(sameKey)
})
