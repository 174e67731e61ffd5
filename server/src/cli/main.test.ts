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
  // The first command that may make something creates the test merchant of a new embedded database and reports that.
  const { stderr } = await mteja('merchant', 'create', '--name', 'First')
  expect(stderr).toMatch(testEngine === 'embedded' ? /^First start: made the test merchant mer_/ : /^$/)
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
    const listed = (await mteja('merchant', 'list')).stdout
    expect(listed).toMatch(/^ID +INTEGRATION +COUNTRY +CURRENCIES +ZONE +STATE +NAME\n/)
    expect(listed).toMatch(
      new RegExp(`^${merchant.id} +${merchant.integration} +KE +KES +Africa/Nairobi +open +Soko$`, 'm'),
    )
    const made = await keys('create')
    expect(made).toMatchObject({ mode: 'test', secret: expect.stringMatching(/^sk_test_/) })
    const revoked = await mteja('key', 'revoke', made.id, '--merchant', String(merchant.integration))
    expect(revoked).toEqual({ code: 0, stdout: `Revoked the test key ending in ${made.hint}.\n`, stderr: '' })
    expect((await mteja('key', 'list', '--merchant', merchant.id)).stdout).toMatch(
      new RegExp(
        `^ID +MODE +ENDS IN +CREATED +STATE +ROLE OR SCOPES +NAME\n${made.id} +test +…${made.hint} +\\S+ +revoked \\S+ +owner\n$`,
      ),
    )
    expect(await keys('list')).toEqual([
      {
        id: made.id,
        mode: 'test',
        name: null,
        hint: made.hint,
        role: 'owner',
        scopes: expect.arrayContaining(['read', 'settings']),
        personId: null,
        createdBy: null,
        replaces: null,
        createdAt: made.createdAt,
        expiresAt: null,
        lastUsedAt: null,
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
    expect([code, stderr]).toEqual([1, expect.stringContaining('country must be the ISO 3166 code of a country')])
  })
})

test('mteja key create prints the secret alone on the standard output, and the advice beside it', async () => {
  const { merchant } = await createMerchant('Alone')
  const { stdout, stderr } = await mteja('key', 'create', '--merchant', merchant.id)
  expect(stdout).toMatch(/^sk_test_\S+\n$/)
  expect(stderr).toMatch(/^Keep it: it is not shown again\. Its id is \S+\.\n$/)
})

test('mteja key create gives a key the role, the scopes and the end that the flags say', async () => {
  const { merchant } = await createMerchant('Scoped')
  const make = async (...flags: string[]) =>
    JSON.parse((await mteja('key', 'create', '--json', '--merchant', merchant.id, ...flags)).stdout)
  expect(await make('--role', 'support', '--expires-at', '2999-01-31T10:30:00Z')).toMatchObject({
    role: 'support',
    expiresAt: '2999-01-31T10:30:00.000Z',
  })
  expect(await make('--scopes', 'refunds:write,read')).toMatchObject({ role: null, scopes: ['read', 'refunds:write'] })
  const { stderr } = await mteja('key', 'create', '--merchant', merchant.id, '--person', 'nobody')
  expect(stderr).toBe('mteja: There is no person "nobody"\n')
})

test('mteja signing-key rotate --json prints the new key’s id', async () => {
  const { code, stdout } = await mteja('signing-key', 'rotate', '--json')
  expect([code, JSON.parse(stdout)]).toEqual([0, { kid: expect.any(String) }])
})

test.each([
  ['an id that is none', ['key', 'revoke', ''], 'That is no id'],
  ['a merchant that is none', ['key', 'list', '--merchant', '..'], 'That is no id'],
  ['an unknown mode', ['key', 'create', '--mode', 'dead'], 'Allowed choices are test, live'],
  ['an unknown scope', ['key', 'create', '--scopes', 'read,all'], '"all" is no scope; the scopes are read, '],
  ['an unknown command', ['lisen'], "unknown command 'lisen'\n(Did you mean listen?)"],
  ['an unknown command that resembles none', ['completion'], "unknown command 'completion'\nTry: mteja --help"],
  ['help for an unknown command', ['help', 'lisen'], "unknown command 'lisen' (Did you mean listen?)"],
  ['help for an unknown sub-command', ['key', 'lst', '--help'], "unknown command 'lst' (Did you mean list?)"],
  ['an unknown sub-command', ['key', 'lst'], "unknown command 'lst'\n(Did you mean list?)"],
  ['an unknown option', ['serve', '--prt', '1'], "unknown option '--prt'\n(Did you mean --port?)"],
  ['an unknown event', ['trigger', 'charge.sucess'], 'There is no such event (Did you mean charge.success?)'],
  ['an event to listen to there is not', ['listen', '--events', 'hold.placd'], '(Did you mean hold.placed?)'],
  ['no event', ['trigger'], 'error: name an event; mteja trigger --list has them'],
  ['an amount that is none', ['trigger', 'hold.placed', '--amount', '0.5'], 'a whole number of minor units'],
  ['an amount of no money', ['trigger', 'customer.created', '--amount', '5'], 'customer.created takes no --amount'],
  ['a customer of nobody', ['trigger', 'customer.created', '--customer', 'CUS_1'], 'takes no --customer'],
])('mteja exits with 2 for %s, and says why', async (_what, args, words) => {
  const { code, stdout, stderr } = await runMteja(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(words)
})
