import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createMerchant } from './server.ts'

/**
 * The examples of a page are one program, in the page's order. The program must compile, and print the output that the
 * page shows. Each program has a new merchant of its own.
 */
const docs = fileURLToPath(new URL('../../docs/client', import.meta.url))
const { baseUrl, adminKey } = inject('server')
const source = new URL('../src/index.ts', import.meta.url)
const pages = globSync('**/*.md', { cwd: docs }).sort()
const run = promisify(execFile)
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mteja-docs-'))
  for (const page of pages) {
    mkdirSync(join(folder, page, '..'), { recursive: true })
    writeFileSync(programOf(page), blocksOf(page, 'ts').replaceAll("'@mteja/client'", `'${fileURLToPath(source)}'`))
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(pages)('%s', (page) => {
  test(`the program of ${page} prints the output the page shows`, async () => {
    const env = { ...process.env, MTEJA_URL: baseUrl, MTEJA_ADMIN_KEY: adminKey, NO_COLOR: '1' }
    const key = await createMerchant({ baseUrl, adminKey })
    const { stdout } = await run(process.execPath, [programOf(page)], { env: { ...env, MTEJA_KEY: key } })
    expect(stdout).toBe(blocksOf(page, 'text'))
  })

  test(`each link of ${page} leads to a page`, () => {
    const text = readFileSync(join(docs, page), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => join(page, '..', link))
    expect(links.filter((link) => !existsSync(join(docs, link)))).toEqual([])
  })
})

test('the programs of the documentation pages compile in TypeScript’s strictest mode', async () => {
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'esnext.array', 'dom', 'dom.iterable', 'dom.asynciterable'],
    typeRoots: [fileURLToPath(new URL('../../node_modules/@types', import.meta.url))],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: pages.map(programOf) }))
  const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
  const { stdout } = await run(process.execPath, [compiler, '--project', folder]).catch((error) => error)
  expect(stdout).toBe('')
})

test('every resource of every client has a documentation page', () => {
  const resources = ['cashful', 'paystack', 'mteja'].flatMap((api) => {
    const client = readFileSync(new URL(`../src/${api}/client.ts`, import.meta.url), 'utf8')
    return [...client.matchAll(/readonly (\w+):/g)].map(
      ([, name = '']) => `${api}/${name.replace(/[A-Z]/g, '-$&').toLowerCase()}.md`,
    )
  })
  expect(pages.filter((page) => page.includes('/'))).toEqual(resources.sort())
})

function programOf(page: string): string {
  return join(folder, page, '..', `${basename(page, '.md')}.mts`)
}

function blocksOf(page: string, language: string): string {
  const text = readFileSync(join(docs, page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .map(([, name, code]) => (name === language ? code : ''))
    .join('')
}
