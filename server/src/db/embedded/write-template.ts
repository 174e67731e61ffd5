import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { PGlite } from '@electric-sql/pglite'
import type { OwnerSession } from '../database.ts'
import { migrate } from '../migrate.ts'
import { makeTemplate, shippedTemplate } from './template.ts'

// A build step: puts a new data folder with the schema into the package, so that the first start runs neither initdb nor migrations.

const file = fileURLToPath(await shippedTemplate())
const draft = `${file}.${process.pid}`
mkdirSync(dirname(file), { recursive: true })
const former = readdirSync(dirname(file)).filter((name) => /^pgdata.*\.tar\.gz$/.test(name))
writeFileSync(draft, gzipSync(await makeTemplate(addSchema), { level: 9 }))
for (const name of former) rmSync(join(dirname(file), name), { force: true })
// At once, as somebody may be reading the one before.
renameSync(draft, file)

async function addSchema(database: PGlite): Promise<void> {
  const session: OwnerSession = {
    query: async <Row>({ text, values }: { text: string; values: readonly unknown[] }) =>
      (await database.query<Row>(text, [...values])).rows,
    execute: (statement) => database.exec(statement),
  }
  await migrate({ query: session.query, asOwner: (work) => work(session) })
}
