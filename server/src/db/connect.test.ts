import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  makeTestDatabase,
  makeTestFolder,
  type PostgresServer,
  startPostgres,
  type TestPlace,
  testEngine,
} from '../../test/engines.ts'
import { openTestLog } from '../../test/log-lines.ts'
import { pretendPostgres } from '../../test/pretend-postgres.ts'
import { systemClock } from '../base/clock.ts'
import { createFailureLog } from '../base/failure-log.ts'
import { DatabaseUnavailableError, openDatabase, StartupError } from './connect.ts'
import type { OwnedDb } from './database.ts'
import { postgresMajor } from './embedded/data-folder.ts'
import { connectToFolder, type FolderLock, lockFolder } from './folder-lock.ts'
import { sql } from './sql.ts'

describe.runIf(testEngine === 'embedded')('the embedded database', () => {
  const refusalOf = (dataFolder: string) => openDatabase({ dataFolder }).catch((error: unknown) => error)

  let place: TestPlace
  let lock: FolderLock
  let db: OwnedDb
  beforeAll(async () => {
    place = await makeTestDatabase()
    lock = await lockFolder(place.options.dataFolder)
    db = await openDatabase({ ...place.options, lock })
  })
  afterAll(() => place.remove())

  test('the embedded database is made in an empty folder and found again', async () => {
    const dataFolder = path.join(await makeTestFolder(), 'new')
    const first = await openDatabase({ dataFolder })
    await first.asOwner(async (owner) => {
      await owner.execute('create table kept as select 7 as value')
      await owner.execute('grant select on kept to public')
    })
    await first.close()
    expect(readdirSync(dataFolder)).toEqual(['pgdata'])
    const second = await openDatabase({ dataFolder })
    expect(await second.query(sql`select value from kept`)).toEqual([{ value: 7 }])
    await second.close()
  })

  test('the embedded database is made anew when making it was interrupted', async () => {
    const dataFolder = await makeTestFolder()
    mkdirSync(path.join(dataFolder, 'pgdata.new'))
    writeFileSync(path.join(dataFolder, 'pgdata.new', 'PG_VERSION'), '1')
    const made = await openDatabase({ dataFolder })
    expect(await made.query(sql`select 1 as value`)).toEqual([{ value: 1 }])
    await made.close()
  })

  test('the embedded database has trigrams, a real fsync and the major version its folder is checked for', async () => {
    const [row] = await db.query(sql`
      select similarity('mteja', 'mteja') as alike, current_setting('fsync') as fsync,
        current_setting('wal_sync_method') as method, current_setting('server_version_num')::int / 10000 as major`)
    expect(row).toEqual({ alike: 1, fsync: 'on', method: 'fsync', major: postgresMajor })
  })

  test('the embedded database is refused to a second opener, and the refusal does not disturb the first', async () => {
    const message = expect.stringContaining(`is in use by process ${process.pid}. Stop it`)
    expect(await refusalOf(place.options.dataFolder)).toMatchObject({ name: 'StartupError', message })
    expect(await db.query(sql`select 1 as value`)).toEqual([{ value: 1 }])
  })

  test('the embedded database can use a lock that its caller holds already, and leaves the lock to the caller', async () => {
    await db.close()
    expect(await connectToFolder(place.options.dataFolder)).toBe(lock.socketPath)
    await lock.release()
    expect(await connectToFolder(place.options.dataFolder)).toBeUndefined()
  })

  test('a folder that holds something else is refused as an embedded database, and stays as it was', async () => {
    const dataFolder = await makeTestFolder()
    writeFileSync(path.join(dataFolder, 'thesis.txt'), '')
    expect(await refusalOf(dataFolder)).toMatchObject({
      name: 'StartupError',
      message: `The folder ${dataFolder} holds something that is not mteja's. Use --data with an empty folder or one that mteja made.`,
    })
    expect(readdirSync(dataFolder)).toEqual(['thesis.txt'])
  })

  test.each([
    ['19\n', /was written by PostgreSQL 19, which is newer than the 18/],
    ['17\n', /was written by PostgreSQL 17, which is older than the 18/],
    ['', /holds something that is not mteja's/],
  ])('a folder of an embedded database that says version %j is refused', async (version, message) => {
    const dataFolder = await makeTestFolder()
    mkdirSync(path.join(dataFolder, 'pgdata'))
    writeFileSync(path.join(dataFolder, 'pgdata', 'PG_VERSION'), version)
    await expect(openDatabase({ dataFolder })).rejects.toThrow(message)
  })

  test('an embedded database with broken files is refused in PostgreSQL’s words', async () => {
    const { options, remove } = await makeTestDatabase()
    writeFileSync(path.join(options.dataFolder, 'pgdata', 'global', 'pg_control'), 'x'.repeat(8192))
    expect(await refusalOf(options.dataFolder)).toMatchObject({
      name: 'StartupError',
      message: `The folder ${options.dataFolder} could not be opened: database files are incompatible with server.`,
    })
    expect(await connectToFolder(options.dataFolder)).toBeUndefined()
    await remove()
  })

  test('a data folder that cannot be made is refused', async () => {
    const file = path.join(await makeTestFolder(), 'file')
    writeFileSync(file, '')
    expect(await refusalOf(path.join(file, 'data'))).toBeInstanceOf(StartupError)
  })
})

describe.runIf(testEngine === 'postgresql')('a PostgreSQL server', () => {
  const refusalOf = (databaseUrl: string) =>
    openDatabase({ databaseUrl, dataFolder: '' }).catch((error: unknown) => error)
  const serverUrl = (change: (url: URL) => void) => {
    const url = new URL(inject('mteja').serverUrl)
    change(url)
    return url.href
  }

  test('a PostgreSQL server that does not answer is refused, naming the server but not the password', async () => {
    const refusal = await refusalOf('postgres://someone:secret@127.0.0.1:1/mteja')
    expect(refusal).toBeInstanceOf(StartupError)
    expect(refusal).toMatchObject({
      message:
        'PostgreSQL at 127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1). Start it or correct MTEJA_DATABASE_URL.',
    })
  })

  test('a PostgreSQL server without the database is refused, naming the database', async () => {
    const url = serverUrl((to) => {
      to.pathname = '/no_such'
    })
    expect(await refusalOf(url)).toMatchObject({
      message: 'PostgreSQL has no database no_such. Create it or correct MTEJA_DATABASE_URL.',
    })
  })

  test('a PostgreSQL server that does not know the user is refused, naming the user', async () => {
    const url = serverUrl((to) => {
      to.username = 'no_such_user'
      to.password = 'secret'
    })
    const refusal = await refusalOf(url)
    expect(refusal).toMatchObject({ name: 'StartupError', message: expect.stringContaining('user no_such_user') })
    expect(String(refusal)).not.toContain('secret')
  })

  test('a database address that is not a URL is refused, and its password is not repeated', async () => {
    for (const url of ['postgres://user:sec ret@host:99999999/x', 'not an address']) {
      const refusal = await refusalOf(url)
      expect(refusal).toBeInstanceOf(StartupError)
      expect(String(refusal)).not.toContain('sec ret')
    }
  })

  test('a PostgreSQL server older than 15 is refused', async () => {
    const server = await pretendPostgres({ version: '14.9' })
    expect(await refusalOf(server.url)).toMatchObject({
      message: 'The database is PostgreSQL 14.9; mteja needs 15 or later.',
    })
    server.close()
  })

  test('a PostgreSQL server that refuses the password is refused, naming the user', async () => {
    const server = await pretendPostgres({ refusal: '28P01' })
    expect(await refusalOf(server.url)).toMatchObject({
      message: 'PostgreSQL refuses the password of user someone. Correct MTEJA_DATABASE_URL.',
    })
    server.close()
  })

  test('a PostgreSQL server that accepts a connection but never answers is given up', { timeout: 15_000 }, async () => {
    const silent = net.createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as net.AddressInfo
    expect(await refusalOf(`postgres://u:p@127.0.0.1:${port}/d`)).toMatchObject({ name: 'StartupError' })
    silent.close()
  })

  describe('a PostgreSQL server that goes away', () => {
    let server: PostgresServer
    beforeAll(async () => {
      server = await startPostgres()
    })
    afterAll(() => server.stop())

    test('a PostgreSQL server that goes away is unavailable, also in a transaction, and used again when it is back', async () => {
      const { log, lines } = openTestLog()
      const failures = createFailureLog(systemClock, log)
      const db = await openDatabase({ databaseUrl: server.url, dataFolder: '', failures })
      const interrupted = db.transaction(async (tx) => {
        await tx.query(sql`select 1`)
        await server.kill()
        return tx.query(sql`select 2`)
      })
      await expect(interrupted).rejects.toThrow(DatabaseUnavailableError)
      await expect(db.query(sql`select 3`)).rejects.toThrow(DatabaseUnavailableError)
      await server.restart()
      expect(await db.query(sql`select 4 as value`)).toEqual([{ value: 4 }])
      await db.close()
      expect(lines).toMatchObject([
        { level: 40, subject: 'database', msg: 'begins to fail', err: { type: 'DatabaseUnavailableError' } },
        { level: 40, subject: 'database', msg: 'works again', failures: expect.any(Number) },
      ])
    })
  })
})
