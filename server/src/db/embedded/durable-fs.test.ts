import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { PGlite } from '@electric-sql/pglite'
import { afterEach, describe, expect, test } from 'vitest'
import { makeTestFolder, testEngine } from '../../../test/engines.ts'
import { prepareDataFolder } from './data-folder.ts'
import { DurableNodeFS, startParameters } from './durable-fs.ts'
import { makeTemplate } from './template.ts'

const { openSync } = fs

/** Makes every open of a file with this name fail, as if the process had no descriptor left. */
function failOpens(name: string): void {
  fs.openSync = (file, ...others) => {
    if (!String(file).endsWith(name)) return openSync(file, ...others)
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE', errno: -24 })
  }
  syncBuiltinESMExports()
}

function allowOpens(): void {
  fs.openSync = openSync
  syncBuiltinESMExports()
}

describe.runIf(testEngine === 'embedded')('files of the embedded engine', () => {
  afterEach(allowOpens)

  test('the embedded engine opens files again after 5,000 opens have failed', async () => {
    const folder = await prepareDataFolder(await makeTestFolder(), makeTemplate)
    const engine = await PGlite.create({
      fs: new DurableNodeFS(folder),
      startParams: startParameters(PGlite.defaultStartParams),
    })
    await engine.exec(`
      create function count_failed_opens(tries integer) returns integer language plpgsql as $$
      declare
        v_failed integer := 0;
      begin
        for i in 1..tries loop
          begin
            perform pg_read_file('PG_VERSION');
          exception when others then
            v_failed := v_failed + 1;
          end;
        end loop;
        return v_failed;
      end $$`)
    const count = `select * from count_failed_opens($1)`
    failOpens('PG_VERSION')
    // One call, because a call takes some milliseconds.
    const { rows: opens } = await engine.query(count, [5000])
    expect(opens).toEqual([{ count_failed_opens: 5000 }])
    allowOpens()
    await engine.exec(`create table more (note text); insert into more values ('kept')`)
    const { rows } = await engine.query(`select note, pg_read_file('PG_VERSION') <> '' as is_read from more`)
    expect(rows).toEqual([{ note: 'kept', is_read: true }])
    await engine.close()
  })
})
