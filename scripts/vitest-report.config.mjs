// The vitest.config.ts of the workspace vitest runs in, with a report of the counts for test.mjs. On the command line a
// reporter would replace those of the workspace.
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'

const { default: config } = await import(pathToFileURL(join(process.cwd(), 'vitest.config.ts')).href)
const { reporters = ['default'] } = config.test
const report = ['json', { outputFile: process.env.MTEJA_TEST_REPORT }]

export default { ...config, test: { ...config.test, reporters: [...reporters, report] } }
