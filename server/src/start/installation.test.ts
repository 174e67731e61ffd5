import { expect, test } from 'vitest'
import { makeTestDatabase, makeTestFolder, testEngine } from '../../test/engines.ts'
import { sql } from '../db/sql.ts'
import { type Flags, readConfig } from './config.ts'
import { openService } from './open-service.ts'

/** What a first start on a database of its own answers, and the names of the merchants that are there then. */
async function startFirst(more: Flags = {}, environment: NodeJS.ProcessEnv = {}) {
  const { options, remove } = await makeTestDatabase()
  const { dataFolder, databaseUrl } = options
  // The encryption key is stored in a folder with either engine.
  const flags = databaseUrl === undefined ? { data: dataFolder } : { data: await makeTestFolder(), databaseUrl }
  const { service, firstStart, close } = await openService(readConfig({ ...flags, ...more }, environment))
  const merchants = await service.db.query<{ name: string }>(sql`select name from merchants`)
  await close()
  await remove()
  return { secret: firstStart?.secret ?? null, merchants: merchants.map(({ name }) => name) }
}

const made = { secret: expect.stringMatching(/^sk_test_/), merchants: ['Test merchant'] }
const testKey = 'sk_test_first_start_12345678'

test(`a first start makes ${testEngine === 'embedded' ? 'a test merchant on the embedded database' : 'no merchant on PostgreSQL'}`, async () => {
  expect(await startFirst()).toEqual(testEngine === 'embedded' ? made : { secret: null, merchants: [] })
})

test('a first start makes the test merchant that is asked for, on either database', async () => {
  expect(await startFirst({ withTestMerchant: true })).toEqual(made)
  expect(await startFirst({}, { MTEJA_TEST_KEY: testKey })).toEqual({ ...made, secret: testKey })
})

test.runIf(testEngine === 'postgresql')(
  'a webhook address of a test merchant that is not made is refused',
  async () => {
    await expect(startFirst({}, { MTEJA_WEBHOOK_URL: 'http://127.0.0.1:9/hooks' })).rejects.toThrow(
      /^MTEJA_WEBHOOK_URL is the address of the test merchant, which is made on PostgreSQL only if you ask for it/,
    )
  },
)
