// npm run build: builds the operator's page. A server that runs serves it from then on.
import process from 'node:process'
import { buildPage } from './page.mjs'
import { setUp } from './set-up.mjs'

await setUp('tools')
process.exit(await buildPage())
