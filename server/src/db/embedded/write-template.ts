import { mkdirSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { makeTemplate, shippedTemplate } from './template.ts'

// Run by the build: puts a new data folder into the package, so that the first start need not run initdb.

mkdirSync(new URL('.', shippedTemplate), { recursive: true })
writeFileSync(shippedTemplate, gzipSync(await makeTemplate(), { level: 9 }))
