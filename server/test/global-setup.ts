import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../src/db/connect.ts'
import { migrate } from '../src/db/migrate.ts'
import { execute, type TestSetting, testEngine, withDatabase } from './engines.ts'
import { findBinaries } from './postgres-binaries.ts'
import { startPostgres, withoutDisk } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    mteja: TestSetting
  }
}

/** Vitest calls this once before all test files. It calls the returned function after them, also after ctrl-C. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mteja-test-'))
  const engine = await (testEngine === 'embedded' ? prepareEmbedded(folder) : preparePostgresql())
  const { template, serverUrl, borrowed } = engine
  project.provide('mteja', { folder, template, serverUrl, borrowed })
  return async () => {
    await engine.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Prepared extends Omit<TestSetting, 'folder'> {
  stop(): Promise<void>
}

/** Prepares a migrated data folder, which is copied for each test database. */
async function prepareEmbedded(folder: string): Promise<Prepared> {
  const template = path.join(folder, 'template')
  const db = await openDatabase({ dataFolder: template })
  await migrate(db)
  await db.close()
  return { template, serverUrl: '', borrowed: false, stop: async () => undefined }
}

/** Prepares a migrated database, which the server copies. Several runs may share a server of the user's. */
async function preparePostgresql(): Promise<Prepared> {
  const own = process.env.MTEJA_TEST_DATABASE_URL ? undefined : await startPostgres(findBinaries, withoutDisk)
  const serverUrl = process.env.MTEJA_TEST_DATABASE_URL ?? own?.url ?? ''
  const template = `mteja_template_${process.pid}`
  await execute(serverUrl, `create database ${template}`)
  const db = await openDatabase({ databaseUrl: withDatabase(serverUrl, template), dataFolder: '' })
  await migrate(db)
  await db.close()
  const dropTemplate = () => execute(serverUrl, `drop database ${template} with (force)`)
  return { template, serverUrl, borrowed: !own, stop: own ? own.stop : dropTemplate }
}
