import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../../test/engines.ts'
import { freePort, runMteja, ServerProcess } from '../../test/server-process.ts'

// Each command is a process of its own and opens the database anew.
vi.setConfig({ testTimeout: 90_000 })

let place: TestPlace['options']
let remove: () => Promise<void>

beforeAll(async () => {
  const made = await makeTestDatabase()
  remove = made.remove
  // The encryption key is stored in a folder with either engine.
  place = testEngine === 'embedded' ? made.options : { ...made.options, dataFolder: await makeTestFolder() }
  // The first command on a database creates its test merchant and reports that.
  await mteja('merchant', 'list')
})

afterAll(() => remove())

const mteja = (...args: string[]) => runMteja(args, place)

/** Creates a merchant on the command line. Answers it, and a function that reads the JSON output of a key command. */
async function createMerchant(name: string) {
  const { stdout } = await mteja(
    'merchant',
    'create',
    '--name',
    name,
    '--country',
    'KE',
    '--currencies',
    'KES',
    '--json',
  )
  const merchant = JSON.parse(stdout)
  const keys = async (command: string) =>
    JSON.parse((await mteja('key', command, '--merchant', merchant.id, '--json')).stdout)
  return { merchant, keys }
}

describe.each([['without a server'], ['while the server runs']])('%s', (title) => {
  let server: ServerProcess | undefined

  beforeAll(async () => {
    if (title === 'without a server') return
    server = new ServerProcess(await freePort(), place, {})
    await server.start()
  })
  afterAll(() => server?.kill())

  test(`${title}, merchants and their keys are created, listed and revoked`, async () => {
    const { merchant, keys } = await createMerchant('Soko')
    expect(merchant).toMatchObject({ name: 'Soko', country: 'KE', currencies: ['KES'] })
    expect((await mteja('merchant', 'list')).stdout).toContain(`${merchant.id}  ${merchant.integration}  KE  Soko\n`)
    const made = await keys('create')
    expect(made).toMatchObject({ mode: 'test', secret: expect.stringMatching(/^sk_test_/) })
    const revoked = await mteja('key', 'revoke', made.id, '--merchant', String(merchant.integration))
    expect(revoked).toEqual({ code: 0, stdout: `Revoked the test key ending in ${made.hint}.\n`, stderr: '' })
    expect(await keys('list')).toEqual([
      {
        id: made.id,
        mode: 'test',
        name: null,
        hint: made.hint,
        createdAt: made.createdAt,
        revokedAt: expect.any(String),
      },
    ])
  })

  test(`${title}, a refusal is printed in the server’s words, with exit code 1`, async () => {
    expect(await mteja('key', 'list', '--merchant', 'mer_nobody')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'mteja: There is no merchant "mer_nobody"\n',
    })
    const { code, stderr } = await mteja('merchant', 'create', '--name', 'x', '--country', 'Kenya')
    expect([code, stderr]).toEqual([1, expect.stringContaining('country must be an ISO 3166 code')])
  })
})

test.each([
  ['an id that is none', ['key', 'revoke', '']],
  ['a merchant that is none', ['key', 'list', '--merchant', '..']],
  ['a mode there is not', ['key', 'create', '--mode', 'dead']],
  ['a command there is not', ['merchants']],
])('mteja exits with 2 for %s', async (_what, args) => {
  expect((await runMteja(args, place)).code).toBe(2)
})
