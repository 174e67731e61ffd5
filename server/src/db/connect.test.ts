import { afterAll, expect, test } from 'vitest'
import { openTestDatabase, testEngine } from '../../test/engines.ts'
import { sql } from './sql.ts'

const db = await openTestDatabase()
afterAll(() => db.close())

test('x', async () => {
  expect(db.engine).toBe(testEngine)
  expect(await db.query(sql`select current_user`)).toEqual([{ current_user: 'mteja_app' }])
})
