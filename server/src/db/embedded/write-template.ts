import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { makeTemplate, shippedTemplate } from './template.ts'

// A build step: puts a new data folder into the package, so that the first start need not run initdb.

const file = fileURLToPath(shippedTemplate)
const draft = `${file}.${process.pid}`
mkdirSync(new URL('.', shippedTemplate), { recursive: true })
writeFileSync(draft, gzipSync(await makeTemplate(), { level: 9 }))
// At once, as somebody may be reading the one before.
renameSync(draft, file)
