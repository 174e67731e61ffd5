import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../../test/engines.ts'
import { runMteja } from '../../test/server-process.ts'

// Each command is a process of its own and opens the database anew.
vi.setConfig({ testTimeout: 180_000 })

let place: TestPlace['options']
let remove: () => Promise<void>

beforeAll(async () => {
  const made = await makeTestDatabase()
  remove = made.remove
  place = testEngine === 'embedded' ? made.options : { ...made.options, dataFolder: await makeTestFolder() }
})

afterAll(() => remove())

const mteja = (...args: string[]) => runMteja(args, place)

test('a merchant is shown, renamed, given a currency and a time zone, closed and opened again on the command line', async () => {
  const { id } = JSON.parse((await mteja('merchant', 'create', '--name', 'Soko', '--json')).stdout)
  const changes = ['--name', 'Duka', '--add-currencies', 'KES,USD', '--time-zone', 'africa/nairobi']
  const changed = await mteja('merchant', 'update', id, ...changes, '--json')
  expect(JSON.parse(changed.stdout)).toMatchObject({
    id,
    name: 'Duka',
    currencies: ['ZAR', 'KES', 'USD'],
    timeZone: 'Africa/Nairobi',
  })
  expect((await mteja('merchant', 'show', id)).stdout).toMatch(
    /^ID +INTEGRATION .+\nmer_\w+ +\d+ +ZA +ZAR,KES,USD +Africa\/Nairobi +open +Duka\n$/,
  )
  expect(await mteja('merchant', 'close', id)).toEqual({
    code: 0,
    stdout: `Closed merchant ${id}. Its history can still be read.\n`,
    stderr: '',
  })
  const refused = await mteja('merchant', 'update', id, '--name', 'Soko')
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^mteja: The merchant Duka was closed on /)])
  expect((await mteja('merchant', 'reopen', id)).stdout).toBe(`Merchant ${id} is open again.\n`)
})

test('a merchant with many currencies takes one line of a terminal, and all of them are in the JSON', async () => {
  const held = ['ZAR', 'KES', 'USD', 'NGN', 'GHS', 'XOF', 'EUR']
  const created = await mteja('merchant', 'create', '--name', 'Bureau', '--currencies', held.join(','), '--json')
  const { id } = JSON.parse(created.stdout)
  expect((await mteja('merchant', 'show', id)).stdout).toMatch(/ ZAR,KES,USD,NGN,GHS \+ 2 +Africa/)
  expect(JSON.parse((await mteja('merchant', 'show', id, '--json')).stdout).currencies).toEqual(held)
})
